"""TAXII 2.1, sections 5.1, 5.2 and the rights of 5.3 to 5.8."""

from __future__ import annotations

import pytest
from taxii_parts import POSTED, envelope, indicator
from taxii_servers import BOTH, EMPTY, NEITHER, READ_ONLY, RIGHTS, ROOT, WRITE_ONLY, Target

from stillwatch.intel.taxii.media import STIX

pytestmark = pytest.mark.usefixtures("known_deviation")

ONE = indicator("one")["id"]


def objects(collection: str) -> str:
    """The path of a collection's objects."""
    return f"/{ROOT}/collections/{collection}/objects/"


def test_5_1_all_collections_are_listed(target: Target) -> None:
    with target.client() as client:
        told = client.get(f"/{ROOT}/collections/").json()["collections"]
    assert [one["id"] for one in told] == list(RIGHTS)


def test_3_3_collections_keep_their_order(target: Target) -> None:
    with target.client() as client:
        first, second = (client.get(f"/{ROOT}/collections/").json() for _ in range(2))
    assert first == second


@pytest.mark.parametrize("collection", RIGHTS, ids=["both", "read-only", "write-only", "neither", "empty"])
def test_5_2_a_collection_tells_what_may_be_done(target: Target, collection: str) -> None:
    with target.client() as client:
        told = client.get(f"/{ROOT}/collections/{collection}/").json()
    assert told["id"] == collection
    assert told["title"]
    assert (told["can_read"], told["can_write"]) == RIGHTS[collection]
    assert told["media_types"] == [STIX]


def test_5_2_a_collection_has_no_other_properties(target: Target) -> None:
    with target.client() as client:
        told = client.get(f"/{ROOT}/collections/{BOTH}/").json()
    known = {"id", "title", "description", "alias", "can_read", "can_write", "media_types"}
    assert set(told) <= known


@pytest.mark.parametrize(
    "path",
    [
        f"/{ROOT}/collections/{WRITE_ONLY}/objects/",
        f"/{ROOT}/collections/{WRITE_ONLY}/manifest/",
        f"/{ROOT}/collections/{WRITE_ONLY}/objects/{ONE}/",
        f"/{ROOT}/collections/{WRITE_ONLY}/objects/{ONE}/versions/",
    ],
    ids=["5_4-objects", "5_3-manifest", "5_6-object", "5_8-versions"],
)
def test_what_may_not_be_read_is_forbidden_or_not_there(target: Target, path: str) -> None:
    with target.client() as client:
        assert client.get(path).status_code in (403, 404)


def test_5_5_what_may_not_be_written_is_forbidden_or_not_there(target: Target) -> None:
    with target.client() as client:
        answer = client.post(objects(READ_ONLY), content=envelope(indicator("x")), headers=POSTED)
    assert answer.status_code in (403, 404)


@pytest.mark.parametrize(
    ("collection", "status"),
    [(NEITHER, 404), (READ_ONLY, 403), (WRITE_ONLY, 403)],
    ids=["neither", "read-only", "write-only"],
)
def test_5_7_deleting_needs_both_rights(target: Target, collection: str, status: int) -> None:
    with target.client() as client:
        assert client.delete(objects(collection) + f"{ONE}/").status_code == status


def test_3_7_an_empty_collection_is_an_empty_envelope(target: Target) -> None:
    with target.client() as client:
        answer = client.get(objects(EMPTY))
    assert answer.status_code == 200
    assert "objects" not in answer.json()
    assert not answer.json().get("more", False)


def test_5_3_an_empty_collection_is_an_empty_manifest(target: Target) -> None:
    with target.client() as client:
        answer = client.get(f"/{ROOT}/collections/{EMPTY}/manifest/")
    assert answer.status_code == 200
    assert "objects" not in answer.json()


def test_5_5_what_was_written_only_is_taken(target: Target) -> None:
    with target.client() as client:
        answer = client.post(objects(WRITE_ONLY), content=envelope(indicator("blind")), headers=POSTED)
    assert answer.status_code == 202
    assert answer.json()["success_count"] == 1


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_3_1_other_methods_are_not_allowed(target: Target, method: str) -> None:
    with target.client() as client:
        answer = client.request(method, f"/{ROOT}/collections/")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
