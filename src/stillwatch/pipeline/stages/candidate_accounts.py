"""The accounts of the candidates: who they are, what they declare, how much they sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.heldout.members import Tiers
from stillwatch.pipeline.stages.facets import Observed
from stillwatch.report_tables.labels import Labels
from stillwatch.schema.codes import Tier, TierReason
from stillwatch.schema.found import BYSTANDERS, MEMBERS
from stillwatch.schema.table import moment, rows_in, values

COLUMNS = (
    "group",
    "account",
    "account_id",
    "organisation",
    "verification",
    "declared",
    "basis",
    "n",
    "first",
    "last",
)
Row = dict[str, Any]


@dataclass(frozen=True)
class CandidateAccounts:
    """The accounts of every candidate, looked up once."""

    rows: list[Row]
    """COLUMNS of each, by group and account: `declared` is the key of its owner, `basis` what declares it."""
    owned: dict[int, int]
    """Accounts in all that declare an owner, by the owner's key."""

    def by_group(self) -> dict[int, list[Row]]:
        """The rows of each group."""
        groups: dict[int, list[Row]] = {}
        for row in self.rows:
            groups.setdefault(row["group"], []).append(row)
        return groups

    def of_one_owner(self, rows: list[Row]) -> int:
        """Accounts in all of the one owner that these accounts declare; 0 where they do not."""
        owners = {row["declared"] for row in rows}
        return self.owned.get(owners.pop(), 0) if len(owners) == 1 else 0

    def members_table(
        self, tiers: Tiers, p_values: Mapping[tuple[int, int], float], labels: Labels
    ) -> pa.Table:
        """Table members. p_values: by group and account."""
        return pa.Table.from_pylist(
            _with_tiers(self.rows, tiers.counted, p_values, labels), schema=MEMBERS.arrow
        )


def bystanders_table(
    rows: list[Row],
    tiers: Tiers,
    p_values: Mapping[tuple[int, int], float],
    labels: Labels,
) -> pa.Table:
    """Table bystanders. rows: COLUMNS of the accounts beside the groups that are judged."""
    return pa.Table.from_pylist(_with_tiers(rows, tiers.beside, p_values, labels), schema=BYSTANDERS.arrow)


def _with_tiers(
    rows: list[Row], tiered: pa.Table, p_values: Mapping[tuple[int, int], float], labels: Labels
) -> list[Row]:
    known = {(row["group"], row["account"]): row for row in tiered.to_pylist()}
    return [
        _account_row(row, known.get((row["group"], row["account"]), ALONE), p_values, labels) for row in rows
    ]


ALONE: Row = {
    "nats": 0.0,
    "formation": 0.0,
    "tier": Tier.NAMED.value,
    "reason": TierReason.NOT_LINKED.value,
}
"""The tier of an account that no marks linked: its own prompts were tested, or those of its owner."""


def _account_row(row: Row, tier: Row, p_values: Mapping[tuple[int, int], float], labels: Labels) -> Row:
    return {
        "group": row["group"],
        "account": row["account"],
        "account_id": row["account_id"],
        **{name: tier[name] for name in ALONE},
        "p_value": p_values.get((row["group"], row["account"])),
        "owner": _owner(row, labels),
        "exchanges": row["n"],
        "first": moment(row["first"]),
        "last": moment(row["last"]),
    }


def candidate_accounts(engine: Engine, members: Table, accounts: Table, declared: Table) -> CandidateAccounts:
    """members: what the signals know of each account of a group; accounts: table accounts; declared: table
    owners.
    """
    counted = engine.collect(declared.filter(_.owner.notnull()).group_by("owner").agg(n=_.count()))
    return CandidateAccounts(
        _described(engine, members.filter(_.group > 0), accounts, declared),
        dict(zip(values(counted, "owner"), values(counted, "n"), strict=True)),
    )


def bystander_accounts(
    engine: Engine,
    seen: Observed,
    tiers: Tiers,
    accounts: Table,
    declared: Table,
    groups: set[int],
) -> list[Row]:
    """COLUMNS of the accounts beside the groups that are judged, by group and account."""
    beside = engine.load("beside", rows_in(tiers.beside, "group", groups).select(["group", "account"]))
    work = (
        seen.tables.activity.semi_join(beside, "account")
        .group_by("account")
        .agg(n=_.n.sum(), first=_["first"].min(), last=_["last"].max())
    )
    return _described(engine, beside.join(work, "account"), accounts, declared)


def _described(engine: Engine, rows: Table, accounts: Table, declared: Table) -> list[Row]:
    """COLUMNS of the accounts in rows (group, account, n, first, last), by group and account."""
    known = accounts.select("account", "account_id", "organisation", "verification")
    joined = rows.join(known, "account").left_join(declared.rename(declared="owner"), "account")
    return engine.collect(joined.select(*COLUMNS).order_by(["group", "account"])).to_pylist()


def verified_name(row: Row, labels: Labels) -> str:
    """The organisation that an account is verified for; empty where it is for none. row: organisation (its
    key), verification.
    """
    return (
        labels.get(("organisation", row["organisation"]), "") if row["verification"] == "organisation" else ""
    )


def _owner(row: Row, labels: Labels) -> str:
    if row["declared"] is None:
        return ""
    return labels.get((row["basis"], row["declared"]), f"{row['basis']} owner")
