"""What a campaign's traffic says of its purpose where the log holds no prompts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from stillwatch.report import formatting
from stillwatch.report.account_facts import AccountBook
from stillwatch.report.sentences.clauses import joined, sentences
from stillwatch.report.sentences.findings import NOT_ASSESSABLE
from stillwatch.report.view_models import CampaignView

FORMS = {
    "system": "a system prompt",
    "tools": "a set of tools",
    "parameters": "parameters",
    "output_format": "an output format",
    "token_shape": "a shape of token counts",
    "head": "the beginning of prompts",
}
"""Held-out facets that tell of fixed requests without their words."""
WIDE = 0.5
"""Share of the accounts that must carry one key before it is told here."""
LIMITS = (
    "This shows an organised operation of one form, and how much it took. It does not show what the answers "
    "are for: a relay, a product and a harvest can look like this."
)


def unassessable(view: CampaignView, book: AccountBook) -> str:
    """The strongest statement that volume, fixed forms, token shapes and choice of model allow."""
    return f"{NOT_ASSESSABLE} {sentences(_told(view, book))} {LIMITS}"


def _told(view: CampaignView, book: AccountBook) -> Iterator[str]:
    campaign = view.campaign
    n = max(campaign["exchanges"], 1)
    sent = f"what can be said without them: {formatting.plural(campaign['exchanges'], 'exchange')}"
    if campaign["input_tokens"] and campaign["output_tokens"]:
        yield (
            f"{sent} read {formatting.short(campaign['input_tokens'] / n)} tokens and were given "
            f"{formatting.short(campaign['output_tokens'] / n)} on average"
        )
    else:
        yield f"{sent}, whose tokens the log does not count"
    size = max(campaign["accounts"], 1)
    shared = [
        f"{FORMS[row['facet']]} ({formatting.count(row['top_accounts'])} of them, "
        f"{formatting.count(row['top_elsewhere'])} other accounts)"
        for row in sorted(view.evidence, key=lambda row: (-row["top_accounts"], row["facet"]))
        if row["facet"] in FORMS and row["top_accounts"] >= WIDE * size and row["nats"] > 0
    ]
    if shared:
        yield f"its accounts have in common {joined(shared)}"
    models: Counter[str] = Counter()
    for row in view.members:
        facts = book.of(row["account"])
        if facts.models:
            models[facts.models[0]] += 1
    if models:
        model, accounts = min(models.items(), key=lambda item: (-item[1], item[0]))
        yield (
            f"the model that {formatting.count(accounts)} of "
            f"{formatting.plural(sum(models.values()), 'account')} ask most is {formatting.cut(model, 60)}"
        )
