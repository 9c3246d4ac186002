"""What is known of one account: the groups it is in, what each facet says, and what would exonerate it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.errors import RunError
from stillwatch.report import formatting, sentences
from stillwatch.report.account_facts import AccountBook
from stillwatch.report.marks_of_campaigns import marks_of_campaigns
from stillwatch.report.view_models import FACET_ROWS, CampaignView, asked, campaign_view, family_rank
from stillwatch.run.names import keys_named
from stillwatch.run.reading import Row, Run


@dataclass(frozen=True)
class Membership:
    """One account's place in one group."""

    view: CampaignView
    """The group, with its verdict."""
    member: Row
    """The account's row in `members` or `bystanders`."""
    waterfall: tuple[Row, ...]
    """What makes its nats, row by row."""
    links: tuple[Row, ...]
    """The group's telling keys that it carries."""
    intents: tuple[Row, ...]
    """What its prompts ask for, the most first."""
    exonerates: tuple[str, ...]
    """What would clear it, and what already speaks for it, in sentences."""

    @property
    def telling(self) -> tuple[Row, ...]:
        """One key of each facet, those of the facets first that count most for it."""
        first: dict[str, Row] = {}
        for link in self.links:
            first.setdefault(link["facet"], link)
        nats = self.view.nats.get(self.member["account"], {})
        return tuple(sorted(first.values(), key=lambda link: -nats.get(link["facet"], 0.0)))


@dataclass(frozen=True)
class AccountView:
    """One account."""

    account: int
    """Its key."""
    account_id: str
    """The id to show."""
    memberships: tuple[Membership, ...]
    """Groups it is in, present in or near; empty for most accounts."""
    book: AccountBook
    """Who it says it is, and what it used."""
    marks: tuple[str, ...] = ()
    """Where no group has it: keys of it that hardly anyone but a listed campaign carries, in sentences."""


def account_view(run: Run, name: str) -> AccountView | None:
    """The account shown as `name`, or whose key it is (16 hexadecimal digits, or the number); None if the run
    has none.
    """
    wanted = [row for table in ("members", "bystanders") for row in _named(run.table(table), name)]
    if not wanted:
        seen = _named(run.table("accounts", ["account", "account_id"]), name)
        if not seen:
            return None
        key = seen[0]["account"]
        marks = tuple(marks_of_campaigns(run, key))
        return AccountView(key, seen[0]["account_id"], (), AccountBook(run, [key]), marks)
    campaigns = {row["group"]: row for row in run.rows("campaigns")}
    found = [
        membership_of(run, campaign_view(run, campaigns[row["group"]]), row)
        for row in wanted
        if row["group"] in campaigns
    ]
    found.sort(key=lambda m: (not m.view.campaign["listed"], -m.member["nats"], m.view.name))
    key = wanted[0]["account"]
    return AccountView(key, wanted[0]["account_id"], tuple(found), AccountBook(run, [key]))


def unknown(run: Run, name: str) -> RunError:
    """The error for a name that is neither a campaign nor an account, with the nearest names."""
    campaigns: list[str] = sorted(row["campaign"] for row in run.rows("campaigns"))
    held = [run.table(table)["account_id"].to_pylist() for table in ("members", "bystanders")]
    ids: list[str] = sorted({str(one) for some in held for one in some})
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


def membership_of(run: Run, view: CampaignView, member: Row, *, intents: bool = True) -> Membership:
    """One account's place in one group; intents: whether to read what its prompts ask for, which takes a
    pass over a table of all accounts.
    """
    waterfall = view.account_waterfall(member["account"])
    links = sorted(
        (link for link in view.links if link["account"] == member["account"]),
        key=lambda r: (family_rank(r["family"]), r["facet"], -r["n"], r["key"]),
    )
    rows = run.rows("account_intents", member["group"]) if intents else []
    own = asked(row for row in rows if row["account"] == member["account"])
    return Membership(
        view, member, waterfall, tuple(links), own, tuple(sentences.exonerates(run, view, member))
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
