"""What was signed, by whom, and is it unchanged? Reads CMS SignedData (RFC 5652), in which profiles are signed.

Free of models. Whether to trust the signer is the device's decision; that the content is what was signed is ours.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from django.utils.translation import gettext as _

SIGNED_DATA: Final = bytes.fromhex("2a864886f70d010702")
MESSAGE_DIGEST: Final = bytes.fromhex("2a864886f70d010904")
DIGESTS: Final[dict[bytes, hashes.HashAlgorithm]] = {
    bytes.fromhex("608648016503040201"): hashes.SHA256(),
    bytes.fromhex("608648016503040202"): hashes.SHA384(),
    bytes.fromhex("608648016503040203"): hashes.SHA512(),
}
SEQUENCE, SET, OCTETS, OBJECT_ID, INTEGER = 0x30, 0x31, 0x04, 0x06, 0x02
CONTEXT_0, CONTEXT_0_PLAIN = 0xA0, 0x80
RSA_PSS: Final = bytes.fromhex("2a864886f70d01010a")
MAX_DEPTH: Final = 30
MAX_NODES: Final = 20_000  # a signed profile has some hundreds, and one for each piece that it is written in
MAX_NAME: Final = 255  # characters
# What cryptography says of a certificate that is none, some of it only when its parts are read.
NO_CERTIFICATE = (ValueError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


class SignedMessageError(Exception):
    """It is no signed message, or not what was signed; its text is a sentence for people."""


def _no_message() -> SignedMessageError:
    return SignedMessageError(_("The file is no signed profile, or is damaged. Export it again."))


def _changed() -> SignedMessageError:
    return SignedMessageError(_("The profile was changed since it was signed. Export and sign it again."))


def _unknown_way() -> SignedMessageError:
    return SignedMessageError(
        _("Sign the profile with RSA or ECDSA and SHA-256, SHA-384 or SHA-512: it is signed otherwise.")
    )


@dataclass(frozen=True, slots=True)
class SignedMessage:
    content: bytes
    signer: str  # the name in the certificate


@dataclass(frozen=True, slots=True)
class Node:
    """One value of BER, with those inside it where it is made of several."""

    tag: int
    raw: bytes
    value: bytes
    children: "tuple[Node, ...]"

    def child(self, number: int, tag: int) -> "Node":
        if number >= len(self.children) or self.children[number].tag != tag:
            raise _no_message()
        return self.children[number]

    def octets(self) -> bytes:
        """Return a text of bytes, which some signers write in pieces."""
        return b"".join(child.octets() for child in self.children) if self.children else self.value


def open_signed(data: bytes) -> SignedMessage:
    """Return what was signed, and whose certificate it was signed with.

    Raises:
        SignedMessageError: it is no such message, has no signer or content, or was changed since it was signed.
    """
    message, _end = _node(data, 0, 0, iter(range(MAX_NODES)))
    if message.tag != SEQUENCE or message.child(0, OBJECT_ID).value != SIGNED_DATA:
        raise _no_message()
    signed = message.child(1, CONTEXT_0).child(0, SEQUENCE)
    holder = signed.child(2, SEQUENCE).child(1, CONTEXT_0)
    body = b"".join(piece.octets() for piece in holder.children)
    signers = [node for node in signed.children[3:] if node.tag == SET]
    if len(signers) != 1 or not signers[0].children:
        raise SignedMessageError(_("Nobody signed the profile, though it has the form. Export it again."))
    try:
        certificates = list(_certificates(signed))
        found = [_checked_signer(signer, body, certificates) for signer in signers[0].children]
        return SignedMessage(body, _name_of(found[0]))
    except UnsupportedAlgorithm as error:
        raise _unknown_way() from error
    except NO_CERTIFICATE as error:
        raise _no_message() from error


def _name_of(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = str(names[0].value if names else certificate.subject.rfc4514_string())
    return "".join(sign for sign in name if sign.isprintable())[:MAX_NAME]


def _certificates(signed: Node) -> Iterator[x509.Certificate]:
    for holder in signed.children[3:]:
        for node in holder.children if holder.tag == CONTEXT_0 else ():
            if node.tag == SEQUENCE:
                yield x509.load_der_x509_certificate(node.raw)


def _checked_signer(signer: Node, body: bytes, certificates: list[x509.Certificate]) -> x509.Certificate:
    """Return the certificate of a signer whose signature is right.

    Raises:
        SignedMessageError: it isn't, its certificate is missing, or it is made in a way that is not known here.
    """
    algorithm = DIGESTS.get(signer.child(2, SEQUENCE).child(0, OBJECT_ID).value)
    if algorithm is None:
        raise _unknown_way()
    certificate = next((found for found in certificates if _is_meant(signer.children[1], found)), None)
    if certificate is None:
        raise SignedMessageError(
            _("The certificate of the profile's signer is not in it. Export it again with the certificate.")
        )
    what, rest = body, 3
    if len(signer.children) > 3 and signer.children[3].tag == CONTEXT_0:
        attributes, rest = signer.children[3], 4
        if _digest_in(attributes) != hashlib.new(algorithm.name, body).digest():
            raise _changed()
        what = bytes([SET]) + attributes.raw[1:]  # RFC 5652, 5.4: signed as a SET
    if signer.child(rest, SEQUENCE).child(0, OBJECT_ID).value == RSA_PSS:
        raise _unknown_way()
    signature = signer.child(rest + 1, OCTETS).octets()
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, what, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, what, ec.ECDSA(algorithm))
        else:
            raise _unknown_way()
    except InvalidSignature:
        raise _changed() from None
    return certificate


def _is_meant(named: Node, certificate: x509.Certificate) -> bool:
    """Tell whether a signer's identifier, issuer and serial number or a key's name, is that of the certificate."""
    if named.tag == SEQUENCE and len(named.children) == 2:
        number = int.from_bytes(named.child(1, INTEGER).value, "big", signed=True)
        return named.children[0].raw == certificate.issuer.public_bytes() and number == certificate.serial_number
    try:
        key = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, ValueError):
        return False
    return named.tag == CONTEXT_0_PLAIN and named.value == key


def _digest_in(attributes: Node) -> bytes | None:
    for attribute in attributes.children:
        if attribute.child(0, OBJECT_ID).value == MESSAGE_DIGEST:
            return attribute.child(1, SET).child(0, OCTETS).octets()
    return None


def _node(data: bytes, at: int, depth: int, left: Iterator[int]) -> tuple[Node, int]:
    """Read the value of BER at a place; return it and where the next one is. As many can be read as `left` has."""
    if depth > MAX_DEPTH or next(left, None) is None or at + 2 > len(data) or data[at] & 0x1F == 0x1F:
        raise _no_message()
    tag, length, start = data[at], data[at + 1], at + 2
    is_made_of_several = bool(tag & 0x20)
    if length == 0x80:  # the end is marked: Apple's own tool writes so
        if not is_made_of_several:
            raise _no_message()
        children, end = [], start
        while data[end : end + 2] != b"\0\0":
            child, end = _node(data, end, depth + 1, left)
            children.append(child)
        return Node(tag, data[at : end + 2], data[start:end], tuple(children)), end + 2
    if length & 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
    end = start + length
    if end > len(data):
        raise _no_message()
    children, place = [], start
    while is_made_of_several and place < end:
        child, place = _node(data, place, depth + 1, left)
        children.append(child)
    if is_made_of_several and place != end:
        raise _no_message()
    return Node(tag, data[at:end], data[start:end], tuple(children)), end
