"""What is known of one account: the groups it is in, what each facet says, and what would exonerate it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.errors import RunError
from stillwatch.report import formatting, sentences
from stillwatch.report.view_models import FACET_ROWS, CampaignView, asked, campaign_view, family_rank
from stillwatch.run.names import keys_named
from stillwatch.run.reading import Row, Run


@dataclass(frozen=True)
class Membership:
    """One account's place in one group."""

    view: CampaignView
    """The group, with its verdict."""
    member: Row
    """The account's row in `members`."""
    waterfall: tuple[Row, ...]
    """What makes its nats, row by row."""
    links: tuple[Row, ...]
    """The group's telling keys that it carries."""
    intents: tuple[Row, ...]
    """What its prompts ask for, the most first."""
    exonerates: tuple[str, ...]
    """What would clear it, and what already speaks for it, in sentences."""


@dataclass(frozen=True)
class AccountView:
    """One account."""

    account: int
    """Its key."""
    account_id: str
    """The id to show."""
    memberships: tuple[Membership, ...]
    """Groups it is in; empty for most accounts."""


def account_view(run: Run, name: str) -> AccountView | None:
    """The account shown as `name`, or whose key it is (16 hexadecimal digits, or the number); None if the run
    has none.
    """
    wanted = _named(run.table("members"), name)
    if not wanted:
        seen = _named(run.table("accounts", ["account", "account_id"]), name)
        return AccountView(seen[0]["account"], seen[0]["account_id"], ()) if seen else None
    campaigns = {row["group"]: row for row in run.rows("campaigns")}
    found = [
        _membership(run, campaign_view(run, campaigns[row["group"]]), row)
        for row in wanted
        if row["group"] in campaigns
    ]
    found.sort(key=lambda m: (not m.view.campaign["listed"], -m.member["nats"], m.view.name))
    return AccountView(wanted[0]["account"], wanted[0]["account_id"], tuple(found))


def unknown(run: Run, name: str) -> RunError:
    """The error for a name that is neither a campaign nor an account, with the nearest names."""
    campaigns: list[str] = sorted(row["campaign"] for row in run.rows("campaigns"))
    ids: list[str] = sorted(set(map(str, run.table("members")["account_id"].to_pylist())))
    folded = name.casefold()
    near = [i for i in ids if folded and folded in i.casefold()][:3] or difflib.get_close_matches(
        name.upper(), campaigns, n=3
    )
    near = near or difflib.get_close_matches(name, ids[:20_000], n=3)
    do = (
        f"did you mean {', '.join(near)}?"
        if near
        else f"campaigns of this run: {', '.join(campaigns[:8]) or 'none'}"
    )
    return RunError(
        f"no campaign and no account is called {formatting.cut(name, 80)}",
        where=str(run.folder),
        do=formatting.cut(do, 400),
    )


def _named(table: pa.Table, name: str) -> list[Row]:
    keys = pa.array(keys_named(name), pa.int64())
    rows: list[Row] = table.filter(
        pc.or_(pc.equal(table["account_id"], pa.scalar(name)), pc.is_in(table["account"], value_set=keys))
    ).to_pylist()
    return rows


def _membership(run: Run, view: CampaignView, member: Row) -> Membership:
    waterfall = view.account_waterfall(member["account"])
    links = sorted(
        (link for link in view.links if link["account"] == member["account"]),
        key=lambda r: (family_rank(r["family"]), r["facet"], -r["n"], r["key"]),
    )
    intents = asked(
        row for row in run.rows("account_intents", member["group"]) if row["account"] == member["account"]
    )
    return Membership(
        view, member, waterfall, tuple(links), intents, tuple(sentences.exonerates(run, view, member))
    )


def blind_spots(membership: Membership) -> list[sentences.Doubt]:
    """The blind spots of the facets that count against this account."""
    against = {
        formatting.named(row["facet"])
        for row in membership.waterfall
        if row["kind"] in FACET_ROWS and row["nats"] > 0
    }
    return [
        doubt
        for doubt in sentences.doubts(membership.view)
        if doubt.kind == "facet" and doubt.name in against
    ]
