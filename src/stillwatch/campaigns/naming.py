"""How keys are shown to an analyst: by their label, or by what the facet says of the value."""

from __future__ import annotations

import pyarrow as pa

from stillwatch.registry import FACETS

Labels = dict[tuple[str, int], str]


def labels_of(labels: pa.Table) -> Labels:
    """(kind, key) -> label; the smallest label where a key has several."""
    named: Labels = {}
    rows = zip(*(labels.column(name).to_pylist() for name in ("kind", "key", "label")), strict=True)
    for kind, key, label in sorted(rows):
        named.setdefault((kind, key), label)
    return named


def shown(facet: str, value: int, labels: Labels) -> str:
    """A trace's value in words; a short hash where nothing may be said."""
    known = FACETS.all()[facet]
    if known.label and (known.label, value) in labels:
        return labels[known.label, value]
    if known.show is not None:
        return known.show(value)
    return f"{facet} {value & (2**64 - 1):016x}"[: len(facet) + 9]
