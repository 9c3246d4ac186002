"""What a group's accounts spent, where the log has it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from stillwatch.report import formatting
from stillwatch.report.account_facts import AccountBook
from stillwatch.report.view_models import CampaignView

NOT_LOGGED = "The log does not say what requests cost."
NOT_KNOWN = "The log prices requests, but none of these accounts'."


@dataclass(frozen=True)
class Spend:
    """What the accounts that a group's numbers rest on spent, in micro-dollars (USD)."""

    accounts: int
    """Accounts of which the log says a cost."""
    of: int
    """All of them."""
    total: int | None
    """What they spent together; None where the log says it of none."""
    median: int | None
    """What the median one of `accounts` spent."""
    priced: int
    """Exchanges of which the log says the cost."""
    exchanges: int
    """All exchanges of the accounts."""


def spend_of(view: CampaignView, book: AccountBook) -> Spend:
    """The spend of the named accounts; of those present where nobody is named."""
    facts = [book.of(row["account"]) for row in view.members]
    known = [one.spend for one in facts if one.spend is not None]
    return Spend(
        len(known),
        len(facts),
        sum(known) if known else None,
        round(median(known)) if known else None,
        sum(one.priced for one in facts),
        sum(one.exchanges for one in facts),
    )


def sentence(view: CampaignView, book: AccountBook) -> str:
    """The spend in a sentence; that the log does not tell it is not the same as that nothing was spent."""
    return told(spend_of(view, book), view.members[0]["tier"] if view.members else "", book.log_prices)


def told(found: Spend, tier: str, log_prices: bool) -> str:
    """The same of a spend that is known. tier: of the accounts; log_prices: whether the log has prices."""
    if found.total is None or found.median is None:
        return NOT_KNOWN if log_prices else NOT_LOGGED
    who = f"the {formatting.plural(found.of, f'{tier} account')}"
    if found.accounts < found.of:
        who = f"{formatting.count(found.accounts)} of {who}"
    amounts = formatting.dollars(found.total)
    if found.accounts > 1:
        amounts += f", the median account {formatting.dollars(found.median)}"
    rest = ""
    if found.priced < found.exchanges:
        rest = (
            f" The log prices {formatting.count(found.priced)} of "
            f"{formatting.plural(found.exchanges, 'exchange')}."
        )
    return f"Spent by {who}: {amounts}.{rest}"


def document(view: CampaignView, book: AccountBook) -> dict[str, Any]:
    """The same as plain values, in micro-dollars, with the sentence."""
    return asdict(spend_of(view, book)) | {"text": sentence(view, book)}
