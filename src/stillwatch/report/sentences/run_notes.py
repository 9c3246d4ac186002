"""What holds for a whole run: the promise of its list, what it could not see or read, and its keys."""

from __future__ import annotations

from collections import Counter
from typing import Any

from stillwatch.report import formatting
from stillwatch.report.sentences.blindness import is_answer
from stillwatch.report.sentences.clauses import joined
from stillwatch.run.reading import Row, Run

NOTHING = "No group passed the error control, so nothing is listed."


def error_control(about: dict[str, Any], campaigns: list[Row]) -> str:
    """What the list of campaigns promises."""
    rate = formatting.percent(float(about.get("false_discovery_rate", 0.05)))
    permitted = sum(1 for campaign in campaigns if campaign["permit"])
    passed, tested = len(campaigns) - permitted, about.get("tested_groups")
    listed = (
        f"{formatting.plural(passed, 'campaign')} {_is(passed)} listed"
        if tested is None
        else f"{formatting.count(passed)} of {formatting.plural(tested, 'tested group')} {_is(passed)} listed"
    )
    also = (
        f" {formatting.plural(permitted, 'group')} with a permit {_is(permitted)} listed too, whatever the "
        "test "
        "says, so that use under a permit can be watched."
    )
    return (
        f"{listed} at a false discovery rate of {rate}. Over many runs, at most {rate} of the listed "
        "campaigns "
        "are expected to be chance. A group is tested only on evidence that did not form it. The rate is "
        "about "
        "coordination. Whether the coordination is wrong is for the three axes to show."
        f"{also if permitted else ''}"
    )


def unlisted(run: Run, listed: int) -> str:
    """How many groups were seen and are not listed."""
    rest = len(run.rows("campaigns")) - listed
    return (
        f"{formatting.plural(rest, 'more group')} {'was' if rest == 1 else 'were'} looked at and "
        f"{_is(rest)} not listed."
    )


def kept_out(run: Run) -> str:
    """What went to quarantine, most frequent reasons first; empty if nothing did."""
    bad = int(run.about.get("quarantined", 0))
    if not bad:
        return ""
    reasons = Counter((row["column"] or "row", row["reason"]) for row in run.rows("quarantine"))
    told = [
        f"{column}: {reason} ({formatting.count(n)})"
        for (column, reason), n in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:3]
    ]
    which = f": {'; '.join(told)}" if told else ""
    return f"{formatting.plural(bad, 'row')} could not be used (see quarantine.parquet){which}."


def not_seen(run: Run) -> str:
    """Facets, signals and stages that saw nothing at all; empty if each saw something."""
    reasons: dict[str, list[str]] = {}
    for row in run.rows("blindness"):
        if row["share"] >= 1.0:
            reasons.setdefault(row["reason"], []).append(formatting.named(row["name"]))
    told = [f"{joined(sorted(names))} ({reason})" for reason, names in sorted(reasons.items())]
    return (
        f"These had no data and say nothing: {'; '.join(told)}. That is no sign of innocence." if told else ""
    )


def partly_blind(run: Run) -> str:
    """Facets that could not see everything; empty if all did."""
    names = {
        row["name"]
        for row in run.rows("blindness")
        if row["kind"] == "facet" and row["share"] > 0 and not is_answer(row)
    }
    told = joined([formatting.named(name) for name in sorted(names)])
    return f"Facets that lacked data in part of this run: {told}." if told else ""


def key_note(about: dict[str, Any]) -> str:
    """Whether the keys in the tables can be guessed."""
    if about.get("key") == "private":
        return (
            f"Keys were made with a private key{_called(about)}. Nobody can guess anything from them "
            "without it."
        )
    return (
        "Keys were made with the public key. Whoever has the tables can test guesses of prompts, addresses "
        "and "
        "ids, so do not share the tables."
    )


def _called(about: dict[str, Any]) -> str:
    name = about.get("sketch", {}).get("key")
    return f" (id {name})" if isinstance(name, str) else ""


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
