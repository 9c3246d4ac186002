"""The commands of `stillwatch intel` that talk to a TAXII server: fetch, publish."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli._intel_store import DB, FILE, JSON, NUMBER, changes, the_gate
from stillwatch.cli._json import print_json
from stillwatch.cli._signing_in import signed_in, signs_in
from stillwatch.errors import EXIT_BAD_ROWS
from stillwatch.plain import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from stillwatch.cases.database import Database
    from stillwatch.intel.taxii.client.connection import Connection
    from stillwatch.intel.taxii.client.inbox import Also

FRAME = 256
"""Bytes of a bundle beside its objects."""


@click.command()
@click.argument("address", metavar="SERVER|COLLECTION")
@signs_in
@click.option("--type", "types", metavar="TYPE", multiple=True, help="Only objects of this type; may repeat.")
@click.option("--all-versions", is_flag=True, help="Earlier versions of objects too.")
@click.option(
    "--out",
    type=FILE,
    help="File to write: a bundle of all that came so far, for `stillwatch intel receive`; what is too much "
    "for one goes on in NAME.2 and so on.",
)
@click.option(
    "--from",
    "source",
    metavar="NAME",
    help="Take what comes into the store as well, under this name of yours for the hub, as `stillwatch intel "
    "receive --from NAME` does.",
)
@DB
@JSON
def fetch(
    address: str,
    side_folder: Path | None,
    credentials: Path | None,
    types: tuple[str, ...],
    all_versions: bool,
    out: Path | None,
    source: str | None,
    db: str,
    as_json: bool,
) -> None:
    """Fetch what is new in a TAXII 2.1 collection, or in all that a server lets you read.

    Give the address of the server, as https://hub.example, or of one collection. What came is kept, and how
    far it was fetched: the next fetch brings only what was added since. Nothing is used before it is checked.
    """
    import asyncio

    from stillwatch.cases.database import Database

    filters = {"match[type]": ",".join(sorted(types))} if types else {}
    filters |= {"match[version]": "all"} if all_versions else {}

    async def run(database: Database) -> list[dict[str, Any]]:
        async with _connection(address, side_folder, credentials) as connection:
            return [
                await _fetched(connection, database, one, filters, source)
                for one in await _places(connection, address)
            ]

    with Database(db) as database:
        earlier = source is not None and _made_known(database, source)
        told = asyncio.run(run(database))
        if source is not None and earlier:
            _take_earlier(database, source, [one["collection"] for one in told])
        if out is not None:
            files = _write_bundles(out, database, [one["collection"] for one in told])
            if len(files) > 1:
                click.echo(plain(f"{out}: goes on in {', '.join(one.name for one in files[1:])}"), err=True)
    if as_json:
        print_json(told)
        return
    for one in told:
        again = "; began again, since the server did not know where we were" if one["restarts"] else ""
        click.echo(plain(f"{one['collection']}: {one['new']} new of {one['objects']} that came{again}"))
    if not told:
        click.echo("there is no collection that you may read")


def _write_bundles(out: Path, database: Database, collections: list[str]) -> list[Path]:
    """Write what came from some collections, as it came: it is not checked yet. Return the files: more than
    one where one bundle would be larger than `receive` takes, which one member alone can bring about.
    """
    import uuid

    import orjson

    from stillwatch.intel.stix.limits import DEFAULT
    from stillwatch.intel.taxii.client.inbox import received
    from stillwatch.run.durable import write_bytes

    parts: list[list[bytes]] = [[]]
    size = 0
    with database.reading() as session:
        for item in (one for name in collections for one in received(session, name)):
            data = orjson.dumps(item)
            if len(data) > 2 * DEFAULT.object_bytes:
                data = b'"an object that is too large was here"'
            if len(parts[-1]) == DEFAULT.objects or size + len(data) + 1 > DEFAULT.bundle_bytes - FRAME:
                parts.append([])
                size = 0
            parts[-1].append(data)
            size += len(data) + 1
    files = [out, *(out.with_name(f"{out.stem}.{n}{out.suffix}") for n in range(2, len(parts) + 1))]
    for file, part in zip(files, parts, strict=True):
        head = f'{{"type":"bundle","id":"bundle--{uuid.uuid4()}","objects":['.encode()
        write_bytes(file, head + b",".join(part) + b"]}")
    return files


async def _places(connection: Connection, address: str) -> list[str]:
    """The addresses of the collections to fetch."""
    from stillwatch.intel.taxii.client.fetching import api_roots, collections

    if "/collections/" in address:
        return [connection.within(address)]
    found = [one for root in await api_roots(connection) for one in await collections(connection, root)]
    return [one["url"] for one in found if one.get("can_read") is True]


async def _fetched(
    connection: Connection,
    database: Database,
    collection: str,
    filters: dict[str, str],
    source: str | None,
) -> dict[str, Any]:
    from stillwatch.intel.taxii.client.fetching import fetch as fetch_all
    from stillwatch.intel.taxii.client.inbox import Inbox
    from stillwatch.intel.taxii.client.places import Source

    inbox = Inbox(database, Source(collection, filters), also=None if source is None else _taking_in(source))
    done = await fetch_all(connection, inbox.source, inbox.place(), inbox.keep)
    return {
        "collection": collection,
        "objects": done.objects,
        "new": inbox.fresh,
        "pages": done.pages,
        "restarts": done.restarts,
        "added_after": done.place.added_after,
    }


def _made_known(database: Database, source: str) -> bool:
    """Make the store of what comes in, and add the source to it; return whether it was not there."""
    from stillwatch.intel.desk.models import SourceRow
    from stillwatch.intel.desk.receiving import add_source
    from stillwatch.intel.desk.tables import make_tables

    database.make_file()
    with database.writing() as session:
        make_tables(session)
        new = session.get(SourceRow, source) is None
        add_source(session, source, "", time.time())
    return new


def _take_earlier(database: Database, source: str, collections: list[str]) -> None:
    """Take what was fetched before the source was known; what is known by now is nothing."""
    from stillwatch.intel.taxii.client.inbox import received

    with database.writing() as session:
        for one in collections:
            _taking_in(source)(session, received(session, one))


def _taking_in(source: str) -> Also:
    """Return what takes a page into the store, in the transaction in which the page is kept."""
    import orjson

    from stillwatch.intel.desk.receiving import receive
    from stillwatch.intel.stix.checking import checked

    def take(session: Session, objects: Sequence[Any]) -> None:
        if objects:
            receive(session, source, orjson.dumps(objects), checked(objects), time.time())

    return take


@click.command()
@NUMBER
@click.option("--to", required=True, metavar="COLLECTION", help="Address of a TAXII 2.1 collection.")
@signs_in
@changes
def publish(
    number: int,
    to: str,
    side_folder: Path | None,
    credentials: Path | None,
    by: str,
    as_json: bool,
    **where: Any,
) -> None:
    """Post an approved export to a TAXII 2.1 collection; exit with 3 if any object is refused.

    That it left is written down before it is sent. After an error, publish it again: the server keeps each
    version once.
    """
    import asyncio

    import orjson

    from stillwatch.errors import IntelError
    from stillwatch.intel.taxii.client.publishing import Published
    from stillwatch.intel.taxii.client.publishing import publish as post

    if "/collections/" not in to:
        raise IntelError(
            "this is no address of a collection",
            where=to[:200],
            do="write it whole, as https://hub.example/ROOT/collections/ID/",
        )

    async def run(content: bytes) -> Published:
        async with _connection(to, side_folder, credentials) as connection:
            return await post(connection, connection.within(to), orjson.loads(content)["objects"])

    with the_gate(**where) as gate:
        left = gate.release(number, by=by, to=to, now=time.time())
    done = asyncio.run(run(left.content))
    if as_json:
        refused = [{"id": one, "why": why} for one, why in done.refused]
        print_json({"export": number, "collection": to, "taken": list(done.taken), "refused": refused})
    else:
        click.echo(plain(f"{to}: took {len(done.taken)} objects of export {number}"))
        for one, why in done.refused:
            click.echo(plain(f"  refused {one}: {why}"))
    if done.refused:
        click.get_current_context().exit(EXIT_BAD_ROWS)


def _connection(address: str, side_folder: Path | None, credentials: Path | None) -> Connection:
    """The connection to the server that an address names."""
    from urllib.parse import urlsplit

    from stillwatch.errors import IntelError, MissingExtra

    try:
        from stillwatch.intel.taxii.client.connection import Connection
    except ImportError as error:
        raise MissingExtra("this needs httpx2", do="pip install 'stillwatch[sharing]'") from error
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise IntelError(
            "this is no address", where=address[:200], do="write it whole, as https://hub.example"
        ) from error
    who = signed_in(side_folder, credentials, address)
    return Connection(f"{parts.scheme}://{parts.netloc}", who.auth, verify=who.verify)


VERBS = (fetch, publish)
