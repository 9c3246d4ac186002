"""Figures of a store of cases for Prometheus. No label names an account, a campaign or a person."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy.orm import Session

from stillwatch.cases.models import CaseRow
from stillwatch.cases.outbox.delivery import DEAD, WAITING
from stillwatch.cases.outbox.outbox import counted
from stillwatch.cases.outbox.passes import last_made
from stillwatch.cases.outbox.rows import DeliveryRow
from stillwatch.cases.precision import OVERTURNED, UPHELD
from stillwatch.cases.states import Kind, Outcome, State

CONTENT_TYPE = "text/plain; version=1.0.0; charset=utf-8"


def metrics_text(session: Session, now: float) -> str:
    """Return the figures in Prometheus's text form, within a session. now: POSIX seconds."""
    registry = CollectorRegistry()
    _cases(session, registry, now)
    _deliveries(session, registry, now)
    _passes(session, registry, now)
    return generate_latest(registry).decode("utf-8")


def _cases(session: Session, registry: CollectorRegistry, now: float) -> None:
    gauge = Gauge("stillwatch_cases", "Cases by state and kind.", ["state", "kind"], registry=registry)
    query = sa.select(CaseRow.state, CaseRow.kind, sa.func.count()).group_by(CaseRow.state, CaseRow.kind)
    found = Counter({(state, kind): n for state, kind, n in session.execute(query)})
    for state in State:
        for kind in Kind:
            gauge.labels(str(state), str(kind)).set(found[str(state), str(kind)])
    still_open = CaseRow.state != str(State.CLOSED)
    oldest = session.scalar(sa.select(sa.func.min(CaseRow.opened)).where(still_open))
    late = session.scalar(
        sa.select(sa.func.count()).select_from(CaseRow).where(still_open, CaseRow.deadline < now)
    )
    _single(registry, "oldest_open_seconds", "Age of the oldest case that is not closed.", _age(oldest, now))
    _single(registry, "deadlines_breached", "Cases whose deadline has passed.", late or 0)
    query_closed = sa.select(CaseRow.outcome, sa.func.count()).where(~still_open).group_by(CaseRow.outcome)
    outcomes = Counter({row[0]: row[1] for row in session.execute(query_closed)})
    gauge = Gauge("stillwatch_cases_closed", "Closed cases by outcome.", ["outcome"], registry=registry)
    for outcome in Outcome:
        gauge.labels(str(outcome)).set(outcomes[str(outcome)])
    _single(
        registry,
        "verdicts_decided",
        "Closed cases that say whether the verdict was right.",
        sum(outcomes[str(one)] for one in (*UPHELD, *OVERTURNED)),
    )
    _single(
        registry,
        "verdicts_overturned",
        "Closed cases whose verdict was wrong.",
        sum(outcomes[str(one)] for one in OVERTURNED),
    )


def _deliveries(session: Session, registry: CollectorRegistry, now: float) -> None:
    gauge = Gauge(
        "stillwatch_case_deliveries",
        "Messages by channel and state; those that go to no channel have an empty one.",
        ["channel", "state"],
        registry=registry,
    )
    found = counted(session)
    for (channel, state), n in found.items():
        gauge.labels(channel, state).set(n)
    _single(
        registry,
        "dead_letters",
        "Messages that were given up and wait for a person.",
        sum(n for (_, state), n in found.items() if state == DEAD),
    )
    due = session.scalar(
        sa.select(sa.func.min(DeliveryRow.due)).where(DeliveryRow.state == WAITING, DeliveryRow.due < now)
    )
    _single(
        registry, "delivery_lag_seconds", "Since when the longest waiting message is due.", _age(due, now)
    )


def _passes(session: Session, registry: CollectorRegistry, now: float) -> None:
    for name, told in (("sync", "A run was last synced"), ("deliver", "Messages were last delivered")):
        last = last_made(session, name)
        if last is not None:
            _single(registry, f"{name}_age_seconds", f"{told} so long ago.", _age(last, now))
    newest = _newest_run(session)
    if newest is not None:
        _single(registry, "newest_run_age_seconds", "Age of the newest run's data.", _age(newest, now))


def _newest_run(session: Session) -> float | None:
    """The end of the newest run that a case was updated from."""
    moments = []
    for text in session.scalars(sa.select(CaseRow.found)):
        try:
            moments.append(datetime.fromisoformat(str(json.loads(text).get("last_of_run"))).timestamp())
        except (ValueError, AttributeError):
            continue
    return max(moments, default=None)


def _single(registry: CollectorRegistry, name: str, told: str, value: float) -> None:
    Gauge(f"stillwatch_cases_{name}", told, registry=registry).set(value)


def _age(moment: float | None, now: float) -> float:
    return 0.0 if moment is None else max(now - moment, 0.0)
