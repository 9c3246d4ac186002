"""What the guard at the gateway has in hand."""

from __future__ import annotations

from stillwatch.playbooks.check import Answer, check, missing, told
from stillwatch.playbooks.places import Places, span

PUBLISH = "`stillwatch guard publish RUN --to STATE`"


@check(
    says="The guard has a state that is not stale.",
    do=PUBLISH,
)
def state_fresh(places: Places) -> Answer:
    """There is a snapshot, and it is not past its expiry."""
    snapshot = places.snapshot
    if snapshot is None:
        return missing("nothing was ever published, or nothing that may be used")
    left = snapshot.expires - places.now
    why = places.published.stale(places.now)
    when = f"stale since {span(-left)}" if left <= 0 else f"stale: {why}" if why else f"stale in {span(left)}"
    return told(
        not why,
        f"version {snapshot.version} was published {places.ago(snapshot.made)} ago; {when}",
    )


@check(
    says="The guard uses the newest run.",
    do=PUBLISH,
)
def guard_has_newest_run(places: Places) -> Answer:
    """The published run is the one that was given."""
    snapshot = places.snapshot
    if snapshot is None:
        return missing("nothing was ever published, or nothing that may be used")
    name, ours = snapshot.header["run"]["id"], str(places.run.about.get("id"))
    same = snapshot.header["run"]["digest"] == places.run.about.get("digest")
    return told(same, f"the guard uses run {name}, and the newest is {ours}")


@check(
    says="What the guard decides is recorded.",
    do="let the guard run with a state that it may write into: `stillwatch guard serve`",
)
def decisions_recorded(places: Places) -> Answer:
    """There are records of decisions."""
    files = sorted(places.state.records.glob("decisions-*"))
    if not files:
        return missing("the state has no record of a decision")
    newest = max(path.stat().st_mtime for path in files)
    return told(True, f"{len(files):,} files of records, the newest written {places.ago(newest)} ago")
