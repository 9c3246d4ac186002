"""Whether the days are watched, and whether somebody looks at what rings."""

from __future__ import annotations

from stillwatch.cases.states import State
from stillwatch.playbooks.check import Answer, check, met, missing, not_applicable, told
from stillwatch.playbooks.places import Places

DAY_S = 86_400.0


@check(
    says="The newest days are watched.",
    do="`stillwatch watch RUN` after each `detect`",
)
def watch_running(places: Places) -> Answer:
    """The run was watched up to its last day."""
    searched = [row["until"].timestamp() for row in places.rows("watched")]
    if not searched:
        return missing("the newest run was never watched")
    behind = places.last - max(searched)
    return told(
        behind <= DAY_S,
        f"{len(searched):,} searches; the last ends {max(behind, 0) / DAY_S:.1f} days before the run does",
    )


@check(
    says="Somebody has looked at every alarm.",
    do="`stillwatch case sync RUN`, then take up the cases that are open",
)
def alarms_looked_at(places: Places) -> Answer:
    """Every alarm has a case that is not just open."""
    alarms = {row["identity"] for row in places.rows("alarms")}
    if not alarms:
        return not_applicable("the newest run has no alarm")
    looked = {identity for case in places.cases if case.state != State.OPEN for identity in case.identities}
    left = alarms - looked
    return told(
        not left, f"{len(alarms) - len(left):,} of {len(alarms):,} alarms have a case that was taken up"
    )


@check(
    says="Every campaign of the newest run has a case.",
    do="`stillwatch case sync RUN`",
)
def run_synced(places: Places) -> Answer:
    """Each listed campaign that makes a case is followed by one."""
    from stillwatch.cases.found import HARVESTING

    wanted = {
        row["identity"] for row in places.rows("campaigns") if row["listed"] and row["verdict"] in HARVESTING
    }
    if not wanted:
        return not_applicable("the newest run lists no campaign that makes a case")
    left = wanted - {identity for case in places.cases for identity in case.identities}
    if left:
        return missing(f"{len(left):,} of {len(wanted):,} campaigns have no case")
    return met(f"all {len(wanted):,} campaigns have a case")
