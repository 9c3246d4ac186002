"""`stillwatch intel sketches`: what campaigns share most, their templates, compared without showing them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli._group import Whole
from stillwatch.cli._intel_store import DB, FILE, JSON
from stillwatch.cli._json import print_json
from stillwatch.plain import plain

if TYPE_CHECKING:
    from stillwatch.intel.private.sketches.template_sketch import TemplateSketch

ALIKE = 0.3
"""Likeness that is shown; two templates of different operators hardly ever reach a tenth."""


@click.group(cls=Whole)
def sketches() -> None:
    """Make keyed sketches of templates that operators wrote, and tell how alike two are.

    All members of a group derive the key of an epoch from one secret of theirs. Without it, a sketch tells
    nothing of the words; docs/leakage.md says what a member can learn with it.
    """


@sketches.command()
@click.argument("run", type=click.Path(path_type=Path, file_okay=False))
@click.argument("campaign", metavar="CAMPAIGN")
@click.option(
    "--group-key",
    type=FILE,
    required=True,
    envvar="STILLWATCH_GROUP_KEY",
    help="File with the secret of the group, 16 bytes at least; also $STILLWATCH_GROUP_KEY.",
)
@click.option("--epoch", metavar="EPOCH", help="Which epoch, as 2026-W49.  [default: that of now]")
@click.option("--out", type=FILE, required=True, help="File to write, one sketch on a line.")
@JSON
def make(run: Path, campaign: str, group_key: Path, epoch: str | None, out: Path, as_json: bool) -> None:
    """Write the sketches of CAMPAIGN's templates, for `stillwatch intel export --sketches`.

    Only templates that at least 20 of its accounts used, and hardly anybody else, have one.
    """
    import time

    from stillwatch.errors import IntelError
    from stillwatch.intel.private.epoch import Epoch
    from stillwatch.intel.private.sketches.group_key import SketchKey
    from stillwatch.intel.private.sketches.of_run import sketches_of_run
    from stillwatch.run.durable import write_text
    from stillwatch.run.reading import Run

    opened = Run(run)
    rows = opened.rows("campaigns")
    groups = {row["group"] for row in rows if campaign in (row["campaign"], row["identity"])}
    if not groups:
        raise IntelError("the run has no such campaign", where=campaign[:80], do="give a name such as C001")
    when = Epoch.named(epoch) if epoch else Epoch.at(time.time())
    key = SketchKey.from_file(group_key, when)
    found = sketches_of_run(opened, key, groups=groups)
    made = sorted({one.sketch.pattern for one in found if one.sketch is not None})
    write_text(out, "".join(f"{one}\n" for one in made))
    without: dict[str, int] = {}
    for one in found:
        if one.sketch is None:
            without[one.why_not] = without.get(one.why_not, 0) + 1
    if as_json:
        print_json(
            {"sketches": len(made), "epoch": when.name, "key": key.name, "without": without, "file": out}
        )
        return
    click.echo(plain(f"{out}: {len(made):,} sketches of epoch {when.name}, key {key.name}"))
    for why, count in sorted(without.items()):
        click.echo(plain(f"{count:,} without a sketch: {why}"))


@sketches.command()
@click.argument("mine", type=FILE, metavar="MINE")
@click.argument("others", type=FILE, metavar="[OTHERS]", required=False)
@click.option(
    "--least",
    type=click.FloatRange(0, 1),
    default=ALIKE,
    show_default=True,
    help="The least likeness that is shown.",
)
@DB
@JSON
def compare(mine: Path, others: Path | None, least: float, db: str, as_json: bool) -> None:
    """Tell how alike the templates of MINE are to those of OTHERS, or without it to those that came.

    The likeness is the share of what both have among all of both, within 0.09. Sketches of another epoch,
    key or basis cannot be compared, and are counted.
    """
    from stillwatch.errors import IntelError
    from stillwatch.intel.private.sketches.sketch_file import sketches_of
    from stillwatch.intel.private.sketches.template_sketch import likeness

    ours = sketches_of(mine)
    theirs = [("", one) for one in sketches_of(others)] if others is not None else _received(db)
    rows: list[dict[str, Any]] = []
    compared = apart = 0
    for number, one in enumerate(ours, 1):
        for place, (report, other) in enumerate(theirs, 1):
            try:
                alike = likeness(one, other)
            except IntelError:
                apart += 1
                continue
            compared += 1
            if alike >= least:
                found = {"mine": number, "likeness": round(alike, 3)}
                rows.append(found | ({"report": report} if report else {"other": place}))
    rows.sort(key=lambda row: -row["likeness"])
    if as_json:
        print_json({"compared": compared, "not_comparable": apart, "alike": rows})
        return
    for row in rows:
        whose = row.get("report") or f"{others}, line {row['other']}"
        click.echo(plain(f"{mine}, line {row['mine']}: {row['likeness']:.2f} like {whose}"))
    click.echo(f"{compared:,} pairs compared, {apart:,} cannot be: another epoch, key or basis")


def _received(db: str) -> list[tuple[str, TemplateSketch]]:
    """The sketches that came and count, each with its report."""
    from stillwatch.intel.desk.sketches_received import sketches_received
    from stillwatch.intel.desk.tables import opened

    with opened(db, make=False) as database, database.reading() as session:
        return sketches_received(session)


VERBS = (sketches,)
