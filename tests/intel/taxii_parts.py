"""Parts for tests of TAXII: members with a password each, objects, and a server over a database."""

from __future__ import annotations

import base64
import hmac
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
from asgi_parts import serving as live
from starlette.requests import Request

from stillwatch.cases.database import Database
from stillwatch.intel.member import Channel, Member
from stillwatch.intel.taxii.media import TAXII
from stillwatch.intel.taxii.server.app import taxii_app
from stillwatch.intel.taxii.server.collection import Collection, Root, add_collection, add_root
from stillwatch.intel.taxii.server.settings import TaxiiSettings
from stillwatch.intel.taxii.server.tables import make_tables
from stillwatch.intel.tlp import Tlp

ALL = frozenset(Channel)
HEADERS = {"Accept": TAXII}
POSTED = {"Accept": TAXII, "Content-Type": TAXII}


def member(name: str, clearance: Tlp = Tlp.RED, **more: Any) -> Member:
    """A member, with an identity that its name gives."""
    identity = f"identity--{uuid.uuid5(uuid.NAMESPACE_DNS, name + '.example')}"
    chosen = Member(identity, name, clearance, ALL, True)
    # A random-looking identity must be of version 4 for STIX's validator to say nothing.
    return replace(chosen, identity=identity[:24] + "4" + identity[25:], **more)


ANN, BOB = member("ann"), member("bob")


class People:
    """Who asks: Basic credentials, the password of each being its name twice."""

    def __init__(self, *members: Member) -> None:
        self.members = {one.name: one for one in members}

    async def __call__(self, request: Request) -> Member | None:
        """Return the member of a request."""
        scheme, _, code = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, _, password = base64.b64decode(code).decode().partition(":")
        except ValueError:
            return None
        found = self.members.get(name)
        good = hmac.compare_digest(password.encode(), (name * 2).encode())
        return found if found and good else None


def basic(one: Member) -> tuple[str, str]:
    """Its credentials."""
    return one.name, one.name * 2


def stix_id(kind: str, name: str) -> str:
    """An id that a name gives, in the form of version 4."""
    made = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{name}"))
    return f"{kind}--{made[:14]}4{made[15:]}"


def indicator(
    name: str, by: Member = ANN, *, version: int = 0, level: Tlp = Tlp.GREEN, **more: Any
) -> dict[str, Any]:
    """An indicator; a later version has a greater number."""
    made = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": stix_id("indicator", name),
        "created_by_ref": by.identity,
        "created": "2026-01-02T03:04:05.000Z",
        "modified": f"2026-01-{2 + version // 60:02d}T03:{4 + version % 50:02d}:05.000Z",
        "name": f"indicator {name}",
        "indicator_types": ["anomalous-activity"],
        "pattern": "[autonomous-system:number = 64500]",
        "pattern_type": "stix",
        "valid_from": "2026-01-02T03:04:05Z",
        "valid_until": "2026-04-02T03:04:05Z",
        "object_marking_refs": [level.id],
    }
    return {**made, **more}


def sighting(name: str, by: Member = ANN, **more: Any) -> dict[str, Any]:
    """A sighting of an indicator."""
    made = {
        "type": "sighting",
        "spec_version": "2.1",
        "id": stix_id("sighting", name),
        "created_by_ref": by.identity,
        "created": "2026-01-03T03:04:05.000Z",
        "modified": "2026-01-03T03:04:05.000Z",
        "sighting_of_ref": stix_id("indicator", name),
        "count": 2,
        "object_marking_refs": [Tlp.GREEN.id],
    }
    return {**made, **more}


def envelope(*objects: Mapping[str, Any]) -> bytes:
    """An envelope with objects."""
    return json.dumps({"objects": objects}).encode()


def made(place: str | Path, *collections: Collection, root: str = "info") -> Database:
    """A database with tables, a root for each collection, and the collections."""
    database = Database(place)
    database.make_file()
    with database.writing() as session:
        make_tables(session)
        for name in {root, *(one.root for one in collections)}:
            add_root(session, Root(name, f"Root {name}"))
        for one in collections:
            add_collection(session, one)
    return database


MAIN = Collection("Indicators", "info", id="91a7b528-80eb-42ed-a74d-c6fbd5a26116", alias="indicators")


@contextmanager
def serving(
    database: Database, *members: Member, settings: TaxiiSettings | None = None, **more: Any
) -> Iterator[str]:
    """A server at a free port of loopback, with its address."""
    app = taxii_app(database, settings or TaxiiSettings(), People(*(members or (ANN, BOB))), **more)
    with live(app) as port:
        yield f"http://127.0.0.1:{port}"


def ids(objects: Sequence[Mapping[str, Any]]) -> list[str]:
    """The ids of objects, in order."""
    return [one["id"] for one in objects]


OBJECTS = f"/info/collections/{MAIN.id}/objects/"


def client(url: str, one: Member) -> httpx2.Client:
    """A client as a member."""
    return httpx2.Client(base_url=url, auth=basic(one), headers=HEADERS, trust_env=False, timeout=30)


def post(url: str, one: Member, *objects: Mapping[str, Any], path: str = OBJECTS) -> dict[str, Any]:
    """The status of what a member posts."""
    with client(url, one) as caller:
        answer = caller.post(path, content=envelope(*objects), headers=POSTED)
    assert answer.status_code == 202, answer.text
    told: dict[str, Any] = answer.json()
    return told


def seen(url: str, one: Member, **query: str) -> list[dict[str, Any]]:
    """The objects that a member sees."""
    with client(url, one) as caller:
        answer = caller.get(OBJECTS, params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json().get("objects", [])
    return found
