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
    counts = publication.counts
    return plain(
        f"published as version {publication.version}: {counts['accounts']:,} accounts, "
        f"{counts['named']:,} named in {counts['campaigns']:,} campaigns, {counts['permits']:,} permits; "
        f"stale from {publication.expires}"
    )
