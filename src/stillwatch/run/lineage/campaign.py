"""A campaign as the matcher sees it, made from a run's tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from stillwatch.schema.table import values


@dataclass(frozen=True)
class Key:
    """One key that is a campaign's own."""

    facet: str
    """Its facet."""
    nats: float
    """Its weight."""


@dataclass(frozen=True)
class Campaign:
    """A group with its verdict, as far as it matters for knowing it again."""

    group: int
    """Its number in its run."""
    name: str
    """Its name in its run: C001."""
    kind: str
    """linked, declared or single."""
    listed: bool
    """Whether its run lists it."""
    first: datetime
    """Its first exchange."""
    identity: str
    """Its identity, as far as it is known yet."""
    family: str
    """Identity of the campaign that its family is called after."""
    accounts: frozenset[str]
    """Ids of the accounts that it names."""
    keys: Mapping[int, Key] = field(default_factory=dict)
    """The keys that are its own."""


def campaigns_of(campaigns: pa.Table, members: pa.Table, keys: pa.Table | None) -> list[Campaign]:
    """The campaigns of tables campaigns, members and campaign_keys, in the order of table campaigns."""
    accounts: dict[int, set[str]] = {}
    for group, account in zip(values(members, "group"), values(members, "account_id"), strict=True):
        accounts.setdefault(group, set()).add(account)
    own: dict[int, dict[int, Key]] = {}
    for row in keys.to_pylist() if keys is not None else []:
        own.setdefault(row["group"], {})[row["key"]] = Key(row["facet"], row["nats"])
    names = ("group", "campaign", "kind", "listed", "first", "identity", "family")
    return [
        Campaign(
            **{("name" if name == "campaign" else name): row[name] for name in names},
            accounts=frozenset(accounts.get(row["group"], ())),
            keys=own.get(row["group"], {}),
        )
        for row in campaigns.select(names).to_pylist()
    ]
