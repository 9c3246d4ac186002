"""TAXII 2.1, sections 5.5 and 5.7: add and delete objects."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from taxii_parts import POSTED, envelope, ids, indicator
from taxii_servers import BOTH, LARGEST, ROOT, Target

from stillwatch.intel.taxii.media import TAXII

pytestmark = pytest.mark.usefixtures("known_deviation")

OBJECTS = f"/{ROOT}/collections/{BOTH}/objects/"


def post(client: httpx2.Client, *objects: dict[str, Any]) -> httpx2.Response:
    """Post an envelope."""
    return client.post(OBJECTS, content=envelope(*objects), headers=POSTED)


def test_5_5_what_is_added_comes_back_equal(target: Target) -> None:
    one = indicator("added", confidence=70) | {"name": '„Größe" \U0001f9ea'}
    with target.client() as client:
        assert post(client, one).status_code == 202
        assert client.get(f"{OBJECTS}{one['id']}/").json()["objects"] == [one]


def test_5_5_what_is_added_stands_in_the_manifest(target: Target) -> None:
    one = indicator("in manifest")
    with target.client() as client:
        post(client, one)
        told = client.get(f"/{ROOT}/collections/{BOTH}/manifest/", params={"match[id]": one["id"]}).json()
    assert [(told_of["id"], told_of["version"]) for told_of in told["objects"]] == [
        (one["id"], one["modified"])
    ]


def test_5_5_an_exact_duplicate_is_no_failure(target: Target) -> None:
    one = indicator("twice")
    with target.client() as client:
        first, second = post(client, one).json(), post(client, one).json()
        kept = client.get(f"{OBJECTS}{one['id']}/", params={"match[version]": "all"}).json()["objects"]
    assert first["success_count"] == 1
    assert kept == [one]
    assert (second["success_count"], second["failure_count"]) == (1, 0)


def test_5_5_a_later_version_is_the_last(target: Target) -> None:
    with target.client() as client:
        post(client, indicator("grows"))
        post(client, indicator("grows", version=1))
        told = client.get(f"{OBJECTS}{indicator('grows')['id']}/").json()
    assert told["objects"] == [indicator("grows", version=1)]


def test_5_5_an_earlier_version_that_comes_late_is_not_the_last(target: Target) -> None:
    with target.client() as client:
        post(client, indicator("late", version=2))
        post(client, indicator("late", version=1))
        path = f"{OBJECTS}{indicator('late')['id']}/"
        assert client.get(path).json()["objects"] == [indicator("late", version=2)]
        first = client.get(path, params={"match[version]": "first"}).json()["objects"]
    assert first == [indicator("late", version=1)]


def test_5_5_several_at_once(target: Target) -> None:
    many = [indicator(f"many {number}") for number in range(5)]
    with target.client() as client:
        told = post(client, *many).json()
        assert told["success_count"] == told["total_count"] == 5
        assert sorted(ids(told["successes"])) == sorted(ids(many))
        found = client.get(OBJECTS, params={"match[id]": ",".join(ids(many))}).json()["objects"]
    assert sorted(ids(found)) == sorted(ids(many))


def test_3_4_objects_added_together_are_never_added_at_once(target: Target) -> None:
    many = [indicator(f"together {number}") for number in range(4)]
    with target.client() as client:
        post(client, *many)
        path = f"/{ROOT}/collections/{BOTH}/manifest/"
        told = client.get(path, params={"match[id]": ",".join(ids(many))}).json()["objects"]
    assert len({one["date_added"] for one in told}) == 4


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/stix+json;version=2.1",
        "application/taxii+json;version=2.0",
        "text/plain",
    ],
)
def test_5_5_another_content_type_is_not_supported(target: Target, kind: str) -> None:
    with target.client() as client:
        answer = client.post(
            OBJECTS, content=envelope(indicator("x")), headers={**POSTED, "Content-Type": kind}
        )
    assert answer.status_code == 415


def test_5_5_the_content_type_may_leave_out_its_version(target: Target) -> None:
    with target.client() as client:
        headers = {**POSTED, "Content-Type": "application/taxii+json"}
        answer = client.post(OBJECTS, content=envelope(indicator("no version")), headers=headers)
    assert answer.status_code == 202


def test_5_5_the_answer_must_be_acceptable(target: Target) -> None:
    with target.client() as client:
        headers = {"Accept": "text/html", "Content-Type": TAXII}
        assert client.post(OBJECTS, content=envelope(indicator("x")), headers=headers).status_code == 406


def test_5_5_too_large_an_envelope_is_refused(target: Target) -> None:
    body = envelope(indicator("large", description="x" * LARGEST))
    with target.client() as client:
        answer = client.post(OBJECTS, content=body, headers=POSTED)
    assert answer.status_code == 413
    assert answer.json()["title"]


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(indicator("bare")).encode(),
        b"{}",
        b"[]",
        b"5",
        b'"objects"',
        b'{"objects": 5}',
        b'{"objects": "x"}',
    ],
    ids=["object", "empty", "list", "number", "text", "objects-number", "objects-text"],
)
def test_5_5_what_is_no_envelope_cannot_be_processed(target: Target, body: bytes) -> None:
    with target.client() as client:
        answer = client.post(OBJECTS, content=body, headers=POSTED)
    assert answer.status_code in (400, 422)
    assert answer.json()["title"]


def test_5_5_what_is_no_json_cannot_be_processed(target: Target) -> None:
    with target.client() as client:
        answer = client.post(OBJECTS, content=b'{"objects": [', headers=POSTED)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"].replace(" ", "") == TAXII


def test_5_5_an_object_without_an_id_does_not_go_in(target: Target) -> None:
    one = {name: value for name, value in indicator("x").items() if name != "id"}
    with target.client() as client:
        answer = client.post(OBJECTS, content=envelope(one), headers=POSTED)
    assert answer.status_code == 422 or answer.json()["failure_count"] == 1


def test_5_5_an_object_that_breaks_stix_does_not_go_in(target: Target) -> None:
    one = indicator("broken", confidence=130)
    with target.client() as client:
        answer = post(client, one)
        assert answer.status_code == 422 or answer.json()["failure_count"] == 1
        assert client.get(f"{OBJECTS}{one['id']}/").status_code == 404


def test_5_7_what_is_deleted_is_not_there(target: Target) -> None:
    one = indicator("deleted")
    path = f"{OBJECTS}{one['id']}/"
    with target.client() as client:
        post(client, one)
        assert client.delete(path).status_code == 200
        assert client.get(path).status_code == 404
        assert client.get(path + "versions/").status_code == 404
        assert client.delete(path).status_code == 404
        told = client.get(f"/{ROOT}/collections/{BOTH}/manifest/", params={"match[id]": one["id"]}).json()
    assert "objects" not in told


def test_5_7_one_version_can_be_deleted(target: Target) -> None:
    path = f"{OBJECTS}{indicator('pruned')['id']}/"
    with target.client() as client:
        for version in range(3):
            post(client, indicator("pruned", version=version))
        gone = indicator("pruned", version=2)["modified"]
        assert client.delete(path, params={"match[version]": gone}).status_code == 200
        assert client.get(path).json()["objects"] == [indicator("pruned", version=1)]
        left = client.get(path + "versions/").json()["versions"]
    assert sorted(left) == [indicator("pruned", version=version)["modified"] for version in (0, 1)]


def test_5_7_all_versions_can_be_deleted(target: Target) -> None:
    path = f"{OBJECTS}{indicator('wholly')['id']}/"
    with target.client() as client:
        for version in range(2):
            post(client, indicator("wholly", version=version))
        assert client.delete(path, params={"match[version]": "all"}).status_code == 200
        assert client.get(path).status_code == 404


def test_5_7_without_a_version_the_object_goes_whole(target: Target) -> None:
    path = f"{OBJECTS}{indicator('whole')['id']}/"
    with target.client() as client:
        for version in range(2):
            post(client, indicator("whole", version=version))
        assert client.delete(path).status_code == 200
        assert client.get(path).status_code == 404
