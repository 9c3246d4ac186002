"""Every decision, as a line: what policy said, what was done, why, on what it rests, and how long it took."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import zstandard

from stillwatch.guard.ports import Recorded
from stillwatch.guard.request import UNREAD, Answer, Decision, Request
from stillwatch.guard.segments import PACKED, PLAIN, Segments
from stillwatch.response.ladder import Action, Step
from stillwatch.response.limits import HeldBack
from stillwatch.response.outcome import Fired

MARK = "decision/1"
"""What field `stillwatch` of a line says: what the line is, and in which version of this format."""
STATUS = {Answer.ALLOW: 200, Answer.DENY: 403, Answer.WAIT: 429, Answer.UNAVAILABLE: 503}
"""The HTTP status that goes with an answer."""
KEY = re.compile("[0-9a-f]{16}")
LONGEST = 512
"""Characters kept of a text that a client may have written."""


class DecisionRecords:
    """Records as JSON lines, turned over and packed. Those that act are written at once."""

    def __init__(self, folder: Path, name_of: Callable[[str], str], **options: Any) -> None:
        """name_of: from the gateway's account id to the one that runs keep (a pseudonym of a credential).
        options: of Segments. Raises RunError as Segments does.
        """
        self._segments = Segments(folder, "decisions", **options)
        self._name_of = name_of

    def decided(self, request: Request, decision: Decision, now: float) -> Recorded:
        """Record a decision. UNWRITTEN: one that acts could not be written, and waits."""
        if not acts(decision):
            self._segments.soon(lambda: self._line(request, decision, now))
            return Recorded.SOON
        # A second line about one decision must not come before the first.
        second = decision.reason == UNREAD or decision.held_back is HeldBack.UNRECORDED
        written = self._segments.now(self._line(request, decision, now), last=second)
        return Recorded.WRITTEN if written else Recorded.UNWRITTEN

    @property
    def segments(self) -> Segments:
        """The files, for metrics: what waits, what was lost, what fails."""
        return self._segments

    def flush(self) -> None:
        """Write what waits."""
        self._segments.flush()

    def close(self) -> None:
        """Write what waits, and end."""
        self._segments.close()

    def _line(self, request: Request, decision: Decision, now: float) -> bytes:
        return orjson.dumps(document(request, decision, self._name_of(request.account), now)) + b"\n"


def acts(decision: Decision) -> bool:
    """Whether a decision changes anything for the customer."""
    return decision.answer is not Answer.ALLOW or decision.action.step is not Step.OBSERVE


def document(request: Request, decision: Decision, account_id: str, now: float) -> dict[str, Any]:
    """Return a decision as its line has it. account_id: the id that runs keep."""
    return {
        "stillwatch": MARK,
        "id": decision.id,
        "time": datetime.fromtimestamp(now, UTC).isoformat(timespec="microseconds"),
        "request_id": clean(request.request_id),
        "account_id": clean(account_id),
        "key": f"{decision.key:016x}",
        "surface": request.surface,
        "model": clean(request.facts.model),
        "answer": decision.answer,
        "status_code": 400 if decision.reason == UNREAD else STATUS[decision.answer],
        "action": _action(decision.action),
        "also": [_action(action) for action in decision.also],
        "said": _action(decision.said),
        "held_back": decision.held_back,
        "rules": [_fired(one) for one in decision.fired],
        "shadow": [_fired(one) for one in decision.shadow],
        "review": list(decision.review),
        "permission": decision.permission,
        "permit": decision.permit,
        "campaign": decision.campaign,
        "tier": decision.tier,
        "reason": decision.reason,
        "retry_after_s": round(decision.retry_after_s, 3),
        "delay_ms": decision.delay_ms,
        "cohort": decision.cohort,
        "reserved": decision.reserved,
        "stale": decision.stale,
        "snapshot": decision.snapshot,
        "policy": decision.policy,
        "latency_us": round(decision.latency_ns / 1000, 1),
    }


def clean(text: str) -> str:
    """Return a text of a client as a record keeps it: cut, and without halves of surrogate pairs."""
    return text[:LONGEST].encode("utf-8", "replace").decode()


def decisions(folder: Path) -> Iterator[dict[str, Any]]:
    """The recorded decisions, newest file first, and the newest first in each. What is no decision is left
    out, half a line and a file that is broken too: whoever reads must not depend on who else may write there.
    """
    found = [
        path for path in folder.glob("decisions-*") if path.name.endswith((PLAIN, PACKED)) and path.is_file()
    ]
    for path in sorted(found, reverse=True):
        yield from reversed(list(_lines(path)))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open("rb") as file:
            source: Any = zstandard.ZstdDecompressor().stream_reader(file) if path.suffix == ".zst" else file
            for line in io.BufferedReader(source) if path.suffix == ".zst" else source:
                row = _row(line)
                if row is not None:
                    yield row
    except FileNotFoundError:  # it was packed meanwhile, and is read under its other name
        return
    except (zstandard.ZstdError, OSError):  # what was read until here holds
        return


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(row, dict) or row.get("stillwatch") != MARK:
        return None
    texts = (row.get(name) for name in ("id", "time", "key", "answer"))
    action = row.get("action")
    if not all(isinstance(text, str) for text in texts) or not KEY.fullmatch(row["key"]):
        return None
    return row if isinstance(action, dict) and isinstance(action.get("step"), str) else None


def _action(action: Action) -> dict[str, Any]:
    found: dict[str, Any] = {"step": action.step.name.lower()}
    if action.step is Step.SLOW:
        found |= {"account_tokens": action.account_tokens, "campaign_tokens": action.campaign_tokens}
    if action.step is Step.ROUTE:
        found["model"] = action.model
    if action.step is Step.TRIM:
        found["most_n"] = action.most_n
    return found


def _fired(fired: Fired) -> dict[str, Any]:
    return {
        "rule": fired.rule,
        "version": fired.version,
        "stage": fired.stage,
        "step": fired.action.step.name.lower(),
    }
