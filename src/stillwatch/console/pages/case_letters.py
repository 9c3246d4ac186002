"""Letters of a case: drafted by a plan, read and approved by people, and what became of each notice."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from stillwatch.cases.case import Case
from stillwatch.cases.outbox.delivery import DEAD, Delivery
from stillwatch.cases.remediation.letters import ACCOUNT, LINK
from stillwatch.cases.remediation.letters import filled as filled_in
from stillwatch.cases.remediation.notices import message_key
from stillwatch.cases.remedy import Letter, Notice
from stillwatch.cases.words import LONGEST_TEXT
from stillwatch.console.act import Act
from stillwatch.console.case_of_path import case_of_path
from stillwatch.console.done import Done
from stillwatch.console.not_there import NotThere
from stillwatch.console.page import Page
from stillwatch.console.pages.case_acts import Reason
from stillwatch.console.recent_reasons import recent_reasons
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.console.templating import with_query

AT_ONCE = 50
EXAMPLE = "acct-example"
"""The account that a preview names."""
COLUMNS = (
    Column("id", "Letter", link="/cases/{case}/letters/{id}"),
    Column("kind", "Kind"),
    Column("state", "State"),
    Column("subject", "Subject"),
    Column("to", "Goes to, accounts", "count"),
    Column("queued", "Notices", "count"),
    Column("by", "Written by"),
    Column("approved_by", "Approved by"),
)
NOTICES = (
    Column("id", "Notice"),
    Column("account", "Account", "code", link="/accounts/{account}"),
    Column("queued", "Queued", "time"),
    Column("state", "Delivery", link="/deliveries/{message}"),
    Column("expires", "Link works until", "time"),
)


class Filters(msgspec.Struct):
    """Where the notices go on; it stands in the URL."""

    after: Annotated[int, msgspec.Meta(ge=0, lt=10**9)] = 0
    most: Annotated[int, msgspec.Meta(ge=1, le=20_000)] = AT_ONCE


class EditFields(msgspec.Struct):
    """The whole letter; its first line is `Subject: …`."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=20_000)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_TEXT)]


class ReasonFields(msgspec.Struct):
    """Why."""

    reason: Reason


def letters(seen: Seen) -> Shown:
    """Return the letters of a case, the newest first."""
    case, desk = case_of_path(seen), seen.doors.remedy
    rows = [_row(seen, one) for one in reversed(desk.door.letters(case.id))]
    values = {"case": case.document(seen.now), "may_go": bool(seen.doors.cases.settings.appeal_url)}
    tables = {"letters": Rows(COLUMNS, rows, "Letters")}
    return Shown("case_letters.html", values, tables, {"found": case}, f"Letters of case {case.id}")


def one(seen: Seen) -> Shown:
    """Return one letter, as its customers read it, and its notices."""
    case = case_of_path(seen)
    letter = _letter(seen, case)
    wanted: Filters = seen.filters
    sent = seen.doors.remedy.door.notices(letter.id)
    end = wanted.after + wanted.most
    states = _deliveries(seen, case, sent[wanted.after : end])
    here = f"/cases/{case.id}/letters/{letter.id}"
    more = with_query(here, seen.query, after=str(end)) if end < len(sent) else ""
    rows = [_notice(one, states.get(one.id)) for one in sent[wanted.after : end]]
    told = letter.document()
    told.pop("html")
    values = {
        "case": case.id,
        "letter": told,
        "to": _to(seen, letter),
        "may_go": bool(seen.doors.cases.settings.appeal_url),
        "preview": _preview(seen, letter),
    }
    tables = {"notices": Rows(NOTICES, rows, "Notices", len(sent), more)}
    parts = {"reasons": recent_reasons(seen), "whole": f"Subject: {letter.subject}\n\n{letter.text}"}
    return Shown("case_letter.html", values, tables, parts, f"Letter {letter.id}")


def edit(seen: Seen, fields: EditFields) -> Done:
    """Write a letter anew; it must be approved again."""
    letter = _letter(seen, case_of_path(seen))
    text = fields.text.replace("\r\n", "\n")
    made = seen.doors.remedy.door.edit_letter(letter.id, text, by=seen.user.name, reason=fields.reason)
    return _done(made, f"Letter {made.id} is written anew, and must be approved.")


def approve(seen: Seen, fields: ReasonFields) -> Done:
    """Approve a letter."""
    letter = _letter(seen, case_of_path(seen))
    made = seen.doors.remedy.door.approve_letter(letter.id, by=seen.user.name, reason=fields.reason)
    return _done(made, f"Letter {made.id} is approved. It goes out when somebody sends it.")


def send(seen: Seen, fields: ReasonFields) -> Done:
    """Send an approved letter: a notice for each account."""
    letter, desk = _letter(seen, case_of_path(seen)), seen.doors.remedy
    desk.door.order_letter(letter.id, by=seen.user.name, reason=fields.reason)
    desk.jobs.begin(f"letter {letter.id}", seen.user.name, lambda _said: desk.door.go_on_letter(letter.id))
    made = desk.door.letter(letter.id)
    return _done(made, f"{made.queued:,} notices of letter {made.id} are queued.")


def withdraw(seen: Seen, fields: ReasonFields) -> Done:
    """Let a letter not go out."""
    letter = _letter(seen, case_of_path(seen))
    made = seen.doors.remedy.door.withdraw_letter(letter.id, by=seen.user.name, reason=fields.reason)
    return _done(made, f"Letter {made.id} does not go out.")


def _letter(seen: Seen, case: Case) -> Letter:
    name = str(seen.path["letter"])
    found = [one for one in seen.doors.remedy.door.letters(case.id) if one.id == name]
    if not found:
        raise NotThere("there is no such letter", where=name[:40], do="see the letters of the case")
    return found[0]


def _to(seen: Seen, letter: Letter) -> int:
    return sum(seen.doors.remedy.crowd_size(one) for one in letter.crowds)


def _row(seen: Seen, letter: Letter) -> dict[str, Any]:
    return {
        "case": letter.case_id,
        "id": letter.id,
        "kind": letter.kind,
        "state": letter.state,
        "subject": letter.subject.replace(ACCOUNT, "…"),
        "to": _to(seen, letter),
        "queued": letter.queued,
        "by": letter.by,
        "approved_by": letter.approved_by,
    }


def _preview(seen: Seen, letter: Letter) -> dict[str, Any]:
    """The letter as one customer reads it, with an account and a link that are nobody's."""
    link = f"{seen.doors.cases.settings.appeal_url or 'https://…/appeal/'}…"
    body = {"account": EXAMPLE, "subject": letter.subject, "text": letter.text, "html": ""}
    told = filled_in(body, link)
    return {"subject": told["subject"], "paragraphs": str(told["text"]).split("\n\n"), "mark": LINK}


def _deliveries(seen: Seen, case: Case, notices: list[Notice]) -> dict[str, Delivery]:
    """What became of notices: the worst of each one's deliveries."""
    keys = {message_key(one): one.id for one in notices}
    found: dict[str, Delivery] = {}
    for key, delivery in seen.doors.cases.outbox.of_keys(keys):
        name = keys[key]
        if name not in found or delivery.state == DEAD:
            found[name] = delivery
    return found


def _notice(notice: Notice, delivery: Delivery | None) -> dict[str, Any]:
    return {
        "id": notice.id,
        "account": notice.account,
        "queued": notice.queued,
        "expires": notice.expires,
        "state": delivery.state if delivery else "forgotten",
        "message": delivery.message if delivery else "",
    }


def _done(letter: Letter, said: str) -> Done:
    result = {"letter": letter.id, "state": letter.state, "queued": letter.queued}
    return Done(f"/cases/{letter.case_id}/letters/{letter.id}", said, result)


ONE = "/cases/{number:int}/letters/{letter}"
PAGES = (
    Page("/cases/{number:int}/letters", "Letters", Role.VIEWER, letters),
    Page(ONE, "Letter", Role.VIEWER, one, Filters),
)
ACTS = (
    Act(f"{ONE}/edit", "Write a letter anew", Role.ANALYST, EditFields, edit),
    Act(f"{ONE}/approve", "Approve a letter", Role.APPROVER, ReasonFields, approve),
    Act(f"{ONE}/send", "Send a letter", Role.APPROVER, ReasonFields, send),
    Act(f"{ONE}/withdraw", "Withdraw a letter", Role.ANALYST, ReasonFields, withdraw),
)
