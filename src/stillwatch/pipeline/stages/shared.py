"""Stage shared: what other providers reported, joined with the marks of this log's accounts.

It stands after the groups are formed and tested, and nothing that judges reads it: no verdict and no named
account depends on what somebody else says.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.pipeline.stages.candidates import Candidates
from stillwatch.pipeline.stages.facets import Observed
from stillwatch.schema.codes import FORMED
from stillwatch.schema.shared import OF_ACCOUNTS, OF_EXCHANGES, SHARED, SHARED_GROUPS, SHARED_REPORTS
from stillwatch.schema.table import schema_of, values
from stillwatch.schema.values import PLACES

REVIEW = 0.2
"""Joint strength from which a group is for review. Since the squared overlaps of one set of values with
groups that have no account in common add up to one at most, one set raises at most 1 / REVIEW² = 25.
"""
COMMON_SHARE = 0.01
"""A value that more than this share of all accounts carry is common: it is weighed alone, so that it does not
hide the rare ones of the same reporter, and its accounts get no rows of their own.
"""
COMMON_LEAST = 50
"""Accounts up to which no value is common."""
REPORTED = schema_of(group=pa.int32(), account=pa.int64(), reported=pa.float64())
TLP = ("TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED")


@dataclass(frozen=True)
class Matched:
    """What the reports match."""

    reported: Table | None
    """Table reported: group, account, and the joint strength of what was reported of the group; None where no
    reports were given.
    """
    tables: dict[str, pa.Table]
    """Tables shared_reports, shared and shared_groups; none where no reports were given."""


NOTHING = Matched(None, {})


def match_shared(
    engine: Engine,
    given: pa.Table | None,
    seen: Observed,
    candidates: Candidates,
    progress: Callable[[str], None],
) -> Matched:
    """Table reported, and what the reports match. given: rows of SHARED_REPORTS."""
    if given is None:
        return NOTHING
    progress("shared reports")
    reports = engine.load("given", _current(given, _first(engine, seen)))
    carried = _carried(engine, seen, candidates.volumes, reports)
    everyone = engine.collect(candidates.volumes.agg(n=_.count())).column("n")[0].as_py()
    spread = carried.group_by("column", "value").agg(carriers=_.account.nunique())
    limit = max(COMMON_LEAST, COMMON_SHARE * everyone)
    hits = engine.create(
        "hits",
        carried.join(spread, ["column", "value"])
        .join(reports, ["column", "value"])
        .mutate(apart=ibis.ifelse(_.carriers > limit, _["value"], 0), common=_.carriers > limit)
        .select(
            "account",
            "column",
            "value",
            "carriers",
            "apart",
            "common",
            "kind",
            "report",
            "reporter",
            "origin",
            "confidence",
            "weight",
            "confirmed",
            "false_positives",
            "disputed",
            "tlp",
        ),
    )
    chosen = engine.load("chosen", candidates.chosen.select(["group", "account"]))
    groups = _groups(engine, hits, chosen)
    members = engine.load("formed", _formed(candidates))
    tables = {
        SHARED_REPORTS.name: _matched_reports(engine, hits, reports),
        SHARED.name: _accounts(engine, hits, members),
        SHARED_GROUPS.name: groups,
    }
    return Matched(engine.load("reported", _reported(engine, hits, chosen, groups)), tables)


def _first(engine: Engine, seen: Observed) -> int:
    return int(engine.collect(seen.tables.visits.agg(first=_.second.min())).column("first")[0].as_py() or 0)


def _current(given: pa.Table, first: int) -> pa.Table:
    """The reports that had not ended when the log begins."""
    ends = given.column("valid_until").to_pylist()
    return given.filter(pa.array([end is not None and end.timestamp() >= first for end in ends], pa.bool_()))


def _carried(engine: Engine, seen: Observed, volumes: Table, reports: Table) -> Table:
    """(account, column, value), once each, of accounts with exchanges and values that were reported."""
    parts = []
    for source, columns in ((seen.tables.visits, OF_EXCHANGES), (seen.tables.accounts, OF_ACCOUNTS)):
        for column in columns:
            rows = source.select("account", value=source[column].cast("int64")).filter(_["value"].notnull())
            asked = reports.filter(_.column == column).select("value").distinct()
            parts.append(rows.semi_join(asked, "value").distinct().mutate(column=ibis.literal(column)))
    return engine.create("carried", ibis.union(*parts).semi_join(volumes, "account"))


def _groups(engine: Engine, hits: Table, chosen: Table) -> pa.Table:
    """Table shared_groups.

    A set is what one origin reported of one kind, a common value by itself. The strength of a set for a group
    is the mean weight of its matching accounts, times k / sqrt(size * carriers) (Ochiai 1957): 1 where the
    group and those who match are the same accounts, near 0 where a few of a group share what thousands share.
    """
    sets = ["origin", "kind", "apart"]
    best = engine.create(
        "best",
        hits.group_by("account", *sets).agg(weight=_.weight.max(), confidence=_.confidence.max()),
    )
    carriers = best.group_by(sets).agg(carriers=_.count())
    sizes = chosen.group_by("group").agg(of=_.count())
    inside = (
        best.join(chosen, "account")
        .group_by("group", *sets)
        .agg(accounts=_.count(), weight=_.weight.sum(), confidence=_.confidence.max())
    )
    told = (
        hits.join(chosen, "account")
        .group_by("group", *sets)
        .agg(
            reports=_.report.nunique(),
            reporter=_.reporter.min(),
            confirmed=_.confirmed.max(),
            false_positives=_.false_positives.max(),
            disputed=ibis.ifelse(_.disputed, _.report, ibis.null("string")).nunique(),
            strictest=_rank(_.tlp).max(),
        )
    )
    rows = engine.collect(
        inside.join(told, ["group", *sets])
        .join(carriers, sets)
        .join(sizes, "group")
        .order_by(["group", *sets])
    ).to_pylist()
    return pa.Table.from_pylist(_weighed(rows), schema=SHARED_GROUPS.arrow)


def _rank(tlp: Any) -> Any:
    """The place of a label among those of TLP; one that is not known counts as the strictest."""
    found = ibis.literal(len(TLP) - 1)
    for place, label in enumerate(TLP):
        found = ibis.ifelse(tlp == label, place, found)
    return found


def _weighed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    best: dict[int, dict[str, float]] = {}
    for row in rows:
        mean = row["weight"] / row["accounts"]
        overlap = row["accounts"] / math.sqrt(row["of"] * row["carriers"])
        row |= {"weight": round(mean, PLACES), "strength": round(mean * overlap, PLACES)}
        of = best.setdefault(row["group"], {})
        of[row["origin"]] = max(of.get(row["origin"], 0.0), row["strength"])
    joint = {
        group: round(1.0 - math.prod(1.0 - strength for strength in of.values()), PLACES)
        for group, of in best.items()
    }
    for row in rows:
        row |= {
            "tlp": TLP[row["strictest"]],
            "joint": joint[row["group"]],
            "review": joint[row["group"]] >= REVIEW,
        }
    wanted = SHARED_GROUPS.names()
    kept = [{name: row[name] for name in wanted} for row in rows if row["strength"] > 0.0]
    return sorted(
        kept, key=lambda row: (-row["joint"], row["group"], -row["strength"], row["origin"], row["kind"])
    )


def _formed(candidates: Candidates) -> pa.Table:
    """(account, group) of the candidates, once for each account: of several, a group that linkage formed."""
    chosen = candidates.chosen
    order: dict[int, tuple[bool, int]] = {}
    for group, kind, account in zip(
        values(chosen, "group"), values(chosen, "kind"), values(chosen, "account"), strict=True
    ):
        place = (kind not in FORMED, group)
        order[account] = min(order.get(account, place), place)
    return pa.table(
        [pa.array(list(order), pa.int64()), pa.array([place[1] for place in order.values()], pa.int32())],
        names=["account", "group"],
    )


def _accounts(engine: Engine, hits: Table, members: Table) -> pa.Table:
    rows = hits.filter(~_.common).select("account", "report", "reporter", "kind", "weight", "carriers")
    once = rows.group_by("account", "report").agg(
        reporter=_.reporter.min(), kind=_.kind.min(), weight=_.weight.max(), carriers=_.carriers.min()
    )
    joined = once.left_join(members, "account").select(*SHARED.names())
    found = engine.collect(joined.order_by(["account", "report"]))
    return found.cast(SHARED.arrow)


def _matched_reports(engine: Engine, hits: Table, reports: Table) -> pa.Table:
    keys = ["column", "value", "report"]
    matched = reports.semi_join(hits.select(*keys).distinct(), keys)
    found = engine.collect(matched.select(*SHARED_REPORTS.names()).order_by(["report", "column", "value"]))
    return found.cast(SHARED_REPORTS.arrow)


def _reported(engine: Engine, hits: Table, chosen: Table, groups: pa.Table) -> pa.Table:
    """Rows of REPORTED: the matching accounts of each group, with what is reported of the group."""
    joint = dict(zip(values(groups, "group"), values(groups, "joint"), strict=True))
    rows = engine.collect(
        chosen.semi_join(hits.select("account").distinct(), "account").order_by(["group", "account"])
    )
    strengths = [joint.get(group, 0.0) for group in values(rows, "group")]
    return pa.table(
        [rows.column("group"), rows.column("account"), pa.array(strengths, pa.float64())], schema=REPORTED
    )
