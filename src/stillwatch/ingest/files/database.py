"""A table of a live PostgreSQL database, read in batches of Arrow between two times."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO, Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import pyarrow as pa

from stillwatch.errors import InputError
from stillwatch.ingest.files.address import refused, split
from stillwatch.ingest.files.place import sized

SCHEMES = ("postgresql", "postgres")
OURS = ("table", "since", "until", "time")
"""Parameters of the address that are ours; the others go to the database's own library."""
SPEND_LOGS = "LiteLLM_SpendLogs"
PARAMETER = re.compile(r"[A-Za-z_]\w*")
"""The name of a parameter; what is none may be the rest of a password with a question mark."""
TIMES = ("startTime", "start_time", "time", "timestamp", "created_at")
"""Columns by which rows are chosen and sorted, the first one that the table has."""
EXTRA = "pip install 'stillwatch[postgresql]'"


@dataclass(frozen=True)
class DatabaseTable:
    """One table and how to reach it."""

    uri: str = field(repr=False)
    """Address for the database's library; it may hold a password, so it is never shown or stored."""
    table: str
    """The table, with its schema before a dot if it is not the usual one."""
    since: datetime | None = None
    """Rows from this time on; None: from the first."""
    until: datetime | None = None
    """Rows before this time; None: to the last."""
    time: str = ""
    """The column of times; empty: the first known one that the table has."""

    def open(self, mode: Literal["rb"]) -> BinaryIO:
        """A table has no bytes to open."""
        raise OSError(f"BUG: {self} was opened as a file")

    def stat(self) -> os.stat_result:
        """Its size is not known before it is read."""
        return sized(1)

    def is_file(self) -> bool:
        """Its bytes do not lie in a file here."""
        return False

    def __str__(self) -> str:
        """Its name."""
        return self.name

    @property
    def name(self) -> str:
        """Return host, database and table, without user and password."""
        parts = urlsplit(self.uri)
        host = parts.hostname or dict(parse_qsl(parts.query)).get("host", "") or "localhost"
        shown = "local socket" if host.startswith("/") else host
        return f"postgresql {shown}{parts.path or '/'} {self.table}"

    def columns(self) -> list[str]:
        """Return the names of the columns. Raises InputError if there is no such table."""
        with self._asked(f"SELECT * FROM {_quoted(self.table)} LIMIT 0", ()) as reader:
            return list(reader.schema.names)

    def batches(self, wanted: Sequence[str], most_bytes: int) -> Iterator[pa.RecordBatch]:
        """Return rows in the order of time in batches of about so many bytes, from one snapshot.

        wanted: the columns; those that the table lacks are left out, and none means all. Raises InputError if
        the database cannot be asked.
        """
        there = self.columns()
        chosen = [name for name in there if name in wanted] or there
        time = self._time(there)
        what = ", ".join(map(_quoted_name, chosen))
        bounds = [(">=", self.since), ("<", self.until)]
        given = [(sign, bound) for sign, bound in bounds if bound is not None]
        where = " AND ".join(f"{_quoted_name(time)} {sign} ${n}" for n, (sign, _) in enumerate(given, 1))
        order = f" ORDER BY {_quoted_name(time)}" if time else ""
        query = f"SELECT {what} FROM {_quoted(self.table)}{' WHERE ' + where if where else ''}{order}"
        with self._asked(query, [bound for _, bound in given], most_bytes) as reader:
            for batch in reader:
                yield pa.RecordBatch.from_arrays(
                    [_stored(column) for column in batch.columns], names=batch.schema.names
                )

    def _time(self, there: Sequence[str]) -> str:
        found = next((name for name in ((self.time,) if self.time else TIMES) if name in there), "")
        if not found and (self.time or self.since or self.until):
            raise InputError(
                f"the table has no column {self.time or 'of times'} to choose rows by",
                where=self.name,
                do="name one in the address: ?time=COLUMN",
            )
        return found

    @contextmanager
    def _asked(
        self, query: str, values: Sequence[datetime], most_bytes: int = 0
    ) -> Iterator[pa.RecordBatchReader]:
        """The answer to a query, in a connection that only reads."""
        dbapi = _dbapi()
        try:
            with dbapi.connect(self.uri, autocommit=False) as connection, connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                cursor.execute("SET LOCAL TIME ZONE 'UTC'")
                if most_bytes:
                    cursor.adbc_statement.set_options(
                        **{"adbc.postgresql.batch_size_hint_bytes": str(most_bytes)}
                    )
                cursor.execute(query, tuple(values) or None)
                yield cursor.fetch_record_batch()
        except (dbapi.Error, pa.ArrowException, OSError) as error:
            raise InputError(
                f"the database cannot be asked: {_reason(error, self.uri)}",
                where=self.name,
                do="check host, port, user and table; give a password by PGPASSWORD or ~/.pgpass",
            ) from None


def is_database(given: str) -> bool:
    """Return whether an input is the address of a database. A path may have lost one of the slashes."""
    return given.partition(":")[0] in SCHEMES and ":/" in given


def database_table(address: str) -> DatabaseTable:
    """Read an address such as postgresql://reader@host/litellm?table=LiteLLM_SpendLogs&since=2026-02-01.

    since and until are ISO 8601, UTC if they name no zone. Without a table it is LiteLLM's. Raises InputError
    for an address that is none; the message never holds it.
    """
    rest = address.partition(":")[2].lstrip("/")
    bare = rest.partition("?")[0]
    # Without a host the address has three slashes, of which a path keeps one: then a database stands alone.
    alone = "/" not in bare and "@" not in bare
    parts = split(f"postgresql:///{rest}" if alone else f"postgresql://{rest}", SCHEMES[0])
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    doubtful = parts.fragment or "@" in parts.path or ":" in parts.path
    if doubtful or not all(map(PARAMETER.fullmatch, asked)):
        raise refused(SCHEMES[0])
    kept = {name: value for name, value in asked.items() if name not in OURS}
    asks = urlencode(kept, quote_via=quote)
    uri = f"postgresql://{parts.netloc}{parts.path}{'?' + asks if asks else ''}"
    table = asked.get("table") or SPEND_LOGS
    if not all(table.split(".", 1)):
        raise InputError(
            "the address of the database names no table", where="table=", do="write ?table=SCHEMA.TABLE"
        )
    since, until = (_moment(asked[name], name) if asked.get(name) else None for name in ("since", "until"))
    if since is not None and until is not None and since >= until:
        raise InputError(
            "the window of the database table is empty", where="since= and until=", do="swap the two times"
        )
    return DatabaseTable(uri, table, since, until, asked.get("time", ""))


def _moment(text: str, name: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{name} is no time in ISO 8601",
            where=f"{name}= of the database",
            do="write 2026-02-01T00:00:00Z",
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).replace(tzinfo=None)


def _dbapi() -> Any:
    try:
        from adbc_driver_postgresql import dbapi
    except ImportError:
        raise InputError(
            "reading from PostgreSQL needs a package that is not installed",
            where="the address of a database",
            do=EXTRA,
        ) from None
    return dbapi


def _quoted(table: str) -> str:
    return ".".join(map(_quoted_name, table.split(".", 1)))


def _quoted_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _stored(column: Any) -> Any:
    """Return a column without its extension type: JSON and numbers of any length are text."""
    if isinstance(column.type, pa.BaseExtensionType):
        stored = column.storage
        if pa.types.is_fixed_size_binary(stored.type):
            return pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())
        return stored
    return column


def _reason(error: Exception, uri: str) -> str:
    """Return the first line of an error, without anything of the address that is secret."""
    said = str(error).partition("\n")[0]
    parts = urlsplit(uri)
    given = [parts.password or "", *(v for n, v in parse_qsl(parts.query) if "pass" in n)]
    secret = [*given, *map(unquote, given), os.environ.get("PGPASSWORD"), uri]
    for word in filter(None, secret):
        said = said.replace(word, "…")
    return said[:300] if said.isprintable() else type(error).__name__
