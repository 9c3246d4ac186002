"""Who gets in: signatures, tokens, replays, clocks, members that left; and what the door keeps out."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from hub_house import House, made_hub, running, terms
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from stillwatch.errors import IntelError
from stillwatch.hub_settings import HubSettings
from stillwatch.intel.hub import agreements, log, members
from stillwatch.intel.hub.app import Around, Part
from stillwatch.intel.hub.client import KEY, NEXT_KEY, Sharing, answer, document
from stillwatch.intel.hub.group_pages import rotation_text
from stillwatch.intel.hub.keys import make_key, read_key
from stillwatch.intel.hub.rotating import rotated
from stillwatch.intel.hub.signing import MemberAuth
from stillwatch.intel.member import Channel

TRIES = int(os.environ.get("STILLWATCH_FUZZ", "12"))
"""Hostile requests of each kind; see CONTRIBUTING.md."""


def echo_part(around: Around) -> ASGIApp:
    """A part of the hub that says who asked and how much was sent, and tells the log."""

    async def echo(request: Request) -> Response:
        member = await around.who(request)
        size = len(await request.body())
        with around.hub.database.writing() as session:
            around.witness(session, "object.added", member, {"bytes": size})
        return JSONResponse({"who": member.name if member else None, "bytes": size})

    return Starlette(routes=[Route("/echo", echo, methods=["GET", "POST"])])


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("service")
    few = HubSettings(body_megabytes=1, failures_a_minute=100_000, requests_a_minute=100_000)
    with running(made_hub(folder), folder, (Part("/part", echo_part),), few) as found:
        yield found


@pytest.fixture(scope="module")
def alpha(house: House) -> Sharing:
    side = house.member("alpha")
    house.agree(terms("alpha"), "alpha")
    return side


def signed(side: Sharing, url: str, method: str = "GET", content: bytes = b"") -> httpx2.Request:
    """A request that a member signed."""
    request = httpx2.Request(method, url, content=content)
    request.read()
    return next(side.auth().auth_flow(request))


def sent(request: httpx2.Request) -> httpx2.Response:
    with httpx2.Client(trust_env=False) as client:
        return client.send(request)


def test_a_signed_request_gets_in_and_its_body_arrives(house: House, alpha: Sharing) -> None:
    with alpha.client() as client:
        assert client.post("/part/echo", content=b"x" * 70_000).json() == {"who": "alpha", "bytes": 70_000}
        assert client.get("/part/echo?a=%2Fb&c=d+e").json() == {"who": "alpha", "bytes": 0}
        said = document(answer(client, "GET", "/hub/about"))
    assert said["member"]["channels"] == ["information"]
    assert said["member"]["clearance"] == "TLP:AMBER"
    assert said["log"] == house.hub.verifier.written()


def test_an_asynchronous_client_signs_too(alpha: Sharing) -> None:
    async def ask() -> int:
        async with alpha.async_client() as client:
            return (await client.post("/part/echo", content=b"abc")).status_code

    assert asyncio.run(ask()) == 200


def test_a_request_is_taken_once(alpha: Sharing, house: House) -> None:
    request = signed(alpha, f"{house.url}/part/echo", "POST", b"abc")
    assert sent(request).status_code == 200
    again = sent(request)
    assert again.status_code == 401
    assert "taken before" in again.json()["description"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda url, head: (url.replace("/part/echo", "/hub/about"), head, b"abc"), 401),
        (lambda url, head: (url + "?more=1", head, b"abc"), 401),
        (lambda url, head: (url, head, b"abd"), 400),
        (lambda url, head: (url, {**head, "content-digest": "sha-256=:AAAA:"}, b"abc"), 401),
        (lambda url, head: (url, {**head, "signature": "sig1=:" + "A" * 86 + "==:"}, b"abc"), 401),
        (lambda url, head: (url, {k: v for k, v in head.items() if k != "signature"}, b"abc"), 401),
        (
            lambda url, head: (
                url,
                {**head, "signature-input": head["signature-input"].replace("ed25519", "hmac")},
                b"abc",
            ),
            401,
        ),
        (
            lambda url, head: (
                url,
                {**head, "signature-input": head["signature-input"].replace('"@path" ', "")},
                b"abc",
            ),
            401,
        ),
    ],
)
def test_a_request_that_was_changed_on_the_way_is_refused(
    house: House, alpha: Sharing, change: object, status: int
) -> None:
    url = f"{house.url}/part/echo"
    given_headers = dict(signed(alpha, url, "POST", b"abc").headers)
    given_headers.pop("content-length")
    url, headers, body = change(url, given_headers)  # type: ignore[operator]
    assert httpx2.post(url, headers=headers, content=body, trust_env=False).status_code == status


def test_a_request_for_another_hub_is_refused(house: House, alpha: Sharing) -> None:
    request = signed(alpha, "http://other.example/part/echo")
    found = httpx2.get(
        f"{house.url}/part/echo", headers={**request.headers, "host": "other.example"}, trust_env=False
    )
    assert found.status_code == 401


@pytest.mark.parametrize("seconds", [-3_600, -61.5, 62, 86_400])
def test_a_clock_that_is_wrong_is_told_how_much(house: House, alpha: Sharing, seconds: float) -> None:
    auth = MemberAuth(alpha.key(), lambda: time.time() + seconds)
    with (
        httpx2.Client(base_url=house.url, auth=auth, trust_env=False) as client,
        pytest.raises(IntelError) as caught,
    ):
        answer(client, "GET", "/hub/about")
    assert "set your clock" in caught.value.what
    assert ("after" if seconds > 0 else "before") in caught.value.what


@pytest.mark.parametrize("seconds", [-50, 50])
def test_a_clock_that_is_a_little_wrong_is_no_fault(house: House, alpha: Sharing, seconds: float) -> None:
    auth = MemberAuth(alpha.key(), lambda: time.time() + seconds)
    with httpx2.Client(base_url=house.url, auth=auth, trust_env=False) as client:
        assert client.get("/hub/about").status_code == 200


def test_tokens_work_as_basic_and_as_bearer_until_they_end(house: House) -> None:
    house.member("beta")
    with house.hub.database.writing() as session:
        token = members.issue_token(session, "beta", "OpenCTI", 1)
        old = members.issue_token(session, "beta", "old", 1, time.time() - 2 * 86_400)
        stored = session.connection().exec_driver_sql("SELECT hash FROM hub_tokens").scalars().all()
    assert token.split("_", 2)[2] not in "".join(stored)

    def status(**options: object) -> int:
        return httpx2.get(f"{house.url}/hub/about", trust_env=False, **options).status_code  # type: ignore[arg-type]

    bearer = {"Authorization": f"Bearer {token}"}
    assert status(auth=("beta", token)) == 200
    assert status(headers=bearer) == 200
    assert status(auth=("alpha", token)) == 401
    assert status(auth=("beta", token[:-1] + ("A" if token[-1] != "A" else "B"))) == 401
    assert status(headers={"Authorization": f"Bearer {old}"}) == 401
    with house.hub.database.writing() as session:
        members.revoke_token(session, token.split("_")[1])
    assert status(auth=("beta", token)) == 401
    assert status() == 401


def test_a_removed_member_is_out_at_once(house: House) -> None:
    side = house.member("gone")
    with house.hub.database.writing() as session:
        token = members.issue_token(session, "gone", "", 1)
    with side.client() as client:
        assert client.get("/hub/about").status_code == 200
        with house.hub.database.writing() as session:
            members.remove(session, "gone")
        assert client.get("/hub/about").status_code == 401
    assert httpx2.get(f"{house.url}/hub/about", auth=("gone", token), trust_env=False).status_code == 401
    (side.folder / KEY).unlink()
    with pytest.raises(IntelError, match="is there, or was"):
        house.member("gone")


def test_a_key_is_rotated_and_the_old_one_and_the_tokens_end(house: House) -> None:
    side = house.member("turning")
    with house.hub.database.writing() as session:
        token = members.issue_token(session, "turning", "", 1)
    old = side.auth()
    rotated(side)
    with side.client() as client:
        assert client.get("/hub/about").status_code == 200
    assert httpx2.get(f"{house.url}/hub/about", auth=old, trust_env=False).status_code == 401
    assert httpx2.get(f"{house.url}/hub/about", auth=("turning", token), trust_env=False).status_code == 401
    assert not (side.folder / NEXT_KEY).exists()


def test_a_rotation_that_was_cut_off_is_finished(house: House) -> None:
    side = house.member("cut")
    new = make_key(side.folder / NEXT_KEY)
    with house.hub.database.writing() as session:
        members.rotate(session, "cut", new.public_key().public_bytes_raw())
    rotated(side)
    assert read_key(side.folder / KEY).private_bytes_raw() == new.private_bytes_raw()
    with side.client() as client:
        assert client.get("/hub/about").status_code == 200


def test_a_token_rotates_no_key(house: House) -> None:
    house.member("tokened")
    with house.hub.database.writing() as session:
        token = members.issue_token(session, "tokened", "", 1)
    key = make_key(house.folder / "new.key")
    fields = {"public": base64.b64encode(key.public_key().public_bytes_raw()).decode(), "proof": "AA=="}
    found = httpx2.post(f"{house.url}/hub/key", json=fields, auth=("tokened", token), trust_env=False)
    assert found.status_code == 403


@pytest.mark.parametrize("header", ["signature", "content-digest"])
def test_a_token_rotates_no_key_by_headers_of_a_signature(house: House, header: str) -> None:
    name = f"thief-{header}"
    house.member(name)
    with house.hub.database.writing() as session:
        token = members.issue_token(session, name, "", 1)
        before = members.listed(session, name).public
    key = make_key(house.folder / f"{name}.key")
    public = key.public_key().public_bytes_raw()
    proof = base64.b64encode(key.sign(rotation_text(name, public))).decode()
    fields = {"public": base64.b64encode(public).decode(), "proof": proof}
    found = httpx2.post(
        f"{house.url}/hub/key",
        json=fields,
        auth=(name, token),
        headers={header: "sig1=:AA==:"},
        trust_env=False,
    )
    assert found.status_code == 403
    with house.hub.database.reading() as session:
        assert members.listed(session, name).public == before


def test_bodies_have_a_limit_whatever_the_length_says(house: House, alpha: Sharing) -> None:
    with alpha.client() as client:
        assert client.post("/part/echo", content=b"x" * 1_100_000).status_code == 413

    def pieces() -> Iterator[bytes]:
        for _ in range(30):
            yield b"x" * 100_000

    with house.hub.database.writing() as session:
        token = members.issue_token(session, "alpha", "", 1)
    with httpx2.Client(trust_env=False) as client:
        found = client.post(f"{house.url}/part/echo", content=pieces(), auth=httpx2.BasicAuth("alpha", token))
    assert found.status_code == 413


def test_every_answer_has_the_headers_of_a_careful_server(house: House, alpha: Sharing) -> None:
    with alpha.client() as client:
        for found in (client.get("/hub/about"), client.get("/nowhere"), client.post("/hub/about")):
            assert found.headers["x-content-type-options"] == "nosniff"
            assert found.headers["cache-control"] == "no-store"
            assert "default-src 'none'" in found.headers["content-security-policy"]
    stranger = httpx2.get(f"{house.url}/hub/members", trust_env=False)
    assert stranger.status_code == 401
    assert stranger.headers["www-authenticate"].startswith("Basic")
    assert stranger.headers["x-content-type-options"] == "nosniff"


def test_health_is_open_and_figures_are_the_coordinators(house: House, alpha: Sharing) -> None:
    assert httpx2.get(f"{house.url}/hub/health", trust_env=False).json() == {"status": "ok"}
    with alpha.client() as client:
        assert client.get("/hub/metrics").status_code == 403
    lead = house.member("lead", coordinator=True)
    with lead.client() as client:
        page = client.get("/hub/metrics").text
    assert "stillwatch_hub_log_entries" in page
    assert not [name for name in ("alpha", "lead", "127.0.0.1", "identity--") if name in page]


def test_too_many_requests_and_too_many_failures_are_told_to_wait(tmp_path: Path) -> None:
    few = HubSettings(requests_a_minute=5, failures_a_minute=3)
    with running(made_hub(tmp_path), tmp_path, (), few) as house:
        side = house.member("alpha")
        with side.client() as client:
            answers = [client.get("/hub/about") for _ in range(8)]
        assert [found.status_code for found in answers][:5] == [200] * 5
        assert answers[-1].status_code == 429
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        wrong = [
            httpx2.get(f"{house.url}/hub/about", auth=("alpha", "wrong"), trust_env=False).status_code
            for _ in range(6)
        ]
        assert wrong[:3] == [401] * 3
        assert wrong[-1] == 429


def test_who_has_accepted_nothing_gets_nothing(house: House) -> None:
    side = house.member("waiting")
    with house.hub.database.writing() as session:
        agreements.add(session, terms("waiting", agreement="later", channels=frozenset(Channel)))
    with side.client() as client:
        said = document(answer(client, "GET", "/hub/about"))["member"]
        listed = document(answer(client, "GET", "/hub/agreements"))["agreements"]
        assert (said["channels"], said["writes"], said["agreements"]) == ([], False, [])
        signature = base64.b64encode(
            agreements.acceptance(
                terms("waiting", agreement="later", channels=frozenset(Channel)), "waiting", side.key()
            )
        ).decode()
        place = f"/hub/agreements/{listed[0]['digest']}/accept"
        assert client.post(place, json={"signature": "AAAA"}).status_code == 422
        answer(client, "POST", place, json={"signature": signature})
        said = document(answer(client, "GET", "/hub/about"))["member"]
    assert (len(said["channels"]), said["writes"], said["agreements"]) == (3, True, ["later"])


def test_the_log_shows_each_member_what_concerns_it(house: House, alpha: Sharing) -> None:
    other = house.member("other")
    with alpha.client() as client:
        client.post("/part/echo", content=b"1")
    with house.hub.database.reading() as session:
        size = log.size_of(session)
    with other.client() as client:
        rows = document(answer(client, "GET", "/hub/log/entries", params={"start": 0, "count": 1_000}))[
            "entries"
        ]
        mine = document(answer(client, "GET", "/hub/log/entries", params={"mine": 1}))["entries"]
    assert len(rows) >= size
    told = [json.loads(row["content"]) for row in rows if row["content"]]
    assert told == [json.loads(row["content"]) for row in mine]
    assert {one["facts"]["name"] for one in told} == {"other"}


HOSTILE = st.text(st.characters(exclude_characters="\r\n\x00", max_codepoint=0xFF), max_size=200)


@given(HOSTILE, HOSTILE, st.binary(max_size=300))
@settings(max_examples=TRIES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_header_path_or_body_breaks_the_hub(
    house: House, alpha: Sharing, one: str, other: str, body: bytes
) -> None:
    words = one.strip().encode("latin-1"), other.strip().encode("latin-1")
    headers = [(b"authorization", words[0]), (b"signature-input", words[1]), (b"signature", words[0])]
    with httpx2.Client(trust_env=False) as client:
        for given_headers in (headers, headers[:1], [(b"authorization", b"Basic " + words[1])]):
            try:
                found = client.post(f"{house.url}/hub/log/cosign", headers=given_headers, content=body)
            except httpx2.LocalProtocolError:
                continue
            assert found.status_code in (400, 401), found.text
    with alpha.client() as client:
        for path in ("/hub/log/cosign", "/hub/key", "/hub/agreements/" + "0" * 64 + "/accept"):
            assert client.post(path, content=body).status_code == 422
        found = client.get("/hub/log/proof/inclusion", params={"index": one, "size": other})
        assert found.status_code == (
            200 if one.isdecimal() and other.isdecimal() and "path" in found.text else 422
        )
