"""Configuration profiles for Apple's platforms, signed and not, for the tests of policies."""

import datetime
import plistlib
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

WIFI_KEY = "correct horse battery"
WIFI: dict[str, Any] = {
    "PayloadType": "com.apple.wifi.managed",
    "PayloadVersion": 1,
    "PayloadIdentifier": "com.example.office.wifi",
    "PayloadUUID": "7E0C9A62-0A1B-4F5E-9C63-2E5A2A7F5B01",
    "PayloadDisplayName": "Office Wi-Fi",
    "SSID_STR": "northwind",
    "Password": WIFI_KEY,
}
PROFILE: dict[str, Any] = {
    "PayloadType": "Configuration",
    "PayloadVersion": 1,
    "PayloadIdentifier": "com.example.office",
    "PayloadUUID": "0A6B6C0E-3B6E-4A58-8A8B-6A2E7F4E9C11",
    "PayloadDisplayName": "Office",
    "PayloadOrganization": "Northwind",
    "PayloadContent": [WIFI],
}


def mobileconfig(payloads: list[Any] | None = None, **changes: Any) -> bytes:
    """Return a profile as XML; a key whose change is None is left out."""
    values = {**PROFILE, **({} if payloads is None else {"PayloadContent": payloads}), **changes}
    return plistlib.dumps({key: value for key, value in values.items() if value is not None})


def signed(content: bytes, *, elliptic: bool = False, signer: str = "Northwind IT", rsa_padding: Any = None) -> bytes:
    """Return the content in CMS SignedData (DER) by a certificate of this moment."""
    key: Any = ec.generate_private_key(ec.SECP256R1()) if elliptic else rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, signer)])
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 77, now, now + datetime.timedelta(days=365))
    certificate = builder.sign(key, hashes.SHA256())
    maker = pkcs7.PKCS7SignatureBuilder().set_data(content)
    maker = maker.add_signer(certificate, key, hashes.SHA256(), rsa_padding=rsa_padding)
    return maker.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])
