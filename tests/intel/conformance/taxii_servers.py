"""The servers that the conformance suite asks: ours, and medallion, with the same objects in each."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from asgi_parts import free_port
from taxii_parts import ANN, basic, indicator, made, serving, sighting

from stillwatch.intel.stix.checking import checked
from stillwatch.intel.stix.marking import level_of_object
from stillwatch.intel.taxii.media import STIX, TAXII
from stillwatch.intel.taxii.server.adding import add
from stillwatch.intel.taxii.server.collection import Collection, collection_called
from stillwatch.intel.taxii.server.envelope import envelope_of
from stillwatch.intel.taxii.server.settings import TaxiiSettings
from stillwatch.intel.witness import unwitnessed

ROOT = "info"
BOTH = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
READ_ONLY = "52892447-4d7e-4f70-b94d-d7f22742ff63"
WRITE_ONLY = "472c94ae-3113-4e3e-a4dd-a9f4ac7471d4"
NEITHER = "64993447-4d7e-4f70-b94d-d7f33742ee63"
EMPTY = "365fed99-08fa-fdcd-a1b3-fb247eb41d01"
RIGHTS: Mapping[str, tuple[bool, bool]] = {
    BOTH: (True, True),
    READ_ONLY: (True, False),
    WRITE_ONLY: (False, True),
    NEITHER: (False, False),
    EMPTY: (True, True),
}
FIRST_ADDED = 1_767_323_045_000_000
"""Microseconds at which the first object was added; each other a second later."""
PAGE = 20
"""Objects of an answer, set in both servers."""
LARGEST = 200_000
"""Bytes of an envelope, set in both servers."""


def seed() -> list[dict[str, Any]]:
    """The objects of the collection, in the order in which they are added."""
    return [
        indicator("one"),
        indicator("two"),
        sighting("one"),
        indicator("one", version=1),
        indicator("three"),
        indicator("one", version=2),
        sighting("two"),
    ]


@dataclass(frozen=True)
class Target:
    """A server under test."""

    name: str
    """Which."""
    url: str
    """Its address, without a slash."""
    user: str
    """Name of a caller that may do all that collections allow."""
    password: str
    """Its password."""
    deviations: Mapping[str, str] = field(default_factory=dict)
    """Tests that it is known to fail, by the beginning of their names, each with the reason."""

    def client(self, *, anonymous: bool = False, accept: str | None = TAXII) -> httpx2.Client:
        """A plain HTTP client; anonymous: without credentials."""
        headers = {} if accept is None else {"Accept": accept}
        auth = None if anonymous else (self.user, self.password)
        client = httpx2.Client(base_url=self.url, auth=auth, headers=headers, trust_env=False, timeout=20)
        if accept is None:
            del client.headers["Accept"]
        return client


@contextlib.contextmanager
def stillwatch_server(folder: Path) -> Iterator[Target]:
    """Ours."""
    collections = [
        Collection(f"Collection {number}", ROOT, id=one, reads=reads, writes=writes)
        for number, (one, (reads, writes)) in enumerate(RIGHTS.items())
    ]
    settings = TaxiiSettings(page=PAGE, envelope_bytes=LARGEST)
    with made(folder / "hub.db", *collections) as database:
        with database.writing() as session:
            collection = collection_called(session, ROOT, BOTH, ANN)
            assert collection is not None
            for place, one in enumerate(seed()):
                ready = envelope_of([one], collection, ANN, settings, checked, level_of_object)
                at = FIRST_ADDED + place * 1_000_000
                status = add(session, collection, ANN, ready, settings, unwitnessed, at)
                assert status["success_count"] == 1, status
        with serving(database, ANN, settings=settings) as url:
            yield Target("stillwatch", url, *basic(ANN))


MEDALLION = """
import sys, medallion, werkzeug.serving
medallion.load_app(sys.argv[1])
werkzeug.serving.run_simple("127.0.0.1", int(sys.argv[2]), medallion.application_instance, threaded=True)
"""


@contextlib.contextmanager
def medallion_server(folder: Path) -> Iterator[Target]:
    """OASIS's own server for tests, in a process of its own, with objects in its memory."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    user, password = basic(ANN)
    data = folder / "data.json"
    data.write_text(json.dumps(_medallion_data(url)), encoding="utf-8")
    backend = {
        "module": "medallion.backends.memory_backend",
        "module_class": "MemoryBackend",
        "filename": str(data),
    }
    config = folder / "config.json"
    told = {"backend": backend, "users": {user: password}, "taxii": {"max_page_size": PAGE}}
    config.write_text(json.dumps(told), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-c", MEDALLION, str(config), str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    target = Target("medallion", url, user, password, DEVIATIONS)
    try:
        _wait(process, target)
        yield target
    finally:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], target: Target) -> None:
    end = time.monotonic() + 30
    with target.client() as client:
        while time.monotonic() < end:
            assert process.poll() is None, "medallion has ended"
            with contextlib.suppress(httpx2.TransportError):
                client.get("/taxii2/")
                return
            time.sleep(0.05)
    raise AssertionError("medallion does not answer")


def _medallion_data(url: str) -> dict[str, Any]:
    from stillwatch.intel.taxii.moment import moment_text

    collections = [
        {
            "id": one,
            "title": f"Collection {number}",
            "can_read": reads,
            "can_write": writes,
            "media_types": [STIX],
            "objects": seed() if one == BOTH else [],
            "manifest": [
                {
                    "id": item["id"],
                    "date_added": moment_text(FIRST_ADDED + place * 1_000_000),
                    "version": item["modified"],
                    "media_type": STIX,
                }
                for place, item in enumerate(seed() if one == BOTH else [])
            ],
        }
        for number, (one, (reads, writes)) in enumerate(RIGHTS.items())
    ]
    information = {"title": "Root info", "versions": [TAXII], "max_content_length": LARGEST}
    return {
        "/discovery": {"title": "medallion", "default": f"{url}/{ROOT}/", "api_roots": [f"{url}/{ROOT}/"]},
        ROOT: {"information": information, "status": [], "collections": collections},
    }


MALFORMED = "it answers 500 to a moment that it cannot read"
DEVIATIONS: Mapping[str, str] = {
    "test_1_6_8_the_version_may_be_left_out": "it takes an Accept header with a version only",
    "test_1_6_8_the_media_type_is_found_as_http_writes_it[weights]": "it knows no weights in an Accept header",
    "test_3_4_1_all_goes_with_no_other_version": "it takes all beside other versions",
    "test_3_4_added_after_occurs_once": "it takes the first of several",
    "test_3_4_objects_added_together_are_never_added_at_once": "it gives an envelope one moment; clients that "
    "ask by added_after lose some",
    "test_3_4_what_is_malformed_is_refused[added_after": MALFORMED,
    "test_3_4_what_is_malformed_is_refused[match[version]": MALFORMED,
    "test_3_5_a_cursor_can_be_used_again": "a cursor is used up when it is used: a page that is lost on its way "
    "cannot be asked for again",
    "test_3_5_a_cursor_holds_for_its_collection_only": "it takes a cursor of another collection, and gives what "
    "that one holds",
    "test_3_6_a_stranger_is_told_in_a_taxii_error": "its 401 is text/html; section 3.6 allows that (MAY)",
    "test_5_5_an_exact_duplicate_is_no_failure": "it counts a duplicate as a failure, which section 5.5 forbids",
    "test_5_5_an_object_that_breaks_stix_does_not_go_in": "it looks into no object; TAXII asks it of nobody",
    "test_5_5_the_content_type_may_leave_out_its_version": "it takes a Content-Type with a version only",
    "test_5_5_what_is_no_json_cannot_be_processed": "its error is text/html",
    "test_5_7_without_a_version_the_object_goes_whole": "it deletes the last version only, and so gives the one "
    "before it",
}
"""Where medallion 3.0.0 does otherwise, by the beginning of a test's name, with the reason."""
