"""The account of use: what was made of every file that was given, as table `use`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.errors import InputError
from stillwatch.ingest import Quarantine, Source
from stillwatch.ingest.accounts import SEVERAL
from stillwatch.ingest.quarantine import top_reasons
from stillwatch.schema import use

Row = dict[str, Any]
MOST_NAMES = 60
"""Kinds, columns or reasons of one input that are told one by one."""
NOT_TOLD = "columns that are not told one by one"
FILES_NAMED = 3
"""Files named in an error."""
LONGEST_NAME = 80
"""Characters of a column's name."""


@dataclass
class Beside:
    """What was made of a file beside the logs."""

    quarantine: Quarantine
    """Its rows read and kept out."""
    ignored: Iterable[str] = ()
    """Columns that nothing was read from."""
    joined: tuple[int, int] | None = None
    """Requests or accounts of the logs that it names, and how many the logs have; None: not counted."""


@dataclass
class AccountOfUse:
    """Collects the rows of table `use` while the inputs are read."""

    rows: list[Row] = field(default_factory=list)
    """Rows of table `use`, in the order of the inputs."""

    def logs(self, quarantine: Quarantine, sources: list[Source]) -> None:
        """Add the logs."""
        self._counted("logs", quarantine)
        ignored = Counter(name for source in sources for name in source.columns.ignored)
        self._several("logs", use.IGNORED, ignored, of=len(sources))

    def beside(self, given: str, found: Beside) -> None:
        """Add a file beside the logs."""
        self._counted(given, found.quarantine)
        self._several(given, use.IGNORED, Counter(dict.fromkeys(found.ignored, 1)), of=1)
        if found.joined is not None:
            count, of = found.joined
            self.add(given, use.JOINED, count, of=of)

    def largest(self, engine: Engine, exchanges: Table) -> None:
        """Add the largest account's share of the exchanges."""
        each = exchanges.group_by("account").agg(n=_.count())
        row = engine.collect(each.agg(most=each.n.max(), whole=each.n.sum())).to_pylist()[0]
        self.add("logs", use.LARGEST, row["most"] or 0, of=row["whole"] or 0)

    def address(self, engine: Engine, exchanges: Table) -> None:
        """Add how many accounts came from the address of the most accounts."""
        seen = exchanges.filter(_.address.notnull()).select("account", "address").distinct()
        each = seen.group_by("address").agg(n=_.count())
        most = engine.collect(each.agg(most=each.n.max())).to_pylist()[0]["most"]
        whole = engine.collect(seen.agg(n=seen.account.nunique())).to_pylist()[0]["n"]
        if most:
            self.add("logs", use.ADDRESS, most, of=whole)

    def merged(self, by_file: Counter[str]) -> None:
        """Add rows of the logs that told once more of an exchange."""
        for file, count in sorted(by_file.items()):
            self.add("logs", use.MERGED, count, file=file)

    def add(
        self,
        given: str,
        what: str,
        count: int,
        *,
        of: int | None = None,
        file: str | None = None,
        name: str | None = None,
        detail: str | None = None,
    ) -> None:
        """Add one row."""
        assert what in use.TOLD, f"BUG: nothing is called {what}"
        self.rows.append(
            {
                "input": given,
                "file": file,
                "what": what,
                "name": name,
                "detail": detail,
                "count": count,
                "of": of,
            }
        )

    def table(self) -> pa.Table:
        """Return table `use`."""
        return pa.Table.from_pylist(self.rows, schema=use.USE.arrow)

    def _counted(self, given: str, found: Quarantine) -> None:
        for what, by_file in (
            (use.READ, found.read),
            (use.QUARANTINED, found.kept_out),
            (use.NAMELESS, found.nameless),
        ):
            for file, count in sorted(by_file.items()):
                self.add(given, what, count, file=file)
        for (file, kind), count in sorted(found.stepped.items()):
            self.add(given, use.STEPPED_OVER, count, file=file, name=kind)
        reasons = sorted(found.mended.items(), key=lambda item: (-item[1], item[0]))
        if several := found.mended.get(("account_id", SEVERAL)):
            self.add(given, use.MERGED, several, file=next(iter(found.uses), None))
            reasons = [one for one in reasons if one[0][1] != SEVERAL]
        for (column, reason), count in reasons[:MOST_NAMES]:
            self.add(given, use.LEFT_OUT, count, of=found.good, name=column, detail=reason)
        self._several(given, use.FILLED, found.filled, of=found.good)

    def _several(self, given: str, what: str, names: Counter[str], of: int) -> None:
        """Add a row for each of the names that are counted most, in order, and one for all others."""
        ranked = sorted(((n, c) for n, c in names.items() if c), key=lambda item: (-item[1], item[0]))
        for name, count in sorted(ranked[:MOST_NAMES]):
            self.add(given, what, count, of=of, name=name[:LONGEST_NAME])
        if (rest := len(ranked) - MOST_NAMES) > 0:
            self.add(given, what, rest, of=len(ranked), name=use.OTHERS, detail=NOT_TOLD)


def nothing_read(quarantine: Quarantine, sources: list[Source]) -> InputError:
    """Return the error for logs without an exchange; it says what was read instead."""
    names = [source.name for source in sources]
    where = ", ".join(names[:FILES_NAMED]) + (" …" if len(names) > FILES_NAMED else "")
    stepped: Counter[str] = Counter()
    for (_file, kind), count in quarantine.stepped.items():
        stepped[kind] += count
    told = ", ".join(f"{count:,} {kind}" for kind, count in stepped.most_common(8))
    formats = sorted({source.format for source in sources if source.format})
    read = f" (format {', '.join(formats)})" if formats else ""
    if quarantine.bad:
        beside = f"; {told} ask no model for text" if told else ""
        return InputError(
            f"the logs hold no exchange: {quarantine.bad:,} rows cannot be read{beside}\n"
            f"{top_reasons(quarantine)}",
            where=where,
            do=f"mend what the reasons name, or name the right --format{read}",
        )
    if not stepped:
        return InputError(
            "the logs hold no exchange",
            where=where,
            do=f"check --format, and that the files are not empty{read}",
        )
    rows = sum(stepped.values())
    return InputError(
        f"the logs hold no exchange: {rows:,} rows or spans were read and none of them asks a model for "
        f"text: {told}",
        where=where,
        do=f"check that these are the logs of the model's API, and --format{read}",
    )
