"""Search over everything that has a name: cases, campaigns, accounts, keys, organisations, permits, notes."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec

from stillwatch.cases.searching import Found, cases_of, found_in_cases
from stillwatch.console.act import Act
from stillwatch.console.done import Done
from stillwatch.console.found_in_run import Hit, found_in_run
from stillwatch.console.page import Page
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.plain import plain

MOST = 20
"""Findings of each sort that are shown."""
LONGEST = 200
COLUMNS = (
    Column("what", "What"),
    Column("name", "Found"),
    Column("beside", "Where"),
    Column("see", "Leads to"),
)
ORDER = (
    "case",
    "campaign",
    "account",
    "key",
    "organisation",
    "permit",
    "tag",
    "person",
    "note",
)


class Filters(msgspec.Struct):
    """What is searched for; it stands in the URL."""

    q: Annotated[str, msgspec.Meta(max_length=LONGEST)] = ""


class SearchFields(msgspec.Struct):
    """What is searched for."""

    q: Annotated[str, msgspec.Meta(max_length=LONGEST)] = ""


def search(seen: Seen) -> Shown:
    """Return what a word is found in: among the cases, and in the newest run."""
    word = " ".join(seen.filters.q.split())
    rows = found(seen, word) if word else []
    run = seen.doors.runs.newest()
    values = {"q": word, "run": str(run.about.get("id") or "") if run else "", "most": MOST}
    return Shown(
        "search.html", values, {"found": Rows(COLUMNS, rows, "Found")}, title=f"Search {word}".strip()
    )


def found(seen: Seen, word: str) -> list[dict[str, Any]]:
    """Return findings as rows, exact ones first, then by sort."""
    with seen.doors.cases.database.reading() as session:
        in_cases = found_in_cases(session, word, MOST)
        run = seen.doors.runs.newest()
        hits = found_in_run(run, word, MOST) if run else []
        known = cases_of(session, sorted({hit.identity for hit in hits if hit.identity}))
    rows = [_of_case(one) for one in in_cases]
    rows += [_of_run(hit, known.get(hit.identity, 0)) for hit in hits]
    return sorted(rows, key=lambda row: (not row["exact"], ORDER.index(row["what"])))


def jump(seen: Seen, fields: SearchFields) -> Done:
    """Go to what a word names exactly; else to what it is found in."""
    word = " ".join(fields.q.split())
    exact = [row for row in found(seen, word) if row["exact"] and row["see"]] if word else []
    places = {row["see"] for row in exact if row["what"] == exact[0]["what"]} if exact else set()
    there = places.pop() if len(places) == 1 else f"/search?{urlencode({'q': word})}"
    return Done(there, "", {"see": there})


def _of_case(one: Found) -> dict[str, Any]:
    several = {"tag": "tag", "person": "assignee"}
    if one.what in several:
        see = f"/cases?{urlencode({several[one.what]: one.name})}"
        beside = f"{one.cases:,} {'case' if one.cases == 1 else 'cases'}"
    else:
        see, beside = f"/cases/{one.case}", f"case {one.case}"
    if one.what == "account":
        see = f"/cases/{one.case}/accounts?q={quote(one.name, safe='')}"
        beside = f"decided about in case {one.case}"
    beside = "" if one.what == "case" else beside
    return {"what": one.what, "name": plain(one.name), "beside": beside, "see": see, "exact": one.exact}


def _of_run(hit: Hit, case: int) -> dict[str, Any]:
    elsewhere = {
        "campaign": f"/campaigns/{quote(hit.identity, safe='')}",
        "account": f"/accounts/{quote(hit.name, safe='')}",
        "permit": "/permits",
    }
    see = f"/cases/{case}" if case else elsewhere.get(hit.what, "")
    if case and hit.what == "account":
        see = f"/cases/{case}/accounts?q={quote(hit.name, safe='')}"
    beside = f"{hit.beside}, case {case}" if case else hit.beside
    return {"what": hit.what, "name": plain(hit.name), "beside": beside, "see": see, "exact": hit.exact}


PAGES = (Page("/search", "Search", Role.VIEWER, search, Filters),)
ACTS = (Act("/search", "Go to what a word names", Role.VIEWER, SearchFields, jump),)
