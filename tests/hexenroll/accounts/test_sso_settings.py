"""Do the settings of single sign-on say what they mean, and does somebody hear it who mistypes them?"""

from typing import Any

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from hexenroll.accounts.sso_roles import Grant, granted
from hexenroll.accounts.sso_settings import RoleRule, providers, role_rules, saml_metadata, second_step
from hexenroll.environment import Environment
from tests.hexenroll.accounts.saml_provider import ENTITY, SSO, Provider

pytestmark = pytest.mark.once
OIDC = ("HEXENROLL_OIDC_URL", "HEXENROLL_OIDC_CLIENT_ID", "HEXENROLL_OIDC_CLIENT_SECRET")


def test_rules_name_groups_roles_and_domains() -> None:
    assert role_rules("it=Administrator; CN=help,OU=x=Help desk + Auditor@contoso.com, fabrikam.com ;") == (
        RoleRule("it", ("Administrator",), ()),
        RoleRule("CN=help,OU=x", ("Help desk", "Auditor"), ("contoso.com", "fabrikam.com")),
    )


@pytest.mark.parametrize("raw", ["Administrator", "=Administrator", "it=", "it=Administrator@", "a=b;c"])
def test_what_is_no_rule_is_named(raw: str) -> None:
    with pytest.raises(ValueError, match=r"says '.*': write GROUP=ROLE or GROUP=ROLE@DOMAIN"):
        role_rules(raw)


@pytest.mark.parametrize(
    ("rules", "groups", "expected"),
    [
        ("a=R", "a", Grant(("R",), None)),
        ("a=R", "b", None),
        ("a=R", "A", None),
        ("a=R@x; b=R@y", "a b", Grant(("R",), frozenset({"x", "y"}))),
        ("a=R@x; b=S", "a b", Grant(("R",), frozenset({"x"}))),
        ("a=R; b=R@x", "a b", Grant(("R",), None)),
        ("a=R@x; b=R", "a b", Grant(("R",), None)),
        ("*=S", "", Grant(("S",), None)),
        ("a=R; *=S", "b", Grant(("S",), None)),
    ],
)
def test_the_first_rule_that_matches_decides(rules: str, groups: str, expected: Grant | None) -> None:
    assert granted(groups.split(), role_rules(rules)) == expected


@pytest.mark.parametrize(("word", "expected"), [("true", "passwords"), ("off", ""), ("Everybody", "everybody")])
def test_who_needs_a_second_step(word: str, expected: str) -> None:
    assert second_step(word) == expected
    with pytest.raises(ValueError, match="say true, false or everybody"):
        second_step("sometimes")


def test_metadata_say_where_people_sign_in() -> None:
    found = saml_metadata(Provider().metadata)
    assert (found["entity_id"], found["sso_url"]) == (ENTITY, SSO)
    assert found["x509cert"].startswith("MII")


@pytest.mark.parametrize("raw", ["", "/etc/metadata.xml", "<a/>", Provider().metadata.replace("Redirect", "POST")])
def test_what_is_no_metadata_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="is not the metadata of an identity provider"):
        saml_metadata(raw)


def test_a_provider_is_made_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    file = tmp_path / "metadata.xml"
    file.write_text(Provider().metadata)
    for name, value in zip(OIDC, ("https://login.example.com/", "portal", "secret"), strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HEXENROLL_SAML_METADATA_FILE", str(file))
    env = Environment()
    found = providers(env, "https://portal.example.com")
    (oidc,), (saml,) = found["openid_connect"]["APPS"], found["saml"]["APPS"]
    assert oidc["settings"]["server_url"] == "https://login.example.com"
    assert oidc["secret"] == "secret"
    assert saml["settings"]["sp"]["entity_id"] == "https://portal.example.com/accounts/saml/console/metadata/"
    assert env.problems == []


def found_with(settings: Settings, **values: Any) -> list[str]:
    for name, value in values.items():
        setattr(settings, name, value)
    return sorted(f"{check.id}: {check.msg}" for check in run_checks() if str(check.id)[-3:-1] == "04")


ONE: dict[str, Any] = {"openid_connect": {"APPS": []}}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ""),
        (
            {"HEXENROLL_OIDC_URL": "https://x.example"},
            "E041: Single sign-on by OIDC lacks HEXENROLL_OIDC_CLIENT_ID and",
        ),
        ({"HEXENROLL_OIDC_URL": "http://x.example"}, "E042: HEXENROLL_OIDC_URL begins with http://"),
        ({"SOCIALACCOUNT_PROVIDERS": ONE}, "E040: Single sign-on lets nobody in"),
        ({"HEXENROLL_SSO_ROLES": role_rules("a=R")}, "W040: HEXENROLL_SSO_ROLES has no effect"),
        ({"HEXENROLL_PASSWORD_SIGN_IN": False}, "E043: Nobody can sign in"),
        ({"PUBLIC_URL": "http://portal.example.com"}, "W041: Passkeys don't work at http://portal.example.com"),
        ({"PUBLIC_URL": "https://portal.example.com"}, ""),
    ],
)
def test_combinations_that_cannot_work_are_said(settings: Settings, values: dict[str, Any], expected: str) -> None:
    found = found_with(settings, **values)
    assert any(line.startswith(f"hexenroll.{expected}") for line in found) if expected else not found
