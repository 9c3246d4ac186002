"""`--publish` of the commands that write a run, and what is told of a publication."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.plain import plain

if TYPE_CHECKING:
    from stillwatch.guard.publish import Publication

PUBLISH = click.option(
    "--publish",
    "state",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="STATE",
    help="Publish the run into this state of the guard, once it is whole.",
)


def published_too(run: Path, state: Path | None) -> Publication | None:
    """Publish a run that is whole into a state, if there is one."""
    if state is None:
        return None
    from stillwatch.guard.publish import publish

    return publish(run, state)


def told(publication: Publication | None) -> dict[str, Any]:
    """What a publication adds to the printed document."""
    return {} if publication is None else {"published": asdict(publication)}


def sentence(publication: Publication) -> str:
    """What a person is told of a publication."""
    from stillwatch.report.formatting import plural

    counts = publication.counts
    return plain(
        f"published as version {publication.version}: {plural(counts['accounts'], 'account')}, "
        f"{counts['named']:,} named in {plural(counts['campaigns'], 'campaign')}, "
        f"{plural(counts['permits'], 'permit')}; "
        f"stale from {publication.expires}"
    )
