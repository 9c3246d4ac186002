"""TAXII 2.1, sections 1.6.8, 3.1, 3.6 and 4: media types, addresses, errors, discovery, roots, status."""

from __future__ import annotations

import pytest
from taxii_parts import POSTED, envelope, indicator
from taxii_servers import BOTH, LARGEST, ROOT, Target

from stillwatch.intel.taxii.media import TAXII

pytestmark = pytest.mark.usefixtures("known_deviation")

GETS = [
    "/taxii2/",
    f"/{ROOT}/",
    f"/{ROOT}/collections/",
    f"/{ROOT}/collections/{BOTH}/",
    f"/{ROOT}/collections/{BOTH}/manifest/",
    f"/{ROOT}/collections/{BOTH}/objects/",
    f"/{ROOT}/collections/{BOTH}/objects/{indicator('one')['id']}/",
    f"/{ROOT}/collections/{BOTH}/objects/{indicator('one')['id']}/versions/",
]
NAMES = ["discovery", "root", "collections", "collection", "manifest", "objects", "object", "versions"]


@pytest.mark.parametrize("path", GETS, ids=NAMES)
def test_3_1_answers_have_the_media_type_with_its_version(target: Target, path: str) -> None:
    with target.client() as client:
        answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].replace(" ", "") == TAXII


@pytest.mark.parametrize("path", GETS, ids=NAMES)
def test_3_1_another_version_is_not_acceptable(target: Target, path: str) -> None:
    with target.client(accept="application/taxii+json;version=2.0") as client:
        assert client.get(path).status_code == 406


@pytest.mark.parametrize("path", GETS, ids=NAMES)
def test_3_1_another_media_type_is_not_acceptable(target: Target, path: str) -> None:
    with target.client(accept="text/html") as client:
        assert client.get(path).status_code == 406


@pytest.mark.parametrize("path", GETS, ids=NAMES)
def test_1_6_8_the_version_may_be_left_out(target: Target, path: str) -> None:
    with target.client(accept="application/taxii+json") as client:
        answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].replace(" ", "") == TAXII


@pytest.mark.parametrize(
    "accept",
    ["application/taxii+json; version=2.1", f"text/html, {TAXII}", f"{TAXII};q=0.5, text/html;q=0.9"],
    ids=["space", "list", "weights"],
)
def test_1_6_8_the_media_type_is_found_as_http_writes_it(target: Target, accept: str) -> None:
    with target.client(accept=accept) as client:
        assert client.get("/taxii2/").status_code == 200


@pytest.mark.parametrize("path", GETS, ids=NAMES)
def test_3_1_a_stranger_is_asked_who_it_is(target: Target, path: str) -> None:
    with target.client(anonymous=True) as client:
        answer = client.get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].lower().startswith("basic")


def test_3_6_a_stranger_is_told_in_a_taxii_error(target: Target) -> None:
    with target.client(anonymous=True) as client:
        answer = client.get("/taxii2/")
    assert answer.headers["content-type"].replace(" ", "") == TAXII
    assert answer.json()["title"]


def test_3_6_a_wrong_password_is_a_stranger(target: Target) -> None:
    with target.client() as client:
        assert client.get("/taxii2/", auth=(target.user, "wrong")).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere/",
        "/nowhere/collections/",
        f"/{ROOT}/collections/00000000-0000-4000-8000-000000000000/",
        f"/{ROOT}/collections/00000000-0000-4000-8000-000000000000/objects/",
        f"/{ROOT}/collections/00000000-0000-4000-8000-000000000000/manifest/",
        f"/{ROOT}/collections/{BOTH}/objects/indicator--00000000-0000-4000-8000-000000000000/",
        f"/{ROOT}/collections/{BOTH}/objects/indicator--00000000-0000-4000-8000-000000000000/versions/",
        f"/{ROOT}/status/00000000-0000-4000-8000-000000000000/",
    ],
    ids=["root", "collections", "collection", "objects", "manifest", "object", "versions", "status"],
)
def test_3_6_what_is_not_there_is_an_error_with_its_status(target: Target, path: str) -> None:
    with target.client() as client:
        answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].replace(" ", "") == TAXII
    error = answer.json()
    assert error["title"]
    assert error.get("http_status", "404") == "404"


def test_4_1_discovery_names_its_roots(target: Target) -> None:
    with target.client() as client:
        told = client.get("/taxii2/").json()
    assert told["title"]
    assert told["api_roots"] == [f"{target.url}/{ROOT}/"]
    assert told["default"] in told["api_roots"]


def test_4_2_a_root_tells_versions_and_its_largest_envelope(target: Target) -> None:
    with target.client() as client:
        told = client.get(f"/{ROOT}/").json()
    assert told["title"]
    assert TAXII in told["versions"]
    assert told["max_content_length"] == LARGEST


def test_4_3_a_status_can_be_asked_for_again(target: Target) -> None:
    body = envelope(indicator("status"))
    with target.client() as client:
        posted = client.post(f"/{ROOT}/collections/{BOTH}/objects/", content=body, headers=POSTED)
        again = client.get(f"/{ROOT}/status/{posted.json()['id']}/")
    assert posted.status_code == 202
    assert again.status_code == 200
    assert again.json() == posted.json()


def test_4_3_a_status_counts(target: Target) -> None:
    with target.client() as client:
        path = f"/{ROOT}/collections/{BOTH}/objects/"
        told = client.post(path, content=envelope(indicator("counted")), headers=POSTED).json()
    assert told["status"] == "complete"
    assert told["total_count"] == told["success_count"] + told["failure_count"] + told["pending_count"] == 1
    assert [one["id"] for one in told["successes"]] == [indicator("counted")["id"]]
    assert told["request_timestamp"].endswith("Z")
