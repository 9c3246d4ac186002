"""Sketches of the templates of campaigns in a run.

A run keeps no prompt. It keeps keyed fingerprints of the frames that accounts of a group share, and a frame's
words where the settings allow it and enough accounts wrote them. Of one person's prompt it keeps nothing that
could be sketched here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.errors import IntelError
from stillwatch.intel.private.sketches.group_key import SketchKey
from stillwatch.intel.private.sketches.template_sketch import FEWEST, TemplateSketch, sketch_of
from stillwatch.run.reading import Run
from stillwatch.run.sketched import Sketched

Row = Mapping[str, Any]
LEAST_ACCOUNTS = 20
"""Accounts of a group that must have used a template before it is sketched."""
MOST_ELSEWHERE = 0.1
"""A template that more accounts outside the group use, as a share of those inside, is no operator's own."""
SHINGLE_WORDS = 5
SLOT = re.compile(r"\{\d+\}")


@dataclass(frozen=True)
class Sketchable:
    """One template, or all of a campaign together, and its sketch or why it has none."""

    group: int
    """The group of the run."""
    key: int | None
    """The template's key in the run; None: all templates of the group together, by their fingerprints."""
    accounts: int
    """Accounts of the group that used it; of several templates, the one that fewest used."""
    sketch: TemplateSketch | None
    """By its words, or by fingerprints."""
    why_not: str
    """Why there is none; empty where there is."""


def sketches_of_run(
    run: Run,
    key: SketchKey,
    *,
    groups: Collection[int] | None = None,
    least_accounts: int = LEAST_ACCOUNTS,
) -> list[Sketchable]:
    """The sketches of a run's templates.

    groups: None: those of campaigns with verdict adversarial. Raises IntelError where fewer than
    LEAST_ACCOUNTS accounts are to suffice, RunError where the run does not say how it was sketched.
    """
    if groups is None:
        groups = {row["group"] for row in run.rows("campaigns") if row["verdict"] == "adversarial"}
    told = Sketched.of_run(run.about, str(run.folder))
    basis = f"fingerprints-{told.version}-{told.key}"
    return list(
        sketchable(
            run.rows("templates"),
            run.rows("template_keys"),
            basis,
            key,
            groups,
            least_accounts=least_accounts,
        )
    )


def sketchable(
    templates: Sequence[Row],
    template_keys: Sequence[Row],
    basis: str,
    key: SketchKey,
    groups: Collection[int],
    *,
    least_accounts: int = LEAST_ACCOUNTS,
) -> Iterator[Sketchable]:
    """The same from rows of the tables. basis: of the fingerprints."""
    if least_accounts < LEAST_ACCOUNTS:
        raise IntelError(
            f"templates of fewer than {LEAST_ACCOUNTS} accounts are not sketched",
            where=f"{least_accounts} accounts",
            do="a template of few may be one customer's own words",
        )
    of_group: dict[int, list[Row]] = defaultdict(list)
    for row in templates:
        if row["part"] != "frame" or row["group"] not in groups:
            continue
        why = _why_not(row, least_accounts)
        if not why:
            of_group[row["group"]].append(row)
            why = "" if row["words"] else "the run keeps no words of it"
        elements = shingles_of(row["words"] or "")
        yield _made(row["group"], row["key"], row["accounts"], elements, "words", key, why)
    shingles: dict[tuple[int, int], set[bytes]] = defaultdict(set)
    for row in template_keys:
        if row["kind"] == "shingle":
            shingles[row["group"], row["template"]].add(row["key"].to_bytes(8, "big", signed=True))
    # One window in six has a fingerprint: of one template there are too few, of all of a campaign enough.
    for group, rows in of_group.items():
        together = set().union(*(shingles[group, row["key"]] for row in rows))
        yield _made(group, None, min(row["accounts"] for row in rows), together, basis, key, "")


def _made(
    group: int,
    template: int | None,
    accounts: int,
    elements: set[bytes],
    basis: str,
    key: SketchKey,
    why: str,
) -> Sketchable:
    if not why and len(elements) < FEWEST:
        why = f"it has fewer than {FEWEST} elements"
    sketch = None if why else sketch_of(elements, basis, key)
    return Sketchable(group, template, accounts, sketch, why)


def shingles_of(words: str) -> set[bytes]:
    """The runs of SHINGLE_WORDS words of a frame; none goes over a slot."""
    found: set[bytes] = set()
    for piece in SLOT.split(words.casefold()):
        parts = piece.split()
        for at in range(len(parts) - SHINGLE_WORDS + 1):
            found.add("\x1f".join(parts[at : at + SHINGLE_WORDS]).encode())
    return found


def _why_not(row: Row, least_accounts: int) -> str:
    if row["accounts"] < least_accounts:
        return f"fewer than {least_accounts} accounts used it"
    if row["accounts_elsewhere"] > MOST_ELSEWHERE * row["accounts"]:
        return "accounts outside the group use it too: it need not be the operator's own"
    return ""
