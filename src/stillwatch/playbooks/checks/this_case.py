"""One case: what is known of it, and what was done."""

from __future__ import annotations

from stillwatch.cases.event import Action
from stillwatch.cases.labels import PERMIT_FOUND
from stillwatch.cases.states import Kind, Link, Outcome, State
from stillwatch.playbooks.check import Answer, check, not_applicable, told
from stillwatch.playbooks.places import Places


@check(says="Somebody has taken the case.", do="`stillwatch case assign CASE NAME`", of_case=True)
def case_taken(places: Places) -> Answer:
    """It has an assignee."""
    return told(
        bool(places.case.assignee), "it is with somebody" if places.case.assignee else "it is with nobody"
    )


@check(
    says="The case rests on the newest run.",
    do="`stillwatch case sync RUN`",
    of_case=True,
)
def case_from_newest_run(places: Places) -> Answer:
    """What it shows was found by the run that was given."""
    ours, newest = str(places.case.found.get("digest")), str(places.run.about.get("digest"))
    return told(
        ours == newest,
        f"it shows run {places.case.found.get('run')}, and the newest is {places.run.about.get('id')}",
    )


@check(
    says="The evidence of the case is kept, and is what its hash says.",
    do="`stillwatch case audit verify`",
    of_case=True,
)
def case_evidence_kept(places: Places) -> Answer:
    """The frozen evidence can be read."""
    kept = places.store.evidence(places.case.id)
    return told(True, f"{len(kept.members()):,} files are kept, SHA-256 {kept.sha256[:12]}…")


@check(
    says="The case has a deadline that has not passed.",
    do="`stillwatch case deadline CASE DATE`",
    of_case=True,
)
def case_deadline(places: Places) -> Answer:
    """It has one, and is not overdue."""
    case = places.case
    if case.state == State.CLOSED:
        return not_applicable("it is closed")
    late = case.overdue(places.now)
    said = "it has none" if case.deadline is None else "it has passed" if late else "it lies ahead"
    return told(case.deadline is not None and not late, f"the deadline: {said}")


@check(
    says="The accounts of the case are robbed or leaked customers'.",
    do="nothing: this decides which way to go",
    of_case=True,
)
def case_is_victim(places: Places) -> Answer:
    """Its kind is victim, or it was closed so."""
    case = places.case
    return told(
        case.kind == Kind.VICTIM or case.outcome == Outcome.VICTIM, f"it is a case of kind {case.kind}"
    )


@check(
    says="The case is so large that a second person must agree.",
    do="nothing: this decides which way to go",
    of_case=True,
)
def case_needs_second(places: Places) -> Answer:
    """It has more accounts than one person may act against."""
    most = places.settings.cases.second_person
    return told(
        places.case.accounts > most, f"{places.case.accounts:,} accounts; one person may act against {most:,}"
    )


@check(
    says="Measures against the accounts of the case are decided.",
    do="`stillwatch case move CASE acting`, after a second review where it is large",
    of_case=True,
)
def case_decided(places: Places) -> Answer:
    """It is acting, appealed, or was closed as confirmed."""
    case, most = places.case, places.settings.cases.second_person
    acting = case.state in (State.ACTING, State.APPEALED)
    agreed = case.one_person_suffices(most) or case.outcome == Outcome.CONFIRMED
    done = (acting and agreed) or case.outcome == Outcome.CONFIRMED
    return told(done, f"it is {case.state}{f' as {case.outcome}' if case.outcome else ''}")


@check(
    says="A second person agreed to the measures of the case.",
    do="`stillwatch case review CASE --agree` by another person",
    of_case=True,
)
def case_agreed(places: Places) -> Answer:
    """Enough persons agreed to as many accounts as it has."""
    case, most = places.case, places.settings.cases.second_person
    if case.accounts <= most:
        return not_applicable(f"{case.accounts:,} accounts; one person may act against {most:,}")
    return told(
        case.one_person_suffices(most),
        f"{case.approved_accounts:,} of {case.accounts:,} accounts were agreed to",
    )


@check(
    says="The case is closed.",
    do="`stillwatch case close CASE OUTCOME`",
    of_case=True,
)
def case_closed(places: Places) -> Answer:
    """It has an outcome."""
    case = places.case
    return told(
        case.state == State.CLOSED, f"it is {case.state}{f' as {case.outcome}' if case.outcome else ''}"
    )


@check(
    says="Cases that follow this one, or have to do with it, are linked.",
    do="`stillwatch case link CASE related OTHER`",
    of_case=True,
)
def case_linked(places: Places) -> Answer:
    """It has a link to another case, or another has one to it."""
    number = places.case.id
    out = len(places.case.links)
    back = sum(other == number for case in places.cases for _, other in case.links if case.id != number)
    return told(bool(out or back), f"{out + back:,} links")


@check(
    says="A successor of the campaign was found.",
    do="nothing: this decides which way to go",
    of_case=True,
)
def case_has_successor(places: Places) -> Answer:
    """Another case says that it is this one's successor."""
    wanted = (str(Link.SUCCESSOR), places.case.id)
    found = [case.id for case in places.cases if wanted in case.links]
    return told(bool(found), f"cases that follow it: {', '.join(map(str, found)) or 'none'}")


@check(
    says="A permit for the case was found, or it was closed as licensed.",
    do='look in the contracts; `stillwatch case decide CASE ACCOUNT "permit found" --permit NAME`',
    of_case=True,
)
def case_permit_found(places: Places) -> Answer:
    """A decision about one of its accounts names a permit, or its outcome is licensed."""
    named = sum(
        label.get("label") == PERMIT_FOUND
        for event in places.case_events
        if event.action is Action.DECIDED
        for label in event.new.get("labels", ())
    )
    licensed = places.case.outcome == Outcome.LICENSED
    return told(
        bool(named or licensed),
        f"{named:,} decisions name a permit; outcome: {places.case.outcome or 'none yet'}",
    )


@check(
    says="The guard does nothing to accounts of the case while somebody looks.",
    do="`stillwatch guard hold CAMPAIGN --state STATE`",
    of_case=True,
)
def case_held(places: Places) -> Answer:
    """The journal has a hold on its campaign that is in force."""
    clears = places.published.overlay.campaigns.get(places.case.identity, ())
    return told(
        any(one.holds(places.now) for one in clears),
        f"{len(clears):,} entries of the journal are about its campaign",
    )


@check(
    says="It was measured what of the campaign came back after the first step.",
    do="`stillwatch case measure CASE LATER`, with a run from after the step",
    of_case=True,
)
def case_measured(places: Places) -> Answer:
    """A later run was held against the campaign since its accounts were restricted."""
    since = places.restricted.get(places.case.id)
    if since is None:
        return not_applicable("no step of a plan is in force, so nobody had to move")
    last = places.measured.get(places.case.id, 0.0)
    said = f"the first step was taken {places.ago(since)} ago"
    if last < since:
        return told(False, f"{said}, and nothing was measured after it")
    return told(True, f"{said}; it was measured {places.ago(last)} ago")
