"""The commands of `stillwatch intel` that only look: check, atlas."""

from __future__ import annotations

from pathlib import Path

import click

from stillwatch.cli._intel_store import FILE, JSON, SETTINGS
from stillwatch.cli._json import print_json
from stillwatch.errors import EXIT_BAD_ROWS
from stillwatch.plain import plain


@click.command()
@click.argument("file", type=FILE)
@SETTINGS
@JSON
@click.pass_context
def check(ctx: click.Context, file: Path, settings_file: Path | None, as_json: bool) -> None:
    """Check a STIX bundle as one that comes in is checked; exit with 3 if any object is refused."""
    from dataclasses import asdict, replace

    from stillwatch.errors import IntelError
    from stillwatch.intel.stix.limits import DEFAULT
    from stillwatch.intel.stix.marking import level_of_object
    from stillwatch.intel.stix.reading import read_bundle
    from stillwatch.settings import load
    from stillwatch.small_file import read_small

    limits = replace(DEFAULT, bundle_bytes=load(settings_file).intel.bundle_mib * 2**20)
    data = read_small(
        file, limits.bundle_bytes, what="bundle", error=IntelError, do="give a file that is there"
    )
    found = read_bundle(data, limits, str(file)).objects
    levels: dict[str, int] = {}
    for one in found.good:
        label = level_of_object(one).label
        levels[label] = levels.get(label, 0) + 1
    if as_json:
        refused = [asdict(one) for one in found.refused]
        print_json({"good": len(found.good), "levels": levels, "refused": refused})
    else:
        click.echo(f"{len(found.good)} objects can be used, {len(found.refused)} are refused")
        for label, number in sorted(levels.items()):
            click.echo(f"  {label}: {number}")
        for bad in found.refused:
            click.echo(plain(f"  object {bad.place} {bad.id}: {bad.why}"))
    if found.refused:
        ctx.exit(EXIT_BAD_ROWS)


@click.command()
@JSON
def atlas(as_json: bool) -> None:
    """Show the techniques of MITRE ATLAS that come with the package, and their version."""
    from stillwatch.intel.stix.atlas import atlas as the_table

    table = the_table()
    if as_json:
        rows = [{"id": one.id, "name": one.name, "stix_id": one.stix_id} for one in table.techniques.values()]
        print_json({"atlas_version": table.version, "source": table.source, "techniques": rows})
        return
    click.echo(f"MITRE ATLAS {table.version}: {len(table.techniques)} techniques")
    for one in table.techniques.values():
        click.echo(f"  {one.id:<14} {one.name} ({', '.join(one.tactics)})")


VERBS = (check, atlas)
