"""A run as an object: its tables, its campaigns, its accounts."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from stillwatch.api.campaign import Account, Campaign
from stillwatch.api.frame import Frame
from stillwatch.api.holder import Holder, TemporaryFolder
from stillwatch.api.shown import Explanation
from stillwatch.api.tables import TableOf
from stillwatch.errors import RunError
from stillwatch.plain import plain
from stillwatch.report import explain, explain_document
from stillwatch.report.account import account_view, unknown
from stillwatch.report.view_models import severity
from stillwatch.run.about import identity_of
from stillwatch.run.layout import MARK, PAGE, TABLES
from stillwatch.run.reading import Run as StoredRun
from stillwatch.schema import found, lineage, requests, stored
from stillwatch.schema import reviewed as deciding
from stillwatch.schema import shared as reporting
from stillwatch.schema import templates as shared
from stillwatch.schema import use as using
from stillwatch.schema import watched as watching
from stillwatch.schema.stored import EXCHANGES
from stillwatch.schema.table import Contract

WIDTH = 110
"""Characters of a line of an explanation."""


class Run:
    """A finished run. Every table is an attribute; nothing is read before it is asked for.

    Raises RunError where the folder is missing or is no run.
    """

    campaigns = TableOf(found.CAMPAIGNS)
    groups = TableOf(found.GROUPS)
    members = TableOf(found.MEMBERS)
    bystanders = TableOf(found.BYSTANDERS)
    account_use = TableOf(found.ACCOUNT_USE)
    member_evidence = TableOf(found.MEMBER_EVIDENCE)
    member_adjustments = TableOf(found.MEMBER_ADJUSTMENTS)
    evidence = TableOf(found.EVIDENCE)
    links = TableOf(found.LINKS)
    scores = TableOf(found.SCORES)
    intents = TableOf(found.INTENTS)
    account_intents = TableOf(found.ACCOUNT_INTENTS)
    timeline = TableOf(found.TIMELINE)
    marks = TableOf(found.MARKS)
    templates = TableOf(shared.TEMPLATES)
    template_keys = TableOf(shared.TEMPLATE_KEYS)
    accounts = TableOf(stored.ACCOUNTS)
    exchanges = TableOf(stored.EXCHANGES)
    labels = TableOf(stored.LABELS)
    traces = TableOf(stored.TRACES)
    permits = TableOf(stored.PERMITS)
    releases = TableOf(stored.RELEASES)
    blindness = TableOf(stored.BLINDNESS)
    quarantine = TableOf(requests.QUARANTINE)
    use = TableOf(using.USE)
    watched = TableOf(watching.WATCHED)
    alarms = TableOf(watching.ALARMS)
    alarm_members = TableOf(watching.ALARM_MEMBERS)
    alarm_links = TableOf(watching.ALARM_LINKS)
    campaign_keys = TableOf(lineage.CAMPAIGN_KEYS)
    campaign_links = TableOf(lineage.CAMPAIGN_LINKS)
    reviewed = TableOf(deciding.REVIEWED)
    reviewed_accounts = TableOf(deciding.REVIEWED_ACCOUNTS)
    shared_reports = TableOf(reporting.SHARED_REPORTS)
    shared = TableOf(reporting.SHARED)
    shared_groups = TableOf(reporting.SHARED_GROUPS)

    def __init__(self, folder: str | os.PathLike[str], temporary: TemporaryFolder | None = None) -> None:
        self.folder = Path(folder)
        """The run folder."""
        self._stored = StoredRun(self.folder)
        self._holder = Holder(self.folder, temporary)

    def read_again(self) -> None:
        """Read run.json anew: a watch has changed the run."""
        self._stored = StoredRun(self.folder)

    @property
    def about(self) -> dict[str, Any]:
        """run.json: version, settings, inputs and counts."""
        return dict(self._stored.about)

    @property
    def id(self) -> str:
        """The run's own id, by which others may name it. Raises RunError where an older version made it."""
        return identity_of(self._stored.about, self.folder / MARK)[0]

    @property
    def digest(self) -> str:
        """The digest over all its tables: same input and settings, same digest. Raises RunError where an
        older version made it.
        """
        return identity_of(self._stored.about, self.folder / MARK)[1]

    @property
    def report(self) -> Path:
        """The page report.html of the run."""
        return self.folder / PAGE

    @property
    def tables(self) -> list[str]:
        """Names of the tables that the run has."""
        return sorted(name for name in (*TABLES, EXCHANGES.name) if self._stored.files(name))

    def table(self, name: str) -> Frame:
        """One table by its name. Raises RunError where the run does not have it."""
        return self._frame(name, None)

    def table_of_group(self, name: str, group: int) -> Frame:
        """The rows of a table with a column `group` that belong to one group. Raises RunError where there is
        no such table or column.
        """
        whole = self._frame(name, None)
        if "group" not in whole.columns:
            raise RunError(
                f"table {name} has no column group", where=str(self.folder), do=f"use Run.table({name!r})"
            )
        return self._frame(name, ("group", group))

    def _frame(self, name: str, where: tuple[str, int] | None) -> Frame:
        known = name in TABLES or name == EXCHANGES.name
        files = self._stored.files(name) if known else []
        if not files:
            later = name in {table.name for table in vars(watching).values() if isinstance(table, Contract)}
            raise RunError(
                f"the run has no table {plain(name)[:80]}",
                where=str(self.folder),
                do="call stillwatch.watch(run) first" if later else f"its tables: {', '.join(self.tables)}",
            )
        about = EXCHANGES if name == EXCHANGES.name else TABLES[name]
        return Frame(self._holder, name, files, description=about.description, where=where)

    def campaign(self, name: str) -> Campaign:
        """One campaign by its name (C001, or G and a group's number). Raises RunError, with the nearest
        names, where there is none.
        """
        for row in self._stored.rows("campaigns"):
            if row["campaign"] == name.upper():
                return Campaign.of_row(self, row)
        raise unknown(self._stored, name)

    def __iter__(self) -> Iterator[Campaign]:
        """The listed campaigns, the most pressing first."""
        rows = sorted(filter(lambda row: row["listed"], self._stored.rows("campaigns")), key=severity)
        return (Campaign.of_row(self, row) for row in rows)

    def account(self, name: str | int) -> Account:
        """One account by the id that the tables show, or by its key (a number or 16 hexadecimal digits).

        Raises RunError, with the nearest names, where there is none.
        """
        view = account_view(self._stored, str(name))
        if view is None:
            raise unknown(self._stored, str(name))
        groups = tuple(sorted(m.view.campaign["group"] for m in view.memberships))
        return Account(view.account, view.account_id, groups, self)

    def explanation(self, name: str, html: str) -> Explanation:
        """The text and the plain values of `stillwatch explain`, beside the page's section."""
        return Explanation(_text(explain(self.folder, name)), explain_document(self.folder, name), html)

    def close(self) -> None:
        """Close the run's engine; a temporary run folder is removed. What was read stays."""
        self._holder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        listed = [campaign.name for campaign in self]
        return f"<stillwatch.Run {self.folder}: {len(listed)} campaigns listed>"

    def _repr_html_(self) -> str:
        from stillwatch.report.fragment import overview

        return overview(self.folder)


def open_run(path: str | os.PathLike[str]) -> Run:
    """A run folder that `stillwatch detect --out`, or `stillwatch.detect`, wrote.

    Raises RunError where the folder is missing or is no run.
    """
    return Run(path)


def _text(lines: Any) -> str:
    from rich.console import Console

    out = io.StringIO()
    # In a notebook rich would show the lines itself and write nothing.
    Console(file=out, width=WIDTH, color_system=None, highlight=False, force_jupyter=False).print(lines)
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip().splitlines())
