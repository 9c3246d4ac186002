"""Permits: who may distil, and whether that is still so."""

from __future__ import annotations

from stillwatch.playbooks.check import Answer, check, missing, told
from stillwatch.playbooks.places import Places
from stillwatch.report.formatting import plural


@check(
    says="Permits are known, and none has expired unnoticed.",
    do="renew or revoke them: `stillwatch guard permit issue NAME`, or the file given with --permits",
)
def permits_current(places: Places) -> Answer:
    """The run or the guard knows permits, and none has ended."""
    ends = {row["name"]: row["expires"].timestamp() for row in places.rows("permits")}
    if places.has_state:
        overlay = places.published.overlay
        for permit in (one for found in overlay.permits.values() for one in found):
            if permit.name not in overlay.revoked and permit.expires is not None:
                ends[permit.name] = permit.expires
        ends = {name: end for name, end in ends.items() if name not in overlay.revoked}
    if not ends and not places.given("permits"):
        return missing(
            "no permit is known: the run was made without a file of permits, and the guard has none",
            "give one (`detect … --permits FILE`); an empty one says that nobody may distil",
        )
    over = sorted(name for name, end in ends.items() if end <= places.now)
    return told(
        not over,
        f"{plural(len(ends), 'permit')}, {len(over):,} of them expired"
        + (f": {', '.join(over)}" if over else ""),
    )
