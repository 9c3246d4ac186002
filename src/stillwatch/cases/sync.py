"""A run's campaigns become cases, or update those that are about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stillwatch.campaigns.feedback import Likeness, changes
from stillwatch.cases.case import Case
from stillwatch.cases.event import Action
from stillwatch.cases.evidence import Freezer, Frozen
from stillwatch.cases.found import HARVESTING, found_of, kind_of
from stillwatch.cases.guard_said import guard_said
from stillwatch.cases.states import Link, Outcome, State
from stillwatch.cases.store import Store
from stillwatch.cases.words import MACHINE
from stillwatch.errors import EXIT_CHANGED, RunError
from stillwatch.run.about import identity_of
from stillwatch.run.layout import MARK, is_table
from stillwatch.run.manifest import entries_of, entry_of
from stillwatch.run.reading import Row, Run

GOES_ON = ("same", "grew")
"""Links by which a campaign is one of an earlier run."""


@dataclass(frozen=True)
class Seen:
    """One campaign of a run, read before anything is locked."""

    identity: str
    """Its identity."""
    family: str
    """Its family."""
    kind: str
    """What a case about it is about."""
    listed: bool
    """Whether the run lists it as one to look into."""
    accounts: int
    """Its accounts."""
    found: Mapping[str, Any]
    """What the run says of it."""
    evidence: Frozen
    """The same with all rows, frozen."""
    links: Sequence[tuple[str, str]] = ()
    """Links to campaigns of earlier runs: the link, and the other's identity."""


@dataclass(frozen=True)
class Synced:
    """What became of one campaign."""

    case: int
    """Number of the case."""
    identity: str
    """The campaign's identity."""
    campaign: str
    """Its name in the run."""
    how: str
    """opened, updated, reopened; unchanged: this run was synced already; older: a later run was."""
    why: str = ""
    """What was written as the reason."""


@dataclass(frozen=True)
class Batch:
    """A run as a sync takes it."""

    run: str
    """Its id."""
    digest: str
    """Its digest."""
    compared: bool
    """Whether it was compared with an earlier run, or with what people judged."""
    campaigns: Sequence[Seen] = field(default_factory=tuple)
    """Its listed campaigns, and those that are not listed but that cases may be about."""


def batch_of(folder: Path, known: Mapping[str, int], state: Path | None) -> Batch:
    """Read a run. known: identities that cases follow, which are taken listed or not; state: that of a guard.

    Raises RunError for a run that is not whole or not what its manifest says.
    """
    run = Run(folder)
    name, digest = identity_of(run.about, folder / MARK)
    _must_be_unchanged(folder, run.about)
    links: dict[int, list[tuple[str, str]]] = {}
    for row in run.rows("campaign_links"):
        if row["earlier_digest"] is not None:
            links.setdefault(row["group"], []).append((row["link"], row["other_identity"]))
    rows = [row for row in run.rows("campaigns") if _counts(row) or row["identity"] in known]
    freezer = Freezer(run, [row["group"] for row in rows])
    told = [_seen(run, row, links.get(row["group"], []), state, freezer) for row in rows]
    given = run.about.get("given", {})
    compared = bool(run.about.get("previous")) or bool(given.get("feedback"))
    return Batch(name, digest, compared, told)


def sync(store: Store, batch: Batch, growth: float) -> list[Synced]:
    """Write what a run says into the cases, within a session that writes.

    growth: share by which the accounts of a closed case's campaign may grow before it is opened again.
    """
    known = store.by_identity()
    done = []
    for seen in batch.campaigns:
        number = known.get(seen.identity) or _goes_on_as(seen, known)
        if number is not None:
            done.append(_update(store, store.case(number), seen, known, growth))
        elif seen.listed:
            done.append(_open(store, seen, known))
        else:
            continue
        known[seen.identity] = done[-1].case
    return done


def changed_since(case: Case, seen: Seen, growth: float) -> list[str]:
    """Return how a campaign differs from what it was when its case was closed: codes of Change."""
    then = Likeness(
        int(case.judged.get("accounts", 0)),
        str(case.judged.get("verdict", "")),
        frozenset(case.judged.get("families", ())),
    )
    now = Likeness(seen.accounts, seen.found["verdict"], frozenset(seen.found["families"]))
    return list(map(str, changes(then, now, growth)))


def _counts(campaign: Row) -> bool:
    return bool(campaign["listed"]) and campaign["verdict"] in HARVESTING


def _seen(
    run: Run, campaign: Row, links: Sequence[tuple[str, str]], state: Path | None, freezer: Freezer
) -> Seen:
    mine = freezer.members(campaign["group"])
    said = None if state is None else guard_said(state, campaign["identity"], mine)
    listed = _counts(campaign)
    found = found_of(run, campaign) | {"listed": listed}
    if said is not None:
        found["guard_entries"] = len(said)
    return Seen(
        campaign["identity"],
        campaign["family"],
        str(kind_of(campaign)),
        listed,
        campaign["accounts"],
        found,
        freezer.frozen(campaign, said),
        tuple(links),
    )


def _must_be_unchanged(folder: Path, about: dict[str, Any]) -> None:
    """Raise RunError where a table that evidence is taken from is not what the manifest says."""
    for entry in entries_of(about, folder / MARK):
        if not is_table(entry.file) or "/" in entry.file:
            continue
        try:
            same = entry_of(folder, entry.file) == entry
        except OSError:
            same = False
        if not same:
            error = RunError(
                "the run is not what its manifest says; no case rests on it, and nothing was written",
                where=str(folder / entry.file),
                do="see `stillwatch run verify`, and sync a run that nobody changed",
            )
            error.exit_code = EXIT_CHANGED
            raise error


def _goes_on_as(seen: Seen, known: Mapping[str, int]) -> int | None:
    return next((known[other] for link, other in seen.links if link in GOES_ON and other in known), None)


def _fields(seen: Seen, case: Case | None) -> dict[str, Any]:
    before = case.identities if case else ()
    return {
        "identity": seen.identity,
        "identities": before if seen.identity in before else (*before, seen.identity),
        "family": seen.family,
        "kind": seen.kind if seen.listed or case is None else case.kind,
        "accounts": seen.accounts,
        "found": seen.found,
    }


def _evidence(seen: Seen) -> dict[str, Any]:
    kept = seen.evidence
    return {
        "sha256": kept.sha256,
        "bytes": len(kept.content),
        "run": seen.found["run"],
        "digest": seen.found["digest"],
    }


def _open(store: Store, seen: Seen, known: Mapping[str, int]) -> Synced:
    """A new case, linked to those that its campaign split from or follows."""
    from_others = [
        (link, known[other])
        for link, other in seen.links
        if link in ("split", "successor") and other in known
    ]
    links = {
        (str(Link.SUCCESSOR if link == "successor" else Link.RELATED), other) for link, other in from_others
    }
    told = "".join(
        f"; it {'follows' if link == 'successor' else 'split from'} that of case {n}"
        for link, n in from_others
    )
    why = f"{seen.found['campaign']} of run {seen.found['run']} is {seen.found['verdict']}{told}"
    case = store.record(
        None,
        Action.OPENED,
        MACHINE,
        why,
        _fields(seen, None) | {"links": tuple(sorted(links)), "kind": seen.kind, "state": str(State.OPEN)},
        added={"evidence": _evidence(seen)},
        number=store.next_number(),
        evidence=seen.evidence.content,
    )
    for link, number in from_others:
        word = "follows it" if link == "successor" else "split from it"
        _link(store, number, str(Link.RELATED), case.id, f"the campaign of case {case.id} {word}")
    return Synced(case.id, seen.identity, seen.found["campaign"], "opened", why)


def _link(store: Store, number: int, link: str, other: int, why: str) -> None:
    case = store.case(number)
    links = tuple(sorted({*case.links, (link, other)}))
    store.record(case, Action.SEEN, MACHINE, why, {"links": links})


def _update(store: Store, case: Case, seen: Seen, known: Mapping[str, int], growth: float) -> Synced:
    was, now = case.found, seen.found
    if was.get("digest") == now["digest"]:
        return Synced(case.id, seen.identity, now["campaign"], "unchanged")
    if _moment(was.get("last_of_run")) > _moment(now["last_of_run"]):
        return Synced(case.id, seen.identity, now["campaign"], "older")
    wanted = _fields(seen, case)
    merged = sorted(
        {
            known[other]
            for link, other in seen.links
            if link == "merged" and known.get(other, case.id) != case.id
        }
    )
    changed = changed_since(case, seen, growth) if _may_reopen(case, seen) else []
    why = _how(case, seen, merged)
    if changed:
        wanted |= {"state": str(State.OPEN), "outcome": "", "proposed_by": "", "approved_by": ""}
        why = f"{why}; changed since it was closed as {case.outcome}: {', '.join(changed)}"
    anew = not _alike(case, seen)
    case = store.record(
        case,
        Action.REOPENED if changed else Action.SEEN,
        MACHINE,
        why,
        wanted,
        added={"evidence": _evidence(seen)} if anew else None,
        evidence=seen.evidence.content if anew else None,
    )
    for number in merged:
        _link(
            store, number, str(Link.DUPLICATE), case.id, f"its accounts went over into that of case {case.id}"
        )
    return Synced(case.id, seen.identity, now["campaign"], "reopened" if changed else "updated", why)


def _may_reopen(case: Case, seen: Seen) -> bool:
    closed = case.state == State.CLOSED and case.outcome != Outcome.DUPLICATE
    return closed and seen.listed and bool(case.judged)


def _alike(case: Case, seen: Seen) -> bool:
    """Whether nothing changed that decides anything, so that the evidence that a case has is enough."""
    names = ("verdict", "role", "families", "signals", "exchanges", "guard_entries")
    same = all(case.found.get(name) == seen.found.get(name) for name in names)
    return same and case.accounts == seen.accounts


def _how(case: Case, seen: Seen, merged: Sequence[int]) -> str:
    """What a run says of a campaign that a case follows, in words."""
    found, was = seen.found, case.found
    told = [f"{found['campaign']} of run {found['run']}"]
    if not seen.listed:
        told.append("is not listed any more")
    if seen.accounts != case.accounts:
        told.append(
            f"{'grew' if seen.accounts > case.accounts else 'shrank'} from {case.accounts} to "
            f"{seen.accounts} accounts"
        )
    if found["verdict"] != was.get("verdict"):
        told.append(f"the verdict was {was.get('verdict')} and is {found['verdict']}")
    if seen.listed and seen.kind != case.kind:
        told.append(f"the kind was {case.kind} and is {seen.kind}")
    if seen.identity not in case.identities:
        told.append(f"it is called {seen.identity} now")
    if merged:
        told.append(f"it took in that of case {', '.join(map(str, merged))}")
    return "; ".join(told if len(told) > 1 else [*told, "the same as before"])


def _moment(text: Any) -> datetime:
    """A time of a run; what is none counts as the earliest."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
