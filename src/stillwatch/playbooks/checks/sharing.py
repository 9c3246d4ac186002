"""Sharing what was learnt with other operators."""

from __future__ import annotations

from stillwatch.playbooks.check import Answer, cannot_tell, check, missing, not_applicable, told
from stillwatch.playbooks.places import NotGiven, Places

PLAYBOOK = "share"
"""The playbook whose runs are looked for."""
DONE = "done"
DAY = 86_400.0


@check(
    says="What was learnt about infrastructure and behaviour was shared with others.",
    do="`stillwatch intel export`, let a second person approve it, and `stillwatch intel publish`",
)
def sharing_confirmed(places: Places) -> Answer:
    """An export that a second person approved has left; or a run of the playbook on sharing was gone through
    to its end, where it is shared by another way.
    """
    try:
        seen = places.sharing
    except NotGiven:
        seen = None
    if seen is not None and seen.left and seen.last_left is not None:
        return told(
            True,
            f"{seen.left:,} exports left, each approved by a second person, the last "
            f"{places.ago(seen.last_left)} ago",
        )
    runs = [run for run in places.playbook_runs if run.title == PLAYBOOK]
    done = [run for run in runs if run.state == DONE]
    if not done:
        waiting = f"{seen.waiting:,} exports wait for a second person; " if seen and seen.waiting else ""
        return missing(f"{waiting}{len(runs):,} runs of playbook {PLAYBOOK}, none gone through to its end")
    last = max(run.updated for run in done)
    return told(
        True, f"{len(done):,} cases were shared as persons confirmed, the last {places.ago(last)} ago"
    )


@check(
    says="A hub of a sharing group is known, with its log's key.",
    do="`stillwatch hub key --side FOLDER`, let a coordinator add you, then `stillwatch hub join`",
)
def hub_joined(places: Places) -> Answer:
    """There is a member's side with a key, a hub, and the pinned key of the hub's log."""
    side = places.sharing.side
    if side is None:
        return cannot_tell("no member's side was given", "give it: --side FOLDER")
    return told(
        side, "the member's side knows a hub and the key of its log" if side else "the folder knows no hub"
    )


@check(
    says="The hub's log was checked and cosigned lately, and tells everybody the same.",
    do="`stillwatch hub log cosign --side FOLDER`; compare with others through --other now and then",
)
def sharing_log_checked(places: Places) -> Answer:
    """The last look is not older than playbooks.sharing_log_days, and nothing proves that the hub lied."""
    seen = places.sharing
    if seen.side is None:
        return cannot_tell("no member's side was given", "give it: --side FOLDER")
    if not seen.side:
        return not_applicable("there is no member's side of a hub")
    if seen.evidence:
        return missing(
            f"{seen.evidence:,} files prove that the hub changed its log, or told others another story",
            "show the folder `evidence` of your side to the group, and share nothing through this hub",
        )
    if seen.looked is None:
        return missing("the log was never looked at")
    fresh = places.now - seen.looked <= places.settings.playbooks.sharing_log_days * DAY
    return told(
        fresh,
        f"cosigned {places.ago(seen.looked)} ago; {seen.members:,} members' keys are known for comparing",
    )


@check(
    says="What proved wrong was taken back, and what others took back was looked at.",
    do="`stillwatch intel corrections` and `stillwatch intel corrected`",
)
def shared_corrected(places: Places) -> Answer:
    """No export is due for a correction. What others corrected is told; whether somebody looked at it, only
    people know.
    """
    seen = places.sharing
    if not seen.store:
        return cannot_tell("there is no store of sharing", "give it: --sharing FILE")
    theirs = f"{seen.corrected:,} reports that matched here were corrected by others"
    if not seen.left and not seen.corrected:
        return not_applicable("nothing left, and nothing that matched here was corrected")
    return told(not seen.to_correct, f"{seen.to_correct:,} exports are due for a correction; {theirs}")
