"""Which identity providers sign people in, and what are their groups? HEXENROLL_OIDC_*, _SAML_*, _SSO_ROLES.

Read by settings.py alone; what can't work together is said by sso_checks.py.
"""

from dataclasses import dataclass
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from hexenroll.environment import FALSE_WORDS, TRUE_WORDS, Environment

OIDC: Final = "oidc"  # in the addresses that the identity provider is told: /accounts/oidc/oidc/login/callback/
SAML: Final = "console"  # /accounts/saml/console/acs/
EVERYBODY: Final = "*"

# Who needs a second step: HEXENROLL_REQUIRE_MFA.
NOBODY, PASSWORDS, ALL = "", "passwords", "everybody"

# Under which names identity providers say the same.
_EMAIL = "urn:oid:0.9.2342.19200300.100.1.3"
_CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
SAML_ATTRIBUTES: Final[dict[str, list[str]]] = {
    "email": ["email", "mail", "emailAddress", "Email", f"{_CLAIMS}/emailaddress", _EMAIL],
    "first_name": ["first_name", "firstName", "givenName", "FirstName", f"{_CLAIMS}/givenname", "urn:oid:2.5.4.42"],
    "last_name": ["last_name", "lastName", "sn", "surname", "LastName", f"{_CLAIMS}/surname", "urn:oid:2.5.4.4"],
    "username": ["username", "uid", "login", "urn:oid:0.9.2342.19200300.100.1.1"],
}

# A person without attributes is refused by a page of its own; a portal may be called https://portal.
SAML_RULES: Final = {"want_attribute_statement": False, "allow_single_label_domains": True}


@dataclass(frozen=True)
class RoleRule:
    """What a group of the identity provider may do here.

    Attributes:
        group: its name as the provider tells it; "*": everybody whom the provider signs in.
        roles: names of roles of the console.
        domains: names of domains; none: all of them, also those that will be.
    """

    group: str
    roles: tuple[str, ...]
    domains: tuple[str, ...]


def role_rules(raw: str) -> tuple[RoleRule, ...]:
    """Read `GROUP=ROLE`, `GROUP=ROLE@DOMAIN`, `GROUP=ROLE+ROLE@DOMAIN,DOMAIN`, separated by semicolons.

    A group may hold an equals sign (CN=admins): the last one separates.

    Raises:
        ValueError: what is no such rule, named.
    """
    rules = []
    for entry in filter(None, (entry.strip() for entry in raw.split(";"))):
        group, _equals, right = (part.strip() for part in entry.rpartition("="))
        role_names, at, domain_names = right.partition("@")
        roles, domains = _names(role_names, "+"), _names(domain_names, ",")
        if not group or not roles or (at and not domains):
            raise ValueError(f"says {entry!r}: write GROUP=ROLE or GROUP=ROLE@DOMAIN, separated by semicolons")
        rules.append(RoleRule(group, roles, domains))
    return tuple(rules)


def _names(raw: str, separator: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in raw.split(separator) if name.strip())


NO_RULES: Final[tuple[RoleRule, ...]] = ()


def second_step(raw: str) -> str:
    """Read who needs a second step: false, true (who signs in by password), everybody.

    Raises:
        ValueError: another word.
    """
    word = raw.lower()
    if word in FALSE_WORDS | TRUE_WORDS:
        return PASSWORDS if word in TRUE_WORDS else NOBODY
    if word != ALL:
        raise ValueError(f"is {raw!r}: say true, false or everybody")
    return ALL


def saml_metadata(raw: str) -> dict[str, Any]:
    """Read the identity provider's metadata (XML): who it is, where people sign in, and its signing certificate.

    Raises:
        ValueError: it isn't metadata of an identity provider.
    """
    # lxml and xmlsec take 20 MB: only where SAML is used.
    from lxml.etree import XMLSyntaxError
    from onelogin.saml2.errors import OneLogin_Saml2_Error
    from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser

    advice = "is not the metadata of an identity provider; name its file by HEXENROLL_SAML_METADATA_FILE"
    try:
        found = OneLogin_Saml2_IdPMetadataParser.parse(raw.encode()).get("idp", {})
    except (XMLSyntaxError, OneLogin_Saml2_Error, ParseError, ValueError, AttributeError):
        raise ValueError(advice) from None
    certificates = found.get("x509certMulti", {}).get("signing") or [found.get("x509cert", "")]
    place = found.get("singleSignOnService", {}).get("url", "")
    if not (found.get("entityId") and place and certificates[0]):
        raise ValueError(f"{advice}; it lacks the address for signing in (HTTP-Redirect) or the certificate")
    return {"entity_id": found["entityId"], "sso_url": place, "x509cert": certificates[0]}


def providers(env: Environment, public_url: str) -> dict[str, dict[str, Any]]:
    """Return allauth's SOCIALACCOUNT_PROVIDERS: those that the environment describes."""
    found: dict[str, dict[str, Any]] = {}
    url = env.url("HEXENROLL_OIDC_URL", "", ("https", "http")).rstrip("/")
    client, secret = env.text("HEXENROLL_OIDC_CLIENT_ID"), env.text("HEXENROLL_OIDC_CLIENT_SECRET")
    name = env.text("HEXENROLL_OIDC_NAME", "Single sign-on")
    scopes = env.text("HEXENROLL_OIDC_SCOPES", "openid profile email").replace(",", " ").split()
    claim = env.text("HEXENROLL_OIDC_GROUPS_CLAIM", "groups")
    if url and client:
        options = {"server_url": url, "oauth_pkce_enabled": True, "groups": claim}
        app = {"provider_id": OIDC, "name": name, "client_id": client, "secret": secret, "settings": options}
        found["openid_connect"] = {"APPS": [app], "SCOPE": scopes}
    nothing: dict[str, Any] = {}
    metadata = env.parsed("HEXENROLL_SAML_METADATA", saml_metadata, nothing)
    name = env.text("HEXENROLL_SAML_NAME", "Single sign-on")
    attribute = env.text("HEXENROLL_SAML_GROUPS_ATTRIBUTE", "groups")
    subject = env.text("HEXENROLL_SAML_SUBJECT_ATTRIBUTE")
    if metadata:
        options = {
            "idp": metadata,
            "sp": {"entity_id": f"{public_url}/accounts/saml/{SAML}/metadata/"},
            "attribute_mapping": SAML_ATTRIBUTES | ({"uid": [subject]} if subject else {}),
            "groups": attribute,
            "advanced": SAML_RULES,
        }
        found["saml"] = {"APPS": [{"name": name, "client_id": SAML, "settings": options}]}
    return found
