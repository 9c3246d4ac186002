"""Permits: those of the run and of the guard's journal, what was used of them; issue and revoke."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from stillwatch.console.act import Act
from stillwatch.console.done import Done
from stillwatch.console.guard_seen.recent import Recorded
from stillwatch.console.guard_seen.state import StateSeen, look_again, state_seen, state_there
from stillwatch.console.page import Page
from stillwatch.console.role import Role
from stillwatch.console.run_called import run_called
from stillwatch.console.runs_asked import by_group, choices, run_asked, run_id, seconds
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.console.written_moments import written_moment
from stillwatch.errors import InputError
from stillwatch.guard.journal_entry import Entry, Kind
from stillwatch.guard.moments import seconds_or_none
from stillwatch.guard.people import People, Said
from stillwatch.report import formatting, sentences
from stillwatch.run.reading import Row, Run
from stillwatch.schema import use

SOON_S = 14 * 86_400.0
"""Seconds before its end from which a permit expires soon."""
MOST_PERMITS = 2_000
COLUMNS = (
    Column("name", "Permit"),
    Column("standing", "Now"),
    Column("holder", "Holder"),
    Column("models", "Models", "words"),
    Column("starts", "From", "time"),
    Column("expires", "Until", "time"),
    Column("origin", "Issued"),
    Column("why", "Why"),
    Column("exchanges", "Exchanges used", "count"),
    Column("volume", "Allowed", "count"),
    Column("share", "Share", "number"),
    Column("output_tokens", "Output tokens used", "count"),
    Column("tokens_allowed", "Tokens allowed", "count"),
    Column("decisions", "Newest decisions it covered", "count"),
    Column("campaigns", "Campaigns", "words"),
    Column("beyond", "What goes beyond it"),
)
STANDINGS = ("in force", "expires soon", "begins later", "unused", "ended", "revoked", "taken back")


class Filters(msgspec.Struct):
    """Which run tells the use, and which permits; it stands in the URL."""

    run: str = ""
    standing: str = ""
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""


class IssueFields(msgspec.Struct):
    """A permit: for accounts, one a line, or for a verified organisation."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    until: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
    accounts: Annotated[str, msgspec.Meta(max_length=200_000)] = ""
    organisation: Annotated[str, msgspec.Meta(max_length=400)] = ""
    models: Annotated[str, msgspec.Meta(max_length=20_000)] = ""
    starts: Annotated[str, msgspec.Meta(max_length=40)] = ""


class RevokeFields(msgspec.Struct):
    """The permit that is taken back, and why."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]


def permits(seen: Seen) -> Shown:
    """Return every permit with where it stands and what was used of it."""
    wanted: Filters = seen.filters
    run = run_asked(seen.doors, wanted.run)
    state = state_seen(seen.doors)
    covered = _covered(state)
    rows = [*_of_run(run, state, covered, seen.now), *_of_journal(state, covered, seen.now)]
    order = {standing: place for place, standing in enumerate(STANDINGS)}
    rows.sort(key=lambda row: (order.get(row["standing"], 9), row["expires"] or 0.0, row["name"]))
    found = [
        row
        for row in rows
        if (not wanted.standing or row["standing"] == wanted.standing or row.get("also") == wanted.standing)
        and (not wanted.name or wanted.name.lower() in row["name"].lower())
    ]
    values = {
        "run": None if run is None else {"id": run_id(run), "name": run.folder.name},
        "guard": state is not None,
        "filters": msgspec.to_builtins(wanted),
        "counts": {
            standing: sum(standing in (row["standing"], row.get("also")) for row in rows)
            for standing in STANDINGS
        },
        "all": len(rows),
    }
    parts = {"choices": choices(seen.doors), "standings": STANDINGS}
    table = Rows(COLUMNS, found[:MOST_PERMITS], "Permits", len(found))
    return Shown("permits.html", values, {"permits": table}, parts)


def issue(seen: Seen, fields: IssueFields) -> Done:
    """Issue a permit."""
    until = written_moment(fields.until, "until")
    said = Said(seen.user.name, fields.reason, until)
    with People(state_there(seen.doors).folder.path) as people:
        entry = people.issue(
            fields.name,
            said,
            accounts=_lines(fields.accounts),
            organisation=fields.organisation,
            models=_lines(fields.models),
            starts=written_moment(fields.starts, "starts"),
        )
    look_again(seen.doors)
    return Done("/permits", f"The permit {formatting.cut(fields.name, 60)} is issued.", {"entry": entry.seq})


def revoke(seen: Seen, fields: RevokeFields) -> Done:
    """Take back the permits of a name that were issued so far."""
    with People(state_there(seen.doors).folder.path) as people:
        entry = people.revoke(fields.name, Said(seen.user.name, fields.reason))
    look_again(seen.doors)
    return Done("/permits", f"The permit {formatting.cut(fields.name, 60)} is revoked.", {"entry": entry.seq})


def _lines(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 10_000:
        raise InputError("these are too many lines", where="the form", do="name the organisation instead")
    return lines


def _covered(state: StateSeen | None) -> Mapping[str, int]:
    """How many of the newest decisions each permit covered."""
    return {} if state is None else state.recent.made("permits", _by_permit)


def _by_permit(rows: list[Recorded]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        if row.permit and row.permission == "covers":
            found[row.permit] = found.get(row.permit, 0) + 1
    return found


def _of_run(
    run: Run | None, state: StateSeen | None, covered: Mapping[str, int], now: float
) -> list[dict[str, Any]]:
    if run is None:
        return []
    rows = []
    named = {
        row["name"]: row["count"]
        for row in run.rows("use")
        if row["input"] == "permits" and row["what"] == use.PERMIT
    }
    revoked = {} if state is None else state.published.overlay.revoked
    for permit in run.rows("permits"):
        mine = [row for row in by_group(run).values() if row["permit"] == permit["name"]]
        exchanges = sum(row["exchanges"] for row in mine)
        starts, expires = seconds(permit["starts"]), seconds(permit["expires"])
        by = revoked.get(permit["name"])
        standing = "revoked" if by else _standing(starts, expires, now)
        in_log = named.get(permit["name"])
        rows.append(
            {
                "name": permit["name"],
                "standing": standing,
                "also": "unused" if not exchanges and not in_log else "",
                "holder": _holder(permit, in_log),
                "models": permit["models"],
                "starts": starts,
                "expires": expires,
                "origin": f"with {run_called(run.folder.name)}",
                "why": f"revoked by entry {by}" if by else "",
                **_used(mine, permit, exchanges),
                "decisions": covered.get(permit["name"], 0) if state else None,
                "revocable": standing not in ("revoked", "ended") and state is not None,
            }
        )
    return rows


def _used(campaigns: list[Row], permit: Row, exchanges: int) -> dict[str, Any]:
    """What the run's campaigns used of it."""
    return {
        "exchanges": exchanges,
        "volume": permit["volume"],
        "share": exchanges / permit["volume"] if permit["volume"] else None,
        "output_tokens": sum(row["output_tokens"] for row in campaigns),
        "tokens_allowed": permit["output_tokens"],
        "campaigns": [row["campaign"] for row in campaigns],
        "beyond": " ".join(sentences.beyond(row) for row in campaigns if row["permit_excess"]),
    }


def _holder(permit: Row, in_log: int | None) -> str:
    told = permit["organisation"] or formatting.plural(len(permit["accounts"]), "account")
    return told if in_log is None else f"{told}; {formatting.plural(in_log, 'account')} in the log"


def _of_journal(state: StateSeen | None, covered: Mapping[str, int], now: float) -> list[dict[str, Any]]:
    if state is None:
        return []
    ended, revoked = state.ended(), state.published.overlay.revoked
    rows = []
    for entry in state.entries:
        if entry.kind is not Kind.PERMIT:
            continue
        name = entry.about[1]
        starts = seconds_or_none(entry.data.get("starts"))
        taken, by = ended.get(entry.seq), revoked.get(name, 0)
        standing = (
            "taken back" if taken else "revoked" if by > entry.seq else _standing(starts, entry.expires, now)
        )
        rows.append(
            {
                "name": name,
                "standing": standing,
                "also": "unused"
                if standing in ("in force", "expires soon") and not covered.get(name)
                else "",
                "holder": _holder_of(entry),
                "models": entry.data.get("models", []),
                "starts": starts,
                "expires": entry.expires,
                "origin": f"entry {entry.seq}, {entry.actor}",
                "why": entry.reason,
                **dict.fromkeys(("exchanges", "volume", "share", "output_tokens", "tokens_allowed")),
                "campaigns": [],
                "beyond": "",
                "decisions": covered.get(name, 0),
                "revocable": standing not in ("revoked", "ended", "taken back"),
            }
        )
    return rows


def _holder_of(entry: Entry) -> str:
    accounts = len(entry.data.get("accounts", ()))
    told = [formatting.plural(accounts, "account")] if accounts else []
    return " and ".join([*told, *(["a verified organisation"] if entry.data.get("organisation") else [])])


def _standing(starts: float | None, expires: float | None, now: float) -> str:
    if expires is not None and now >= expires:
        return "ended"
    if starts is not None and now < starts:
        return "begins later"
    return "expires soon" if expires is not None and expires - now < SOON_S else "in force"


PAGES = (Page("/permits", "Permits", Role.VIEWER, permits, Filters, menu=8),)
ACTS = (
    Act("/permits/issue", "Issue a permit", Role.APPROVER, IssueFields, issue),
    Act("/permits/revoke", "Revoke a permit", Role.APPROVER, RevokeFields, revoke),
)
