"""Campaigns made up for the matcher."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from stillwatch.run.lineage.campaign import Campaign, Key
from stillwatch.run.lineage.names import new_identity

START = datetime(2026, 3, 1, tzinfo=UTC)
TEMPLATE = {1: Key("system", 9.0), 2: Key("head", 7.5), 3: Key("head", 6.0), 4: Key("parameters", 5.0)}
"""Own keys of an operator: 9 + (7.5 + 5) / 3 nats."""


def campaign(
    group: int,
    accounts: Iterable[int | str],
    keys: Mapping[int, Key] | None = None,
    *,
    kind: str = "linked",
    listed: bool = True,
    day: int = 0,
) -> Campaign:
    """A campaign that no run has seen yet."""
    ids = frozenset(map(str, accounts))
    identity = new_identity(kind, (hash_of(name) for name in ids))
    name = f"C{group:03d}" if listed else f"G{group:04d}"
    return Campaign(
        group, name, kind, listed, START + timedelta(days=day), identity, identity, ids, keys or {}
    )


def hash_of(name: str) -> int:
    """A number for an account's id, the same in every process."""
    return int.from_bytes(name.encode()[:8].ljust(8, b"\0"))


@st.composite
def runs(draw: st.DrawFn, accounts: int = 24) -> list[Campaign]:
    """The linked campaigns of a run: some of the accounts, each in one campaign at most, with keys of a few
    operators.
    """
    places = draw(st.lists(st.integers(0, 5), min_size=accounts, max_size=accounts))
    found = []
    for group in range(1, 6):
        ids = [number for number, place in enumerate(places) if place == group]
        if ids:
            operator = draw(st.integers(0, 2))
            keys = {10 * operator + number: key for number, key in TEMPLATE.items()} if operator else {}
            listed, day = draw(st.booleans()), draw(st.integers(0, 9))
            found.append(campaign(group, ids, keys, listed=listed, day=day))
    return found
