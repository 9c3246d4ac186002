"""The server knows who has an old version of what was corrected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
from taxii_parts import (
    ANN,
    BOB,
    HEADERS,
    MAIN,
    OBJECTS,
    basic,
    client,
    indicator,
    made,
    member,
    post,
    seen,
    serving,
)

from stillwatch.intel.member import Member
from stillwatch.intel.tlp import Tlp

CARL = member("carl", Tlp.GREEN)
HEAD = member("head", coordinator=True)
VERSIONS = [indicator("x", version=number)["modified"] for number in range(3)]


def waiting(url: str, one: Member, **query: str) -> dict[str, dict[str, Any]]:
    """What a member is told, by id."""
    with client(url, one) as caller:
        answer = caller.get("/taxii2-ext/deliveries/", params=query)
    assert answer.status_code == 200
    return {told["id"]: told for told in answer.json()["objects"]}


def test_a_correction_waits_for_who_has_the_old_one(place: str) -> None:
    x, y = indicator("x")["id"], indicator("y")["id"]
    with made(place, MAIN) as database, serving(database, ANN, BOB, CARL, HEAD) as url:
        post(url, ANN, indicator("x"), indicator("y"))
        seen(url, BOB)
        seen(url, CARL)
        assert waiting(url, ANN) == {}
        post(url, ANN, indicator("x", version=1))
        seen(url, CARL)
        post(url, ANN, indicator("x", version=2, revoked=True))
        told = waiting(url, ANN)
        assert list(told) == [x]
        assert told[x]["revoked"] is True
        assert told[x]["reached"] == 0
        assert told[x]["waiting"] == [
            {"member": BOB.identity, "version": VERSIONS[0], "may_read": True},
            {"member": CARL.identity, "version": VERSIONS[1], "may_read": True},
        ]
        # The manifest shows that there is something; it does not give it.
        with client(url, BOB) as caller:
            caller.get(f"/info/collections/{MAIN.id}/manifest/")
        assert len(waiting(url, ANN)[x]["waiting"]) == 2
        seen(url, BOB, **{"match[id]": x})
        told = waiting(url, ANN)
        assert told[x]["reached"] == 1
        assert [one["member"] for one in told[x]["waiting"]] == [CARL.identity]
        # Others are told nothing; the coordinator all.
        assert waiting(url, BOB) == {}
        assert waiting(url, HEAD) == told
        assert y not in told


def test_who_may_not_read_the_correction_is_named(tmp_path: Path) -> None:
    with made(tmp_path / "hub.db", MAIN) as database, serving(database, ANN, CARL) as url:
        post(url, ANN, indicator("x"))
        seen(url, CARL)
        post(url, ANN, indicator("x", version=1, level=Tlp.AMBER))
        assert seen(url, CARL) == [indicator("x")]
        told = waiting(url, ANN)[indicator("x")["id"]]
    assert told["waiting"] == [{"member": CARL.identity, "version": VERSIONS[0], "may_read": False}]


def test_who_has_what_was_deleted_is_named(tmp_path: Path) -> None:
    path = f"{OBJECTS}{indicator('x')['id']}/"
    with made(tmp_path / "hub.db", MAIN) as database, serving(database, ANN, BOB) as url:
        post(url, ANN, indicator("x"), indicator("unseen"))
        seen(url, BOB, **{"match[id]": indicator("x")["id"]})
        with client(url, ANN) as caller:
            assert caller.delete(path).status_code == 200
            assert caller.delete(f"{OBJECTS}{indicator('unseen')['id']}/").status_code == 200
        told = waiting(url, ANN)
    assert list(told) == [indicator("x")["id"]]
    assert told[indicator("x")["id"]]["deleted"] is True
    assert told[indicator("x")["id"]]["waiting"] == [
        {"member": BOB.identity, "version": VERSIONS[0], "may_read": False}
    ]


def test_corrections_after_a_moment(tmp_path: Path) -> None:
    with made(tmp_path / "hub.db", MAIN) as database, serving(database) as url:
        for name in ("x", "y"):
            post(url, ANN, indicator(name), indicator(name, version=1))
        both = list(waiting(url, ANN).values())
        assert [one["id"] for one in both] == [indicator(name)["id"] for name in ("x", "y")]
        assert list(waiting(url, ANN, added_after=both[0]["added"])) == [indicator("y")["id"]]
        with httpx2.Client(base_url=url, headers=HEADERS, trust_env=False) as stranger:
            assert stranger.get("/taxii2-ext/deliveries/").status_code == 401
            answer = stranger.get("/taxii2-ext/deliveries/?added_after=x", auth=basic(ANN))
    assert answer.status_code == 400
