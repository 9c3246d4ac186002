"""Test groups with one template: are their prompts dealt out, rather than drawn by each account alone?

Strangers who draw from one source meet at its popular prompts. Accounts among which a list is dealt out avoid
what the others have had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import _
from scipy.sparse import csc_array
from scipy.special import logsumexp

from stillwatch.engine import Engine, Table
from stillwatch.engine.portions import in_portion
from stillwatch.schema.keyed import mix
from stillwatch.schema.table import values

FADES = (0.1, 0.7)
"""A prompt that m other accounts have had weighs fade**m; the bet is the mean over the fades."""
PARTNER = 0.5
"""An account of whose repeated prompts one other account had this share wins nothing: two of one person."""
SOURCE = 0.5
"""An outsider shares the source if this share of its prompts are also the group's, in the forming half."""
SOURCE_PROMPTS = 3
"""And at least so many."""
OUTSIDERS = 2
"""Outsiders who must ask a prompt before it counts as one of the source."""
ROWS = 300_000
"""Prompts of a group's accounts that are compared; of more, a sample of the prompts."""
ACCOUNTS = 1_000
"""Accounts of a group that are compared; of more, a sample of them."""
LEAST = 1e-300
"""A bet is never quite lost, so that its logarithm is a number."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass
class Counted:
    """How many accounts have had each prompt so far, and how many prompts have had each number."""

    counts: Ints
    """For each prompt."""
    inside: npt.NDArray[np.bool_]
    """The prompts that the bet is about, from the start."""
    grows: bool
    """Whether a prompt that is asked for the first time comes in."""
    histogram: Ints = field(init=False)
    """For each count, the prompts inside with it."""

    def __post_init__(self) -> None:
        self.histogram = np.zeros(8, np.int64)
        self.histogram[0] = int(self.inside.sum())

    def gain(self, row: Ints) -> Floats:
        """What each fade's bet is multiplied by for an account that asks the prompts `row`; shape (fades,).

        Each of its prompts that are inside adds its weight over the mean weight of all inside, less one, and
        the sum is divided by all its prompts. So only how likely each prompt is to be among them matters, not
        which ones come together.
        """
        hits = self.counts[row[self.inside[row]]]
        if not len(hits):
            return np.ones(len(FADES))
        weights = np.power(np.array(FADES)[:, None], np.arange(len(self.histogram))[None, :])
        usual = weights @ self.histogram / self.histogram.sum()
        more = np.power(np.array(FADES)[:, None], hits[None, :]) / usual[:, None] - 1.0
        return np.asarray(1.0 + more.sum(axis=1) / len(row))

    def add(self, row: Ints) -> None:
        """Count an account that asks the prompts `row`."""
        if self.grows:
            new = row[~self.inside[row]]
            self.inside[new] = True
            self.histogram[0] += len(new)
        known = row[self.inside[row]]
        before = self.counts[known]
        top = int(before.max(initial=0)) + 2
        if top > len(self.histogram):
            self.histogram = np.append(self.histogram, np.zeros(max(top, len(self.histogram)), np.int64))
        self.histogram -= np.bincount(before, minlength=len(self.histogram))
        self.histogram += np.bincount(before + 1, minlength=len(self.histogram))
        self.counts[known] += 1


def coverage_log_e(rows: Sequence[Ints], known: Ints, prompts: int) -> float:
    """Return the log e-value of a group against drawing from one source, account by account.

    rows: the distinct prompts (numbers below `prompts`) of each account, in an order that does not depend on
    them. known: prompts that others with the same source asked. There are two bets for each fade: on the
    prompts that earlier accounts of the group have had, and on the known ones. An account's prompts are a
    draw from the source; with a count m of earlier accounts, a prompt is the likelier the larger m is. So the
    mean of fade**m over its prompts is, on average, at most the mean over all prompts that the bet is about.
    """
    seen = Counted(np.zeros(prompts, np.int64), np.zeros(prompts, np.bool_), grows=True)
    given = np.zeros(prompts, np.bool_)
    given[known] = True
    public = Counted(np.zeros(prompts, np.int64), given, grows=False)
    log_e = np.zeros((2, len(FADES)))
    account = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    asked = csc_array(
        (np.ones(len(account), np.bool_), (account, np.concatenate([known[:0], *rows]))),
        shape=(len(rows), prompts),
    )
    for number, row in enumerate(rows):
        gains = np.stack([seen.gain(row), public.gain(row)])
        if _of_partner(asked, row, number):
            gains = np.minimum(gains, 1.0)
        log_e += np.log(np.maximum(gains, LEAST))
        for side in (seen, public):
            side.add(row)
    bets = log_e.ravel() if len(known) else log_e[0]
    return float(np.round(logsumexp(bets) - np.log(len(bets)), 6))


def _of_partner(asked: csc_array, row: Ints, number: int) -> bool:
    """Whether one earlier account asked PARTNER or more of those of these prompts that any of them asked.

    asked: accounts in their order by prompts. number: the account's own place.
    """
    columns = asked[:, row]
    before = columns.indices < number
    if not before.any():
        return False
    prompt = np.repeat(np.arange(len(row)), np.diff(columns.indptr))[before]
    most = np.bincount(columns.indices[before]).max()
    return bool(most >= PARTNER * len(np.unique(prompt)))


def coverage(engine: Engine, exchanges: Table, halves: Table, members: pa.Table) -> dict[int, float]:
    """Return the log e-value of each group in members (group, account), in the test half.

    exchanges: account, prompt, part. halves: table of linkage.
    """
    if not members.num_rows:
        return {}
    inside = engine.load("coverage_members", members.select(["group", "account"]))
    dated = exchanges.filter(_.prompt.notnull())
    asked = dated.join(halves, "part").select("account", "prompt", "tests")
    own = engine.create(
        "own_prompts", asked.join(inside, "account").select("group", "account", "prompt", "tests").distinct()
    )
    counted = engine.collect(own.filter(_.tests).group_by("group").agg(n=_.count()))
    most = max(values(counted, "n"), default=0)
    portions = most // ROWS + 1
    sampled = own.filter(own.tests & in_portion(_.prompt, 0, portions))
    known = _known(engine, asked, own, inside).filter(in_portion(_.prompt, 0, portions))
    found = {}
    for name in sorted(values(counted, "group")):
        rows = engine.collect(
            sampled.filter(_.group == name).select("account", "prompt").order_by(["account", "prompt"])
        )
        public = engine.collect(known.filter(_.group == name).select("prompt").order_by("prompt"))
        found[int(name)] = _of_group(
            rows.column("account").to_numpy(),
            rows.column("prompt").to_numpy(),
            public.column("prompt").to_numpy(),
        )
    return found


def _of_group(account: Ints, prompt: Ints, public: Ints) -> float:
    names, number = np.unique(np.concatenate([prompt, public]), return_inverse=True)
    people, start = np.unique(account, return_index=True)
    rows = np.split(number[: len(prompt)], start[1:])
    order = np.argsort(mix(people.astype(np.uint64), np.array([2], np.uint64)), kind="stable")[:ACCOUNTS]
    return coverage_log_e([rows[place] for place in order], number[len(prompt) :], len(names))


def _known(engine: Engine, asked: Table, own: Table, inside: Table) -> Table:
    """Create table known_prompts (group, prompt): what outsiders with a group's source ask in the test half.

    Who these are follows from the forming half alone. At least OUTSIDERS must ask a prompt: one alone may be
    another account of one of the group's people.
    """
    formed_own = own.filter(~_.tests).select("group", "prompt").distinct()
    formed = asked.filter(~_.tests).select("account", "prompt")
    common = formed.semi_join(formed_own, "prompt").distinct()
    shared = common.join(formed_own, "prompt").group_by("group", "account").agg(shared=_.count())
    shared = shared.filter(_.shared >= SOURCE_PROMPTS).anti_join(inside, ["group", "account"])
    total = formed.semi_join(shared, "account").group_by("account").agg(total=_.prompt.nunique())
    same = shared.join(total, "account").filter(_.shared >= SOURCE * _.total).select("group", "account")
    theirs = asked.filter(_.tests).join(same, "account").group_by("group", "prompt")
    several = theirs.agg(outsiders=_.account.nunique()).filter(_.outsiders >= OUTSIDERS)
    return engine.create("known_prompts", several.select("group", "prompt"))
