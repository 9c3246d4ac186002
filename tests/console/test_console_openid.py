"""Signing in with a real provider on loopback: who is let in as what, and every claim that must hold."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from console_parts import Browser, Console
from joserfc.jwk import OctKey, RSAKey
from loopback_provider import CLIENT, SECRET, LoopbackProvider, running

from stillwatch.console.access import users
from stillwatch.console.access.openid_provider import Provider
from stillwatch.console.role import Role
from stillwatch.console.serving import provider_of
from stillwatch.console_settings import ConsoleSettings
from stillwatch.errors import SettingError

ROLES = ("staff=viewer", "soc=analyst", "soc=leads=approver")


@pytest.fixture
def provider() -> Iterator[LoopbackProvider]:
    """A provider."""
    with running() as one:
        yield one


@pytest.fixture
def joined(console: Console, provider: LoopbackProvider) -> Console:
    """A console with that provider."""
    settings = ConsoleSettings(oidc_issuer=provider.issuer, oidc_client=CLIENT, oidc_roles=ROLES)
    made = Console(console.cases, settings=settings)
    made.desk = replace(made.desk, provider=Provider(provider.issuer, CLIENT, SECRET))
    return made


def sign_in(console: Console, provider: LoopbackProvider, client: Any = None, there: str = "/cases") -> Any:
    browser = client or console.client()
    out = browser.get(f"/sign-in/openid?next={there}")
    assert out.status_code == 303
    assert out.headers["location"].startswith(f"{provider.issuer}/authorize?")
    return browser.get(provider.authorized(out.headers["location"]))


def test_a_provider_signs_in_with_the_highest_role_of_its_groups(
    joined: Console, provider: LoopbackProvider
) -> None:
    client = joined.client()
    answer = sign_in(joined, provider, client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases")
    assert "You are signed in as Nadia, analyst" in client.get("/cases").text
    provider.claims = {"groups": "soc=leads", "preferred_username": "another name now"}
    sign_in(joined, provider)
    with joined.cases.database.reading() as session:
        found = [(user.name, user.role) for user in users.everybody(session) if "oidc" in user.methods]
    assert found == [("Nadia", Role.APPROVER)], "the subject is who it is, whatever the name"
    assert client.get("/cases").status_code == 303, "another role ends the sessions of the old one"


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://evil.test"}, "another issuer"),
        ({"aud": "another"}, "another client"),
        ({"aud": None}, "another client"),
        ({"aud": [CLIENT, "another"]}, "another client"),
        ({"azp": "another"}, "another client"),
        ({"exp": 1}, "expired"),
        ({"exp": None}, "expired"),
        ({"iat": time.time() + 3_600}, "from the future"),
        ({"iat": None}, "from the future"),
        ({"nonce": "x"}, "another sign-in"),
        ({"nonce": None}, "another sign-in"),
        ({"sub": None}, "names nobody"),
        ({"sub": ""}, "names nobody"),
        ({"groups": []}, "none of your groups"),
        ({"groups": None}, "none of your groups"),
        ({"groups": {"soc": 1}}, "none of your groups"),
        ({"preferred_username": "ADMIN"}, "somebody else has this name"),
        ({"preferred_username": None}, "a name must be given"),
    ],
)
def test_claims_that_do_not_hold(
    joined: Console, provider: LoopbackProvider, claims: dict[str, Any], why: str
) -> None:
    provider.claims = claims
    client = joined.client()
    answer = sign_in(joined, provider, client)
    assert answer.status_code == 401
    assert why in answer.text
    assert client.get("/").status_code == 303


def test_signatures_that_do_not_hold(joined: Console, provider: LoopbackProvider) -> None:
    for header, key in (
        ({"alg": "RS256", "kid": "one"}, RSAKey.generate_key(2048)),
        ({"alg": "HS256", "kid": "one"}, OctKey.import_key(str(provider.key.as_dict(private=False)["n"]))),
        ({"alg": "HS256"}, OctKey.import_key(SECRET)),
        ({"alg": "none"}, provider.key),
        ({"alg": "RS256", "kid": "two"}, RSAKey.generate_key(2048)),
    ):
        provider.header, provider.signing = header, key
        answer = sign_in(joined, provider)
        assert answer.status_code == 401
        assert "signature does not hold" in answer.text, header


def test_what_comes_back_must_be_what_went_out(joined: Console, provider: LoopbackProvider) -> None:
    client = joined.client()
    back = provider.authorized(client.get("/sign-in/openid").headers["location"])
    assert joined.client().get(back).status_code == 401, "another browser"
    assert client.get(back.replace("state=", "state=x")).status_code == 401
    for change in (
        ("code=", "kode="),
        (f"iss={provider.issuer}", "iss=https://evil.test"),
        ("code=", "code=x"),
    ):
        again = provider.authorized(client.get("/sign-in/openid").headers["location"])
        assert client.get(again.replace(*change)).status_code == 401
    good = provider.authorized(client.get("/sign-in/openid").headers["location"])
    assert client.get(good).status_code == 303
    assert client.get(good).status_code == 401, "once"


def test_a_provider_that_did_not_ask_again_gives_no_fresh_sign_in(
    joined: Console, provider: LoopbackProvider
) -> None:
    provider.claims = {"auth_time": int(time.time()) - 86_400}
    client = joined.client()
    assert sign_in(joined, provider, client).status_code == 303
    secret = client.cookies[joined.site.cookie]
    assert Browser(client, secret).post("/me/tokens", {"name": "x"}).status_code == 403
    out = client.get("/sign-in/openid?again=1").headers["location"]
    assert "max_age=0" in out
    assert "prompt=login" in out


def test_a_provider_that_says_it_is_another_or_is_gone(joined: Console, provider: LoopbackProvider) -> None:
    provider.told_issuer = "https://evil.test"
    assert joined.client().get("/sign-in/openid").status_code == 503
    gone = Console(joined.cases)
    gone.desk = replace(gone.desk, provider=Provider("http://127.0.0.1:1", CLIENT))
    assert gone.client().get("/sign-in/openid").status_code == 503
    assert Console(joined.cases).client().get("/sign-in/openid").status_code == 404


@pytest.mark.parametrize(
    "settings",
    [
        {"oidc_issuer": "https://idp.test"},
        {"oidc_issuer": "https://idp.test", "oidc_client": "x", "oidc_roles": ("soc",)},
        {"oidc_issuer": "https://idp.test", "oidc_client": "x", "oidc_roles": ("soc=king",)},
        {"oidc_issuer": "https://idp.test", "oidc_client": "x", "oidc_secret_file": "/nowhere/at/all"},
    ],
)
def test_settings_that_cannot_be_used(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingError):
        provider_of(ConsoleSettings(**settings))


def test_a_provider_is_reached_over_https_only() -> None:
    for issuer in ("http://idp.test", "file:///etc/passwd", "ftp://idp.test"):
        with pytest.raises(SettingError, match="over https"):
            Provider(issuer, CLIENT).metadata()
