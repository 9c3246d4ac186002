"""How the steps that let a model answer change a request: its body, and two headers for the server."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson

from stillwatch.guard.bodies import MOST_BESIDE, Body, Raw, clear, count, fields_of, members, small, written
from stillwatch.guard.cohort import COHORT_HEADER as COHORT_HEADER
from stillwatch.guard.cohort import OURS as OURS
from stillwatch.guard.cohort import REASONING_HEADER as REASONING_HEADER
from stillwatch.guard.cohort import cohort as cohort
from stillwatch.guard.request import Decision
from stillwatch.response.ladder import Action, Step

LOGPROBS = ("logprobs", "top_logprobs", "prompt_logprobs")
"""TRIM: fields that are dropped."""
COUNTS = ("n", "best_of")
"""TRIM: fields that are cut."""
LOGPROBS_INCLUDED = "message.output_text.logprobs"
"""TRIM: what is dropped from `include` of OpenAI's responses."""
FALSE, TRUE, OMITTED = Raw(b"false"), Raw(b"true"), Raw(b'"omitted"')
Members = dict[str, Raw]


def headers(decision: Decision, key: bytes) -> list[tuple[bytes, bytes]]:
    """The headers that tell the server of a decision. key: of the cohorts."""
    told: list[tuple[bytes, bytes]] = []
    for action in taken(decision):
        if action.step is Step.MARK and decision.cohort:
            told.append((COHORT_HEADER, cohort(decision.cohort, key).encode()))
        elif action.step is Step.SUMMARISE:
            told.append((REASONING_HEADER, b"summary"))
    return told


def taken(decision: Decision) -> Iterable[Action]:
    """The steps that are taken, the hardest first."""
    return (decision.action, *decision.also)


def handed_on(body: Body, decision: Decision) -> bytes | None:
    """The body that the server gets: as it was sent, unless a step changes it or it could be read in two
    ways; then it is written anew from the fields as they were read. None: it cannot be read.
    """
    found = members(body)
    if found is None:
        return None
    changed = dict(found)
    for action in taken(decision):
        change = CHANGES.get(action.step)
        if change is not None:
            change(changed, action)
    if changed == found and clear(body.data, found):
        return body.data
    return written(changed)


def _trim(found: Members, action: Action) -> None:
    for name in _named(found, LOGPROBS):
        del found[name]
    for name in _named(found, COUNTS):
        asked = bytes(found[name])
        # What is no plain number might be a large one to the server.
        if not asked.isdigit() or (count(found[name]) or 0) > action.most_n:
            found[name] = Raw(str(max(action.most_n, 1)).encode())
    for name in _named(found, ("include",)):
        given = small(found[name])
        if isinstance(given, list) and LOGPROBS_INCLUDED in given:
            found[name] = _json([one for one in given if one != LOGPROBS_INCLUDED])
        elif given is None and b"logprobs" in bytes(found[name]):
            del found[name]


def _route(found: Members, action: Action) -> None:
    if not action.model:
        return
    model = _json(action.model)
    for name in _named(found, ("model",)):
        if name != "model":
            del found[name]
    found["model"] = model


def _summarise(found: Members, _action: Action) -> None:
    for name in _named(found, ("include_reasoning",)):
        found[name] = FALSE
    for name in _named(found, ("reasoning",)):
        found[name] = _inside(found[name], "exclude", TRUE)
    for name in _named(found, ("thinking",)):
        found[name] = _inside(found[name], "display", OMITTED)


def _inside(raw: Raw, field: str, value: Raw) -> Raw:
    """An object with another value of a field that it has."""
    given = fields_of(bytes(raw)) if len(raw) <= MOST_BESIDE else None
    if given is None or field not in given:
        return raw
    return Raw(written({**given, field: value}))


def _json(value: Any) -> Raw:
    return Raw(orjson.dumps(value))


def _named(found: Members, names: tuple[str, ...]) -> list[str]:
    """The fields of these names in any case: to servers in Go, `N` and `n` are one field."""
    return [name for name in found if name in names or name.casefold() in names]


CHANGES: dict[Step, Callable[[Members, Action], None]] = {
    Step.TRIM: _trim,
    Step.ROUTE: _route,
    Step.SUMMARISE: _summarise,
}
