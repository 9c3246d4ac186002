"""What a conversation starts with: a stored one from elsewhere, a signed one of this world, or what an answer
wrote."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from stillwatch.schema.keyed import mix
from stillwatch.simulate.accounts import MINUTE, Accounts, Array
from stillwatch.simulate.compose import Words
from stillwatch.simulate.jobs import Jobs

LATER = 10 * MINUTE
"""A signature is replayed at the earliest so long after it was issued."""
SOON = MINUTE
"""What an answer wrote is asked at the earliest so long after it was given."""
SPAN = 40
"""Bits that hold the microseconds of a part of a day."""
TURN_SALT = 101


@dataclass(frozen=True)
class Said:
    """What is known of a part's rows before their words; rows of one conversation are consecutive."""

    account: Array
    """Number of the account."""
    time: Array
    """Microseconds since 1970."""
    job: Array
    """Number of the job."""
    turn: Array
    """Turn of its conversation, from 0."""
    language: Array
    """Number of the language."""
    signed: Array
    """Whether its answer has a signature."""


def replayed(said: Said, accounts: Accounts, jobs: Jobs, rng: np.random.Generator) -> Array:
    """Return, for each row that begins a replay, the row whose conversation it replays, else -1.

    A campaign replays what any of its accounts was answered earlier the same day. Anybody else resumes only
    their own conversation. Where nothing is replayed, nothing is drawn.
    """
    opening = np.full(len(said.job), -1, np.int64)
    asks = np.flatnonzero(jobs.replays[said.job] & (said.turn == 0))
    if not len(asks):
        return opening
    own = np.flatnonzero(said.signed & ~jobs.replays[said.job] & (jobs.opening[said.job, 1] == 0))
    opening[asks] = _earlier(asks, own, LATER, said, accounts, rng)
    return opening


def asked_back(said: Said, good: Array, accounts: Accounts, jobs: Jobs, rng: np.random.Generator) -> Array:
    """Return, for each row that asks what an answer wrote, the row of that answer, else -1.

    A campaign asks what any of its accounts was answered earlier the same day, anybody else what they were
    answered themselves. good: rows that were answered. Where nothing is asked back, nothing is drawn.
    """
    source = np.full(len(said.job), -1, np.int64)
    wanted = jobs.asks[said.job]
    for job in np.unique(wanted[wanted >= 0]):
        asks = np.flatnonzero(wanted == job)
        source[asks] = _earlier(asks, np.flatnonzero((said.job == job) & good), SOON, said, accounts, rng)
    return source


def _earlier(
    asks: Array, own: Array, least: int, said: Said, accounts: Accounts, rng: np.random.Generator
) -> Array:
    """Return for each of rows `asks` one of rows `own` of its holder, `least` microseconds before, or -1."""
    campaign = accounts.campaign[said.account]
    holder = np.where(campaign >= 0, campaign, said.account + accounts.campaign.max() + 1) << SPAN
    moment = holder + said.time - said.time.min()
    own = own[np.argsort(moment[own], kind="stable")]
    first = np.searchsorted(moment[own], holder[asks])
    last = np.searchsorted(moment[own], np.maximum(moment[asks] - least, holder[asks]))
    chosen = first + (rng.random(len(asks)) * (last - first)).astype(np.int64)
    found = last > first
    taken = np.full(len(asks), -1, np.int64)
    taken[found] = own[chosen[found]]
    return taken


def with_stored(words: Words, said: Said, own: Array, jobs: Jobs) -> Words:
    """Add the turns of stored conversations to the words, as rows that are no exchanges.

    Also returns what they open.
    """
    least, most = jobs.opening[said.job, 0], jobs.opening[said.job, 1]
    opened = np.flatnonzero((most > 0) & (said.turn == 0))
    if not len(opened):
        return words
    spread = (most - least + 1)[opened].astype(np.uint64)
    count = least[opened] + (mix(own[opened], np.full(len(opened), 17, np.uint64)) % spread).astype(np.int64)
    of = np.repeat(opened, count)
    turn = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    job, language = said.job[of], said.language[of]
    seed = mix(own[of], (turn + TURN_SALT).astype(np.uint64))
    nobody, nothing = np.full(len(of), -1, np.int64), np.zeros(len(of), np.uint64)
    stored = Words(
        turn=turn,
        role=np.where(turn > 0, jobs.follow_role[job], 0),
        system=nobody,
        system_seed=nothing,
        head=nobody,
        head_seed=nothing,
        body=np.where(turn > 0, jobs.follow[job, language], jobs.body[0, job, language]),
        body_seed=seed,
        answer=jobs.answer[job],
        answer_seed=mix(seed, np.full(len(of), 7, np.uint64)),
        wording=seed,
        signature=nothing,
        opening=nobody,
    )
    opening = words.opening.copy()
    opening[opened] = len(said.job) + np.cumsum(count) - 1
    return _joined(replace(words, opening=opening), stored)


def _joined(first: Words, second: Words) -> Words:
    columns: dict[str, Any] = {
        f.name: np.concatenate([getattr(first, f.name), getattr(second, f.name)]) for f in fields(Words)
    }
    return Words(**columns)
