"""One campaign and one account of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from stillwatch.api.frame import Frame
from stillwatch.api.shown import Explanation, Picture
from stillwatch.api.tables import TableOf
from stillwatch.schema import found, lineage
from stillwatch.schema import templates as shared


class Source(Protocol):
    """What a campaign and an account ask of their run."""

    folder: Path

    def table_of_group(self, name: str, group: int) -> Frame:
        """The rows of a table that belong to one group."""

    def explanation(self, name: str, html: str) -> Explanation:
        """Text and values of `stillwatch explain`."""


@dataclass(frozen=True)
class Campaign:
    """One group with its verdict, its tables and its pictures."""

    name: str
    """C001 for the first listed; G and the group's number where it is not listed."""
    identity: str
    """What it is called in every run that knows it again."""
    family: str
    """What all campaigns that links join are called: the identity of the oldest of them."""
    group: int
    """Number of the group."""
    kind: str
    """linked, declared or single."""
    verdict: str
    """adversarial, unlicensed, authorised or benign."""
    listed: bool
    """Whether it is in the list at the stated false discovery rate."""
    scale: float
    """Score on scale, 0 to 1."""
    deception: float
    """Score on deception, 0 to 1."""
    intent: float
    """Score on intent, 0 to 1."""
    accounts: int
    """Accounts in it."""
    at_least: int
    """Lower bound of guilty accounts at the stated level."""
    exchanges: int
    """Exchanges of its accounts."""
    input_tokens: int
    """Tokens read."""
    output_tokens: int
    """Tokens written."""
    first: datetime
    """First exchange, UTC."""
    last: datetime
    """Last exchange, UTC."""
    log_e_value: float
    """Natural logarithm of the e-value of the held-out test."""
    p_value: float
    """At most 1 / e-value."""
    held_out: tuple[str, ...]
    """The facets that tested it."""
    permit: str
    """The permit that covers it; empty if none."""
    row: dict[str, Any] = field(repr=False, compare=False)
    """Every column of its row in table `campaigns`."""
    run: Source = field(repr=False, compare=False)
    """The run that it is of."""

    @classmethod
    def of_row(cls, run: Source, row: dict[str, Any]) -> Campaign:
        """The campaign of a row of table `campaigns`."""
        plain = {name: row[name] for name in cls.__dataclass_fields__ if name not in ("name", "row", "run")}
        plain["held_out"] = tuple(row["held_out"])
        return cls(name=row["campaign"], row=row, run=run, **plain)

    def table(self, name: str) -> Frame:
        """The rows of a table of the run that belong to its group; the table must have a column `group`."""
        return self.run.table_of_group(name, self.group)

    members = TableOf(found.MEMBERS)
    member_evidence = TableOf(found.MEMBER_EVIDENCE)
    member_adjustments = TableOf(found.MEMBER_ADJUSTMENTS)
    evidence = TableOf(found.EVIDENCE)
    links = TableOf(found.LINKS)
    scores = TableOf(found.SCORES)
    intents = TableOf(found.INTENTS)
    account_intents = TableOf(found.ACCOUNT_INTENTS)
    templates = TableOf(shared.TEMPLATES)
    template_keys = TableOf(shared.TEMPLATE_KEYS)
    hours = TableOf(found.TIMELINE)
    keys = TableOf(lineage.CAMPAIGN_KEYS)
    linked = TableOf(lineage.CAMPAIGN_LINKS)

    def explain(self) -> Explanation:
        """Why it is a campaign: text, plain values, and in Jupyter its section of the report with figures."""
        from stillwatch.report.fragment import section

        return self.run.explanation(self.name, section(self.run.folder, self.name))

    @cached_property
    def _pictures(self) -> dict[str, Picture]:
        from stillwatch.report.fragment import pictures

        return {
            name: Picture(svg, title) for name, (svg, title) in pictures(self.run.folder, self.name).items()
        }

    @property
    def timeline(self) -> Picture:
        """Exchanges and active accounts over time, with model releases and bans."""
        return self._pictures["timeline"]

    @property
    def graph(self) -> Picture:
        """Accounts and the keys that they share."""
        return self._pictures["graph"]

    @property
    def waterfall(self) -> Picture:
        """The evidence for one account of the group, facet by facet, in nats."""
        return self._pictures["waterfall"]

    def _repr_html_(self) -> str:
        return self.explain()._repr_html_()


@dataclass(frozen=True)
class Account:
    """One account of a run."""

    account: int
    """Its key, as the tables carry it."""
    account_id: str
    """The id to show."""
    groups: tuple[int, ...]
    """Numbers of the groups that it is in; empty for most accounts."""
    run: Source = field(repr=False, compare=False)
    """The run that it is of."""

    def explain(self) -> Explanation:
        """What is held against it, and what would clear it."""
        return self.run.explanation(self.account_id, "")
