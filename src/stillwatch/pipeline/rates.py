"""How often flags err, from the intent model's card, for whoever estimates shares from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from stillwatch.schema.rates import RATES
from stillwatch.signals.prevalence import as_one_more
from stillwatch.sketch.intent import load_intent

FEWEST_GROUPS = 3
"""A source of fewer groups says nothing of a rate."""


def shipped_rates() -> pa.Table:
    """Table RATES of the intent model that ships."""
    return known_rates(load_intent().card)


def known_rates(card: Mapping[str, Any]) -> pa.Table:
    """Table RATES: each label that the card has figures for.

    Sensitivity is counted as what one more pipeline may be like; false positives as measured on the groups of
    all sources together, for a customer's ordinary traffic is a mixture as they are.
    """
    rows = []
    for label in card["labels"]:
        hits, false = _one_more(label["hits"]), label["false_positives"]
        if hits is not None and false["groups"]:
            wrong = false["share"] * false["groups"]
            rows.append(
                {
                    "label": label["label"].lower(),
                    "hits": hits[0],
                    "positives": hits[1],
                    "false": wrong,
                    "negatives": float(false["groups"]),
                }
            )
    return pa.Table.from_pylist(rows, schema=RATES.arrow)


def _one_more(sources: Sequence[Mapping[str, Any]]) -> tuple[float, float] | None:
    told = [source for source in sources if source["groups"] >= FEWEST_GROUPS]
    if not told:
        return None
    share, groups = (np.array([source[name] for source in told], np.float64) for name in ("share", "groups"))
    return as_one_more(share * groups, groups)
