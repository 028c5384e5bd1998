"""What may a policy's settings and apps say, and how is each mistake said?"""

import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from devices.policies.schema import problems_of_apps, problems_of_settings

APP = {"identifier": "com.example.crm", "source": "app_store", "install": "required"}


def certificate() -> tuple[str, str]:
    """Return a certificate and its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example root")])
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1))
    made = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.decode(), secret.decode()


def said(settings: Any) -> list[tuple[str, str, str]]:
    return [(problem.path, problem.code, problem.message) for problem in problems_of_settings(settings)]


def test_a_policy_with_every_section_is_right() -> None:
    pem, _key = certificate()
    settings = {
        "passcode": {"required": True, "min_length": 8, "alphanumeric": True, "max_age_days": 90, "history": 5},
        "restrictions": {"camera": False, "encryption_required": True, "single_app": "com.example.kiosk"},
        "wifi": [{"ssid": "northwind", "security": "wpa3", "password": "correct horse", "hidden": False}],
        "vpn": [{"name": "Office", "type": "wireguard", "server": "vpn.example.com:51820", "on_demand": True}],
        "certificates": [{"name": "Root", "pem": pem, "trusted": True}],
        "custom": {"anything": [1, None, {"else": "😀"}]},
    }
    assert said(settings) == []
    assert said({}) == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"passcode": {"min_length": "8"}},
            ("passcode.min_length", "value", "passcode.min_length: write a whole number from 1 to 64."),
        ),
        (
            {"passcode": {"min_length": True}},
            ("passcode.min_length", "value", "passcode.min_length: write a whole number from 1 to 64."),
        ),
        (
            {"passcode": {"min_length": 10**40}},
            ("passcode.min_length", "value", "passcode.min_length: write a whole number from 1 to 64."),
        ),
        (
            {"restrictions": {"camera": "no"}},
            ("restrictions.camera", "value", "restrictions.camera: write true or false."),
        ),
        (
            {"passcode": {"minLength": 8}},
            ("passcode.minLength", "unknown", "passcode.minLength is not known. Did you mean “min_length”?"),
        ),
        (
            {"encryption": "required"},
            (
                "encryption",
                "unknown",
                "encryption is not known. Known here: passcode, restrictions, wifi, vpn, certificates, custom. "
                "What is no setting of hexenroll goes into “custom”.",
            ),
        ),
        ({"passcode": 8}, ("passcode", "value", "passcode: write an object such as {…}.")),
        (
            {"wifi": {"ssid": "northwind"}},
            ("wifi", "value", "wifi: write a list of at most 50 objects, such as [{…}]."),
        ),
        ({"wifi": [{"ssid": "a"}]}, ("wifi[1]", "missing", "wifi[1]: “security” is missing. Add it.")),
        (
            {"wifi": [{"ssid": "a", "security": "wep"}]},
            (
                "wifi[1].security",
                "value",
                "wifi[1].security: write one of “open”, “wpa2”, “wpa3”, “wpa2_enterprise”, “wpa3_enterprise”.",
            ),
        ),
        (
            {"wifi": [{"ssid": "a", "security": "open"}, {"ssid": "a", "security": "open"}]},
            ("wifi[2].ssid", "twice", "wifi[2].ssid: “a” is there twice. Remove one of them."),
        ),
        (
            {"vpn": [{"name": "Office", "type": "ikev2", "server": "https://vpn.example.com"}]},
            (
                "vpn[1].server",
                "value",
                "vpn[1].server: write a host name or address without https://, at most 255 characters.",
            ),
        ),
    ],
)
def test_a_mistake_says_where_it_is_and_what_to_write(settings: Any, expected: tuple[str, str, str]) -> None:
    assert said(settings) == [expected]


def test_a_certificate_is_refused_with_a_private_key_and_when_it_is_none() -> None:
    pem, key = certificate()
    text = (
        "certificates[1].pem: write a certificate in PEM, from -----BEGIN CERTIFICATE----- on, without a private key."
    )
    for wrong in (pem + key, "none", "", 7, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        assert said({"certificates": [{"name": "Root", "pem": wrong}]}) == [("certificates[1].pem", "value", text)]


def test_custom_settings_are_free_but_for_their_depth_and_size() -> None:
    deep: Any = 1
    for _level in range(20):
        deep = [deep]
    assert said({"custom": deep}) == []
    assert said({"custom": [deep]}) == [("custom", "depth", "custom: at most 20 levels may be inside each other.")]
    assert said({"custom": "x" * 300_000}) == [("", "size", "This is too large: at most 256 KiB.")]


def test_no_more_than_twenty_mistakes_are_said() -> None:
    assert len(said({f"wrong{number}": 1 for number in range(100)})) == 20


@pytest.mark.parametrize(
    ("apps", "expected"),
    [
        ([APP, APP | {"identifier": "b", "name": "B", "version": "1.0"}], []),
        ([{"name": "CRM"}], [f"apps[1]: “{name}” is missing. Add it." for name in ("identifier", "install", "source")]),
        ([APP, APP], ["apps[2].identifier: “com.example.crm” is there twice. Remove one of them."]),
        ([APP | {"source": "url"}], ["apps[1]: “url” is missing. Add it."]),
        (
            [APP | {"source": "url", "url": "http://example.com/a.pkg"}],
            ["apps[1].url: write an https:// address, at most 2000 characters."],
        ),
        ([APP | {"source": "url", "url": "https://example.com/a.pkg"}], []),
        ([APP | {"install": True}], ["apps[1].install: write one of “required”, “optional”."]),
        (["com.example.crm"], ["apps[1]: write an object such as {…}."]),
    ],
)
def test_an_app_has_an_identifier_a_source_and_is_required_or_optional(apps: Any, expected: list[str]) -> None:
    assert [problem.message for problem in problems_of_apps(apps)] == expected
