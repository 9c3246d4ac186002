"""What a word is found in, in one run: campaigns, accounts, keys, organisations, permits; a bounded look."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import pyarrow as pa
import pyarrow.compute

from stillwatch.plain import plain
from stillwatch.report import formatting
from stillwatch.run.names import keys_named
from stillwatch.run.reading import Run

pc: Any = pyarrow.compute
_KEYS: WeakKeyDictionary[Run, pa.Table] = WeakKeyDictionary()
_LOCK = threading.Lock()
GROUPS_OF = ("members", "bystanders")


@dataclass(frozen=True)
class Hit:
    """One thing that a word was found in."""

    what: str
    """campaign, account, key, organisation or permit."""
    name: str
    """What it is called."""
    beside: str
    """What else is known of it, in a few words."""
    exact: bool
    """Whether the word is all of it."""
    identity: str = ""
    """Identity of the campaign that it belongs to; empty: of none."""


def found_in_run(run: Run, word: str, most: int) -> list[Hit]:
    """Return what a word is found in; of each sort at most so many. Tables are read by column, and no more of
    them than it takes.
    """
    campaigns = {row["group"]: row for row in run.rows("campaigns")}
    return [
        *_campaigns(campaigns, word, most),
        *_accounts(run, campaigns, word, most),
        *_keys(run, campaigns, word, most),
        *_organisations(run, campaigns, word, most),
        *_permits(run, word, most),
    ]


def _campaigns(campaigns: dict[int, dict[str, Any]], word: str, most: int) -> list[Hit]:
    low = word.lower()
    found = [
        Hit(
            "campaign",
            f"{row['campaign']} {row['identity']}",
            f"{row['verdict']}, {formatting.plural(row['accounts'], 'account')}",
            low in (row["campaign"].lower(), row["identity"].lower()),
            row["identity"],
        )
        for row in campaigns.values()
        if row["campaign"].lower() == low or row["identity"].lower().startswith(low)
    ]
    return found[:most]


def _accounts(run: Run, campaigns: dict[int, dict[str, Any]], word: str, most: int) -> list[Hit]:
    """Accounts whose id begins so: those of groups first, then any that the run has seen."""
    found: dict[str, Hit] = {}
    keys = pa.array(keys_named(word), pa.int64())
    for name in GROUPS_OF:
        table = run.table(name).select(["group", "account", "account_id", "tier"])
        mask = pc.or_(pc.starts_with(table["account_id"], word), pc.is_in(table["account"], value_set=keys))
        for row in table.filter(mask).slice(0, most).to_pylist():
            campaign = campaigns.get(row["group"], {})
            beside = f"{row['tier']} in {campaign.get('campaign', '')}"
            hit = Hit(
                "account", row["account_id"], beside, row["account_id"] == word, campaign.get("identity", "")
            )
            found.setdefault(row["account_id"], hit)
    if len(found) < most:
        for batch in run.batches("accounts", ["account", "account_id"]):
            ids = batch.column("account_id")
            mask = pc.or_(pc.starts_with(ids, word), pc.is_in(batch.column("account"), value_set=keys))
            for one in map(str, ids.filter(mask).slice(0, most).to_pylist()):
                found.setdefault(one, Hit("account", one, "in no group", one == word))
            if len(found) >= most:
                break
    return sorted(found.values(), key=lambda hit: not hit.exact)[:most]


def _keys(run: Run, campaigns: dict[int, dict[str, Any]], word: str, most: int) -> list[Hit]:
    """Facet keys, by their 16 digits or by how the run shows them."""
    found: dict[tuple[int, str, int], Hit] = {}
    for group, facet, key, label in _links(run, word, most):
        campaign = campaigns.get(group, {})
        found[group, facet, key] = Hit(
            "key",
            formatting.labelled(facet, plain(label), 90) if label else formatting.key(key),
            f"{formatting.named(facet)} key {formatting.key(key)} of {campaign.get('campaign', '')}",
            word in (formatting.key(key), label),
            campaign.get("identity", ""),
        )
    return list(found.values())[:most]


def _links(run: Run, word: str, most: int) -> Iterator[tuple[int, str, int, str]]:
    keys = pa.array(keys_named(word), pa.int64())
    shown = _keys_of(run)
    # The same label stands on keys of many groups: each is looked at once.
    labels = shown["label"].combine_chunks().dictionary_encode()
    like = pc.match_substring(labels.dictionary, word, ignore_case=True).take(labels.indices)
    mask = pc.or_(pc.is_in(shown["key"], value_set=keys), like)
    for row in shown.filter(mask).slice(0, most).to_pylist():
        yield row["group"], row["facet"], row["key"], row["label"]
    own = run.table("campaign_keys")
    for row in own.filter(pc.is_in(own["key"], value_set=keys)).slice(0, most).to_pylist():
        yield row["group"], row["facet"], row["key"], ""


def _keys_of(run: Run) -> pa.Table:
    """The keys that groups share, each once: the table of who carries them grows with the accounts, and is
    read once for a run.
    """
    with _LOCK:
        kept = _KEYS.get(run)
    if kept is None:
        columns = ["group", "facet", "key", "label"]
        parts = [
            pa.Table.from_batches([batch]).group_by(columns).aggregate([])
            for batch in run.batches("links", columns)
        ]
        empty = run.table("links", columns).slice(0, 0) if not parts else None
        kept = (empty if empty is not None else pa.concat_tables(parts)).group_by(columns).aggregate([])
        with _LOCK:
            _KEYS[run] = kept
    return kept


def _organisations(run: Run, campaigns: dict[int, dict[str, Any]], word: str, most: int) -> list[Hit]:
    """Owners that accounts of groups declare."""
    counts: dict[tuple[str, int], int] = {}
    for name in GROUPS_OF:
        table = run.table(name).select(["group", "owner"])
        table = table.filter(pc.match_substring(pc.fill_null(table["owner"], ""), word, ignore_case=True))
        for row in table.group_by(["owner", "group"]).aggregate([([], "count_all")]).to_pylist():
            place = (row["owner"], row["group"])
            counts[place] = counts.get(place, 0) + row["count_all"]
    found = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:most]
    return [
        Hit(
            "organisation",
            plain(owner),
            f"{formatting.plural(number, 'account')} of {campaigns.get(group, {}).get('campaign', '')} "
            f"{'declares' if number == 1 else 'declare'} it",
            owner.lower() == word.lower(),
            campaigns.get(group, {}).get("identity", ""),
        )
        for (owner, group), number in found
    ]


def _permits(run: Run, word: str, most: int) -> list[Hit]:
    low = word.lower()
    found = [
        Hit(
            "permit",
            row["name"],
            f"for {row['organisation'] or formatting.plural(len(row['accounts']), 'account')}",
            row["name"].lower() == low,
        )
        for row in run.rows("permits")
        if low in row["name"].lower() or low in row["organisation"].lower()
    ]
    return found[:most]
