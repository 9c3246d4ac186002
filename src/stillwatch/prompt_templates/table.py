"""Tables templates and template_keys: a group's frames first, then heads and tails that no frame explains."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.prompt_templates.families import Family
from stillwatch.prompt_templates.shared import HEAD, INNER, TAIL
from stillwatch.schema.templates import TEMPLATE_KEYS, TEMPLATES

Row = dict[str, Any]
Labels = Mapping[tuple[str, int], str]
FRAMES_SHOWN = 8
"""Frames of a group that are kept, most used first."""
PARTS_SHOWN, LEAST_SHARE = 6, 0.02
"""Heads and tails of a group that are kept, and the share of its exchanges that one must have."""
KINDS = {INNER: "shingle", HEAD: "head", TAIL: "tail"}
SLOT = "{"
"""How a slot begins in a frame's label."""


def templates_table(
    found: list[Family],
    counts: pa.Table,
    parts: list[Row],
    texts: Mapping[int, int],
    labels: Labels,
    least: int,
) -> pa.Table:
    """Return table templates of the listed frames.

    `parts` are rows of heads and tails from `parts_of`, `texts` each group's exchanges with text. Words are
    in the labels only if enough accounts share them; this checks `least` accounts once more.
    """
    known = {(row["group"], row["family"]): row for row in counts.to_pylist()}
    shapes = [_frame(f, known[f.group, f.key], texts, labels, least) for f in found]
    explained = {(f.group, key) for f in found for key in f.edges}
    others = [
        _part(row, texts, labels, least) for row in parts if (row["group"], row["key"]) not in explained
    ]
    common = [row for row in others if row["share"] >= LEAST_SHARE]
    chosen = sorted(
        [*shapes, *_first(common, PARTS_SHOWN)],
        key=lambda row: (row["group"], row["part"] != "frame", *_order(row)),
    )
    return pa.Table.from_pylist(chosen, schema=TEMPLATES.arrow)


def listed(found: list[Family], counts: pa.Table) -> list[Family]:
    """Return the templates that a group's accounts share, the most used first, with a limit."""
    used = {(row["group"], row["family"]): row for row in counts.to_pylist() if row["accounts"] > 1}
    taken: dict[int, int] = defaultdict(int)
    shown: list[Family] = []
    for f in sorted(
        (f for f in found if (f.group, f.key) in used),
        key=lambda f: (f.group, -used[f.group, f.key]["exchanges"], f.key),
    ):
        taken[f.group] += 1
        shown += [f] if taken[f.group] <= FRAMES_SHOWN else []
    return shown


def keys_table(found: list[Family]) -> pa.Table:
    """Return table template_keys of the listed frames."""
    rows = [
        {
            "group": f.group,
            "template": f.key,
            "kind": KINDS[kind],
            "key": key,
            "share": round(f.shares[key], 6),
            "piece": f.shape.places[key][0],
            "place": f.shape.places[key][1],
        }
        for f in found
        for key, kind in f.kinds.items()
    ]
    order = ("group", "template", "piece", "place", "kind", "key")
    return pa.Table.from_pylist(
        sorted(rows, key=lambda row: tuple(row[name] for name in order)), schema=TEMPLATE_KEYS.arrow
    )


def parts_of(engine: Engine, templates: Table, traces: Table) -> list[Row]:
    """group, part, key, accounts, uses, prompts, everywhere: heads and tails that several accounts use."""
    carried = (
        traces.filter(_.facet.isin(["head", "tail"]))
        .group_by(part=_.facet, key=_["value"])
        .agg(everywhere=_.count())
    )
    used = templates.filter((_.group > 0) & (_.accounts > 1)).left_join(carried, ["part", "key"])
    columns = ("group", "part", "key", "accounts", "uses", "prompts")
    return engine.collect(
        used.select(*columns, everywhere=_.everywhere.fill_null(0)).order_by(["group", "part", "key"])
    ).to_pylist()


def _order(row: Mapping[str, Any]) -> tuple[int, str, int]:
    return -row["exchanges"], row["part"], row["key"]


def _first(rows: list[Row], most: int) -> Iterator[Row]:
    """Return the most used of each group."""
    taken: dict[int, int] = defaultdict(int)
    for row in sorted(rows, key=_order):
        taken[row["group"]] += 1
        if taken[row["group"]] <= most:
            yield row


def _row(group: int, part: str, key: int, count: Mapping[str, int], texts: Mapping[int, int]) -> Row:
    return {
        "group": group,
        "part": part,
        "key": key,
        "accounts": count["accounts"],
        "accounts_elsewhere": count["elsewhere"],
        "exchanges": count["exchanges"],
        "share": round(min(count["exchanges"] / max(texts.get(group, 0), 1), 1.0), 6),
        "distinct_prompts": count["prompts"],
    }


def _frame(
    found: Family, count: Mapping[str, int], texts: Mapping[int, int], labels: Labels, least: int
) -> Row:
    shape = found.shape
    words = labels.get(("frame", found.key)) if count["accounts"] + count["elsewhere"] >= least else None
    row = _row(found.group, "frame", found.key, count, texts) | {"words": words}
    if words is None:
        return row | {
            "length": shape.about,
            "length_least": shape.least,
            "length_most": shape.most,
            "slots": shape.slots,
        }
    tokens = words.split()
    slots = sum(token.startswith(SLOT) for token in tokens)
    length = len(tokens) - slots
    return row | {"length": length, "length_least": length, "length_most": length, "slots": slots}


def _part(row: Row, texts: Mapping[int, int], labels: Labels, least: int) -> Row:
    everywhere = max(row["everywhere"], row["accounts"])
    count = {
        "accounts": row["accounts"],
        "elsewhere": everywhere - row["accounts"],
        "exchanges": row["uses"],
        "prompts": row["prompts"],
    }
    words = labels.get((row["part"], row["key"])) if everywhere >= least else None
    return _row(row["group"], row["part"], row["key"], count, texts) | {"words": words}
