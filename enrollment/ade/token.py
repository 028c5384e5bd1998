"""How do Apple and an account here come to share a token? A key pair for Apple's portal, and reading what comes back.

Free of Django and of models. Apple encrypts the token for our certificate: MIME headers and base64 around CMS
EnvelopedData (RFC 5652), in it a MIME part with JSON. `cryptography` opens AES only, and Apple uses 3DES too.
https://developer.apple.com/documentation/devicemanagement/examining-server-tokens
"""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from asn1crypto import algos, cms
from cryptography import x509
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.x509.oid import NameOID

from .answers import moment
from .token_file import TokenFileError, TokenProblem, encrypted_message

VALID_FOR: Final = timedelta(days=730)  # a token lasts one year, and its renewal may use the same key
MAX_COMMON_NAME: Final = 64  # bytes of UTF-8 (X.520)
MAX_SECRET: Final = 1000  # characters
SECRETS: Final = ("consumer_key", "consumer_secret", "access_token", "access_secret")
_CIPHERS: Final = {"aes128_cbc": AES, "aes192_cbc": AES, "aes256_cbc": AES, "tripledes_3key": TripleDES}
# What asn1crypto lets out of a message that is broken, besides its own ValueError.
_BROKEN = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError)
_JSON: Final = re.compile(rb"\{.*\}", re.DOTALL)  # between BEGIN and END MESSAGE, which some write in quotes


@dataclass(frozen=True, slots=True)
class ServerToken:
    """What proves to Apple who we are, until `access_token_expiry` (UTC). The rest is secret."""

    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    access_token: str = field(repr=False)
    access_secret: str = field(repr=False)
    access_token_expiry: datetime


def make_key(name: str, now: datetime | None = None) -> tuple[str, str]:
    """Make an RSA key of 2048 bits and its self-signed certificate, which is uploaded at Apple.

    Args:
        name: of the account, shown in the certificate.
        now: the certificate is valid for two years from then on.

    Returns:
        The private key (PKCS #8, not encrypted: store it encrypted) and the certificate, both PEM.
    """
    now = now or datetime.now(UTC)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    spoken = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    common_name = f"Apple ADE {spoken}".encode()[:MAX_COMMON_NAME].decode(errors="ignore").strip()
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "hexenroll"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # a clock at Apple's may be behind ours
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode("ascii"), certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def read_token(content: bytes, private_key_pem: str, certificate_pem: str, now: datetime | None = None) -> ServerToken:
    """Return the token in a file of Apple's (`..._smime.p7m`).

    Args:
        content: of the file, as it was uploaded.
        private_key_pem, certificate_pem: from make_key; they must belong together.
        now: the token must be valid then.

    Raises:
        TokenFileError: and nothing else, whatever the content is; its `code` says why.
    """
    # Not checked for being a good key, which takes longer than all the rest: make_key made it.
    key = serialization.load_pem_private_key(private_key_pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("make_key makes RSA keys.")
    serial = x509.load_pem_x509_certificate(certificate_pem.encode()).serial_number
    token = _token_of(_open(encrypted_message(content), key, serial))
    if token.access_token_expiry <= (now or datetime.now(UTC)):
        raise TokenFileError(TokenProblem.EXPIRED)
    return token


def _open(message: bytes, key: rsa.RSAPrivateKey, serial: int) -> bytes:
    """Return what the message hides."""
    try:
        envelope = cms.ContentInfo.load(message)
        kind = envelope["content_type"].native
        if kind == "authenticated_enveloped_data":
            raise TokenFileError(TokenProblem.UNKNOWN_CIPHER)
        if kind != "enveloped_data":
            raise TokenFileError(TokenProblem.DAMAGED if kind[:1].isdigit() else TokenProblem.NOT_A_TOKEN_FILE)
        inner = envelope["content"]
        sealed_key = _sealed_key(inner["recipient_infos"], serial)
        info = inner["encrypted_content_info"]
        algorithm = info["content_encryption_algorithm"]
        return _decrypt(algorithm, key.decrypt(sealed_key, padding.PKCS1v15()), info["encrypted_content"].native)
    except _BROKEN:
        raise TokenFileError(TokenProblem.DAMAGED) from None


def _sealed_key(recipients: cms.RecipientInfos, serial: int) -> bytes:
    """Return the message's key, as it was encrypted for us."""
    for recipient in recipients:
        if recipient.name != "ktri" or recipient.chosen["rid"].name != "issuer_and_serial_number":
            continue
        # The serial number is random and ours alone; the issuer's name may be spelled anew by whoever encrypts.
        if recipient.chosen["rid"].chosen["serial_number"].native == serial:
            if recipient.chosen["key_encryption_algorithm"]["algorithm"].native != "rsaes_pkcs1v15":
                raise TokenFileError(TokenProblem.UNKNOWN_CIPHER)
            sealed: bytes = recipient.chosen["encrypted_key"].native
            return sealed
    raise TokenFileError(TokenProblem.OTHER_KEY)


def _decrypt(algorithm: algos.EncryptionAlgorithm, secret: bytes, content: bytes) -> bytes:
    cipher = _CIPHERS.get(algorithm["algorithm"].native)
    if cipher is None:
        raise TokenFileError(TokenProblem.UNKNOWN_CIPHER)
    if len(secret) != algorithm.key_length:
        raise ValueError("The key was made for another cipher.")
    kind = cipher(secret)
    decryptor = Cipher(kind, modes.CBC(algorithm["parameters"].native)).decryptor()
    unpadder = PKCS7(kind.block_size).unpadder()
    padded = decryptor.update(content) + decryptor.finalize()
    return unpadder.update(padded) + unpadder.finalize()


def _token_of(opened: bytes) -> ServerToken:
    """Read the JSON between the markers."""
    found = _JSON.search(opened)
    try:
        values: Any = json.loads(found.group()) if found else None
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise TokenFileError(TokenProblem.DAMAGED)
    expiry = values.get("access_token_expiry")
    until = moment(expiry) if isinstance(expiry, str) else None
    secrets = {name: values[name] for name in SECRETS if _is_secret(values.get(name))}
    if until is None or len(secrets) < len(SECRETS):
        raise TokenFileError(TokenProblem.INCOMPLETE)
    return ServerToken(**secrets, access_token_expiry=until)


def _is_secret(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= MAX_SECRET and value.isascii() and value.isprintable()
