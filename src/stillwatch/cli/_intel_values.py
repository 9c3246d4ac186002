"""`stillwatch intel values`: values of a run, to be made into tokens."""

from __future__ import annotations

from pathlib import Path

import click

from stillwatch.cli._json import print_json
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.plain import plain


@click.command()
@click.argument("run", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--kind", type=click.Choice([kind.value for kind in IndicatorKind]), required=True, help="What they are."
)
@click.option(
    "--campaign",
    metavar="NAME",
    help="Only values that mark this campaign: several of its named accounts carry each, and few others do.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File to write, one value on a line, readable by its owner only.",
)
@click.option("--json", "as_json", is_flag=True, help="Print how many there are as JSON.")
def values(run: Path, kind: str, campaign: str | None, out: Path, as_json: bool) -> None:
    """Write values of RUN to a file of your own, for `stillwatch intel tokens` and `lookup`.

    The file is as private as the log. Nothing is sent.
    """
    from stillwatch.intel.desk.own_marks import texts
    from stillwatch.run.durable import write_text
    from stillwatch.run.reading import Run

    found = texts(Run(run), IndicatorKind(kind), campaign)
    write_text(out, "".join(f"{text}\n" for text in found))
    if as_json:
        print_json({"kind": kind, "values": len(found), "file": out})
    else:
        click.echo(plain(f"{out}: {len(found):,} values"))


VERBS = (values,)
