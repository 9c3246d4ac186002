"""A campaign's verdict, the bound on its accounts, and why a group is not listed."""

from __future__ import annotations

from typing import Any

from stillwatch.report import formatting
from stillwatch.report.sentences.clauses import joined
from stillwatch.report.sentences.findings import Values, why
from stillwatch.report.view_models import AXES
from stillwatch.run.reading import Row, Run
from stillwatch.schema.codes import Role

DEFAULT_HIGH = 0.5
DOES = {
    "scale": "works at industrial scale",
    "deception": "hides who is behind it",
    "intent": "asks for what looks like training data",
}
"""What a group does whose axis is high."""
SILENT = "does not say who is behind it"
"""The same of deception where no purpose is shown: to declare no owner is no false statement."""
DECIDES = ("scale", "intent")
"""Without these two no group is a campaign; deception parts an adversarial one from an unlicensed one."""
WHO = {
    "linked": "these accounts act as one",
    "alike": "content alone ties these accounts",
    "declared": "these accounts have one owner",
    "single": "this is one account",
}
KNOWN = "one verified organisation, with less use than needs a permit"


STOLEN = (
    "somebody else uses these customers' accounts beside them, most likely with stolen or leaked keys. The "
    "customers are the victims."
)
COORDINATED = (
    "It is not called distillation: no purpose is shown. A relay or resale of access, a farm of accounts or "
    "a vendor can look like this."
)


BELOW = "scores high on scale, with less use than counts as industrial"
"""What a group does whose scale is high in a run of an earlier version, though it is small."""


def high(run: Run) -> float:
    """The score at which an axis is called high in this run."""
    return run.setting("campaigns", "high", DEFAULT_HIGH)


def industrial(run: Run) -> int:
    """The exchanges from which use is called industrial in this run."""
    return int(run.setting("campaigns", "industrial_exchanges", 0))


def verdict(campaign: Row, least: float, many: int = 0) -> str:
    """The verdict in sentences that name the axes behind it. least: the score from which an axis is high;
    many: the exchanges from which use is called industrial.
    """
    strong = [axis for axis in AXES if campaign[axis] >= least]
    if campaign["extracting"] is None and campaign["verdict"] != "unlicensed":
        # What the shape of traffic scores on intent says nothing of what it is for.
        strong = [axis for axis in strong if axis != "intent"]
    does = DOES | {"deception": SILENT} if campaign["verdict"] == "coordinated" else DOES
    told = [BELOW if axis == "scale" and campaign["exchanges"] < many else does[axis] for axis in strong]
    alone = f"It {joined(told)}." if strong else f"No axis reaches {least:g}."
    said = campaign["verdict"].capitalize()
    if campaign["verdict"] == "benign":
        return f"{said}: {WHO.get(campaign['kind'], WHO['linked'])}. {_excused(strong, least)}"
    if campaign["verdict"] == "authorised":
        beyond = ", though its use goes somewhat beyond it" if campaign["permit_excess"] else ""
        return f"{said}: a permit covers the group{beyond}. {alone}"
    group = f"the group {joined(told)}." if strong else alone
    if campaign["role"] == Role.VICTIM:
        return f"{said}: {STOLEN} {f'That use {joined(told)}.' if strong else alone}"
    if campaign["verdict"] == "coordinated":
        return f"{said}, purpose unknown: {group} {COORDINATED}"
    if campaign["verdict"] != "unlicensed":
        return f"{said}: {group}"
    if campaign["permit"]:
        return f"{said}: {group} Its use goes clearly beyond its permit."
    return f"{said}: {group} {'N' if 'deception' in strong else 'It hides nothing, but n'}o permit covers it."


def _excused(strong: list[str], least: float) -> str:
    low = [axis for axis in DECIDES if axis not in strong]
    if not low:
        return f"It {joined([DOES[axis] for axis in strong])}, but openly: it is {KNOWN}."
    if not strong:
        return f"No axis reaches {least:g}."
    return f"{joined(strong).capitalize()} {_is(len(strong))} high, but {joined(low)} {_is(len(low))} not."


def bound(campaign: Row, about: dict[str, Any]) -> str:
    """The lower bound of accounts that take part."""
    level = float(about.get("bound_level", 0.05))
    if campaign["kind"] == "single":
        return "It is one account, and the test is about that account."
    if campaign["at_least"] <= 0:
        return (
            "The test is about the group as a whole. It does not say how many of its "
            f"{formatting.plural(campaign['accounts'], 'account')} take part."
        )
    named = campaign["named"]
    wrong = f"The chance that this is wrong is at most {formatting.percent(level)}."
    beside = " It says nothing of accounts that are only present." if campaign["present"] else ""
    if campaign["at_least"] >= named:
        return f"All {formatting.plural(named, 'named account')} take part. {wrong}{beside}"
    return (
        f"At least {formatting.count(campaign['at_least'])} of {formatting.plural(named, 'named account')} "
        f"take part. {wrong} The test does not say which ones.{beside}"
    )


def reason_unlisted(campaign: Row, least: float, values: Values) -> str:
    """Why a group is not on the list: the axes that are low, or the test that it did not pass. values: of the
    group's signals.
    """
    low = [axis for axis in reversed(DECIDES) if campaign[axis] < least]
    if low and campaign["verdict"] != "coordinated":
        return " ".join(
            f"{axis.capitalize()} is low ({campaign[axis]:.2f}). {why(campaign[f'{axis}_why'], values)}"
            for axis in low
        )
    if campaign["verdict"] == "benign":
        return f"It is {KNOWN}."
    return (
        "It does not pass the held-out test: its e-value is "
        f"{formatting.e_value(campaign['log_e_value'])}, which is too small for a list of this many groups."
    )


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
