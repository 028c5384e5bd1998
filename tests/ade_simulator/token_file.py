"""How does Apple hand over a server token? As a `.p7m`: MIME headers and base64 of a CMS message for our certificate.

What Apple sends was made by Bouncy Castle: BER with indefinite lengths (it begins `MIAGCSqG`), lines ended by CR LF,
and in it another MIME part with the JSON between two marks. RFC 5652, section 6; RFC 8551, section 3.3.
"""

import base64
import json
import os
from typing import Any, Literal

from asn1crypto import cms
from asn1crypto.x509 import Certificate
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

CipherName = Literal["aes-256-cbc", "aes-128-cbc", "3des"]

# Name in asn1crypto, bytes of the key, the cipher.
CIPHERS: dict[str, tuple[str, int, type[AES] | type[TripleDES]]] = {
    "aes-256-cbc": ("aes256_cbc", 32, AES),
    "aes-128-cbc": ("aes128_cbc", 16, AES),
    "3des": ("tripledes_3key", 24, TripleDES),
}
OUTER = (
    'Content-Type: application/pkcs7-mime; name="smime.p7m"; smime-type=enveloped-data',
    "Content-Transfer-Encoding: base64",
    'Content-Disposition: attachment; filename="smime.p7m"',
    "Content-Description: S/MIME Encrypted Message",
    "",
)
INNER = ("Content-Type: text/plain;charset=UTF-8", "Content-Transfer-Encoding: 7bit", "")
CHUNK = 1000


def token_file(
    content: dict[str, Any],
    certificate_pem: str,
    cipher: CipherName = "aes-256-cbc",
    *,
    line_end: str = "\r\n",
    definite: bool = False,
) -> bytes:
    """Return the token file for the holder of the certificate's key.

    Args:
        content: what the token says.
        certificate_pem: the public key that the administrator uploaded.
        cipher: of the content.
        line_end: of the lines outside and inside; Apple's is CR LF.
        definite: DER instead of Apple's indefinite lengths.
    """
    lines = (*INNER, "-----BEGIN MESSAGE-----", json.dumps(content), "-----END MESSAGE-----", "")
    message = envelope(line_end.join(lines).encode(), certificate_pem, cipher, definite)
    text = base64.encodebytes(message).decode().replace("\n", line_end)
    return (line_end.join(OUTER) + line_end + text).encode()


def envelope(content: bytes, certificate_pem: str, cipher: CipherName, definite: bool) -> bytes:
    """Return CMS EnvelopedData with one recipient, whose key is encrypted by RSA as PKCS #1 1.5 has it."""
    name, key_length, algorithm = CIPHERS[cipher]
    key, vector = os.urandom(key_length), os.urandom(algorithm(os.urandom(key_length)).block_size // 8)
    padder = PKCS7(len(vector) * 8).padder()
    encryptor = Cipher(algorithm(key), CBC(vector)).encryptor()
    encrypted = encryptor.update(padder.update(content) + padder.finalize()) + encryptor.finalize()
    recipients = cms.RecipientInfos([cms.RecipientInfo({"ktri": recipient(certificate_pem, key)})])
    cipher_name = cms.EncryptionAlgorithm({"algorithm": name, "parameters": vector})
    if definite:
        info = cms.EncryptedContentInfo(
            {"content_type": "data", "content_encryption_algorithm": cipher_name, "encrypted_content": encrypted}
        )
        data = cms.EnvelopedData({"version": "v0", "recipient_infos": recipients, "encrypted_content_info": info})
        return cms.ContentInfo({"content_type": "enveloped_data", "content": data}).dump()
    chunks = [encrypted[at : at + CHUNK] for at in range(0, len(encrypted), CHUNK)]
    encrypted_info = indefinite(
        0x30,
        cms.ContentType("data").dump(),
        cipher_name.dump(),
        indefinite(0xA0, *(cms.OctetString(chunk).dump() for chunk in chunks)),
    )
    enveloped = indefinite(0x30, cms.CMSVersion("v0").dump(), recipients.dump(), encrypted_info)
    return indefinite(0x30, cms.ContentType("enveloped_data").dump(), indefinite(0xA0, enveloped))


def recipient(certificate_pem: str, key: bytes) -> cms.KeyTransRecipientInfo:
    """Return for whom it is, by issuer and number of the certificate, and the key that only they can read."""
    loaded = load_pem_x509_certificate(certificate_pem.encode())
    public_key = loaded.public_key()
    if not isinstance(public_key, RSAPublicKey):
        raise ValueError("Apple takes certificates of RSA keys only.")
    certificate = Certificate.load(loaded.public_bytes(Encoding.DER))
    return cms.KeyTransRecipientInfo(
        {
            "version": "v0",
            "rid": cms.RecipientIdentifier(
                {
                    "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                        {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
                    )
                }
            ),
            "key_encryption_algorithm": {"algorithm": "rsaes_pkcs1v15"},
            "encrypted_key": public_key.encrypt(key, PKCS1v15()),
        }
    )


def indefinite(tag: int, *parts: bytes) -> bytes:
    """Return a constructed BER value whose end is marked instead of its length said (X.690, 8.1.3.6)."""
    return bytes((tag, 0x80)) + b"".join(parts) + b"\0\0"
