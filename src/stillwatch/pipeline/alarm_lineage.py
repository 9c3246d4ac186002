"""What the alarms of a watch are called, and which of them carry each other's keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from stillwatch.errors import RunError
from stillwatch.run.checked import table_of
from stillwatch.run.lineage.accounts import overlaps
from stillwatch.run.lineage.campaign import Campaign, Key, campaigns_of
from stillwatch.run.lineage.keys import SharedKeys, shared_keys, tells
from stillwatch.run.lineage.matching import RELATED, SUCCESSOR
from stillwatch.run.lineage.names import new_identity
from stillwatch.run.reading import Run
from stillwatch.schema.watched import ALARM_LINKS, ALARM_MEMBERS, ALARMS
from stillwatch.settings import IdentitySettings

NEVER = datetime.fromtimestamp(0, UTC)


@dataclass
class Born:
    """An alarm as the search that raised it saw it, and its keys since."""

    name: str
    """Its name."""
    kind: str
    """linked, declared or single."""
    until: datetime
    """The moment up to which that search looked."""
    accounts: frozenset[int]
    """The accounts that it named then."""
    keys: dict[int, Key]
    """Every own key that it has shown."""


class AlarmLineage:
    """Identities and links of the alarms of a watch."""

    def __init__(self, known: Sequence[Sequence[Campaign]], settings: IdentitySettings) -> None:
        """known: campaigns that alarms may be, those to be asked first in front."""
        self._known = known
        self._settings = settings
        self._born: dict[str, Born] = {}
        self._links: list[tuple[Born, str, Born, datetime, SharedKeys]] = []
        self._linked: set[frozenset[str]] = set()

    def enter(
        self, name: str, kind: str, until: datetime, accounts: frozenset[int], keys: Mapping[int, Key]
    ) -> None:
        """An alarm that a search found, anew or again."""
        alarm = self._born.setdefault(name, Born(name, kind, until, accounts, {}))
        alarm.keys |= keys
        for other in self._born.values():
            both = frozenset({alarm.name, other.name})
            shared = shared_keys(alarm.keys, other.keys)
            if len(both) == 2 and both not in self._linked and tells(shared, self._settings):
                self._linked.add(both)
                self._links += _directed(alarm, other, until, shared)

    def identity(self, name: str, ids: frozenset[str]) -> str:
        """The identity of the campaign that shares most with an alarm's accounts; the alarm's own where none
        shares enough. ids: of all accounts that it has named.
        """
        alarm = self._born[name]
        whole = Campaign(0, name, alarm.kind, True, NEVER, "", "", ids)
        for campaigns in self._known:
            for pair in overlaps([whole], campaigns, self._settings.overlap):
                return pair.old.identity
        return new_identity(alarm.kind, alarm.accounts)

    def links(self, identities: Mapping[str, str]) -> pa.Table:
        """Table alarm_links. identities: of each alarm."""
        rows: list[dict[str, Any]] = [
            {
                "alarm": alarm.name,
                "identity": identities[alarm.name],
                "link": link,
                "other_alarm": other.name,
                "other_identity": identities[other.name],
                "until": until,
                "keys": shared.count,
                "key_share": shared.share,
                "key_nats": shared.nats,
                "facets": list(shared.facets),
                "facet_keys": list(shared.facets.values()),
            }
            for alarm, link, other, until, shared in self._links
        ]
        rows.sort(key=lambda row: (row["alarm"], row["other_alarm"]))
        return pa.Table.from_pylist(rows, schema=ALARM_LINKS.arrow)


def _directed(
    alarm: Born, other: Born, until: datetime, shared: SharedKeys
) -> list[tuple[Born, str, Born, datetime, SharedKeys]]:
    """The later alarm follows the earlier; two of one search are related, told from both sides."""
    if alarm.until == other.until:
        return [(alarm, RELATED, other, until, shared), (other, RELATED, alarm, until, shared)]
    early, late = sorted((alarm, other), key=lambda born: born.until)
    return [(late, SUCCESSOR, early, until, shared)]


def known_campaigns(run: Path) -> list[list[Campaign]]:
    """What the alarms of a run may be: its campaigns, and the alarms of an earlier watch where it kept
    them.
    """
    read = Run(run)
    found = campaigns_of(read.table("campaigns"), read.table("members", ["group", "account_id"]), None)
    return [found, _alarms(run)]


def _alarms(run: Path) -> list[Campaign]:
    try:
        alarms, members = (table_of(run, table, "") for table in (ALARMS, ALARM_MEMBERS))
    except RunError:  # never watched, or by another version
        return []
    accounts: dict[str, set[str]] = {}
    for row in members.to_pylist():
        accounts.setdefault(row["alarm"], set()).add(row["account_id"])
    first = [row for row in alarms.to_pylist() if row["new"]]
    return [
        Campaign(
            number,
            row["alarm"],
            row["kind"],
            True,
            row["day"],
            row["identity"],
            row["identity"],
            frozenset(accounts[row["alarm"]]),
        )
        for number, row in enumerate(first, 1)
    ]
