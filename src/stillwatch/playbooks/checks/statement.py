"""What the public is told about restrictions."""

from __future__ import annotations

from stillwatch.playbooks.check import Answer, check, missing, told
from stillwatch.playbooks.places import Places


@check(
    says="The public can read what restrictions there are.",
    do="publish a statement, and name its place in setting playbooks.restrictions_statement",
)
def restrictions_public(places: Places) -> Answer:
    """The settings name the statement."""
    place = places.settings.playbooks.restrictions_statement.strip()
    if not place:
        return missing("setting playbooks.restrictions_statement names no place")
    return told(True, f"named: {place}; whether it is true and complete, only a person can tell")
