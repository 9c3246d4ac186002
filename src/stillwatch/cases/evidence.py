"""What a run says of one campaign, frozen: its rows of the run's tables in one archive, with a hash.

The archive is a ZIP of Parquet files (zstd inside) with fixed dates, so that equal rows give equal bytes and
any tool can open it.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.engine.base import PARQUET_OPTIONS
from stillwatch.errors import CaseError
from stillwatch.run.folder import RunFolder
from stillwatch.run.identity import fresh
from stillwatch.run.layout import MARK, TABLES
from stillwatch.run.reading import LARGE, NEEDED, Row, Run
from stillwatch.schema.table import rows_in, rows_where

BY_ACCOUNT = ("accounts", "account_use")
"""Tables with a row for each account, of which those of the campaign's accounts are kept."""
WHOLE = ("blindness", "releases", "use")
"""Small tables about the whole run, without which its findings cannot be read."""
LEFT_OUT = ("traces", "quarantine", "watched", "alarms", "alarm_members", "alarm_links", "labels", "permits")
"""Tables about everybody, or about other searches."""
GUARD = "guard.json"
"""What the journal of the guard said of the campaign then."""
DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Frozen:
    """Evidence as a case keeps it."""

    content: bytes
    """The archive."""

    @property
    def sha256(self) -> str:
        """Its hash, 64 hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def about(self) -> dict[str, Any]:
        """The description of the run that it was taken from."""
        found: dict[str, Any] = json.loads(self._member(MARK))
        return found

    @property
    def guard(self) -> list[dict[str, Any]]:
        """What the guard's journal said of the campaign, if a state was given."""
        found: list[dict[str, Any]] = json.loads(self._member(GUARD)) if GUARD in self.members() else []
        return found

    def members(self) -> list[str]:
        """Return the names of the files in it."""
        with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
            return archive.namelist()

    def table(self, name: str) -> pa.Table:
        """Return a table; empty where the run did not have it."""
        file = f"{name}.parquet"
        if file not in self.members():
            return TABLES[name].arrow.empty_table()
        return pq.read_table(io.BytesIO(self._member(file)))

    def export(self, out: Path) -> Path:
        """Write it as a small run folder, which `explain` and `report` read. Raises RunError as RunFolder
        does.
        """
        about = self.about
        with RunFolder(out) as folder:
            there = {file.removesuffix(".parquet") for file in self.members() if file.endswith(".parquet")}
            for name in sorted(there | {*NEEDED}):
                folder.write(name, self.table(name))
            frozen = {"run": about.get("id"), "digest": about.get("digest"), "sha256": self.sha256}
            folder.about({**about, **fresh(), "frozen": frozen})
            return folder.finish()

    def _member(self, name: str) -> bytes:
        with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
            return archive.read(name)


class Freezer:
    """Freezes campaigns of a run; tables that grow with the traffic are read once for all of them."""

    def __init__(self, run: Run, groups: Collection[int]) -> None:
        """groups: those of the campaigns that are to be frozen."""
        self._run = run
        self._accounts: dict[int, set[int]] = {group: set() for group in groups}
        self._ids: dict[int, list[str]] = {group: [] for group in groups}
        for name in ("members", "bystanders"):
            for row in run.table(name).select(["group", "account", "account_id"]).to_pylist():
                if row["group"] in self._accounts:
                    self._accounts[row["group"]].add(row["account"])
                    if name == "members":
                        self._ids[row["group"]].append(row["account_id"])
        everybody = set().union(*self._accounts.values())
        self._large = {name: _where(run, name, "account", everybody) for name in BY_ACCOUNT}
        for name in LARGE:
            if name in TABLES and name not in LEFT_OUT and "group" in TABLES[name].names():
                self._large[name] = _where(run, name, "group", set(groups))

    def members(self, group: int) -> list[str]:
        """Return the ids of a campaign's accounts, as the run shows them."""
        return self._ids[group]

    def frozen(self, campaign: Row, guard: list[dict[str, Any]] | None = None) -> Frozen:
        """Freeze a campaign. guard: entries of the guard's journal about it."""
        files = {MARK: _json(self._run.about)}
        for name, table in self._tables(campaign["group"]):
            if not table.num_rows:  # it is read as an empty one, and would be the most of a small case
                continue
            buffer = io.BytesIO()
            pq.write_table(table.combine_chunks(), buffer, **PARQUET_OPTIONS)
            files[f"{name}.parquet"] = buffer.getvalue()
        if guard is not None:
            files[GUARD] = _json(guard)
        return Frozen(_archive(files))

    def _tables(self, group: int) -> Iterator[tuple[str, pa.Table]]:
        """The rows of each table that are about a campaign, and those without which they mean nothing."""
        for name in sorted(TABLES):
            if name in LEFT_OUT or not self._run.files(name):
                continue
            if name in BY_ACCOUNT:
                yield name, rows_in(self._large[name], "account", self._accounts[group])
            elif name in WHOLE:
                yield name, self._run.table(name)
            elif "group" in TABLES[name].names():
                whole = self._large[name] if name in self._large else self._run.table(name)
                yield name, rows_where(whole, "group", group)


def must_hold(content: bytes, sha256: str, where: str) -> Frozen:
    """Return evidence that is what its hash says. Raises CaseError where it is not."""
    kept = Frozen(content)
    if kept.sha256 != sha256:
        raise CaseError(
            "the frozen evidence is not what its hash says: somebody changed it",
            where=where,
            do="run `stillwatch case audit verify`, and restore the store from a backup",
        )
    return kept


def _where(run: Run, name: str, column: str, wanted: set[Any]) -> pa.Table:
    parts = (rows_in(pa.Table.from_batches([batch]), column, wanted) for batch in run.batches(name))
    found = [part for part in parts if part.num_rows]
    return pa.concat_tables(found) if found else TABLES[name].arrow.empty_table()


def _json(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, default=str).encode("utf-8")


def _archive(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(files.items()):
            method = zipfile.ZIP_DEFLATED if name.endswith(".json") else zipfile.ZIP_STORED
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type = method
            archive.writestr(info, data)
    return out.getvalue()
