"""Displacement: what of a campaign came back after a step, where, how soon, and whether it was tried out."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.errors import RunError
from stillwatch.guard.displacement.marks import (
    CARRIERS,
    CONTENT,
    FAMILIES,
    Carried,
    Ints,
    Marks,
    carriers,
    own_marks,
)
from stillwatch.guard.displacement.traffic import US, Traffic, traffic
from stillwatch.guard.restricted import Restricted
from stillwatch.iso_time import iso
from stillwatch.run.layout import MARK
from stillwatch.run.lineage.campaign import Campaign, campaigns_of
from stillwatch.run.lineage.earlier import GIVEN, Earlier, read_earlier
from stillwatch.run.lineage.matching import Link, lineage
from stillwatch.run.reading import Run
from stillwatch.run.sketched import Sketched
from stillwatch.schema.table import values
from stillwatch.settings import IdentitySettings

MARKED_FAMILIES = 2
"""Families of which a new account carries own marks, at least, to count as a successor by these alone."""
DAY_S = 86_400.0


@dataclass(frozen=True)
class Runs:
    """The two runs, and what lies between them."""

    before: Run
    after: Run
    earlier: Earlier
    """Campaigns of the run before."""
    links: list[Link]
    """How campaigns after go on from those before."""
    ids_before: dict[str, int]
    ids_after: dict[str, int]
    listed: dict[int, str]
    """Name of each campaign after that is listed, by group."""
    tiers: dict[int, dict[str, str]]
    """Tier of each account after, by group."""


def displacement(
    before: Path, after: Path, restricted: Mapping[str, Restricted] | None, settings: IdentitySettings
) -> dict[str, Any]:
    """Return what came back of each campaign of the run `before` whose accounts met a step.

    restricted: by account id; None takes every named account of adversarial campaigns of operators. Times
    count from the first of these decisions where it lies within the runs, else from the last exchange
    before. Raises RunError for a run that cannot be read, or where no campaign was met by a step.
    """
    runs = _read(before, after, settings)
    chosen = _chosen(runs, restricted)
    if not chosen:
        raise RunError(
            "no campaign of the run before has an account that met a step",
            where=str(before),
            do="give the run that was published, and the state whose guard acted on it",
        )
    since = _since(runs, restricted)
    marks: dict[int, Marks] = {}
    if not runs.earlier.no_keys:
        members = {
            one.group: _numbers(one.accounts, runs.ids_before) for one in runs.earlier.campaigns if one.listed
        }
        marks = own_marks(runs.before, members, settings.own_share)
    return {
        "before": _told(runs.before),
        "after": _told(runs.after),
        "since": iso(since),
        "keys": f"not compared: {runs.earlier.no_keys}" if runs.earlier.no_keys else "compared",
        "campaigns": [
            _campaign(runs, campaign, accounts, marks.get(campaign.group), since)
            for campaign, accounts in chosen
        ],
    }


def _read(before: Path, after: Path, settings: IdentitySettings) -> Runs:
    first, second = Run(before), Run(after)
    earlier = read_earlier(before, Sketched.of_run(second.about, str(after / MARK)), GIVEN)
    keys = None if earlier.no_keys else second.table("campaign_keys")
    now = campaigns_of(second.table("campaigns"), second.table("members", ["group", "account_id"]), keys)
    tiers: dict[int, dict[str, str]] = {}
    for row in second.table("members", ["group", "account_id", "tier"]).to_pylist():
        tiers.setdefault(row["group"], {})[row["account_id"]] = row["tier"]
    links = [link for link in lineage(now, earlier.campaigns, settings).links if link.earlier]
    return Runs(first, second, earlier, links, _ids(first), _ids(second), _listed(now), tiers)


def _listed(campaigns: list[Campaign]) -> dict[int, str]:
    return {campaign.group: campaign.name for campaign in campaigns if campaign.listed}


def _ids(run: Run) -> dict[str, int]:
    table = run.table("accounts", ["account", "account_id"])
    return dict(zip(values(table, "account_id"), values(table, "account"), strict=True))


def _numbers(accounts: frozenset[str] | set[str], ids: Mapping[str, int]) -> Ints:
    return np.array(sorted(ids[name] for name in accounts if name in ids), np.int64)


def _told(run: Run) -> dict[str, Any]:
    return {"run": run.about.get("id"), "digest": run.about.get("digest"), "last": run.about.get("last")}


def _chosen(runs: Runs, restricted: Mapping[str, Restricted] | None) -> list[tuple[Campaign, set[str]]]:
    """The campaigns that were met, each with its restricted accounts."""
    verdicts = {
        row["group"]: (row["verdict"], row["role"]) for row in runs.before.table("campaigns").to_pylist()
    }
    found = []
    for campaign in runs.earlier.campaigns:
        if not campaign.listed:
            continue
        if restricted is not None:
            accounts = {name for name in campaign.accounts if name in restricted}
        else:
            whole = verdicts[campaign.group] == ("adversarial", "operator")
            accounts = set(campaign.accounts) if whole else set()
        if accounts:
            found.append((campaign, accounts))
    return found


def _since(runs: Runs, restricted: Mapping[str, Restricted] | None) -> datetime:
    last = runs.earlier.last
    if last is None:
        raise RunError(
            "the run does not say when its last exchange was",
            where=str(runs.before.folder),
            do="run `stillwatch detect` again",
        )
    end = datetime.fromisoformat(str(runs.after.about["last"]))
    began = [datetime.fromtimestamp(one.since, UTC) for one in (restricted or {}).values()]
    return min((time for time in began if last <= time < end), default=last)


def _campaign(
    runs: Runs, campaign: Campaign, restricted: set[str], marks: Marks | None, since: datetime
) -> dict[str, Any]:
    theirs = {runs.ids_after[name] for name in campaign.accounts if name in runs.ids_after}
    old = set(runs.ids_before) | campaign.accounts
    new = {number for name, number in runs.ids_after.items() if name not in old}
    carried = carriers(runs.after, marks) if marks else {}
    linked = [link for link in runs.links if link.other.group == campaign.group]
    following = {
        runs.ids_after[name]
        for link in linked
        for name in runs.tiers.get(link.campaign.group, {})
        if name in runs.ids_after
    }
    following -= theirs
    by_marks = _marked(carried, new)
    fresh = following | by_marks
    hit = {runs.ids_after[name] for name in restricted if name in runs.ids_after}
    then = traffic(runs.before, {runs.ids_before[name] for name in restricted if name in runs.ids_before})
    now = traffic(runs.after, hit | fresh, since)
    back = {family: _back(carried.get(family), marks, family, theirs | hit) for family in FAMILIES}
    return {
        "campaign": campaign.name,
        "identity": campaign.identity,
        "restricted": len(restricted),
        "marks": {family: one for family, one in back.items() if one["own"]},
        "templates_back": back[CONTENT]["share"],
        "marks_back": _share(
            sum(back[family]["back"] for family in FAMILIES if family != CONTENT),
            sum(back[family]["own"] for family in FAMILIES if family != CONTENT),
        ),
        "followers": _followers(runs, linked, fresh),
        "successors": _successors(runs, fresh, now, since)
        | {"linked": len(following), "by_marks": len(by_marks)},
        "volume": _volume(then, now, hit, fresh, since, runs),
        "probing": _probing(then, now, hit, fresh),
    }


def _marked(carried: Mapping[str, Carried], new: set[int]) -> set[int]:
    """New accounts that carry own marks of several families."""
    seen: dict[int, set[str]] = {}
    for family, one in carried.items():
        for account in np.unique(one.account).tolist():
            if account in new:
                seen.setdefault(account, set()).add(family)
    return {account for account, found in seen.items() if len(found) >= MARKED_FAMILIES}


def _back(carried: Carried | None, marks: Marks | None, family: str, theirs: set[int]) -> dict[str, Any]:
    """How many own marks of a family others carry now."""
    own = len(marks.keys[family]) if marks else 0
    if carried is None or not own:
        return {"own": own, "back": 0, "share": None, "accounts": 0}
    others = ~np.isin(carried.account, np.array(sorted(theirs), np.int64))
    back = len(np.unique(carried.key[others]))
    accounts = len(np.unique(carried.account[others]))
    return {"own": own, "back": back, "share": _share(back, own), "accounts": accounts}


def _followers(runs: Runs, linked: list[Link], fresh: set[int]) -> list[dict[str, Any]]:
    """Campaigns after that go on from this one by their identity, or hold several of its successors."""
    links = {link.campaign.group: link for link in linked}
    found = []
    for group, tiers in sorted(runs.tiers.items()):
        accounts = sum(runs.ids_after.get(name) in fresh for name in tiers)
        link = links.get(group)
        if link is not None or (group in runs.listed and accounts >= CARRIERS):
            name = link.campaign.name if link else runs.listed[group]
            found.append({"campaign": name, "link": link.link if link else None, "successors": accounts})
    return found


def _successors(runs: Runs, fresh: set[int], now: Traffic, since: datetime) -> dict[str, Any]:
    names = {number: name for name, number in runs.ids_after.items()}
    hours = sorted((now.first[one] / US - since.timestamp()) / 3600 for one in fresh if one in now.first)
    ids = sorted(names[one] for one in fresh)
    named = {
        name for group in runs.listed for name, tier in runs.tiers.get(group, {}).items() if tier == "named"
    }
    return {
        "accounts": len(fresh),
        "named": len(named & set(ids)),
        "first_hours": round(hours[0], 2) if hours else None,
        "median_hours": round(statistics.median(hours), 2) if hours else None,
        "ids": ids,
    }


def _volume(
    then: Traffic, now: Traffic, hit: set[int], fresh: set[int], since: datetime, runs: Runs
) -> dict[str, Any]:
    """Answered exchanges a day, before and after."""
    span = max(then.last.values(), default=0) - min(then.first.values(), default=0)
    before = sum(then.answered.values()) / max(span / US / DAY_S, 1.0)
    end = datetime.fromisoformat(str(runs.after.about["last"]))
    days = max((end - since).total_seconds() / DAY_S, 1.0)
    kept, came = now.sum(hit) / days, now.sum(fresh) / days
    return {
        "before_a_day": round(before, 2),
        "restricted_a_day": round(kept, 2),
        "successors_a_day": round(came, 2),
        "kept": _share(kept, before),
        "came_back": _share(came, before),
    }


def _probing(then: Traffic, now: Traffic, hit: set[int], fresh: set[int]) -> dict[str, Any]:
    """Who sends the same words again and again; None where no words are known."""
    if not now.words:
        return {"seen": None, "restricted": None, "successors": None, "same": None, "exchanges": None}
    old, new = now.asking_again(hit), now.asking_again(fresh)
    prompts = [set().union(*(one for one in asked.values()), set()) for asked in (old, new)]
    habit = set().union(*(one for one in then.repeated.values()), set())
    tried = (prompts[0] | prompts[1]) - habit
    return {
        "seen": bool(tried),
        "restricted": sum(bool(tried & set(one)) for one in old.values()),
        "successors": sum(bool(tried & set(one)) for one in new.values()),
        "same": len((prompts[0] & prompts[1]) - habit),
        "exchanges": sum(
            times
            for asked in (old, new)
            for one in asked.values()
            for key, times in one.items()
            if key in tried
        ),
    }


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None
