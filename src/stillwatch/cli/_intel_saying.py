"""The commands of `stillwatch intel` that say something of what others shared, or in sum: dispute, attribute,
statistic. Each waits for a second person.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from stillwatch.cli._intel_sharing import TLP, _level
from stillwatch.cli._intel_store import changes, tell, the_gate


@click.command()
@click.argument("report")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it stays in the store and is not shared.")
@click.option(
    "--decided",
    is_flag=True,
    help="A case of our own shows that it is wrong: it counts as a false positive here.",
)
@click.option("--maker", default="", metavar="ID", help="Whose report, where several members have one.")
@changes
def dispute(
    report: str, reason: str, decided: bool, maker: str, by: str, as_json: bool, **where: Any
) -> None:
    """Say to others that REPORT is wrong, and let that wait at the gate.

    What leaves is an opinion with one of five fixed sentences. The reason stays here, with the decision.
    """
    from stillwatch.intel.desk import judging
    from stillwatch.intel.desk.answering import dispute as disputed
    from stillwatch.intel.desk.answering import level_of
    from stillwatch.intel.desk.tables import opened

    now = time.time()
    code = judging.Judged.FALSE_POSITIVE if decided else judging.Judged.DISPUTED
    with opened(where["db"], make=True) as database, database.writing() as session:
        level = level_of(session, report)
        whose = maker or judging.only_maker(session, report)
        judging.judge(session, report, whose, code, by, reason, now)
    with the_gate(**where) as gate:
        tell(disputed(gate, report, level, decided=decided, by=by, now=now), as_json)


@click.command()
@click.argument("campaign", metavar="OBJECT")
@click.option("--reporter", required=True, metavar="NAME", help="Who published it: capitalised words.")
@click.option("--url", required=True, metavar="URL", help="Where it was published: https://…")
@TLP
@changes
def attribute(campaign: str, reporter: str, url: str, tlp: str, by: str, as_json: bool, **where: Any) -> None:
    """Point to somebody's published attribution of a campaign, as that reporter's and not ours.

    OBJECT is the id of a campaign that came or that you shared. Who is accused stands in the publication,
    and not in what leaves.
    """
    from stillwatch.intel.desk.answering import attribute as attributed
    from stillwatch.intel.desk.answering import level_of
    from stillwatch.intel.desk.tables import opened
    from stillwatch.intel.gate.given import shared_here

    with the_gate(**where) as gate:
        own = shared_here(gate, campaign)
        level = _level(tlp)
        if own is None:
            with opened(where["db"], make=False) as database, database.reading() as session:
                own = level_of(session, campaign)
        level = max(level, own)
        tell(attributed(gate, campaign, reporter, url, level, by=by, now=time.time()), as_json)


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--measure",
    type=click.Choice(["kinds", "techniques"]),
    default="techniques",
    show_default=True,
    help="What is counted by: kinds of evidence, or techniques.",
)
@click.option(
    "--month", required=True, metavar="MONTH", help="As 2026-11: campaigns that were last seen then."
)
@TLP
@changes
def statistic(
    runs: tuple[Path, ...], measure: str, month: str, tlp: str, by: str, as_json: bool, **where: Any
) -> None:
    """Count accounts of listed campaigns of RUNS, with noise from the ledger, and let it wait at the gate.

    Only cells with enough accounts and enough providers are told; a provider counts where it shared a
    campaign with the same kind or technique. Each cell costs a part of the year's budget once; asked again,
    the same month gives the same numbers.
    """
    from stillwatch.intel.desk.counting import cells_of
    from stillwatch.intel.desk.tables import opened
    from stillwatch.intel.gate.statistic_card import Measure, give
    from stillwatch.run.reading import Run

    chosen = Measure(measure)
    with opened(where["db"], make=True) as database, database.reading() as session:
        cells, watched = cells_of([Run(folder) for folder in runs], session, chosen, month)
    with the_gate(**where) as gate:
        made = give(gate, chosen, month, cells, watched, by=by, level=_level(tlp), now=time.time())
    tell(made, as_json)


VERBS = (dispute, attribute, statistic)
