"""The accounts that a step is about, and who took what: paged."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from stillwatch.console.case_of_path import case_of_path
from stillwatch.console.not_there import NotThere
from stillwatch.console.page import Page
from stillwatch.console.plan_shown import does
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.console.templating import with_query

AT_ONCE = 100
ACCOUNTS = (Column("account", "Account", "code", link="/accounts/{account}"),)
TAKERS = (
    Column("account", "Account", "code", link="/accounts/{account}"),
    Column("tier", "Tier"),
    Column("exchanges", "Exchanges", "count"),
    Column("input_tokens", "Tokens in", "count"),
    Column("output_tokens", "Tokens out", "count"),
    Column("models", "Models", "words"),
    Column("first", "First"),
    Column("last", "Last"),
)


class Filters(msgspec.Struct):
    """Where the list goes on; it stands in the URL."""

    after: Annotated[int, msgspec.Meta(ge=0, lt=10**9)] = 0
    most: Annotated[int, msgspec.Meta(ge=1, le=20_000)] = AT_ONCE


def of_step(seen: Seen) -> Shown:
    """Return the accounts of a step."""
    case, desk = case_of_path(seen), seen.doors.remedy
    name = str(seen.path["step"])
    found = [one for planned in desk.door.plans(case.id) for one in planned.steps if one.id == name]
    if not found:
        raise NotThere("there is no such step", where=name[:40], do="look at the plan again")
    rows = [{"account": one} for one in desk.door.accounts(name)]
    values = {"case": case.id, "heading": f"Accounts of step {name}", "told": does(found[0])}
    return _paged(seen, values, "accounts", ACCOUNTS, rows, f"Accounts of step {name}")


def takers(seen: Seen) -> Shown:
    """Return who took what, for forensics."""
    case = case_of_path(seen)
    if not seen.doors.remedy.door.plans(case.id):
        raise NotThere("the case has no plan", where=f"case {case.id}", do="make one first")
    taint = seen.doors.remedy.door.taint(case.id)
    values = {
        "case": case.id,
        "heading": "Who took what",
        "told": "By the frozen evidence, for forensics in a model that may have learnt from it.",
    }
    return _paged(seen, values, "takers", TAKERS, taint["takers"], "Accounts that took part")


def _paged(
    seen: Seen, values: dict[str, Any], name: str, columns: tuple[Column, ...], rows: list[Any], told: str
) -> Shown:
    wanted: Filters = seen.filters
    end = wanted.after + wanted.most
    here = f"/cases/{values['case']}/plan/" + ("taken" if name == "takers" else f"steps/{seen.path['step']}")
    more = with_query(here, seen.query, after=str(end)) if end < len(rows) else ""
    table = Rows(columns, rows[wanted.after : end], told, len(rows), more)
    return Shown("case_plan_accounts.html", values, {name: table}, {"name": name}, str(values["heading"]))


PAGES = (
    Page("/cases/{number:int}/plan/steps/{step}", "Accounts of a step", Role.VIEWER, of_step, Filters),
    Page("/cases/{number:int}/plan/taken", "Who took what", Role.VIEWER, takers, Filters),
)
