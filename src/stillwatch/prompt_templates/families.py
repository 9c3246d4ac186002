"""Families of fingerprints: which make one template, how many make a use, and the shape of its frame."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import ibis
import numpy as np
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Scope, Table
from stillwatch.prompt_templates.cluster import clusters
from stillwatch.prompt_templates.shape import END, START, Shape, Step, shape_of
from stillwatch.prompt_templates.shared import INNER, Search, Shared, shared
from stillwatch.schema.table import rows_where, schema_of, values

CORE = 0.5
"""A fingerprint belongs to the frame if it is in this share of the exchanges of the template's commonest one.

The others are values of slots.
"""
NEED = 0.4
"""A prompt is a use of a template if it holds this share of its prompts' mean number of fingerprints."""
FEWEST_WORDS = 8
"""A frame of fewer words is a phrase, not a template."""
INSIDE, SMALLER = 0.8, 0.25
"""Shares by which a family is part of another.

It is seen inside the other to the first share, and has less than the second share of its exchanges.
"""
FEW_SHINGLES = 3
"""With fewer sampled shingles, a template is recognised by its head and tail too.

With more, one pass over the shingles is enough.
"""
FARTHEST = 512
"""Distances beyond this many words are counted as one."""
MEMBERS = schema_of(
    group=pa.int32(), family=pa.int64(), key=pa.int64(), number=pa.int64(), counts=pa.int64(), need=pa.int64()
)


@dataclass(frozen=True)
class Family:
    """One template of a group, from its sketches alone."""

    group: int
    """The group."""
    key: int
    """Its name: the smallest key of its sampled shingles, or of its head and tail where it has none.

    It is the same in every run with one hash key.
    """
    need: int
    """How many of the counting fingerprints a prompt must hold to be made from it."""
    kinds: dict[int, int]
    """The fingerprints of its frame: key to kind."""
    counting: frozenset[int]
    """The fingerprints that show a prompt made from it: its shingles, or all if it has few."""
    shares: dict[int, float]
    """For each fingerprint, the share of its exchanges that hold it, 0 to 1."""
    shape: Shape
    """Its frame's shape; places by fingerprint."""
    sampled: int
    """Exchanges in the sample that are made from it."""
    edges: frozenset[int]
    """Heads and tails of its prompts, as far as others share them; they add no information."""


@dataclass(frozen=True)
class _Draft:
    """A family in the making."""

    group: int
    keys: dict[int, int]
    """Fingerprints: key to kind."""
    order: dict[int, float]
    """Mean places of the fingerprints."""
    need: int = 1
    """Fingerprints that make a use."""
    counts: dict[int, int] = field(default_factory=dict)
    """Exchanges of the family that hold each fingerprint."""

    edges: frozenset[int] = frozenset()
    """Heads and tails among its fingerprints, including those of its slots' values."""

    @property
    def counting(self) -> frozenset[int]:
        """The fingerprints that show a use."""
        inner = [key for key, kind in self.keys.items() if kind == INNER]
        return frozenset(inner if len(inner) >= FEW_SHINGLES else self.keys)


def families_of(engine: Engine, rows: Table, texts: dict[int, int], search: Search) -> list[Family]:
    """Find the templates of one group only, the largest first.

    The input is rows (group, request, account, words, shingles, places, head, tail) of exchanges with text,
    and how many each group has. The engine does what grows with traffic: fingerprints by group, pairs, steps
    between neighbours. The driver sees at most a few thousand fingerprints of a group.
    """
    with Scope(engine, "families") as scope:
        found = _found(scope, shared(scope, rows, texts, search), search)
    return sorted(
        (f for f in found if f.shape.about >= FEWEST_WORDS), key=lambda f: (f.group, -f.sampled, f.key)
    )


def _found(engine: Engine, seen: Shared, search: Search) -> list[Family]:
    drafts = list(_drafts(seen))
    drafts = _counted(engine, seen, _needed(engine, seen, drafts))
    drafts = _needed(engine, seen, [_core(draft) for draft in drafts])
    kept, held = _held(engine, seen, drafts)
    made = engine.create("template_made", held.filter(_.held >= _.need).select("family", "request"))
    steps = _steps(engine, seen, kept, made)
    nested = _nested(engine, made)
    edges: dict[int, set[int]] = defaultdict(set)
    for i, draft in enumerate(drafts):
        edges[nested.get(i, i)] |= draft.edges
    return [
        _family(draft, steps[i], frozenset(edges[i]), search)
        for i, draft in enumerate(drafts)
        if i not in nested
    ]


def _drafts(seen: Shared) -> Iterator[_Draft]:
    """Return the fingerprints of each group in clusters."""
    for group in sorted(set(values(seen.keys, "group"))):
        keys, pairs = rows_where(seen.keys, "group", group), rows_where(seen.pairs, "group", group)
        names = np.asarray(keys.column("key"))
        ends = [np.searchsorted(names, np.asarray(pairs.column(name))) for name in ("key", "other")]
        together = list(zip(ends[0].tolist(), ends[1].tolist(), values(pairs, "n"), strict=True))
        rows = keys.to_pylist()
        for members in clusters(np.asarray(keys.column("n")).astype(np.int64), together):
            chosen = [rows[i] for i in members]
            kinds, places = ({row["key"]: row[name] for row in chosen} for name in ("kind", "place"))
            yield _Draft(
                group, kinds, places, edges=frozenset(key for key, kind in kinds.items() if kind != INNER)
            )


def _members(drafts: list[_Draft]) -> pa.Table:
    rows: list[dict[str, int]] = []
    for i, draft in enumerate(drafts):
        same = {"group": draft.group, "family": i, "need": draft.need}
        for number, key in enumerate(sorted(draft.keys), 1):
            rows.append(same | {"key": key, "number": number, "counts": int(key in draft.counting)})
    return pa.Table.from_pylist(rows, schema=MEMBERS)


def _held(engine: Engine, seen: Shared, drafts: list[_Draft]) -> tuple[Table, Table]:
    """Return (group, family, request, key, number, counts, need, place), with each exchange's number of hits.

    The number counts the fingerprints of its family that the exchange holds.
    """
    members = engine.load("template_members", _members(drafts))
    rows = engine.create("template_held", seen.kept.join(members, ["group", "key"]))
    return rows, rows.group_by("family", "request").agg(held=_.counts.sum(), need=_.need.max()).filter(
        _.held > 0
    )


def _needed(engine: Engine, seen: Shared, drafts: list[_Draft]) -> list[_Draft]:
    """Add how many of its fingerprints make a use: NEED of the mean number per exchange, weighted by itself.

    A fingerprint that another template also holds often occurs alone there. This lowers the plain mean, but
    hardly the weighted one.
    """
    _rows, held = _held(engine, seen, drafts)
    sums: dict[int, Counter[str]] = defaultdict(Counter)
    for row in engine.collect(held.group_by("family", "held").agg(n=_.count())).to_pylist():
        sums[row["family"]].update({"once": row["n"] * row["held"], "twice": row["n"] * row["held"] ** 2})
    return [
        replace(draft, need=max(1, math.ceil(NEED * sums[i]["twice"] / sums[i]["once"])))
        for i, draft in enumerate(drafts)
    ]


def _counted(engine: Engine, seen: Shared, drafts: list[_Draft]) -> list[_Draft]:
    """Add the exchanges of the family that hold each fingerprint."""
    rows, held = _held(engine, seen, drafts)
    made = held.filter(_.held >= _.need).select("family", "request")
    counts: dict[int, dict[int, int]] = defaultdict(dict)
    for row in engine.collect(
        rows.semi_join(made, ["family", "request"]).group_by("family", "key").agg(n=_.count())
    ).to_pylist():
        counts[row["family"]][row["key"]] = row["n"]
    return [replace(draft, counts=counts[i]) for i, draft in enumerate(drafts)]


def _core(draft: _Draft) -> _Draft:
    """Remove the values of slots."""
    least = CORE * max(draft.counts.values())
    keys = {key: kind for key, kind in draft.keys.items() if draft.counts.get(key, 0) >= least}
    return replace(draft, keys=keys, counts={key: draft.counts[key] for key in keys})


def _steps(engine: Engine, seen: Shared, rows: Table, made: Table) -> dict[int, list[Step]]:
    """Return, by family, each fingerprint or end and the next one in a prompt made from it, by distance."""
    inside = ibis.window(group_by=["family", "request"], order_by=["place", "number"])
    before = rows.semi_join(made, ["family", "request"]).mutate(
        other=_.number.lag().over(inside),
        after=_.number.lead().over(inside),
        begins=_.place.lag().over(inside),
    )
    begun = before.select(
        "family", number=_.other.fill_null(START), other="number", distance=_.place - _.begins.fill_null(0)
    )
    sizes = seen.sample.select("request", size=_.words.cast("int64"))
    last = (
        before.filter(_.after.isnull()).select("family", "request", "number", "place").join(sizes, "request")
    )
    ended = last.select("family", "number", other=ibis.literal(END).cast("int64"), distance=_.size - _.place)
    near = ibis.union(begun, ended).mutate(distance=ibis.least(_.distance, FARTHEST))
    steps: dict[int, list[Step]] = defaultdict(list)
    for row in engine.collect(
        near.group_by("family", "number", "other", "distance").agg(n=_.count())
    ).to_pylist():
        steps[row["family"]].append(Step(row["number"], row["other"], row["distance"], row["n"]))
    return steps


def _nested(engine: Engine, made: Table) -> dict[int, int]:
    """Families that are only seen inside a much larger one, and which: common values of its slots."""
    sizes = dict(
        zip(
            *(
                engine.collect(made.group_by("family").agg(n=_.count())).column(name).to_pylist()
                for name in ("family", "n")
            ),
            strict=True,
        )
    )
    both = made.join(made.select("request", larger="family"), "request").filter(_.family != _.larger)
    found = engine.collect(both.group_by("family", "larger").agg(n=_.count())).to_pylist()
    found.sort(key=lambda row: (sizes[row["larger"]], row["larger"]))
    return {
        row["family"]: row["larger"]
        for row in found
        if row["n"] >= INSIDE * sizes[row["family"]] and sizes[row["family"]] < SMALLER * sizes[row["larger"]]
    }


def _family(draft: _Draft, steps: list[Step], edges: frozenset[int], search: Search) -> Family:
    numbered = dict(enumerate(sorted(draft.keys), 1))
    widths = {
        number: search.shingle_words if draft.keys[key] == INNER else search.edge_words
        for number, key in numbered.items()
    }
    for step in steps:
        if step.other == END:  # the head of a prompt of five words has five
            widths[step.key] = min(widths[step.key], step.distance)
    shape = shape_of(
        widths, steps, {number: draft.order[key] for number, key in numbered.items()}, search.shingle_rate
    )
    placed = {numbered[number]: place for number, place in shape.places.items()}
    made = sum(step.n for step in steps if step.key == START)
    inner = [key for key, kind in draft.keys.items() if kind == INNER]
    shares = {key: min(n / made, 1.0) for key, n in draft.counts.items()}
    name = min(inner or draft.keys)
    return Family(
        draft.group,
        name,
        draft.need,
        draft.keys,
        draft.counting,
        shares,
        replace(shape, places=placed),
        made,
        edges,
    )
