"""What the accounts file and the log say of single accounts: who each says it is, and what it used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute

from stillwatch.report import formatting
from stillwatch.run.reading import Row, Run
from stillwatch.schema import use

pc: Any = pyarrow.compute
FILED = ("created", "plan", "verification", "payment", "banned", "banned_unknown")
"""Columns of table accounts that a decision about an account looks at."""
NOT_FILED, NOT_LOGGED, NOT_KNOWN = "not in the accounts file", "not in the log", "not known"
"""The ways in which a fact can be missing: for everybody, in either input, or for this account."""
NOT_BANNED = "no"
"""What is said of an account that the accounts file holds, and of which it tells no ban."""


@dataclass(frozen=True)
class AccountFacts:
    """What is known of one account besides evidence; None where it is not known of it."""

    created: datetime | None = None
    """When it was registered."""
    plan: str | None = None
    """Its plan."""
    verification: str | None = None
    """How its owner was verified."""
    payment: str | None = None
    """Key of its payment instrument, short."""
    banned: datetime | None = None
    """When it was banned."""
    banned_unknown: bool = False
    """Whether it was banned at a time that nobody knows."""
    listed: bool = False
    """Whether the accounts file says anything of it; it may hold other accounts of the log only."""
    models: tuple[str, ...] = ()
    """Models that it asked, the most used first."""
    top_exchanges: int = 0
    """Its exchanges with the most used model."""
    input_tokens: int | None = None
    """Tokens read."""
    output_tokens: int | None = None
    """Tokens written."""
    exchanges: int = 0
    """All its exchanges."""
    spend: int | None = None
    """What its priced exchanges cost, in micro-dollars."""
    priced: int = 0
    """Exchanges of which the log says the cost."""
    days: int = 0
    """Days on which it was active."""


NOTHING = AccountFacts()


class AccountBook:
    """The facts of some accounts of a run, read in one pass over two tables."""

    def __init__(self, run: Run, accounts: Iterable[int]) -> None:
        asked = sorted(set(accounts))
        wanted = pa.array(asked, pa.int64())
        self.filed: frozenset[str] = frozenset()
        """Columns of FILED that the accounts file fills for anybody at all."""
        filled: set[str] = set()
        filed: dict[int, Row] = {}
        for batch in run.batches("accounts"):
            filled |= {name for name in FILED if batch.column(name).null_count < batch.num_rows}
            filed |= {row["account"]: row for row in _those(batch, wanted)}
        used = {row["account"]: row for batch in run.batches("account_use") for row in _those(batch, wanted)}
        self.filed = frozenset(filled)
        self.log_prices: bool = any(row["priced"] for row in used.values()) or any(
            (row["what"], row["name"]) == (use.FILLED, "spend") and row["count"] for row in run.rows("use")
        )
        """Whether the log says of any exchange at all what it cost."""
        self._facts = {account: _facts(filed.get(account, {}), used.get(account, {})) for account in asked}

    def of(self, account: int) -> AccountFacts:
        """The facts of one account; none of one that was not asked for."""
        return self._facts.get(account, NOTHING)

    def said(self, account: int) -> Mapping[str, str]:
        """Plan, registration, verification, payment and ban of an account in words, missing ones included."""
        facts = self.of(account)
        return {
            "plan": self._word("plan", facts.plan),
            "registered": self._word("created", formatting.minute(facts.created) if facts.created else None),
            "verified": self._word("verification", facts.verification),
            "payment": self._word("payment", facts.payment),
            "banned": self.ban(account),
        }

    def ban(self, account: int) -> str:
        """Whether and when it was banned. That nobody was banned is not the same as that nobody wrote it
        down.
        """
        facts = self.of(account)
        if facts.banned:
            return formatting.minute(facts.banned)
        if facts.banned_unknown:
            return "yes, at a time that is not known"
        if not self.filed & {"banned", "banned_unknown"}:
            return NOT_FILED
        return NOT_BANNED if facts.listed else NOT_KNOWN

    def spend(self, account: int) -> str:
        """What it cost, in words: nothing is not the same as a price that the log does not tell."""
        facts = self.of(account)
        if facts.spend is None:
            return NOT_KNOWN if self.log_prices else NOT_LOGGED
        amount = formatting.dollars(facts.spend)
        if facts.priced == facts.exchanges:
            return amount
        return (
            f"{amount} for {formatting.count(facts.priced)} of {formatting.count(facts.exchanges)} exchanges"
        )

    def _word(self, column: str, value: str | None) -> str:
        return formatting.cut(value, 40) if value else NOT_KNOWN if column in self.filed else NOT_FILED


def facts_document(facts: AccountFacts) -> dict[str, Any]:
    """The facts as plain values."""
    return {name: getattr(facts, name) for name in AccountFacts.__dataclass_fields__} | {
        "models": list(facts.models)
    }


def _those(batch: pa.RecordBatch, wanted: Any) -> list[Row]:
    rows: list[Row] = batch.filter(pc.is_in(batch.column("account"), value_set=wanted)).to_pylist()
    return rows


def _facts(filed: Mapping[str, Any], used: Mapping[str, Any]) -> AccountFacts:
    payment = filed.get("payment")
    return AccountFacts(
        filed.get("created"),
        filed.get("plan"),
        filed.get("verification"),
        None if payment is None else formatting.key(payment)[:8],
        filed.get("banned"),
        bool(filed.get("banned_unknown")),
        any(value is not None for name, value in filed.items() if name not in ("account", "account_id")),
        tuple(used.get("models") or ()),
        used.get("top_exchanges") or 0,
        used.get("input_tokens"),
        used.get("output_tokens"),
        used.get("exchanges") or 0,
        used.get("spend"),
        used.get("priced") or 0,
        used.get("days") or 0,
    )
