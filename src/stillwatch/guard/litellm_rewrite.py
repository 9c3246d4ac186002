"""Does to a request in LiteLLM's proxy what a decision says, in place."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from stillwatch.guard.cohort import COHORT_HEADER, REASONING_HEADER, cohort
from stillwatch.guard.cohort import OURS as OURS_BYTES
from stillwatch.guard.litellm_request import whole
from stillwatch.guard.request import Decision
from stillwatch.response.ladder import Action, Step

CARRIED = ("extra_headers", "headers")
"""Where LiteLLM keeps headers for the model server; a client can write into both."""
BUCKETS = ("litellm_metadata", "metadata")
"""Where LiteLLM keeps its own notes on a request; the first is used where the dialect has a `metadata`."""
NAMES_MODEL = "_complexity_router_return_raw_model_name"
"""LiteLLM writes the model's name that was asked for into each answer, unless this note is true."""
WITHHELD = "policy_withheld"
"""The note on a request whose answer is to be without reasoning."""
OURS, COHORT, REASONING = (name.decode() for name in (OURS_BYTES, COHORT_HEADER, REASONING_HEADER))
Data = MutableMapping[str, Any]


def unmarked(data: Data) -> None:
    """Take away what a client sent under the names of the guard's own headers."""
    for place in CARRIED:
        carried = data.get(place)
        if isinstance(carried, Mapping) and any(map(_is_ours, carried)):
            data[place] = {name: value for name, value in carried.items() if not _is_ours(name)}


def notes(data: Data) -> Data:
    """Return LiteLLM's own notes on a request, which no model and no client sees."""
    for name in BUCKETS:
        found = data.get(name)
        if isinstance(found, MutableMapping):
            return found
    made: Data = {}
    data[BUCKETS[0]] = made
    return made


def withholds(data: Any) -> bool:
    """Return whether the answer to a request is to be without reasoning."""
    found = [data.get(name) for name in BUCKETS] if isinstance(data, Mapping) else []
    return any(isinstance(bucket, Mapping) and bucket.get(WITHHELD) is True for bucket in found)


def rewrite(data: Data, decision: Decision, cohort_key: bytes, *, tells: bool = True) -> None:
    """Change a request that is allowed. cohort_key: the key under which the model server is told of cohorts.
    tells: whether it can be told.
    """
    told: dict[str, str] = {}
    for action in (decision.action, *decision.also):
        if action.step is Step.TRIM:
            _trim(data, action)
        elif action.step is Step.SUMMARISE:
            _summarise(data)
            told[REASONING] = "summary"
        elif action.step is Step.ROUTE and action.model:
            data["model"] = action.model
            notes(data)[NAMES_MODEL] = True  # an answer does not claim to be of another model
    if decision.cohort:
        told[COHORT] = cohort(decision.cohort, cohort_key)
    if told and tells:
        carried = data.get("extra_headers")
        data["extra_headers"] = {**(carried if isinstance(carried, Mapping) else {}), **told}


def _trim(data: Data, action: Action) -> None:
    most = max(action.most_n, 1)
    for name in ("logprobs", "top_logprobs"):
        data.pop(name, None)
    for name in ("n", "best_of"):
        if name in data:
            data[name] = min(whole(data[name]) or 1, most)
    include = data.get("include")
    if isinstance(include, list):
        data["include"] = [one for one in include if not (isinstance(one, str) and "logprobs" in one)]
    inside = data.get("generationConfig")
    if isinstance(inside, Mapping):
        kept = {name: value for name, value in inside.items() if name not in ("responseLogprobs", "logprobs")}
        if "candidateCount" in kept:
            kept["candidateCount"] = min(whole(kept["candidateCount"]) or 1, most)
        data["generationConfig"] = kept


def _summarise(data: Data) -> None:
    """Ask for none where the dialect has a word for it; `litellm_withheld` takes out what comes anyway."""
    notes(data)[WITHHELD] = True
    if "include_reasoning" in data:
        data["include_reasoning"] = False
    thinking = data.get("thinking")
    if isinstance(thinking, Mapping) and thinking.get("type") != "disabled":
        data["thinking"] = {**thinking, "display": "omitted"}


def _is_ours(name: Any) -> bool:
    return isinstance(name, str) and name.lower().startswith(OURS)
