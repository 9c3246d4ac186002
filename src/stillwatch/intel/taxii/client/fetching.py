"""Fetch what is new in a collection, page by page, so that a kill loses nothing and repeats little.

Rules, each from a fault that other clients had:
- `next` goes with the filters and the `added_after` that it came with, unchanged.
- A page and the place after it are kept in one transaction, by the function that the caller gives.
- `added_after` moves on when the last page came, to the server's moment of the last object; never to a time
  of an object or of this machine.
- A cursor that the server no longer knows is dropped. Then all is asked for again from `added_after`: a
  server that gives many objects one moment could hide some behind a later one. Who keeps objects by id and
  version keeps none twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stillwatch.errors import IntelError
from stillwatch.intel.taxii.client.connection import Answer, Connection, Refusal
from stillwatch.intel.taxii.client.places import Arrived, Place, Source
from stillwatch.intel.taxii.moment import micros

Keep = Callable[[Arrived, Place], None]
"""Keeps a page and the place after it in one transaction; runs in a thread."""
RESTARTS = 3
"""Times that a fetch begins again for want of a cursor."""
LOST = frozenset({400, 410})
"""What a server answers to a cursor that it does not know."""
EMPTY = 3
"""Empty pages in a row that say there is more, after which a server is taken to go in a circle."""


@dataclass(frozen=True)
class Fetched:
    """What a fetch brought."""

    pages: int
    """Pages that were kept."""
    objects: int
    """Objects in them; some may have come before."""
    restarts: int
    """Times that it began again, since the server did not know a cursor."""
    place: Place
    """Where it ended."""


async def fetch(connection: Connection, source: Source, place: Place, keep: Keep) -> Fetched:
    """Fetch all that was added since a place. Raises IntelError; what was kept before stays."""
    settings = connection.settings
    pages = objects = restarts = empty = 0
    while pages < settings.pages:
        try:
            answer = await connection.get(
                source.collection + "objects/", _query(source, place, settings.page)
            )
        except Refusal as refusal:
            if not place.next or refusal.status not in LOST or restarts == RESTARTS:
                raise
            place, restarts = Place(place.added_after), restarts + 1
            continue
        arrived, more, cursor = _read(answer, source)
        place = _after(place, arrived, more, cursor, source)
        await asyncio.to_thread(keep, arrived, place)
        pages, objects = pages + 1, objects + len(arrived.objects)
        if not more:
            return Fetched(pages, objects, restarts, place)
        empty = 0 if arrived.objects else empty + 1
        if empty == EMPTY:
            raise _wrong("says again and again that there is more, and gives nothing", source)
    raise _wrong(f"gives more than {settings.pages} pages", source)


def _query(source: Source, place: Place, page: int) -> dict[str, str]:
    query = {**source.filters, "limit": str(page)}
    query |= {"added_after": place.added_after} if place.added_after else {}
    return query | ({"next": place.next} if place.next else {})


def _after(place: Place, arrived: Arrived, more: bool, cursor: str, source: Source) -> Place:
    """The place after a page."""
    seen = arrived.last_added or place.seen
    if not more:
        return Place(seen or place.added_after)
    if cursor:
        return Place(place.added_after, cursor, seen)
    # Section 3.5: a server without cursors is asked by the moment of the last object.
    if not arrived.last_added or arrived.last_added == place.added_after:
        raise _wrong(
            "says that there is more, and neither how to ask for it nor when the last was added", source
        )
    return Place(arrived.last_added)


def _read(answer: Answer, source: Source) -> tuple[Arrived, bool, str]:
    """A page, whether there is more, and the cursor. Raises IntelError for what is no envelope."""
    body = answer.body
    objects, more, cursor = body.get("objects", []), body.get("more", False), body.get("next", "")
    if not isinstance(objects, list) or not isinstance(more, bool) or not isinstance(cursor, str | None):
        raise _wrong("answers something that is no envelope", source)
    first, last = (_moment(answer, f"x-taxii-date-added-{end}", source) for end in ("first", "last"))
    return Arrived(tuple(objects), first, last), more, cursor or ""


def _moment(answer: Answer, header: str, source: Source) -> str:
    text = answer.headers.get(header, "")
    try:
        _ = micros(text) if text else 0
    except ValueError as error:
        raise _wrong(f"gives no moment in {header}", source) from error
    return text


def _wrong(what: str, source: Source) -> IntelError:
    return IntelError(
        f"the server {what}",
        where=source.collection[:200],
        do="tell whoever runs it; what came before is kept",
    )


async def api_roots(connection: Connection) -> list[str]:
    """Return the addresses of a server's API roots, the default one first."""
    told = (await connection.get(connection.url + "/taxii2/")).body
    roots = _texts(told.get("api_roots"))
    first = [told["default"]] if told.get("default") in roots else []
    return [connection.within(root) for root in dict.fromkeys([*first, *roots])]


async def collections(connection: Connection, root: str) -> list[dict[str, Any]]:
    """Return the collections of an API root that may be read or added to, each with its `url`."""
    told = (await connection.get(f"{root}collections/")).body.get("collections", [])
    found = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    named = [one for one in found if isinstance(one.get("id"), str) and "/" not in one["id"]]
    return [{**one, "url": connection.within(f"{root}collections/{one['id']}/")} for one in named]


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
