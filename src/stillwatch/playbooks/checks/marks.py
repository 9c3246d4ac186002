"""Marks that the advisory names, and whether this operator's data let them be seen."""

from __future__ import annotations

from collections.abc import Sequence

from stillwatch.playbooks.check import Answer, check, met, missing, told
from stillwatch.playbooks.places import Places

LIMITS = ("limit_requests_minute", "limit_requests_day", "limit_tokens_minute", "limit_tokens_day")


@check(
    says="What each plan allows is known, so that use can be held against the subscription.",
    do="add the limits of the plans to the accounts file (columns limit_requests_day, limit_tokens_day …)",
)
def plan_limits_known(places: Places) -> Answer:
    """Accounts have a limit of their plan, and the signal that compares use with it can see."""
    counts = {name: places.filled("accounts", name) for name in LIMITS}
    best, of = max(counts.values())
    if not best:
        return missing(f"none of {of:,} accounts has a limit of its plan")
    return _seeing(places, ("quota_ride",), f"{best:,} of {of:,} accounts have a limit of their plan")


@check(
    says="It is known when accounts were registered, so that new ones at full throughput are seen.",
    do="add the time of registration to the accounts file (column created)",
)
def registrations_known(places: Places) -> Answer:
    """Accounts have a time of registration."""
    count, of = places.filled("accounts", "created")
    return told(bool(count), f"{count:,} of {of:,} accounts have a time of registration")


@check(
    says="The plan of accounts is known, so that enterprise throughput on consumer plans is seen.",
    do="add the plan to the accounts file (column plan)",
)
def plans_known(places: Places) -> Answer:
    """Accounts have a plan, of which there is more than one."""
    count, of = places.filled("accounts", "plan")
    names = set(places.run.table("accounts").column("plan").to_pylist()) - {None, ""}
    return told(
        bool(count) and len(names) > 1,
        f"{count:,} of {of:,} accounts have a plan; {len(names):,} plans are told apart",
    )


@check(
    says="Shared marks of registration and payment can be seen.",
    do="add payment, mail and phone marks to the accounts file",
)
def shared_marks_seen(places: Places) -> Answer:
    """Facets of registration and payment are not blind."""
    return _seeing(places, ("payment", "registration", "shared_payment"), "")


@check(
    says="One subscription used by many people can be seen.",
    do="log conversations or sessions, so that disjoint ones at the same time are seen",
)
def many_hands_seen(places: Places) -> Answer:
    """The signal of many hands in one account is not blind."""
    return _seeing(places, ("many_hands",), "")


@check(
    says="Tests of whether answers were degraded can be seen.",
    do="keep content sketches of prompts (`detect` on logs with text), which this signal reads",
)
def probing_seen(places: Places) -> Answer:
    """The signal of probing prompts is not blind."""
    return _seeing(places, ("prompt_probing",), "")


def _seeing(places: Places, names: Sequence[str], first: str) -> Answer:
    """Whether none of some facets and signals is blind."""
    least = places.settings.playbooks.blind_share
    rows = {row["name"]: row for row in places.rows("blindness") if row["share"] >= least}
    blind = [f"{name} ({rows[name]['reason']})" for name in names if name in rows]
    parts = [first] if first else []
    if blind:
        return missing("; ".join([*parts, f"blind: {', '.join(blind)}"]))
    return met("; ".join([*parts, f"the run's {', '.join(names)} could see"]))
