"""What decisions teach later searches: the labels that hold now, with what their campaigns were like."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.campaigns.feedback import AccountLabel, CampaignLabel, Feedback, OwnKey, Said
from stillwatch.campaigns.permits import Permit
from stillwatch.cases.case import Case, Label
from stillwatch.cases.event import Event
from stillwatch.cases.evidence import Frozen, must_hold
from stillwatch.cases.found import families_of
from stillwatch.cases.models import EventRow, EvidenceRow
from stillwatch.cases.states import State
from stillwatch.cases.store import Store, event_of
from stillwatch.schema.table import values

CAMPAIGN, ACCOUNT = "campaign", "account"
"""Scopes of a label."""
PERMIT_FOUND = "permit found"


def feedback_of(store: Store, now: float) -> Feedback:
    """Return the labels that hold at a time, POSIX seconds, as feedback.

    A label of a campaign holds while its case is closed; of several about one subject, the last does. Raises
    CaseError where the evidence that a label rests on is not what it was.
    """
    cases = {case.id: case for case in store.cases()}
    newest: dict[tuple[str, str], Label] = {}
    for label in store.labels():
        if label.scope == ACCOUNT or _stands(cases[label.case], label):
            newest[label.scope, label.subject] = label
    campaigns, accounts, permits = [], [], []
    for label in newest.values():
        if label.expires <= now:
            continue
        said = _said(store, label)
        if label.scope == CAMPAIGN:
            told = _campaign(label, said, evidence_at(store, label.case, label.seq))
            campaigns.append(told)
            permits += _permits(label, sorted(told.accounts))
        else:
            accounts.append(AccountLabel(label.subject, label.label, said))
            permits += _permits(label, [label.subject])
    return Feedback(tuple(campaigns), tuple(accounts), tuple(permits))


def evidence_at(store: Store, case: int, seq: int | None = None) -> Frozen:
    """Return the newest evidence of a case, or what it had at an event. Raises CaseError where it is not what
    its hash says.
    """
    query = (
        sa.select(EvidenceRow.sha256, EvidenceRow.content)
        .where(EvidenceRow.case_id == case)
        .order_by(EvidenceRow.seq.desc())
        .limit(1)
    )
    row = store.session.execute(query if seq is None else query.where(EvidenceRow.seq <= seq)).first()
    sha256, content = row if row is not None else ("", b"")
    return must_hold(content, sha256, f"case {case}")


def evidence_hash(session: Session, case: int) -> str:
    """Return the hash of the newest evidence of a case, without reading it; empty where there is none."""
    query = sa.select(EvidenceRow.sha256).where(EvidenceRow.case_id == case)
    return session.scalar(query.order_by(EvidenceRow.seq.desc()).limit(1)) or ""


def _stands(case: Case, label: Label) -> bool:
    return case.state == State.CLOSED and case.outcome == label.outcome


def _said(store: Store, label: Label) -> Said:
    row = store.session.get_one(EventRow, label.seq)
    event: Event = event_of(row)
    return Said(event.actor, _moment(event.time), event.reason, _moment(label.expires))


def _campaign(label: Label, said: Said, kept: Frozen) -> CampaignLabel:
    row = kept.table("campaigns").to_pylist()[0]
    about = kept.about
    sketch = about.get("sketch") or {}
    keys = kept.table("campaign_keys").select(["facet", "key", "nats"]).to_pylist()
    ids = values(kept.table("members"), "account_id")
    last = about.get("last")
    return CampaignLabel(
        identity=label.subject,
        label=label.label,
        said=said,
        outcome=label.outcome,
        family=row["family"],
        campaign=row["campaign"],
        kind=row["kind"],
        verdict=row["verdict"],
        families=frozenset(families_of(kept.table("evidence").to_pylist())),
        accounts=frozenset(ids),
        first=row["first"],
        digest=str(about.get("digest") or ""),
        last_of_run=datetime.fromisoformat(last) if isinstance(last, str) else None,
        sketch_version=int(sketch.get("version") or 0),
        sketch_key=str(sketch.get("key") or ""),
        keys=tuple(OwnKey(one["facet"], one["key"], one["nats"]) for one in keys),
    )


def _permits(label: Label, accounts: list[str]) -> list[Permit]:
    """The permit that a label tells of; none where it tells of none."""
    name = label.data.get("permit")
    if not name:
        return []
    organisation = str(label.data.get("organisation") or "")
    return [
        Permit(
            name=str(name),
            accounts=frozenset() if organisation else frozenset(accounts),
            organisation=organisation,
            models=frozenset(label.data.get("models") or ()),
            volume=None,
            output_tokens=None,
            purpose="found by review",
            starts=None,
            expires=_moment(label.expires),
        )
    ]


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
