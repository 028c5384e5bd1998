"""Which files are profiles that can be handed out, and what is said of the others?"""

import plistlib
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given
from hypothesis import strategies as st

from devices.policies.mobileconfig import MAX_BYTES, Payload, ProfileError, parse
from tests.data.profiles import PROFILE, WIFI, mobileconfig, signed

pytestmark = pytest.mark.once
CHANGED = "The profile was changed since it was signed. Export and sign it again."
NO_SIGNED = "The file is no signed profile, or is damaged. Export it again."
UNREADABLE = "This is no configuration profile: it can't be read as an XML property list."


def refusal(data: bytes) -> str:
    with pytest.raises(ProfileError) as raised:
        parse(data)
    return str(raised.value)


def test_a_profile_tells_its_name_and_what_it_sets_up() -> None:
    found = parse(mobileconfig())
    assert (found.name, found.identifier, found.organisation) == ("Office", "com.example.office", "Northwind")
    assert found.payloads == (Payload("com.apple.wifi.managed", "com.example.office.wifi", "Office Wi-Fi"),)
    assert found.signer == ""


def test_a_profile_without_a_display_name_is_called_by_its_identifier() -> None:
    assert parse(mobileconfig(PayloadDisplayName=None)).name == "com.example.office"


@pytest.mark.parametrize("elliptic", [False, True])
def test_a_signed_profile_tells_who_signed_it(elliptic: bool) -> None:
    found = parse(signed(mobileconfig(), elliptic=elliptic))
    assert (found.name, found.signer) == ("Office", "Northwind IT")


def test_a_profile_signed_in_pieces_of_unknown_length_is_read(tmp_path: Path) -> None:
    """As Apple's own tool writes them."""
    openssl = shutil.which("openssl")
    assert openssl, "the test needs openssl"
    (tmp_path / "profile").write_bytes(mobileconfig([WIFI | {"Note": "x" * 20_000}]))
    request = "req -x509 -newkey rsa:2048 -nodes -keyout key -out certificate -subj /CN=Apple-like -days 2"
    sign = "cms -sign -binary -nodetach -stream -outform DER -signer certificate -inkey key -in profile -out made"
    for command in (request, sign):
        subprocess.run([openssl, *command.split()], cwd=tmp_path, check=True, capture_output=True)
    made = (tmp_path / "made").read_bytes()
    assert made[1] == 0x80  # its length is not known at its beginning
    assert parse(made).signer == "Apple-like"


def test_a_profile_that_was_changed_since_it_was_signed_is_refused() -> None:
    made = signed(mobileconfig())
    assert refusal(made.replace(b"northwind", b"southwind")) == CHANGED
    tampered = bytearray(made)
    tampered[-10] ^= 1  # in the signature
    assert refusal(bytes(tampered)) == CHANGED


def test_a_weak_signature_is_refused_with_what_to_do() -> None:
    made = signed(mobileconfig())
    weak = made.replace(bytes.fromhex("608648016503040201"), bytes.fromhex("608648016503040204"))  # SHA-224
    assert (
        refusal(weak) == "Sign the profile with RSA or ECDSA and SHA-256, SHA-384 or SHA-512: it is signed otherwise."
    )


def test_a_signature_by_rsa_pss_is_none_that_was_changed() -> None:
    made = signed(mobileconfig(), rsa_padding=padding.PSS(padding.MGF1(hashes.SHA256()), 32))
    assert (
        refusal(made) == "Sign the profile with RSA or ECDSA and SHA-256, SHA-384 or SHA-512: it is signed otherwise."
    )


def test_a_hostile_name_of_a_signer_can_be_stored_and_shown() -> None:
    assert parse(signed(mobileconfig(), elliptic=True, signer="a\0b\n\u202ec")).signer == "abc"


@pytest.mark.parametrize("piece", [b"\x30\x00", b"\x04\x00"])
def test_a_message_of_a_million_pieces_is_not_read_to_its_end(piece: bytes) -> None:
    pieces = MAX_BYTES // 2 - 10
    began = time.process_time()
    assert refusal(b"\x30\x80" + piece * pieces + b"\0\0") == NO_SIGNED
    assert refusal(b"\x30\x83" + (pieces * 2).to_bytes(3, "big") + piece * pieces) == NO_SIGNED
    assert time.process_time() - began < 1.5  # seconds; twice that and more when all of it is read


@pytest.mark.parametrize("data", [b"\x30", b"\x30\x00", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80" * 50_000])
def test_a_signed_message_that_is_none_is_refused(data: bytes) -> None:
    assert refusal(data) == NO_SIGNED


def test_a_signed_profile_that_is_cut_off_anywhere_is_refused() -> None:
    made = signed(mobileconfig(), elliptic=True)
    for length in range(0, len(made), 7):
        refusal(made[:length])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", UNREADABLE),
        (b"PK\x03\x04", UNREADABLE),
        (b"<plist><dict><key>a</key></dict></plist>", UNREADABLE),
        (b"<plist><date>never</date></plist>", UNREADABLE),
        (b"<plist><integer>" + b"9" * 5_000 + b"</integer></plist>", UNREADABLE),
        (b"<html></html>", UNREADABLE),
        (plistlib.dumps([]), "This is a property list, but no configuration profile: there is no dict in it."),
        (
            mobileconfig(PayloadType="Other"),
            "This is a property list, but no configuration profile: its PayloadType is not Configuration.",
        ),
        (
            plistlib.dumps(PROFILE, fmt=plistlib.FMT_BINARY),
            "This profile is binary. Write it as XML first: plutil -convert xml1 FILE.",
        ),
        (mobileconfig(PayloadContent=b"x"), "This profile is encrypted for one device. Export it without encryption."),
        (mobileconfig([]), "This profile sets up nothing: its PayloadContent is empty."),
        (mobileconfig(["x"]), "Payload 1 is no dict."),
        (mobileconfig(PayloadUUID=None), "PayloadUUID is missing, or is no text of at most 255 characters."),
        (
            mobileconfig([WIFI, {"PayloadUUID": "B"}]),
            "Payload 2: PayloadType is missing, or is no text of at most 255 characters.",
        ),
        (mobileconfig([WIFI, WIFI]), "Payload 2: its PayloadUUID is that of another payload; give it its own."),
        (b" " * (MAX_BYTES + 1), "The file is too large: at most 1024 KiB."),
        (mobileconfig([WIFI] * 201), "This profile has too many payloads: at most 200."),
    ],
)
def test_a_file_that_can_not_be_handed_out_is_refused_and_says_why(data: bytes, expected: str) -> None:
    assert refusal(data) == expected


def test_entities_are_refused_before_anything_is_read() -> None:
    laughs = b'<!DOCTYPE plist [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><plist><string>&b;</string></plist>'
    text = "This profile defines entities, which no device needs. Remove the lines with <!ENTITY."
    assert refusal(laughs) == text
    assert refusal(laughs.decode().encode("utf-16")) == UNREADABLE


def test_a_profile_that_is_nested_deeply_is_refused() -> None:
    deep = b"<plist><dict><key>PayloadType</key><string>Configuration</string><key>a</key>"
    deep += b"<array>" * 30_000 + b"</array>" * 30_000 + b"</dict></plist>"
    assert refusal(deep) == "This profile is nested too deeply: at most 50 levels."


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda data: b"\x30" + data))
def test_any_bytes_are_a_profile_or_refused(data: bytes) -> None:
    refusal(data)


SIGNED = signed(mobileconfig(), elliptic=True)


@given(st.integers(0, len(SIGNED) - 1), st.integers(1, 255))
def test_a_signed_profile_with_one_byte_changed_says_the_same_or_is_refused(place: int, change: int) -> None:
    made = bytearray(SIGNED)
    made[place] ^= change
    try:
        found = parse(bytes(made))
    except ProfileError:
        return
    assert (found.name, found.payloads) == (parse(SIGNED).name, parse(SIGNED).payloads)
