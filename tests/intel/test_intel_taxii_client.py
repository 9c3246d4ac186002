"""Our client: cursors, restarts, politeness, limits; on our server, on medallion, and on servers that err."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from asgi_parts import serving as live
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from taxii_parts import ANN, BOB, MAIN, OBJECTS, basic, ids, indicator, made, post, serving
from taxii_servers import BOTH, ROOT, medallion_server, seed

from stillwatch.cases.database import Database
from stillwatch.errors import IntelError
from stillwatch.intel.member import Member
from stillwatch.intel.taxii.client.connection import Connection, Refusal
from stillwatch.intel.taxii.client.fetching import Fetched, api_roots, collections, fetch
from stillwatch.intel.taxii.client.inbox import TOO_DEEP, Inbox, ReceivedRow, received
from stillwatch.intel.taxii.client.places import Arrived, Place, Source
from stillwatch.intel.taxii.client.publishing import Published, publish
from stillwatch.intel.taxii.client.settings import ClientSettings
from stillwatch.intel.taxii.media import TAXII
from stillwatch.intel.taxii.server.models import SecretRow
from stillwatch.intel.taxii.server.settings import TaxiiSettings

QUICK = ClientSettings(first_wait_s=0.01, longest_wait_s=0.05, page=3)
ALL = {"match[version]": "all"}


def source(url: str, **filters: str) -> Source:
    """The collection of our server."""
    return Source(f"{url}/info/collections/{MAIN.id}/", filters or ALL)


def fetched(url: str, inbox: Inbox, one: Member = BOB, settings: ClientSettings = QUICK) -> Fetched:
    """Fetch what is new into an inbox."""

    async def run() -> Fetched:
        async with Connection(url, basic(one), settings) as connection:
            return await fetch(connection, inbox.source, inbox.place(), inbox.keep)

    return asyncio.run(run())


def published(url: str, *objects: Mapping[str, Any], settings: ClientSettings = QUICK) -> Published:
    """Post objects."""

    async def run() -> Published:
        async with Connection(url, basic(ANN), settings) as connection:
            return await publish(connection, source(url).collection, objects)

    return asyncio.run(run())


def kept(database: Database, inbox: Inbox) -> list[str]:
    """Ids of what an inbox has."""
    with database.reading() as session:
        return ids(received(session, inbox.source.collection))


def test_a_fetch_brings_what_is_new_and_no_more(place: str, tmp_path: Path) -> None:
    own = Database(tmp_path / "own.db")
    with made(place, MAIN) as database, serving(database) as url:
        inbox = Inbox(own, source(url))
        assert published(url, *(indicator(f"a{number}") for number in range(10))).refused == ()
        first = fetched(url, inbox)
        assert (first.objects, inbox.fresh, first.place.next) == (10, 10, "")
        assert fetched(url, inbox).objects == 0
        published(url, indicator("a0", version=1), indicator("b"))
        again = fetched(url, inbox)
        assert (again.pages, again.objects, inbox.fresh) == (1, 2, 12)
        assert len(kept(own, inbox)) == 12
    own.close()


def every(session: Session) -> list[Any]:
    """All that is kept, of any collection."""
    return [json.loads(one) for one in session.scalars(sa.select(ReceivedRow.content))]


class Killed(Exception):
    """The client dies."""


@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_client_that_dies_between_pages_goes_on_where_it_was(tmp_path: Path, page: int) -> None:
    own = Database(tmp_path / "own.db")
    with made(tmp_path / "hub.db", MAIN) as database, serving(database) as url:
        post(url, ANN, *(indicator(f"a{number}") for number in range(10)))

        def dies(objects: Any) -> None:
            if len(kept(own, inbox)) >= page * 3:
                raise Killed

        inbox = Inbox(own, source(url), lambda _, objects: dies(objects))
        with pytest.raises(Killed):
            fetched(url, inbox)
        assert len(kept(own, inbox)) == page * 3
        inbox = Inbox(own, source(url))
        rest = fetched(url, inbox)
        assert (rest.objects, rest.restarts) == (10 - page * 3, 0)
        assert len(kept(own, inbox)) == 10
    own.close()


def test_an_old_cursor_begins_again_without_loss_or_duplicate(tmp_path: Path) -> None:
    own = Database(tmp_path / "own.db")
    with made(tmp_path / "hub.db", MAIN) as database:
        with serving(database) as url:
            post(url, ANN, *(indicator(f"a{number}") for number in range(10)))
            inbox = Inbox(own, source(url))
            with pytest.raises(IntelError, match="more than 2 pages"):
                fetched(url, inbox, settings=replace(QUICK, pages=2))
            assert inbox.place().next
            assert len(kept(own, inbox)) == 6
        # The server was set up anew from a copy: it knows no cursor that it gave before.
        with database.writing() as session:
            session.get_one(SecretRow, "cursors").value = b"another" * 5
        with serving(database) as url:

            async def again() -> Fetched:
                async with Connection(url, basic(BOB), QUICK) as connection:
                    return await fetch(connection, source(url), inbox.place(), inbox.keep)

            done = asyncio.run(again())
            assert (done.restarts, done.objects, inbox.fresh) == (1, 10, 10)
            assert sorted(kept(own, inbox)) == sorted(indicator(f"a{number}")["id"] for number in range(10))
    own.close()


def test_objects_that_come_while_pages_are_fetched_are_not_lost(tmp_path: Path) -> None:
    own = Database(tmp_path / "own.db")
    with made(tmp_path / "hub.db", MAIN) as database, serving(database) as url:
        post(url, ANN, *(indicator(f"a{number}") for number in range(7)))
        more = iter(range(3))

        def busy(_: Any, objects: Any) -> None:
            number = next(more, None)
            if number is not None:
                post(url, ANN, indicator(f"late {number}"), indicator("a0", version=number + 1))

        inbox = Inbox(own, source(url), busy)
        fetched(url, inbox)
        fetched(url, inbox)
        assert len(kept(own, inbox)) == 7 + 6
    own.close()


def test_only_the_last_versions_are_asked_for_where_no_other_are(tmp_path: Path) -> None:
    own = Database(tmp_path / "own.db")
    with made(tmp_path / "hub.db", MAIN) as database, serving(database) as url:
        post(url, ANN, indicator("x"), indicator("x", version=1), indicator("y"))
        inbox = Inbox(own, source(url, **{"match[type]": "indicator"}))
        assert fetched(url, inbox).objects == 2
    own.close()


def test_medallion_is_fetched_whole_and_once(tmp_path: Path) -> None:
    own = Database(tmp_path / "own.db")
    with medallion_server(tmp_path) as target:

        async def run() -> tuple[list[str], list[dict[str, Any]], Fetched, Fetched]:
            async with Connection(target.url, (target.user, target.password), QUICK) as connection:
                roots = await api_roots(connection)
                found = await collections(connection, roots[0])
                first = await fetch(connection, inbox.source, inbox.place(), inbox.keep)
                # Its sessions end: a cursor of before is unknown.
                stale = Place("", "11111111-2222-4333-8444-555555555555", "")
                second = await fetch(connection, inbox.source, stale, inbox.keep)
                return roots, found, first, second

        inbox = Inbox(own, Source(f"{target.url}/{ROOT}/collections/{BOTH}/", ALL))
        roots, found, first, second = asyncio.run(run())
    assert roots == [f"{target.url}/{ROOT}/"]
    assert found[0]["url"] == inbox.source.collection
    assert (first.objects, first.restarts) == (7, 0)
    assert (second.objects, second.restarts) == (7, 1)
    assert sorted(kept(own, inbox)) == sorted(ids(seed()))
    own.close()


def test_a_bundle_is_posted_in_envelopes_that_the_server_takes(tmp_path: Path) -> None:
    settings = TaxiiSettings(envelope_bytes=3_000, envelope_objects=4)
    large = indicator("large", description="x" * 4_000)
    with made(tmp_path / "hub.db", MAIN) as database, serving(database, settings=settings) as url:
        objects = [indicator(f"a{number}") for number in range(11)]
        told = published(url, *objects, large, indicator("foreign", by=BOB))
        again = published(url, *objects)
    assert sorted(told.taken) == sorted(ids(objects)) == sorted(again.taken)
    reasons = dict(told.refused)
    assert reasons[large["id"]] == "it alone is larger than the server takes"
    assert "own identity" in reasons[indicator("foreign", by=BOB)["id"]]


Handler = Callable[[Request], Awaitable[Response]]


@contextmanager
def odd_server(handler: Handler) -> Iterator[str]:
    """A server that answers all paths by one function."""
    app = Starlette(routes=[Route("/{path:path}", handler, methods=["GET", "POST"])])
    with live(app) as port:
        yield f"http://127.0.0.1:{port}"


def asked(url: str, settings: ClientSettings = QUICK, waits: list[float] | None = None) -> list[str]:
    """Ask a server for its roots."""

    async def sleep(seconds: float) -> None:
        if waits is not None:
            waits.append(seconds)

    async def run() -> list[str]:
        async with Connection(url, basic(BOB), settings, sleep=sleep) as connection:
            return await api_roots(connection)

    return asyncio.run(run())


def taxii(document: Any, status: int = 200, /, **headers: str) -> Response:
    """An answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(json.dumps(document), status, named, TAXII)


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_to_wait_is_waited_for(status: int) -> None:
    calls: list[str] = []
    waits: list[float] = []

    async def handler(request: Request) -> Response:
        calls.append(request.url.path)
        return (
            taxii({}, status, retry_after="7")
            if len(calls) < 3
            else taxii({"title": "x", "api_roots": ["/r/"]})
        )

    with odd_server(handler) as url:
        assert asked(url, waits=waits) == [f"{url}/r/"]
    assert len(calls) == 3
    assert all(7 <= wait < 7.1 for wait in waits)


def test_a_server_that_asks_for_too_long_a_wait_is_left() -> None:
    async def handler(_: Request) -> Response:
        return taxii({"title": "Busy"}, 429, retry_after="86400")

    with odd_server(handler) as url, pytest.raises(Refusal, match="Busy") as refused:
        asked(url)
    assert "86400" in refused.value.do


def test_waits_grow_and_are_random() -> None:
    waits: list[float] = []

    async def handler(_: Request) -> Response:
        return taxii({}, 502)

    with odd_server(handler) as url, pytest.raises(Refusal, match="502"):
        asked(url, ClientSettings(tries=6, first_wait_s=1, longest_wait_s=8), waits)
    assert len(waits) == 5
    assert all(0 <= wait <= most for wait, most in zip(waits, (1, 2, 4, 8, 8), strict=True))
    assert len(set(waits)) == 5


def test_a_refusal_that_waiting_does_not_mend_is_told_at_once() -> None:
    calls: list[str] = []

    async def handler(request: Request) -> Response:
        calls.append(request.url.path)
        return taxii({"title": "Forbidden", "description": "not \x1b[31mfor you"}, 403)

    with odd_server(handler) as url, pytest.raises(Refusal) as refused:
        asked(url)
    assert len(calls) == 1
    assert "\x1b" not in str(refused.value)
    assert refused.value.status == 403


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(IntelError, match="cannot be reached"):
        asked("http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Response("<html>", 200, media_type="text/html"), "other than TAXII"),
        (Response("[1", 200, media_type=TAXII), "other than TAXII"),
        (Response("[]", 200, media_type=TAXII), "other than TAXII"),
        (Response("x" * 300_000, 200, media_type=TAXII), "larger than"),
        (taxii({"api_roots": ["https://elsewhere.example/"]}), "another server"),
        (Response("", 302, {"Location": "https://elsewhere.example/"}), "302"),
    ],
    ids=["html", "half", "list", "large", "elsewhere", "redirect"],
)
def test_an_answer_that_cannot_be_used_is_told(answer: Response, says: str) -> None:
    async def handler(_: Request) -> Response:
        return answer

    with odd_server(handler) as url, pytest.raises(IntelError, match=says):
        asked(url, replace(QUICK, answer_bytes=100_000))


@pytest.mark.parametrize(
    ("document", "headers", "says"),
    [
        ({"objects": 5}, {}, "no envelope"),
        ({"more": "yes"}, {}, "no envelope"),
        ({"more": True, "next": 5}, {}, "no envelope"),
        ({"more": True}, {}, "neither how to ask"),
        ({"more": True, "next": "x"}, {}, "again and again"),
        ({"objects": [{}]}, {"x_taxii_date_added_last": "soon"}, "no moment"),
        ({"objects": [{}], "more": True, "next": "x"}, {}, "more than 20 pages"),
    ],
    ids=["objects", "more", "next", "stuck", "circle", "moment", "endless"],
)
def test_a_page_that_cannot_be_used_is_told(document: Any, headers: dict[str, str], says: str) -> None:
    async def handler(_: Request) -> Response:
        return taxii(document, **headers)

    async def run(url: str) -> Fetched:
        async with Connection(url, basic(BOB), replace(QUICK, pages=20)) as connection:
            return await fetch(connection, source(url), Place(), lambda arrived, place: None)

    with odd_server(handler) as url, pytest.raises(IntelError, match=says):
        asyncio.run(run(url))


def test_a_server_without_cursors_is_asked_by_moments() -> None:
    asked_for: list[str] = []

    async def handler(request: Request) -> Response:
        after = request.query_params.get("added_after", "")
        asked_for.append(after)
        number = int(after[18:19] or -1) + 1 if after else 0
        moment = f"2026-01-01T00:00:0{number}.000000Z"
        return taxii(
            {"objects": [{"id": f"x--{number}"}], "more": number < 2}, x_taxii_date_added_last=moment
        )

    pages: list[Arrived] = []

    async def run(url: str) -> Fetched:
        async with Connection(url, basic(BOB), QUICK) as connection:
            return await fetch(connection, source(url), Place(), lambda arrived, place: pages.append(arrived))

    with odd_server(handler) as url:
        done = asyncio.run(run(url))
    assert [one.objects[0]["id"] for one in pages] == ["x--0", "x--1", "x--2"]
    assert done.place == Place("2026-01-01T00:00:02.000000Z")


@pytest.mark.parametrize(
    "url",
    ["http://hub.example", "ftp://127.0.0.1", "hub", "http://ann:x@127.0.0.1", "https://[hub.example"],
)
def test_an_address_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(IntelError):
        Connection(url)


@pytest.mark.parametrize("root", ["http://[::1/", "/r\x00/", "/" + "a" * 70_000])
def test_an_address_that_a_server_makes_up_is_told(root: str) -> None:
    async def handler(_: Request) -> Response:
        return taxii({"api_roots": [root], "default": root})

    with odd_server(handler) as url, pytest.raises(IntelError, match="no address"):
        asked(url)


def test_an_object_that_is_nested_too_deeply_spoils_no_other(tmp_path: Path) -> None:
    deep: Any = 1
    for _ in range(300):
        deep = {"a": deep}
    with Database(tmp_path / "own.db") as own:
        inbox = Inbox(own, Source("http://127.0.0.1/c/"))
        inbox.keep(Arrived((deep, [deep], indicator("x")), "", ""), Place("2026-01-01T00:00:00Z"))
        with own.reading() as session:
            assert received(session, inbox.source.collection) == [indicator("x"), TOO_DEEP]


def test_what_comes_without_an_id_is_kept_for_its_caller_to_refuse(tmp_path: Path) -> None:
    own = Database(tmp_path / "own.db")
    inbox = Inbox(own, Source("http://127.0.0.1/c/"))
    odd = [
        {},
        5,
        None,
        ["x"],
        {"id": 7},
        {"id": "a\x00b", "modified": "x"},
        {"id": "x" * 500},
        {"id": "y", "modified": 3},
    ]
    inbox.keep(Arrived(tuple(odd), "", ""), Place("", "cursor", ""))
    inbox.keep(Arrived(tuple(odd), "", ""), Place("2026-01-01T00:00:00Z"))
    with own.reading() as session:
        assert inbox.fresh == len(every(session)) == len(odd)
    assert inbox.place() == Place("2026-01-01T00:00:00Z")
    own.close()


def test_the_paths_of_parts_agree() -> None:
    assert source("http://127.0.0.1").collection.endswith(OBJECTS.removeprefix("/").removesuffix("objects/"))
