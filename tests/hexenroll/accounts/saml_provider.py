"""A SAML identity provider for tests: its metadata, and responses that it signs, or that are wrong in one way."""

import base64
import uuid
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Names
from onelogin.saml2.utils import OneLogin_Saml2_Utils

ENTITY = "https://idp.example.com/metadata"
SSO = "https://idp.example.com/sso"
PORTAL = "http://testserver/accounts/saml/console"

METADATA = """<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}">
<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
<ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{sso}"/>
</md:IDPSSODescriptor></md:EntityDescriptor>"""

RESPONSE = """<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"
 xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_{response}" Version="2.0" IssueInstant="{now}"
 Destination="{acs}" InResponseTo="{asked}"><saml:Issuer>{issuer}</saml:Issuer>
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
<saml:Assertion ID="_{assertion}" Version="2.0" IssueInstant="{now}"><saml:Issuer>{issuer}</saml:Issuer>
<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{subject}</saml:NameID>
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
<saml:SubjectConfirmationData NotOnOrAfter="{until}" Recipient="{acs}" InResponseTo="{asked}"/>
</saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{since}" NotOnOrAfter="{until}"><saml:AudienceRestriction>
<saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="{now}" SessionIndex="_{assertion}"><saml:AuthnContext>
<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>
</saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion></samlp:Response>"""


def _key() -> tuple[str, str]:
    """Return a new private key and its certificate (PEM)."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.example.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()


@dataclass
class Provider:
    """An identity provider with a key of its own."""

    keys: tuple[str, str] = field(default_factory=_key)

    @property
    def metadata(self) -> str:
        certificate = "".join(self.keys[1].strip().splitlines()[1:-1])
        return METADATA.format(entity=ENTITY, certificate=certificate, sso=SSO)

    def response(
        self,
        asked: str,
        groups: Iterable[str] = ("it-admins",),
        *,
        subject: str = "1",
        audience: str = f"{PORTAL}/metadata/",
        issuer: str = ENTITY,
        age: timedelta = timedelta(),
        signed: bool = True,
    ) -> str:
        """Return a response (base64) to the request with the ID `asked`."""
        moment = datetime.now(UTC) - age
        times = {
            "now": moment,
            "since": moment - timedelta(minutes=1),
            "until": moment + timedelta(minutes=5),
        }
        said = {"email": ["ada@example.com"], "givenName": ["Ada"], "sn": ["Lovelace"], "groups": list(groups)}
        xml = RESPONSE.format(
            asked=asked,
            acs=f"{PORTAL}/acs/",
            audience=audience,
            issuer=issuer,
            subject=subject,
            response=uuid.uuid4().hex,
            assertion=uuid.uuid4().hex,
            attributes="".join(_attribute(name, values) for name, values in said.items() if values),
            **{name: f"{time:%Y-%m-%dT%H:%M:%SZ}" for name, time in times.items()},
        )
        return base64.b64encode(self._signed(xml) if signed else xml.encode()).decode()

    def _signed(self, xml: str) -> bytes:
        """Sign the assertion, as most providers do."""
        tree = etree.fromstring(xml.encode())
        assertion = tree.find(f"{{{Names.NS_SAML}}}Assertion")
        assert assertion is not None
        signed = OneLogin_Saml2_Utils.add_sign(
            etree.tostring(assertion), *self.keys, sign_algorithm=Names.RSA_SHA256, digest_algorithm=Names.SHA256
        )
        tree.replace(assertion, etree.fromstring(signed))
        return etree.tostring(tree)


def _attribute(name: str, values: list[str]) -> str:
    inside = "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
    return f'<saml:Attribute Name="{name}">{inside}</saml:Attribute>'


def request_id(location: str) -> str:
    """Return the ID of the request that a browser is sent to the provider with."""
    (packed,) = parse_qs(urlsplit(location).query)["SAMLRequest"]
    return str(etree.fromstring(zlib.decompress(base64.b64decode(packed), -15)).get("ID"))
