"""The alarms of a watch: which campaign of a search is an earlier alarm that goes on, and whom each holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from stillwatch.pipeline.alarm_lineage import AlarmLineage
from stillwatch.run.lineage.campaign import Key
from stillwatch.schema.codes import Tier
from stillwatch.schema.watched import ALARM_MEMBERS, ALARMS
from stillwatch.settings import IdentitySettings

NO_KEYS: Mapping[int, Key] = MappingProxyType({})
NO_TIERS: Mapping[int, str] = MappingProxyType({})


@dataclass
class Alarm:
    """A campaign that at least one search found."""

    name: str
    """Its name."""
    since: dict[int, datetime]
    """Every account that it ever named, with the moment of the first search that did so."""
    ids: dict[int, str]
    """Their ids to show."""
    tiers: dict[int, str] = field(default_factory=dict)
    """Their tiers, each as the last search saw it that held the account."""


class Ledger:
    """The alarms so far: which campaign of a search is an alarm of earlier ones."""

    def __init__(self, overlap: float, lineage: AlarmLineage | None = None) -> None:
        """lineage: what alarms may be; left out: each has an identity of its own."""
        self._overlap = overlap
        self._lineage = lineage or AlarmLineage([], IdentitySettings())
        self._alarms: list[Alarm] = []
        self._rows: list[dict[str, Any]] = []

    def enter(
        self,
        day: datetime,
        until: datetime,
        row: dict[str, Any],
        members: dict[int, str],
        keys: Mapping[int, Key] = NO_KEYS,
        tiers: Mapping[int, str] = NO_TIERS,
    ) -> None:
        """One campaign of a search; members: account and the id to show; keys: its own; tiers: of accounts
        that are not named. Searches must come in order, the campaigns of one largest first.
        """
        alarm = self._known(set(members))
        new = alarm is None
        if alarm is None:
            alarm = Alarm(f"A{len(self._alarms) + 1:03d}", {}, {})
            self._alarms.append(alarm)
        for account, shown in members.items():
            alarm.since.setdefault(account, until)
            alarm.ids[account] = shown
            alarm.tiers[account] = tiers.get(account, Tier.NAMED.value)
        self._lineage.enter(alarm.name, row["kind"], until, frozenset(members), keys)
        self._rows.append({"alarm": alarm.name, "day": day, "until": until, "new": new, **row})

    def _known(self, members: set[int]) -> Alarm | None:
        """The alarm that shares most accounts with a campaign, if these are enough of the smaller one."""
        shared = [(len(members & alarm.since.keys()), alarm) for alarm in self._alarms]
        enough = [
            (count, alarm)
            for count, alarm in shared
            if count >= self._overlap * min(len(members), len(alarm.since))
        ]
        return max(enough, key=lambda item: item[0])[1] if enough else None

    def tables(self) -> tuple[pa.Table, pa.Table]:
        """Tables alarms and alarm_members."""
        people = [
            {
                "alarm": alarm.name,
                "account": account,
                "account_id": alarm.ids[account],
                "since": since,
                "tier": alarm.tiers[account],
            }
            for alarm in self._alarms
            for account, since in sorted(alarm.since.items())
        ]
        called = self._identities()
        rows = [{**row, "identity": called[row["alarm"]]} for row in self._rows]
        return pa.Table.from_pylist(rows, schema=ALARMS.arrow), pa.Table.from_pylist(
            people, schema=ALARM_MEMBERS.arrow
        )

    def links(self) -> pa.Table:
        """Table alarm_links."""
        return self._lineage.links(self._identities())

    def accounts(self) -> list[int]:
        """Every account that any alarm has named, sorted."""
        return sorted(set().union(*(alarm.since for alarm in self._alarms)))

    def _identities(self) -> dict[str, str]:
        return {
            alarm.name: self._lineage.identity(alarm.name, frozenset(alarm.ids.values()))
            for alarm in self._alarms
        }
