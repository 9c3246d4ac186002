"""Events of cases as lines that people read: what changed, from what to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stillwatch.cases.case import Case
from stillwatch.cases.event import Action, Event
from stillwatch.cases.remedy import REMEDY
from stillwatch.console.shown import Column
from stillwatch.guard.moments import told
from stillwatch.report import formatting
from stillwatch.report.sentences.clauses import joined

COLUMNS = (
    Column("seq", "Event"),
    Column("time", "When", "time"),
    Column("actor", "Who"),
    Column("action", "What"),
    Column("changes", "From and to", "words"),
    Column("reason", "Why"),
)
OF_ALL = (Column("case", "Case", link="/cases/{case}"), *COLUMNS)
"""The same where events of several cases stand together."""
FIRST = ("state", "outcome", "assignee")
"""Fields that are told before the others."""
OPENED_WITH = ("kind", "accounts")
"""What is told of a case that was opened."""
LONG = ("found", "judged", "identities")
"""Fields whose values are too long for a line."""
TIMES = ("snoozed_until", "deadline")
CALLED = {
    "assignee": "with",
    "assigned_by": "assigned by",
    "proposed_by": "proposed by",
    "approved_by": "agreed by",
    "approved_accounts": "accounts agreed to",
    "snoozed_until": "rests until",
    "found": "what the run says",
    "judged": "what it was judged by",
    "identities": "identities",
}
"""What fields are called."""
MOST_CHANGED = 4
"""Steps and letters that one event names in its line."""
MOST_NAMED = 5
"""Accounts that one event names in its line."""


def row_of(event: Event) -> dict[str, Any]:
    """Return an event as a row."""
    return {
        "seq": event.seq,
        "case": event.case,
        "time": event.time,
        "actor": event.actor,
        "action": str(event.action),
        "changes": changes(event),
        "reason": event.reason,
    }


def changes(event: Event) -> list[str]:
    """Return what an event changed, each from what to what."""
    names = sorted(event.previous, key=lambda name: (name not in FIRST, name))
    if event.new.get("assigned_by") in (event.actor, ""):
        names = [name for name in names if name != "assigned_by"]
    if event.action is Action.OPENED:  # before it there was nothing
        bare = Case(event.case)
        lines = [_change(name, None, event.new.get(name, getattr(bare, name))) for name in OPENED_WITH]
    else:
        lines = [_change(name, event.previous[name], event.new[name]) for name in names]
    lines = [line for line in lines if line]
    if "note" in event.new:
        lines.append(f"note: {formatting.cut(' '.join(str(event.new['note']).split()), 120)}")
    if "labels" in event.new:
        lines.append(_labels(event.new["labels"]))
    if REMEDY in event.new:
        lines += _remedy(event.new[REMEDY])
    if "looked" in event.new:
        lines.append(f"the words of appeal {event.new['looked']}")
    if "evidence" in event.new:
        lines.append(f"evidence kept, of run {formatting.cut(str(event.new['evidence'].get('run', '')), 40)}")
    return lines


def _remedy(changes: Sequence[Mapping[str, Any]]) -> list[str]:
    """What an event did with plans, steps, letters and appeals."""
    told_ = [
        (one, one["from"].get("state", ""), one["to"]["state"])
        for one in changes
        if one["to"].get("state") and one["what"] in ("plan", "step", "letter", "appeal")
    ]
    lines = [f"{one['what']} {one['id']}: {f'{was} → ' if was else ''}{state}" for one, was, state in told_]
    notices = sum(one["what"] == "notice" for one in changes)
    lines += [formatting.plural(notices, "notice")] if notices else []
    more = [f"and {formatting.count(len(lines) - MOST_CHANGED)} more"] if len(lines) > MOST_CHANGED else []
    return [*lines[:MOST_CHANGED], *more]


def _change(name: str, was: Any, now: Any) -> str:
    word = CALLED.get(name, formatting.named(name))
    if name in LONG:
        return f"{word} changed" if was else ""
    if name in ("tags", "links"):
        return _sets(word, was or [], now or [])
    if was in ("", None, 0, []):
        return f"{word}: {_value(name, now)}"
    return f"{word}: {_value(name, was)} → {_value(name, now)}"


def _sets(word: str, was: Sequence[Any], now: Sequence[Any]) -> str:
    put = [_one(one) for one in now if one not in was]
    off = [_one(one) for one in was if one not in now]
    told_ = [f"put on {joined(put)}"] if put else []
    told_ += [f"taken off {joined(off)}"] if off else []
    return f"{word}: {'; '.join(told_)}" if told_ else ""


def _one(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _value(name: str, value: Any) -> str:
    if value in ("", None, []):
        return "none"
    if name in TIMES and isinstance(value, int | float):
        return f"{told(value)[:16].replace('T', ' ')} UTC"
    return formatting.count(value) if isinstance(value, int) else formatting.cut(str(value), 120)


def _labels(labels: Sequence[Mapping[str, Any]]) -> str:
    """What an event taught, and about whom."""
    first = labels[0] if labels else {}
    word = f"{first.get('label', '')}"
    if first.get("scope") == "campaign":
        return f"later searches learn: {word}"
    names = [formatting.cut(str(one.get("subject", "")), 40) for one in labels]
    more = f" and {formatting.count(len(names) - MOST_NAMED)} more" if len(names) > MOST_NAMED else ""
    return f"{formatting.plural(len(names), 'account')} {word}: {', '.join(names[:MOST_NAMED])}{more}"
