"""What a group was tested against, and with what outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch.report import formatting
from stillwatch.report.sentences.clauses import joined
from stillwatch.run.reading import Row
from stillwatch.schema.codes import Null

_LIMIT = (
    "{who}, on any day and whatever was asked before, the expected share of harvest-like prompts is at most "
    "10%, or at most the share that 95% of the other users of the client stay below if that is larger."
)
NULLS = {
    Null.CONTENT: "the group's accounts carry these prompts, tools, parameters and token shapes as often as "
    "other accounts of the same region, plan, activity and client do.",
    Null.ACCOUNT_HARVEST: _LIMIT.format(who="for this account"),
    Null.OWNER_HARVEST: _LIMIT.format(who="for at least half of the owner's accounts"),
    Null.CONVERSATIONS: "a conversation that one of the accounts has part in, and that another account "
    "carries on word for word, is carried on by one of the group no more often than the group's share of the "
    "accounts and turns of the client.",
    Null.COVERAGE: "each account draws its prompts from the same source as the others, whatever these ask, "
    "as strangers with one template do.",
    Null.NONE: "",
}
TESTED = {
    "flags": "what the prompts ask for",
    "semantic": "the meaning of prompts",
    "dealt": "how a list of prompts is dealt out among the accounts",
}
"""What tests a group without being a facet."""
WIDER = (
    " Where too few others share all four, the comparison is with accounts of the same client, or else of "
    "the "
    "same region, plan and activity."
)
SEMANTIC = ", and their prompts are no more alike in meaning than those of the others."


def null(told: Mapping[str, Any]) -> str:
    """The null hypothesis in sentences, without a capital; empty where there was no test. told:
    campaigns.null.
    """
    if told["code"] not in set(Null):
        return f"{told['code']}."
    said = NULLS[Null(told["code"])]
    if told["semantic"]:
        said = said.removesuffix(".") + SEMANTIC
    return said + (WIDER if told["wider"] else "")


def tested(campaign: Row) -> str:
    """The held-out test: the e-value, what tested the group, and the null hypothesis."""
    facets = [TESTED.get(name, formatting.named(name)) for name in campaign["held_out"]]
    said = null(campaign["null"])
    if not facets and not said:
        return "No evidence was held out to test this group. It rests on the evidence that formed it."
    value = (
        f"E-value {formatting.e_value(campaign['log_e_value'])} "
        f"(p ≤ {formatting.probability(campaign['p_value'])})."
    )
    by = f" It was tested on {joined(facets)}." if facets else ""
    return f"{value}{by}" + (f" The null hypothesis: {said}" if said else "")
