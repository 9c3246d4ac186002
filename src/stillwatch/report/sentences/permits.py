"""Whom a permit covers, and what goes beyond it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch.report import formatting
from stillwatch.report.sentences.clauses import clause, joined
from stillwatch.run.reading import Row
from stillwatch.schema.codes import Excess
from stillwatch.schema.values import every, items

EXCESS = {
    Excess.MODELS: "They used {model}, which the permit does not name.",
    Excess.EXCHANGES: "They had {used:exchange}; the permit allows {allowed:#}.",
    Excess.OUTPUT_TOKENS: "They were given {used:output token}; the permit allows {allowed:#}.",
    Excess.ENDED: "They went on until {last}; the permit ended on {expires}.",
    Excess.NOT_BEGUN: "They began on {first}; the permit starts on {starts}.",
}


def permit(campaign: Row) -> str:
    """Which permit covers a group, and what of its use goes beyond it."""
    if not campaign["permit"]:
        return "No permit covers these accounts."
    return f"The permit {formatting.cut(campaign['permit'], 80)} is for these accounts. {beyond(campaign)}"


def beyond(campaign: Row) -> str:
    """What goes beyond the permit, in sentences."""
    return " ".join(map(excess, campaign["permit_excess"])) or "Nothing goes beyond it."


def excess(told: Mapping[str, Any]) -> str:
    """One excess as a sentence. told: code and values, an entry of campaigns.permit_excess."""
    values = items(told["values"])
    if told["code"] == Excess.MODELS:
        values |= {
            "model": joined([formatting.cut(str(name), 40) for name in every(told["values"], "model")])
        }
    known = told["code"] in set(Excess)
    return clause(EXCESS[Excess(told["code"])], values) if known else f"Beyond it: {told['code']}."
