"""What a provider's prompt cache holds when a turn of a conversation arrives.

Nothing here draws from a world's random stream: the chances come from hashes of the exchanges, so that every
other column of a world stays what it is.
"""

from __future__ import annotations

import numpy as np

from stillwatch.schema.keyed import mix
from stillwatch.simulate.accounts import Array

LIFE = 300_000_000
"""Microseconds for which the cache of an account keeps a conversation; providers state five minutes."""
LEAST = 1_024
"""Tokens from which a prompt is cached at all."""
STEP = 128
"""Cached tokens come in steps."""
MISSED = 0.05
"""Share of turns that find nothing although they should: another machine, a full cache."""
HELD = 0.95
"""Share of the shorter of two turns that is the same in both."""


def chances(rows: Array, salt: int) -> Array:
    """Return a number from 0 to 1 for each row, the same for equal rows. rows: numbers of exchanges."""
    drawn = mix(rows.astype(np.uint64), np.full(len(rows), salt, np.uint64))
    return np.asarray((drawn >> np.uint64(11)).astype(np.float64) / 2.0**53)


def cached_tokens(owner: Array, turn: Array, time: Array, read: Array, good: Array, chance: Array) -> Array:
    """Return the tokens of each row that came from the cache of its account.

    Rows of one run are consecutive; turn counts within a conversation, time is in microseconds, read in
    tokens. Each account has a cache of its own, so a turn that another account took up finds nothing.
    """
    before = np.maximum(np.arange(len(turn)) - 1, 0)
    warm = (turn > 0) & (owner == owner[before]) & good[before] & (time - time[before] <= LIFE)
    shared = np.minimum(read, read[before])
    warm &= (shared >= LEAST) & good & (chance >= MISSED)
    return np.asarray(np.where(warm, (shared * HELD).astype(np.int64) // STEP * STEP, 0))
