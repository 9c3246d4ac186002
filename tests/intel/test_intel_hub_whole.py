"""The hub with its TAXII server: each member gets what its agreements open, and the log tells who read what."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hub_house import House, made_hub, running, terms
from taxii_parts import indicator

from stillwatch.intel.hub import log, members
from stillwatch.intel.hub.client import Sharing
from stillwatch.intel.hub.parts import PARTS
from stillwatch.intel.hub.retention import purge
from stillwatch.intel.hub.watching import Watching
from stillwatch.intel.member import Channel
from stillwatch.intel.taxii.server.collection import Collection, Root, add_collection, add_root
from stillwatch.intel.tlp import Tlp

TAXII = "application/taxii+json;version=2.1"
HEAD = {"accept": TAXII, "content-type": TAXII}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with running(made_hub(tmp_path), tmp_path, PARTS) as found:
        yield found


def collection(house: House, alias: str, channel: Channel, *named: Sharing) -> str:
    """The path of a new collection."""
    whom = frozenset(one.identity for one in named)
    with house.hub.database.writing() as session:
        add_root(session, Root("sharing", "Sharing"))
        made = add_collection(
            session, Collection(alias, "sharing", channel, Tlp.AMBER, alias=alias, named=whom)
        )
    return f"/sharing/collections/{made.id}"


def owned(side: Sharing, *names: str) -> list[dict[str, Any]]:
    """Indicators that a member made."""
    return [{**indicator(name), "created_by_ref": side.identity} for name in names]


def post(side: Sharing, place: str, objects: list[dict[str, Any]]) -> int:
    with side.client() as client:
        body = json.dumps({"objects": objects}).encode()
        return client.post(f"{place}/objects/", content=body, headers=HEAD).status_code


def read(side: Sharing, place: str) -> list[str]:
    with side.client() as client:
        found = client.get(f"{place}/objects/", headers=HEAD)
    return [one["id"] for one in found.json().get("objects", [])] if found.status_code == 200 else []


def told(house: House, side: Sharing) -> list[Mapping[str, Any]]:
    """What the log tells a member, each entry proved."""
    with side.client() as client:
        watching = Watching(side, client)
        watching.look()
        return [one.content for one in watching.entries()]


def test_what_one_member_shares_another_reads_and_the_log_tells_both(house: House) -> None:
    alpha, beta, gamma = (house.member(name) for name in ("alpha", "beta", "gamma"))
    house.agree(terms("alpha", "beta", "gamma"), "alpha", "beta")
    place = collection(house, "information", Channel.INFORMATION)
    objects = owned(alpha, "one", "two")
    assert post(alpha, place, objects) == 202
    assert sorted(read(beta, place)) == sorted(one["id"] for one in objects)
    assert read(gamma, place) == []
    assert post(gamma, place, owned(gamma, "three")) in (403, 404)
    for side in (alpha, beta):
        reads = [one for one in told(house, side) if one["kind"] == "object.read"]
        assert [(one["member"], one["facts"]["count"], one["facts"]["creator"]) for one in reads] == [
            ("beta", 2, alpha.identity)
        ]
    assert not [one for one in told(house, gamma) if one["kind"].startswith("object.")]


def test_nobody_adds_under_another_members_name(house: House) -> None:
    alpha, beta = house.member("alpha"), house.member("beta")
    house.agree(terms("alpha", "beta"), "alpha", "beta")
    place = collection(house, "information", Channel.INFORMATION)
    assert post(alpha, place, owned(beta, "forged")) == 202
    assert read(beta, place) == []


def test_channels_are_kept_apart_and_a_response_is_for_its_parties(house: House) -> None:
    alpha, beta, gamma = (house.member(name) for name in ("alpha", "beta", "gamma"))
    house.agree(terms("alpha", "beta", "gamma"), "alpha", "beta", "gamma")
    response = {"channels": frozenset({Channel.RESPONSE}), "clearance": Tlp.AMBER}
    house.agree(terms("alpha", "beta", agreement="first", **response), "alpha", "beta")
    house.agree(terms("alpha", "gamma", agreement="second", **response), "alpha", "gamma")
    first = collection(house, "first", Channel.RESPONSE, alpha, beta)
    second = collection(house, "second", Channel.RESPONSE, alpha, gamma)
    report = collection(house, "report", Channel.REPORT)
    assert post(alpha, first, owned(alpha, "one")) == 202
    assert post(alpha, second, owned(alpha, "two")) == 202
    assert (len(read(beta, first)), read(beta, second)) == (1, [])
    assert (read(gamma, first), len(read(gamma, second))) == ([], 1)
    assert post(alpha, report, owned(alpha, "three")) in (403, 404)


def test_a_foreign_client_comes_in_by_token(house: House) -> None:
    v21 = pytest.importorskip("taxii2client.v21")
    alpha = house.member("alpha")
    house.agree(terms("alpha"), "alpha")
    place = collection(house, "information", Channel.INFORMATION)
    objects = owned(alpha, "one")
    assert post(alpha, place, objects) == 202
    with house.hub.database.writing() as session:
        token = members.issue_token(session, "alpha", "taxii2-client", 1)
    server = v21.Server(f"{house.url}/taxii2/", user="alpha", password=token)
    (root,) = server.api_roots
    assert root.url == f"{house.url}/sharing/"
    assert [one["id"] for one in root.collections[0].get_objects()["objects"]] == [objects[0]["id"]]
    server.close()
    wrong = httpx2.get(f"{house.url}/taxii2/", auth=("alpha", "wrong"), headers=HEAD, trust_env=False)
    assert wrong.status_code == 401
    nobody = httpx2.get(f"{house.url}/taxii2/", headers=HEAD, trust_env=False)
    assert nobody.status_code == 401
    assert nobody.headers["cache-control"] == "no-store"


def test_what_is_past_its_retention_leaves_the_collections(house: House) -> None:
    alpha, beta = house.member("alpha"), house.member("beta")
    house.agree(terms("alpha", "beta", channels=frozenset(Channel), retention_days=30), "alpha", "beta")
    place = collection(house, "information", Channel.INFORMATION)
    assert post(alpha, place, owned(alpha, "one", "two")) == 202
    assert len(read(beta, place)) == 2
    purges = [part.purge for part in PARTS if part.purge is not None]
    assert purge(house.hub.database, purges, time.time() + 29 * 86_400) == {}
    assert purge(house.hub.database, purges, time.time() + 31 * 86_400) == {Channel.INFORMATION: 2}
    assert read(beta, place) == []
    with house.hub.database.reading() as session:
        kinds = [json.loads(one.content or "")["kind"] for one in log.entries(session, 0, 100, None)]
        left = [
            session.connection().exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
            for table in ("taxii_objects", "taxii_fetched")
        ]
    assert kinds.count("retention.purged") == 1
    assert left == [0, 0]


def test_a_bundle_that_is_too_large_is_refused_by_a_clear_error(house: House) -> None:
    alpha = house.member("alpha")
    house.agree(terms("alpha"), "alpha")
    place = collection(house, "information", Channel.INFORMATION)
    with alpha.client(timeout_s=60) as client:
        found = client.post(f"{place}/objects/", content=b"{" + b" " * 100_000_000, headers=HEAD)
    assert found.status_code == 413
    assert "too large" in found.text
    assert read(alpha, place) == []


def test_look_ups_are_behind_the_same_door_and_in_the_same_log(house: House) -> None:
    alpha, beta = house.member("alpha"), house.member("beta")
    house.agree(terms("alpha", "beta"), "alpha")
    with alpha.client() as client:
        found = client.get("/private/v1/keys")
        assert found.status_code == 200, found.text
        assert client.get("/private/v1/budget").status_code == 200
    # Who accepted nothing may ask nothing.
    with beta.client() as client:
        assert client.post("/private/v1/lookups/2026-W01", content=b"{}").status_code == 403
    assert httpx2.get(f"{house.url}/private/v1/keys", trust_env=False).status_code == 401
    with house.hub.database.reading() as session:
        kinds = [json.loads(one.content or "")["kind"] for one in log.entries(session, 0, 100, None)]
    assert "lookup.key" in kinds


def test_nobody_takes_the_identity_of_a_member_that_never_asked(house: House) -> None:
    alpha, beta = house.member("alpha"), house.member("beta")
    house.agree(terms("alpha", "beta"), "alpha", "beta")
    place = collection(house, "information", Channel.INFORMATION)
    kept = ("spec_version", "created", "modified", "object_marking_refs")
    head = {name: value for name, value in indicator("x").items() if name in kept}
    made = {**head, "type": "identity", "id": beta.identity, "identity_class": "organization"}
    post(alpha, place, [{**made, "created_by_ref": alpha.identity, "name": "bankrupt"}])
    assert read(alpha, place) == []
    post(beta, place, [{**made, "created_by_ref": beta.identity, "name": "beta"}])
    assert read(alpha, place) == [beta.identity]
