"""Programmes for education, research and start-ups, which need an entry test."""

from __future__ import annotations

from stillwatch.playbooks.check import Answer, cannot_tell, check, not_applicable, told
from stillwatch.playbooks.places import Places


@check(
    says="Accounts of special programmes were verified.",
    do="verify their owners, and add that to the accounts file (column verification)",
)
def programmes_verified(places: Places) -> Answer:
    """Every account with a special plan has a verification."""
    plans = set(places.settings.playbooks.special_plans)
    if not plans:
        return cannot_tell(
            "setting playbooks.special_plans names no plan",
            "name the plans of your programmes for education, research and start-ups",
        )
    table = places.run.table("accounts").select(["plan", "verification"]).to_pylist()
    there = [row for row in table if row["plan"] in plans]
    if not there:
        return not_applicable("no account of the run has such a plan")
    bare = sum(not row["verification"] for row in there)
    return told(not bare, f"{len(there):,} accounts have such a plan; {bare:,} of them were never verified")
