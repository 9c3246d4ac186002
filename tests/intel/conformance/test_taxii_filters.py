"""TAXII 2.1, sections 3.3 to 3.5: order, filters, pages; for objects, manifest, one object, and versions."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from taxii_parts import ids, indicator
from taxii_servers import BOTH, FIRST_ADDED, READ_ONLY, ROOT, Target, seed

from stillwatch.intel.taxii.moment import moment_text

pytestmark = pytest.mark.usefixtures("known_deviation")

SEED = seed()
BEFORE_OTHERS = moment_text(FIRST_ADDED + 60_000_000)
"""A moment after all that is seeded, and before all that tests add."""
OBJECTS = f"/{ROOT}/collections/{BOTH}/objects/"
MANIFEST = f"/{ROOT}/collections/{BOTH}/manifest/"
ONE = f"{OBJECTS}{indicator('one')['id']}/"
MANY = pytest.mark.parametrize("path", [OBJECTS, MANIFEST], ids=["5_4-objects", "5_3-manifest"])
LAST = [1, 2, 4, 5, 6]
"""Places of the seeded versions that are the last of their object."""


def versions(told: dict[str, Any]) -> list[tuple[str, str]]:
    """Ids and versions of what an endpoint told."""
    return [(one["id"], one.get("version", one.get("modified"))) for one in told.get("objects", [])]


def of(*places: int) -> list[tuple[str, str]]:
    """Ids and versions of what is seeded."""
    return [(SEED[place]["id"], SEED[place]["modified"]) for place in places]


def seeded(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Only what was seeded: other tests add more."""
    known = of(*range(len(SEED)))
    return [one for one in found if one in known]


def at(place: int) -> str:
    """When something seeded was added."""
    return moment_text(FIRST_ADDED + place * 1_000_000)


def got(client: httpx2.Client, path: str, **filters: str) -> list[tuple[str, str]]:
    """What an endpoint tells of what is seeded, under filters; `match_` stands for match[…]."""
    answer = client.get(path, params=named(filters))
    assert answer.status_code == 200, answer.text
    return seeded(versions(answer.json()))


def named(filters: dict[str, str]) -> dict[str, str]:
    """Filters by their names in an address."""
    return {
        (f"match[{name[6:]}]" if name.startswith("match_") else name): value
        for name, value in filters.items()
    }


@MANY
def test_3_4_1_the_last_versions_come_where_none_is_named(target: Target, path: str) -> None:
    with target.client() as client:
        assert got(client, path) == of(*LAST)


@MANY
@pytest.mark.parametrize(
    ("version", "places"),
    [
        ("last", LAST),
        ("first", [0, 1, 2, 4, 6]),
        ("all", range(7)),
        (SEED[3]["modified"], [3]),
        (f"first,{SEED[3]['modified']}", [0, 1, 2, 3, 4, 6]),
        ("2001-01-01T00:00:00.000Z", []),
    ],
    ids=["last", "first", "all", "moment", "several", "none"],
)
def test_3_4_1_versions(target: Target, path: str, version: str, places: list[int]) -> None:
    with target.client() as client:
        assert got(client, path, match_version=version) == of(*places)


@MANY
def test_3_3_the_oldest_comes_first(target: Target, path: str) -> None:
    with target.client() as client:
        answer = client.get(path, params={"match[version]": "all"})
    assert versions(answer.json())[:7] == of(*range(7))


@MANY
def test_3_4_added_after_leaves_out_its_own_moment(target: Target, path: str) -> None:
    with target.client() as client:
        assert got(client, path, added_after=at(4)) == of(5, 6)
        assert got(client, path, added_after=BEFORE_OTHERS) == []


@MANY
@pytest.mark.parametrize(
    ("kind", "places"),
    [("indicator", [1, 4, 5]), ("sighting", [2, 6]), ("indicator,sighting", LAST), ("malware", [])],
    ids=["one", "other", "both", "none"],
)
def test_3_4_1_types(target: Target, path: str, kind: str, places: list[int]) -> None:
    with target.client() as client:
        assert got(client, path, match_type=kind) == of(*places)


@MANY
def test_3_4_1_ids(target: Target, path: str) -> None:
    two, three = indicator("two")["id"], indicator("three")["id"]
    with target.client() as client:
        assert got(client, path, match_id=two) == of(1)
        assert got(client, path, match_id=f"{two},{three}") == of(1, 4)
        assert got(client, path, match_id="malware--00000000-0000-4000-8000-000000000000") == []


@MANY
def test_3_4_filters_go_together(target: Target, path: str) -> None:
    one, other = indicator("one")["id"], SEED[2]["id"]
    with target.client() as client:
        found = got(
            client,
            path,
            match_id=f"{one},{other}",
            match_type="indicator",
            match_version="all",
            added_after=at(0),
        )
    assert found == of(3, 5)


@MANY
@pytest.mark.parametrize(
    ("version", "places"), [("2.1", LAST), ("2.0", []), ("2.0,2.1", LAST)], ids=["2.1", "2.0", "both"]
)
def test_3_4_1_specification_versions(target: Target, path: str, version: str, places: list[int]) -> None:
    with target.client() as client:
        assert got(client, path, match_spec_version=version) == of(*places)


@MANY
@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-20",
        "limit=ten",
        "limit=1.5",
        "added_after=yesterday",
        "added_after=2026-01-01",
        "added_after=2026-13-01T00:00:00.000000Z",
        "match[version]=yesterday",
        "next=nothing-of-this-server",
    ],
)
def test_3_4_what_is_malformed_is_refused(target: Target, path: str, query: str) -> None:
    with target.client() as client:
        assert client.get(f"{path}?{query}").status_code == 400


@MANY
def test_3_4_added_after_occurs_once(target: Target, path: str) -> None:
    with target.client() as client:
        answer = client.get(f"{path}?added_after={at(0)}&added_after={at(1)}")
    assert answer.status_code == 400


@MANY
def test_3_4_1_all_goes_with_no_other_version(target: Target, path: str) -> None:
    with target.client() as client:
        assert client.get(path, params={"match[version]": "all,first"}).status_code == 400


@MANY
def test_3_2_headers_say_when_first_and_last_were_added(target: Target, path: str) -> None:
    with target.client() as client:
        answer = client.get(path, params={"match[version]": "all", "limit": "3"})
    assert answer.headers["x-taxii-date-added-first"] == at(0)
    assert answer.headers["x-taxii-date-added-last"] == at(2)


@MANY
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_3_5_pages_join_to_the_whole(target: Target, path: str, size: int) -> None:
    found: list[tuple[str, str]] = []
    query = {"match[version]": "all", "limit": str(size)}
    with target.client() as client:
        while len(found) < 7:
            answer = client.get(path, params=query)
            told = answer.json()
            assert 0 < len(told["objects"]) <= size
            found += versions(told)
            if len(found) >= 7:
                break
            assert told["more"] is True
            if "next" in told:
                query["next"] = told["next"]
            else:
                query["added_after"] = answer.headers["x-taxii-date-added-last"]
    assert found[:7] == of(*range(7))


@MANY
def test_3_5_pages_by_added_after_join_too(target: Target, path: str) -> None:
    found: list[tuple[str, str]] = []
    query = {"match[version]": "all", "limit": "2"}
    with target.client() as client:
        while len(found) < 7:
            answer = client.get(path, params=query)
            found += versions(answer.json())
            query["added_after"] = answer.headers["x-taxii-date-added-last"]
    assert found[:7] == of(*range(7))


@MANY
def test_3_5_the_last_page_says_so(target: Target, path: str) -> None:
    with target.client() as client:
        told = client.get(path, params={"match[id]": indicator("two")["id"], "limit": "5"}).json()
    assert len(told["objects"]) == 1
    assert not told.get("more", False)
    assert "next" not in told


@MANY
def test_3_5_a_cursor_holds_for_its_filters_only(target: Target, path: str) -> None:
    with target.client() as client:
        told = client.get(path, params={"match[version]": "all", "limit": "2"}).json()
        answer = client.get(path, params={"match[version]": "first", "limit": "2", "next": told["next"]})
    assert answer.status_code == 400


def test_3_5_a_cursor_holds_for_its_collection_only(target: Target) -> None:
    with target.client() as client:
        told = client.get(OBJECTS, params={"match[version]": "all", "limit": "2"}).json()
        query = {"match[version]": "all", "limit": "2", "next": told["next"]}
        answer = client.get(f"/{ROOT}/collections/{READ_ONLY}/objects/", params=query)
    assert answer.status_code == 400


def test_3_5_a_cursor_can_be_used_again(target: Target) -> None:
    with target.client() as client:
        told = client.get(OBJECTS, params={"match[version]": "all", "limit": "3"}).json()
        query = {"match[version]": "all", "limit": "3", "next": told["next"]}
        first, second = (versions(client.get(OBJECTS, params=query).json()) for _ in range(2))
    assert first == second == of(3, 4, 5)


def test_3_4_a_large_limit_is_cut_to_the_servers_own(target: Target) -> None:
    with target.client() as client:
        answer = client.get(OBJECTS, params={"limit": "100000", "match[version]": "all"})
    assert answer.status_code == 200
    assert len(answer.json()["objects"]) >= 7


def test_5_6_an_object_comes_in_an_envelope(target: Target) -> None:
    with target.client() as client:
        answer = client.get(ONE)
    assert answer.json()["objects"] == [SEED[5]]
    assert answer.headers["x-taxii-date-added-first"] == answer.headers["x-taxii-date-added-last"] == at(5)


@pytest.mark.parametrize(
    ("version", "places"),
    [("all", [0, 3, 5]), ("first", [0]), ("last", [5]), ("first,last", [0, 5]), (SEED[3]["modified"], [3])],
    ids=["all", "first", "last", "several", "moment"],
)
def test_5_6_versions_of_an_object(target: Target, version: str, places: list[int]) -> None:
    with target.client() as client:
        assert got(client, ONE, match_version=version) == of(*places)


def test_5_6_an_object_after_a_moment(target: Target) -> None:
    with target.client() as client:
        assert got(client, ONE, match_version="all", added_after=at(0)) == of(3, 5)


def test_5_6_pages_of_an_object(target: Target) -> None:
    with target.client() as client:
        told = client.get(ONE, params={"match[version]": "all", "limit": "2"}).json()
        assert versions(told) == of(0, 3)
        rest = client.get(ONE, params={"match[version]": "all", "limit": "2", "next": told["next"]}).json()
    assert versions(rest) == of(5)
    assert not rest.get("more", False)


def test_5_8_all_versions_of_an_object(target: Target) -> None:
    with target.client() as client:
        answer = client.get(ONE + "versions/")
    assert sorted(answer.json()["versions"]) == sorted(SEED[place]["modified"] for place in (0, 3, 5))
    assert answer.headers["x-taxii-date-added-first"] == at(0)
    assert answer.headers["x-taxii-date-added-last"] == at(5)


def test_5_8_versions_after_a_moment(target: Target) -> None:
    with target.client() as client:
        told = client.get(ONE + "versions/", params={"added_after": at(0)}).json()
    assert sorted(told["versions"]) == sorted(SEED[place]["modified"] for place in (3, 5))


def test_5_8_pages_of_versions(target: Target) -> None:
    with target.client() as client:
        answer = client.get(ONE + "versions/", params={"limit": "2"})
        told = answer.json()
        assert told["more"] is True
        rest = client.get(
            ONE + "versions/", params={"added_after": answer.headers["x-taxii-date-added-last"]}
        )
    assert sorted(told["versions"] + rest.json()["versions"]) == sorted(
        SEED[place]["modified"] for place in (0, 3, 5)
    )


def test_5_3_a_manifest_tells_of_each_version(target: Target) -> None:
    with target.client() as client:
        told = client.get(
            MANIFEST, params={"match[id]": indicator("one")["id"], "match[version]": "all"}
        ).json()
    assert [one["date_added"] for one in told["objects"]] == [at(0), at(3), at(5)]
    assert ids(told["objects"]) == [indicator("one")["id"]] * 3
    assert {one["media_type"] for one in told["objects"]} == {"application/stix+json;version=2.1"}
