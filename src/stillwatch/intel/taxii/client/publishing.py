"""Post objects to a collection, in envelopes that the server takes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from stillwatch.errors import IntelError
from stillwatch.intel.taxii.client.connection import Connection, Refusal
from stillwatch.plain import plain

POLLS = 60
"""Times that a status is asked for until it is complete."""
POLL_S = 1.0
"""Seconds between them."""
FRAME = 32
"""Bytes of an envelope beside its objects."""


@dataclass(frozen=True)
class Published:
    """What became of objects that were posted."""

    taken: tuple[str, ...]
    """Ids of those that the server has now."""
    refused: tuple[tuple[str, str], ...]
    """The others: id, and the server's reason."""


async def publish(connection: Connection, collection: str, objects: Sequence[Mapping[str, Any]]) -> Published:
    """Post objects to a collection, by its address. What was posted before is taken again, and kept once; so
    after any error the whole may be posted again. Raises IntelError.
    """
    root = collection.partition("collections/")[0]
    most = (await connection.get(root)).body.get("max_content_length")
    largest = min(
        [connection.settings.envelope_bytes, *([most] if isinstance(most, int) and most > 0 else [])]
    )
    packed = [(str(one.get("id", "")), orjson.dumps(one)) for one in objects]
    taken: list[str] = []
    refused: list[tuple[str, str]] = []
    for part in _parts(packed, largest, connection.settings.envelope_objects):
        await _post(connection, collection, part, taken, refused)
    return Published(tuple(taken), tuple(refused))


def _parts(packed: Sequence[tuple[str, bytes]], largest: int, most: int) -> list[Sequence[tuple[str, bytes]]]:
    parts: list[list[tuple[str, bytes]]] = []
    size = 0
    for one in packed:
        if not parts or len(parts[-1]) == most or size + len(one[1]) + 1 > largest:
            parts.append([])
            size = FRAME
        parts[-1].append(one)
        size += len(one[1]) + 1
    return list(parts)


async def _post(
    connection: Connection,
    collection: str,
    part: Sequence[tuple[str, bytes]],
    taken: list[str],
    refused: list[tuple[str, str]],
) -> None:
    """Post one envelope; where it is too large for the server, its halves."""
    body = b'{"objects":[' + b",".join(data for _, data in part) + b"]}"
    try:
        status = (await connection.post(f"{collection}objects/", body)).body
    except Refusal as refusal:
        if refusal.status != 413:
            raise
        if len(part) == 1:
            refused.append((part[0][0], "it alone is larger than the server takes"))
            return
        for half in (part[: len(part) // 2], part[len(part) // 2 :]):
            await _post(connection, collection, half, taken, refused)
        return
    status = await _complete(connection, collection, status)
    failures = _details(status.get("failures"))
    refused += [(name, plain(str(one.get("message", "no reason is given")))[:300]) for name, one in failures]
    gone = {name for name, _ in failures}
    told = {name for name, _ in _details(status.get("successes"))}
    taken += [name for name, _ in part if name in told or (not told and name not in gone)]
    if status.get("failure_count", 0) != len(failures) and not failures:
        raise IntelError(
            "the server refused objects and does not say which",
            where=collection[:200],
            do="ask whoever runs it; look the objects up in the collection",
        )


async def _complete(connection: Connection, collection: str, status: Any) -> Any:
    """A status that is complete: servers may take their time."""
    for _ in range(POLLS):
        if status.get("status") != "pending":
            return status
        await asyncio.sleep(POLL_S)
        named = str(status.get("id", ""))
        root = collection.partition("collections/")[0]
        status = (await connection.get(f"{root}status/{named}/")).body
    raise IntelError(
        "the server has not dealt with the objects yet", where=collection[:200], do="look again later"
    )


def _details(value: Any) -> list[tuple[str, Mapping[str, Any]]]:
    found = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    return [(str(one.get("id", ""))[:300], one) for one in found]
