"""Sharing what was learnt with other operators. Stillwatch has no part for that yet; people confirm it."""

from __future__ import annotations

from stillwatch.playbooks.check import Answer, check, missing, told
from stillwatch.playbooks.places import Places

PLAYBOOK = "share"
"""The playbook whose runs are looked for."""
DONE = "done"


@check(
    says="What was learnt about infrastructure and behaviour was shared with others.",
    do="`stillwatch playbook run share --case CASE`, and confirm its steps",
)
def sharing_confirmed(places: Places) -> Answer:
    """A run of the playbook on sharing was gone through to its end."""
    runs = [run for run in places.playbook_runs if run.title == PLAYBOOK]
    done = [run for run in runs if run.state == DONE]
    if not done:
        return missing(f"{len(runs):,} runs of playbook {PLAYBOOK}, none gone through to its end")
    last = max(run.updated for run in done)
    return told(
        True, f"{len(done):,} cases were shared as persons confirmed, the last {places.ago(last)} ago"
    )
