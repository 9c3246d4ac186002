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


@dataclass(frozen=True)
class Followed:
    """A campaign before, and what is seen of it after."""

    campaign: Campaign
    before: set[int]
    """Restricted accounts, by their numbers before."""
    hit: set[int]
    """The same after."""
    theirs: set[int]
    """All accounts that the campaign named, by their numbers after."""
    linked: list[Link]
    """Campaigns after that go on from it."""
    following: set[int]
    """Other accounts of these."""
    by_marks: set[int]
    """New accounts that carry its own marks."""
    back: dict[str, dict[str, Any]]
    """Of its own marks, those that others carry; by family."""

    @property
    def fresh(self) -> set[int]:
        """Its successors."""
        return self.following | self.by_marks


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
    followed = _followed(runs, chosen, settings.own_share)
    then = traffic(runs.before, set().union(*(one.before for one in followed)))
    now = traffic(runs.after, set().union(*(one.hit | one.fresh for one in followed)), since)
    return {
        "before": _told(runs.before),
        "after": _told(runs.after),
        "since": iso(since),
        "keys": f"not compared: {runs.earlier.no_keys}" if runs.earlier.no_keys else "compared",
        "campaigns": [_campaign(runs, one, then, now, since) for one in followed],
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


def _followed(runs: Runs, chosen: list[tuple[Campaign, set[str]]], own_share: float) -> list[Followed]:
    """Look for each campaign's accounts and marks in the run after; each table is read once for all."""
    marks: dict[int, Marks] = {}
    if not runs.earlier.no_keys:
        listed = [one for one in runs.earlier.campaigns if one.listed]
        members = {one.group: _numbers(one.accounts, runs.ids_before) for one in listed}
        marks = own_marks(runs.before, members, own_share)
    carried = carriers(runs.after, [marks[one.group] for one, _ in chosen if one.group in marks])
    nothing = Marks({family: np.zeros(0, np.int64) for family in FAMILIES})
    return [
        _one_followed(runs, campaign, accounts, marks.get(campaign.group, nothing), carried)
        for campaign, accounts in chosen
    ]


def _one_followed(
    runs: Runs, campaign: Campaign, restricted: set[str], marks: Marks, carried: Carried
) -> Followed:
    theirs = {runs.ids_after[name] for name in campaign.accounts if name in runs.ids_after}
    new = {number for name, number in runs.ids_after.items() if name not in runs.ids_before}
    by_family = carried.of(marks)
    linked = [link for link in runs.links if link.other.group == campaign.group]
    following = {
        runs.ids_after[name]
        for link in linked
        for name in runs.tiers.get(link.campaign.group, {})
        if name in runs.ids_after
    }
    return Followed(
        campaign,
        {runs.ids_before[name] for name in restricted if name in runs.ids_before},
        {runs.ids_after[name] for name in restricted if name in runs.ids_after},
        theirs,
        linked,
        following - theirs,
        _marked(by_family, new - theirs),
        {family: _back(by_family[family], len(marks.keys[family]), theirs) for family in FAMILIES},
    )


def _campaign(runs: Runs, one: Followed, then: Traffic, now: Traffic, since: datetime) -> dict[str, Any]:
    back = one.back
    others = [family for family in FAMILIES if family != CONTENT]
    return {
        "campaign": one.campaign.name,
        "identity": one.campaign.identity,
        "restricted": len(one.before),
        "marks": {family: told for family, told in back.items() if told["own"]},
        "templates_back": back[CONTENT]["share"],
        "marks_back": _share(
            sum(back[family]["back"] for family in others), sum(back[family]["own"] for family in others)
        ),
        "followers": _followers(runs, one.linked, one.fresh),
        "successors": _successors(runs, one.fresh, now, since)
        | {"linked": len(one.following), "by_marks": len(one.by_marks)},
        "volume": _volume(then, now, one, since, runs),
        "probing": _probing(then, now, one),
    }


def _marked(carried: Mapping[str, Carried], new: set[int]) -> set[int]:
    """New accounts that carry own marks of several families."""
    seen: dict[int, set[str]] = {}
    for family, one in carried.items():
        for account in np.unique(one.account).tolist():
            if account in new:
                seen.setdefault(account, set()).add(family)
    return {account for account, found in seen.items() if len(found) >= MARKED_FAMILIES}


def _back(carried: Carried, own: int, theirs: set[int]) -> dict[str, Any]:
    """How many own marks of a family others carry now."""
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


def _volume(then: Traffic, now: Traffic, one: Followed, since: datetime, runs: Runs) -> dict[str, Any]:
    """Answered exchanges a day, before and after."""
    before = then.sum(one.before) / max(then.span(one.before) / US / DAY_S, 1.0)
    end = datetime.fromisoformat(str(runs.after.about["last"]))
    days = max((end - since).total_seconds() / DAY_S, 1.0)
    kept, came = now.sum(one.hit) / days, now.sum(one.fresh) / days
    return {
        "before_a_day": round(before, 2),
        "restricted_a_day": round(kept, 2),
        "successors_a_day": round(came, 2),
        "kept": _share(kept, before),
        "came_back": _share(came, before),
    }


def _probing(then: Traffic, now: Traffic, one: Followed) -> dict[str, Any]:
    """Who sends the same words again and again; None where no words are known. New accounts count only with
    questions that restricted ones ask too: a harvest repeats some of its own prompts.
    """
    if not now.words:
        return dict.fromkeys(("seen", "restricted", "successors", "same", "exchanges"))
    old, new, habits = (
        seen.asking_again(accounts)
        for seen, accounts in ((now, one.hit), (now, one.fresh), (then, one.before))
    )
    habit, by_old, by_new = (set().union(*asked.values(), set()) for asked in (habits, old, new))
    tried = by_old - habit
    return {
        "seen": bool(tried),
        "restricted": sum(bool(tried & set(asked)) for asked in old.values()),
        "successors": sum(bool(tried & set(asked)) for asked in new.values()),
        "same": len(tried & by_new),
        "exchanges": sum(
            times for asked in (*old.values(), *new.values()) for key, times in asked.items() if key in tried
        ),
    }


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None
