"""Exact duplicates: accounts that sent the same prompt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ibis import _

from baselines.called import Called, Group, called
from baselines.tables import Tables
from stillwatch.schema.table import values


@dataclass(frozen=True)
class ExactDuplicates:
    """Groups accounts by the key of a whole prompt, and scores accounts.

    Numbers, dates, quotations and names are masked.
    """

    name: ClassVar[str] = "exact duplicates"
    source: ClassVar[str] = (
        "kollude 0.4.0's exact-text baseline (MATH.md 2.2, 5), with its least number of actors"
    )
    blind: ClassVar[str] = "prompts that differ in one word; calls everyone who sends a popular prompt"
    accounts: int = 5
    """Accounts that must have sent the same prompt."""
    words: int = 4
    """Shorter prompts do not count."""

    def call(self, tables: Tables) -> Called:
        """Group accounts by prompt; groups with exactly the same accounts are one."""
        sent = (
            tables.exchanges.filter(_.prompt.notnull() & (_.words >= self.words))
            .select("account", "prompt")
            .distinct()
        )
        popular = sent.group_by("prompt").agg(n=_.count()).filter(_.n >= self.accounts)
        table = tables.engine.collect(sent.semi_join(popular, "prompt"))
        members: dict[int, set[int]] = {}
        for account, prompt in zip(values(table, "account"), values(table, "prompt"), strict=True):
            members.setdefault(prompt, set()).add(account)
        alike = {frozenset(accounts): prompt for prompt, accounts in sorted(members.items(), reverse=True)}
        return called(
            (Group(str(prompt), accounts, float(len(accounts))) for accounts, prompt in alike.items()),
            self.accounts,
        )
