"""The accounts of the candidates: who they are, what they declare, how much they sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.report_tables.labels import Labels
from stillwatch.schema.found import MEMBERS
from stillwatch.schema.table import moment, values

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
        self, nats: Mapping[int, float], p_values: Mapping[tuple[int, int], float], labels: Labels
    ) -> pa.Table:
        """Table members. nats: by account; p_values: by group and account."""
        rows = [
            {
                "group": row["group"],
                "account": row["account"],
                "account_id": row["account_id"],
                "nats": nats[row["account"]],
                "p_value": p_values.get((row["group"], row["account"])),
                "owner": _owner(row, labels),
                "exchanges": row["n"],
                "first": moment(row["first"]),
                "last": moment(row["last"]),
            }
            for row in self.rows
        ]
        return pa.Table.from_pylist(rows, schema=MEMBERS.arrow)


def candidate_accounts(engine: Engine, members: Table, accounts: Table, declared: Table) -> CandidateAccounts:
    """members: what the signals know of each account of a group; accounts: table accounts; declared: table
    owners.
    """
    known = accounts.select("account", "account_id", "organisation", "verification")
    rows = (
        members.filter(_.group > 0)
        .join(known, "account")
        .left_join(declared.rename(declared="owner"), "account")
    )
    counted = engine.collect(declared.filter(_.owner.notnull()).group_by("owner").agg(n=_.count()))
    return CandidateAccounts(
        engine.collect(rows.select(*COLUMNS).order_by(["group", "account"])).to_pylist(),
        dict(zip(values(counted, "owner"), values(counted, "n"), strict=True)),
    )


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
