"""Who may see, add, change and delete what on our server, and what it tells the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session
from taxii_parts import (
    ANN,
    BOB,
    MAIN,
    OBJECTS,
    POSTED,
    client,
    envelope,
    ids,
    indicator,
    made,
    member,
    post,
    seen,
    serving,
)

from stillwatch.intel.member import Channel, Member
from stillwatch.intel.stix import project
from stillwatch.intel.stix.courses import course
from stillwatch.intel.taxii.server.collection import Collection
from stillwatch.intel.taxii.server.settings import MITRE, TaxiiSettings
from stillwatch.intel.tlp import Tlp

RED = replace(MAIN, ceiling=Tlp.RED)


def why(status: dict[str, Any]) -> str:
    """The reason of the only failure."""
    assert status["failure_count"] == 1, status
    return str(status["failures"][0]["message"])


def test_an_object_above_a_clearance_is_not_there(place: str) -> None:
    low = member("low", Tlp.GREEN)
    levels = {level: indicator(level.name.lower(), level=level) for level in Tlp}
    with made(place, RED) as database, serving(database, ANN, low) as url:
        assert post(url, ANN, *levels.values())["success_count"] == 5
        assert ids(seen(url, low)) == [levels[Tlp.CLEAR]["id"], levels[Tlp.GREEN]["id"]]
        assert len(seen(url, ANN)) == 5
        with client(url, low) as caller:
            path = f"{OBJECTS}{levels[Tlp.AMBER]['id']}/"
            assert caller.get(path).status_code == 404
            assert caller.get(path + "versions/").status_code == 404
            manifest = caller.get(f"/info/collections/{MAIN.id}/manifest/").json()
    assert len(manifest["objects"]) == 2


def test_last_and_first_are_those_that_a_member_may_see(place: str) -> None:
    low, middle = member("low", Tlp.GREEN), member("middle", Tlp.AMBER)
    levels = [Tlp.AMBER, Tlp.GREEN, Tlp.RED, Tlp.GREEN, Tlp.AMBER]
    versions = [indicator("x", version=number, level=level) for number, level in enumerate(levels)]
    with made(place, RED) as database, serving(database, ANN, low, middle) as url:
        # They come in another order than that of their versions.
        for number in (2, 0, 4, 1, 3):
            post(url, ANN, versions[number])
        found = {
            one.name: [seen(url, one, **{"match[version]": word}) for word in ("first", "last")]
            for one in (low, middle, ANN)
        }
    assert found["low"] == [[versions[1]], [versions[3]]]
    assert found["middle"] == [[versions[0]], [versions[4]]]
    assert found["ann"] == [[versions[0]], [versions[4]]]


def test_an_object_above_the_ceiling_is_refused_with_the_reason(tmp_path: Path) -> None:
    with made(tmp_path / "hub.db", MAIN) as database, serving(database) as url:
        status = post(url, ANN, indicator("red", level=Tlp.RED), indicator("green"))
        assert why(status) == "TLP:RED goes beyond the ceiling of this collection, TLP:AMBER"
        assert status["success_count"] == 1
        unmarked = {name: value for name, value in indicator("bare").items() if name != "object_marking_refs"}
        assert "TLP:RED" in why(post(url, ANN, unmarked))
        unknown = indicator(
            "odd", object_marking_refs=["marking-definition--00000000-0000-4000-8000-000000000001"]
        )
        assert "TLP:RED" in why(post(url, ANN, unknown))
        assert ids(seen(url, ANN)) == [indicator("green")["id"]]


def test_a_member_adds_nothing_above_its_own_clearance(tmp_path: Path) -> None:
    low = member("low", Tlp.GREEN)
    with made(tmp_path / "hub.db", RED) as database, serving(database, low) as url:
        status = post(url, low, indicator("x", by=low, level=Tlp.AMBER))
    assert why(status) == "TLP:AMBER is above your clearance, TLP:GREEN"


def test_nobody_shares_in_anothers_name(tmp_path: Path) -> None:
    nameless = {name: value for name, value in indicator("x").items() if name != "created_by_ref"}
    with made(tmp_path / "hub.db", MAIN) as database, serving(database) as url:
        assert "own identity" in why(post(url, BOB, indicator("x", by=ANN)))
        assert "does not say who made it" in why(post(url, ANN, nameless))
        assert seen(url, ANN) == []


def test_only_the_creator_versions_revokes_and_deletes(tmp_path: Path) -> None:
    taken = indicator("x", by=BOB, version=1) | {"revoked": True}
    path = f"{OBJECTS}{indicator('x')['id']}/"
    with made(tmp_path / "hub.db", MAIN) as database, serving(database) as url:
        post(url, ANN, indicator("x"))
        assert "another member" in why(post(url, BOB, taken))
        with client(url, BOB) as caller:
            assert caller.delete(path).status_code == 403
        assert seen(url, BOB) == [indicator("x")]
        with client(url, ANN) as caller:
            assert caller.delete(path).status_code == 200
        # What was deleted is still its creator's: nobody speaks under an id that others have seen.
        assert "another member" in why(post(url, BOB, indicator("x", by=BOB)))
        assert post(url, ANN, indicator("x"))["success_count"] == 1


def test_nothing_follows_a_revocation(tmp_path: Path) -> None:
    revoked = indicator("x", version=2, revoked=True)
    with made(tmp_path / "hub.db", MAIN) as database, serving(database) as url:
        post(url, ANN, indicator("x"))
        post(url, ANN, revoked)
        assert "revoked" in why(post(url, ANN, indicator("x", version=3)))
        assert post(url, ANN, indicator("x", version=1))["success_count"] == 1
        assert seen(url, ANN) == [revoked]


def test_one_version_has_one_content(tmp_path: Path) -> None:
    other = replace(MAIN, id="472c94ae-3113-4e3e-a4dd-a9f4ac7471d4", alias="other")
    changed = indicator("x", confidence=50)
    turned = dict(reversed(indicator("x").items()))
    with made(tmp_path / "hub.db", MAIN, other) as database, serving(database) as url:
        post(url, ANN, indicator("x"))
        assert "this version" in why(post(url, ANN, changed))
        assert "this version" in why(post(url, ANN, changed, path=f"/info/collections/{other.id}/objects/"))
        assert post(url, ANN, turned)["successes"][0]["message"] == "it was here already"
        assert seen(url, ANN, **{"match[version]": "all"}) == [indicator("x")]


TECHNIQUE = {
    "type": "attack-pattern",
    "spec_version": "2.1",
    "id": "attack-pattern--3f567912-629a-5e0b-ab0c-0102977c2d6c",
    "created_by_ref": MITRE,
    "created": "2026-01-02T03:04:05.000Z",
    "modified": "2026-01-02T03:04:05.000Z",
    "name": "Extract AI Model",
}


def test_what_stillwatch_ships_may_be_brought_by_all_as_it_is(tmp_path: Path) -> None:
    shipped = [project.identity(), project.extension_definition(), dict(course("mitigate")), TECHNIQUE]
    shipped += [project.tlp_definition(Tlp.GREEN), *project.own_techniques().values()]
    forged = [
        {**shipped[0], "name": "Stillwatch!"},
        {**shipped[2], "modified": "2027-01-01T00:00:00.000Z"},
        {**shipped[2], "id": "course-of-action--00000000-0000-4000-8000-000000000001"},
        {**project.tlp_definition(Tlp.RED), "name": "TLP:CLEAR"},
        indicator("x", created_by_ref=project.IDENTITY),
    ]
    with made(tmp_path / "hub.db", MAIN) as database, serving(database) as url:
        for one in (ANN, BOB):
            status = post(url, one, *shipped)
            assert status["failure_count"] == 0, status["failures"]
        assert post(url, BOB, *forged)["failure_count"] == len(forged)
        assert len(seen(url, ANN, **{"match[version]": "all"})) == len(shipped)


def test_a_technique_of_a_members_own_without_a_marking_is_red(tmp_path: Path) -> None:
    own = {**TECHNIQUE, "id": "attack-pattern--00000000-629a-4e0b-ab0c-0102977c2d6d"}
    own["created_by_ref"] = ANN.identity
    low = member("low", Tlp.GREEN)
    with made(tmp_path / "hub.db", RED) as database, serving(database, ANN, low) as url:
        assert post(url, ANN, own, TECHNIQUE)["success_count"] == 2
        assert ids(seen(url, low)) == [TECHNIQUE["id"]]
        assert len(seen(url, ANN)) == 2


def test_words_of_others_may_be_brought_by_all(tmp_path: Path) -> None:
    pattern = {
        "type": "attack-pattern",
        "spec_version": "2.1",
        "id": "attack-pattern--00000000-629a-4e0b-ab0c-0102977c2d6c",
        "created_by_ref": MITRE,
        "created": "2026-01-02T03:04:05.000Z",
        "modified": "2026-01-02T03:04:05.000Z",
        "name": "Extract AI Model",
    }
    forged = {**pattern, "modified": "2026-02-02T03:04:05.000Z", "name": "Something else"}
    with made(tmp_path / "hub.db", MAIN) as database, serving(database) as url:
        assert post(url, ANN, pattern)["success_count"] == 1
        assert post(url, BOB, pattern)["success_count"] == 1
        assert "another member" in why(post(url, BOB, forged))
        assert "own identity" in why(post(url, BOB, indicator("x", created_by_ref=MITRE)))
        assert "not MITRE's" in why(post(url, BOB, {**TECHNIQUE, "name": "Something else"}))
        assert "not MITRE's" in why(post(url, BOB, {**TECHNIQUE, "revoked": True}))
        assert seen(url, BOB, **{"match[version]": "all"}) == [pattern]


def identity_of(one: Member, by: Member, name: str) -> dict[str, Any]:
    """The identity of a member, as somebody brings it."""
    made_ = indicator("x", by)
    wanted = ("spec_version", "created_by_ref", "created", "modified", "object_marking_refs")
    head = {field: made_[field] for field in wanted}
    return {**head, "type": "identity", "id": one.identity, "name": name, "identity_class": "organization"}


def test_nobody_brings_the_identity_of_another_member_or_a_word_in_its_name(tmp_path: Path) -> None:
    statement = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": "marking-definition--00000000-629a-4e0b-ab0c-0102977c2d6c",
        "created_by_ref": ANN.identity,
        "created": "2026-01-02T03:04:05.000Z",
        "definition_type": "statement",
        "definition": {"statement": "Ann says so."},
    }
    with made(tmp_path / "hub.db", MAIN) as database, serving(database) as url:
        assert post(url, ANN, indicator("x"))["success_count"] == 1
        for forged in (identity_of(ANN, BOB, "bankrupt"), statement):
            assert "in the name of another member" in why(post(url, BOB, forged))
        mine = (identity_of(ANN, ANN, "ann"), statement)
        assert post(url, ANN, *mine)["success_count"] == 2
        assert post(url, BOB, statement)["success_count"] == 1, "it is what Ann brought"


def test_channels_are_kept_apart(tmp_path: Path) -> None:
    response = Collection(
        "One incident", "response", Channel.RESPONSE, Tlp.RED, named=frozenset({ANN.identity})
    )
    open_ = Collection("Incidents", "response", Channel.RESPONSE, Tlp.RED)
    talker = member("talker", channels=frozenset({Channel.INFORMATION}))
    with (
        made(tmp_path / "hub.db", MAIN, response, open_) as database,
        serving(database, ANN, BOB, talker) as url,
    ):
        roots, lists = {}, {}
        for one in (ANN, BOB, talker):
            with client(url, one) as caller:
                roots[one.name] = caller.get("/taxii2/").json()["api_roots"]
                told = caller.get("/response/collections/")
                lists[one.name] = [each["title"] for each in told.json().get("collections", [])]
                assert told.status_code == (404 if one is talker else 200)
    assert roots["ann"] == roots["bob"] == [f"{url}/info/", f"{url}/response/"]
    assert roots["talker"] == [f"{url}/info/"]
    assert lists == {"ann": ["One incident", "Incidents"], "bob": ["Incidents"], "talker": []}


def test_who_does_not_write_may_not_add(tmp_path: Path) -> None:
    reader = member("reader", writes=False)
    with (
        made(tmp_path / "hub.db", MAIN) as database,
        serving(database, reader) as url,
        client(url, reader) as caller,
    ):
        assert caller.get(f"/info/collections/{MAIN.id}/").json()["can_write"] is False
        answer = caller.post(OBJECTS, content=envelope(indicator("x", by=reader)), headers=POSTED)
    assert answer.status_code == 403


def test_a_status_is_for_whoever_posted(tmp_path: Path) -> None:
    with made(tmp_path / "hub.db", MAIN) as database, serving(database) as url:
        path = f"/info/status/{post(url, ANN, indicator('x'))['id']}/"
        with client(url, ANN) as ann, client(url, BOB) as bob:
            assert ann.get(path).status_code == 200
            assert bob.get(path).status_code == 404


def test_a_collection_may_be_called_by_its_alias(tmp_path: Path) -> None:
    with made(tmp_path / "hub.db", MAIN) as database, serving(database) as url, client(url, ANN) as caller:
        assert caller.get("/info/collections/indicators/").json()["id"] == MAIN.id
        assert caller.get("/info/collections/indicators/objects/").json() == {}


@pytest.mark.parametrize(
    "settings",
    [TaxiiSettings(objects_a_day=3), TaxiiSettings(bytes_a_day=1_900)],
    ids=["objects", "bytes"],
)
def test_a_quota_of_a_day_holds(place: str, settings: TaxiiSettings) -> None:
    with made(place, MAIN) as database, serving(database, settings=settings) as url:
        post(url, ANN, *(indicator(f"a{number}") for number in range(3)))
        with client(url, ANN) as caller:
            answer = caller.post(OBJECTS, content=envelope(indicator("b")), headers=POSTED)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 86_400
        assert "nothing of this envelope was kept" in answer.json()["description"]
        # What is there already costs nothing, and others have their own quota.
        assert post(url, ANN, indicator("a0"))["success_count"] == 1
        assert post(url, BOB, indicator("c", by=BOB))["success_count"] == 1
        assert len(seen(url, BOB)) == 4


def test_too_many_requests_are_told_when_to_come_again(tmp_path: Path) -> None:
    settings = TaxiiSettings(requests_a_minute=30)
    with made(tmp_path / "hub.db", MAIN) as database, serving(database, settings=settings) as url:
        with client(url, ANN) as caller:
            answers = [caller.get("/taxii2/") for _ in range(40)]
        assert {answer.status_code for answer in answers} == {200, 429}
        assert int(answers[-1].headers["retry-after"]) >= 1
        with client(url, BOB) as caller:
            assert caller.get("/taxii2/").status_code == 200


def test_versions_of_one_object_are_limited(tmp_path: Path) -> None:
    settings = TaxiiSettings(versions=3)
    with made(tmp_path / "hub.db", MAIN) as database, serving(database, settings=settings) as url:
        for version in range(3):
            post(url, ANN, indicator("x", version=version))
        assert "3 versions" in why(post(url, ANN, indicator("x", version=3)))


def test_the_witness_is_told_in_the_same_transaction(tmp_path: Path) -> None:
    told: list[tuple[str, str, dict[str, Any]]] = []
    broken: list[str] = []

    def witness(session: Session, kind: str, who: Member | None, facts: Mapping[str, Any]) -> None:
        if kind in broken:
            raise RuntimeError("the log cannot be written")
        assert session.in_transaction()
        told.append((kind, who.name if who else "", dict(facts)))

    with made(tmp_path / "hub.db", MAIN) as database, serving(database, witness=witness) as url:
        post(url, ANN, indicator("x"), indicator("y"), indicator("z", level=Tlp.RED))
        seen(url, BOB)
        seen(url, BOB, added_after="2100-01-01T00:00:00.000000Z")
        assert [(kind, name) for kind, name, _ in told] == [("object.added", "ann"), ("object.read", "bob")]
        added, read = told[0][2], told[1][2]
        assert (added["count"], added["refused"], read["count"]) == (2, 1, 2)
        assert added["ids_sha256"] == read["ids_sha256"]
        assert added["collection"] == MAIN.id
        # What cannot be witnessed does not happen.
        broken += ["object.added", "object.read"]
        with client(url, ANN) as caller:
            assert caller.post(OBJECTS, content=envelope(indicator("w")), headers=POSTED).status_code == 500
            assert caller.get(OBJECTS).status_code == 500
        broken.clear()
        assert len(seen(url, ANN)) == 2
