"""Whether what people decided can be shown a year later."""

from __future__ import annotations

from pathlib import Path

from stillwatch.playbooks.check import Answer, cannot_tell, check, missing, told
from stillwatch.playbooks.places import Places

DAY_S = 86_400.0


@check(
    says="The chain of events holds.",
    do="`stillwatch case audit verify`, and restore the cases from a backup",
)
def audit_holds(places: Places) -> Answer:
    """The audit finds no fault."""
    found = places.audited
    first = f"; the first: {found.faults[0].where}: {found.faults[0].what}" if found.faults else ""
    return told(
        not found.faults,
        f"{found.events:,} events of {found.cases:,} cases, {len(found.faults):,} faults{first}",
    )


@check(
    says="The end of the chain was signed lately.",
    do="`stillwatch case audit checkpoint --out FILE`, and keep that file elsewhere",
)
def checkpoint_fresh(places: Places) -> Answer:
    """The newest checkpoint is not old."""
    if not places.checkpoints:
        return missing("no checkpoint was ever made")
    newest, most = places.checkpoints[-1], places.settings.playbooks.checkpoint_days
    return told(
        places.now - newest.time <= most * DAY_S,
        f"event {newest.seq} was signed {places.ago(newest.time)} ago; {most:g} days are allowed",
    )


@check(
    says="The cases were copied lately.",
    do="`stillwatch case backup FILE`, into the folder that setting playbooks.backups names",
)
def backup_made(places: Places) -> Answer:
    """The newest file of the folder of backups is not old."""
    folder, most = places.settings.playbooks.backups, places.settings.playbooks.backup_days
    if not folder:
        return cannot_tell("setting playbooks.backups names no folder", "set it in the settings file")
    try:
        times = [path.stat().st_mtime for path in Path(folder).iterdir() if path.is_file()]
    except OSError as error:
        return cannot_tell(f"the folder of backups cannot be read: {error.strerror}")
    if not times:
        return missing("the folder of backups is empty")
    return told(
        places.now - max(times) <= most * DAY_S,
        f"the newest of {len(times):,} files was written {places.ago(max(times))} ago; "
        f"{most:g} days are allowed",
    )
