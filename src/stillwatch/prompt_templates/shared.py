"""Fingerprints that several accounts of a group share, and how often two of them occur in one prompt.

The engine does this, with a cost linear in the exchanges.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.schema.table import schema_of

INNER, HEAD, TAIL = range(3)
"""Kinds of fingerprints: a sampled shingle, the prompt's first words, its last words."""
SAMPLE = 10_000
"""Exchanges of one group in which templates are searched; all exchanges are counted."""
SAMPLE_OF_ALL = 200_000
"""Exchanges of all groups together in which templates are searched."""
MOST_KEYS = 2_000
"""Fingerprints of one group that are compared: those with most exchanges."""
MOST_TOGETHER = 32
"""Fingerprints of one exchange that are compared, so that its pairs are bounded.

Those with the lowest keys are taken: the same ones for every filling of a frame.
"""
LEAST_ACCOUNTS = 3
"""Accounts that must share a fingerprint."""
LEAST_EXCHANGES = 5
"""Sampled exchanges that must hold it."""
LEAST_MUTUAL = 0.02
"""A pair is returned if it is in at least this share of the exchanges of either fingerprint."""


@dataclass(frozen=True)
class Search:
    """How templates are searched."""

    shingle_words: int = 5
    """Words of a sampled shingle, as the sketches were made."""
    shingle_rate: int = 6
    """One window in so many is sampled, fewer in long prompts."""
    edge_words: int = 8
    """Words of a head or a tail."""
    least_share: float = 0.01
    """Share of a group's exchanges with text that a fingerprint must be in."""
    sample: int = SAMPLE
    """Exchanges of one group that are examined."""


@dataclass(frozen=True)
class Shared:
    """What accounts of a group have in common."""

    sample: Table
    """group, request, words of the sampled exchanges, and what they were made from."""
    kept: Table
    """group, request, key, place: each shared fingerprint of each sampled exchange, once."""
    keys: pa.Table
    """group, key, kind, n (sampled exchanges), accounts, place (mean)."""
    pairs: pa.Table
    """group, key, other, n: sampled exchanges that hold both; key < other."""


def shared(engine: Engine, rows: Table, texts: dict[int, int], search: Search) -> Shared:
    """Find what accounts of a group share.

    The input is rows (group, request, account, words, shingles, places, head, tail) of exchanges with text.
    """
    sample = engine.create(
        "template_sample",
        rows.join(engine.load("template_strides", strides(texts, search)), "group").filter(
            _.request % _.stride == 0
        ),
    )
    # The smallest and the largest account show whether there are two, without counting them.
    used = (
        spread(sample, search)
        .group_by("group", "key", "kind")
        .agg(n=_.count(), low=_.account.min(), high=_.account.max(), least=_.least.max())
    )
    ranked = used.filter((_.low < _.high) & (_.n >= _.least)).mutate(
        rank=ibis.row_number().over(ibis.window(group_by="group", order_by=[_.n.desc(), "key"]))
    )
    several = engine.create(
        "template_several", ranked.filter(_.rank < MOST_KEYS).select("group", "key", "kind", "least")
    )
    once = (
        spread(sample, search)
        .join(several.select("group", "key"), ["group", "key"])
        .group_by("group", "request", "key")
    )
    common = engine.create("template_common", once.agg(account=_.account.max(), place=_.place.min()))
    counts = common.group_by("group", "key").agg(
        n=_.count(), accounts=_.account.nunique(), places=_.place.sum()
    )
    enough = counts.join(several, ["group", "key"]).filter((_.accounts >= LEAST_ACCOUNTS) & (_.n >= _.least))
    keys = engine.create(
        "template_keys",
        enough.select("group", "key", "kind", "n", "accounts", place=(_.places / _.n).cast("float64")),
    )
    kept = engine.create(
        "template_kept", common.select("group", "request", "key", "place").semi_join(keys, ["group", "key"])
    )
    engine.drop("template_common")
    pairs = engine.collect(_pairs(kept, keys).order_by(["group", "key", "other"]))
    return Shared(sample, kept, engine.collect(keys.order_by(["group", "key"])), pairs)


def strides(texts: dict[int, int], search: Search) -> pa.Table:
    """group, stride, least: one exchange in `stride` is examined; a fingerprint must be in `least` of these.

    Keys of requests are hashes, so those that a stride divides are a fair sample, and the same one in every
    engine.
    """
    wanted = {group: -(-n // search.sample) for group, n in texts.items() if n}
    over = -(-sum(texts[group] // stride for group, stride in wanted.items()) // SAMPLE_OF_ALL)
    taken = {group: stride * max(1, over) for group, stride in wanted.items()}
    rows = [
        (group, stride, max(LEAST_EXCHANGES, int(search.least_share * texts[group] / stride)))
        for group, stride in sorted(taken.items())
    ]
    schema = schema_of(group=pa.int32(), stride=pa.int64(), least=pa.int64())
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema=schema)


def spread(rows: Table, search: Search) -> Table:
    """Return group, request, account, least, key, kind, place: one row per fingerprint of each exchange."""
    same = ("group", "request", "account", "least")
    inner = rows.unnest("shingles", offset="nth").select(
        *same, key=_.shingles, kind=ibis.literal(INNER), place=_.places[_.nth].cast("int64")
    )
    heads = rows.filter(_["head"].notnull()).select(
        *same, key=_["head"], kind=ibis.literal(HEAD), place=ibis.literal(0).cast("int64")
    )
    before = ibis.greatest(_.words.cast("int64") - search.edge_words, 0)
    tails = rows.filter(_["tail"].notnull()).select(
        *same, key=_["tail"], kind=ibis.literal(TAIL), place=before
    )
    return ibis.union(inner, heads, tails)


def _pairs(kept: Table, keys: Table) -> Table:
    """Return group, key, other, n for the pairs that occur together often enough."""
    lowest = ibis.window(group_by=["group", "request"], order_by="key")
    some = (
        kept.select("group", "request", "key")
        .mutate(rank=ibis.row_number().over(lowest))
        .filter(_.rank < MOST_TOGETHER)
    )
    both = some.select("group", "request", "key").join(
        some.select("group", "request", other="key"), ["group", "request"]
    )
    counted = both.filter(_.key < _.other).group_by("group", "key", "other").agg(n=_.count())
    sized = counted.join(keys.select("group", "key", one="n"), ["group", "key"]).join(
        keys.select("group", other="key", two="n"), ["group", "other"]
    )
    return sized.filter((_.n > 2) & (_.n >= LEAST_MUTUAL * ibis.greatest(_.one, _.two))).select(
        "group", "key", "other", "n"
    )
