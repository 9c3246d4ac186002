"""What a campaign's identity and links say, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stillwatch.iso_time import iso
from stillwatch.report import formatting
from stillwatch.report.sentences.clauses import joined
from stillwatch.run.reading import Row, Run

MEANS = (
    "A link says that the same keys are used, not by whom: whoever sees a prompt or a tool can copy it. It "
    "is no "
    "evidence against any account."
)
NOUNS: Mapping[str, tuple[str, str]] = {
    "handover": ("handed-over conversation", "handed-over conversations"),
    "head": ("beginning of prompts", "beginnings of prompts"),
    "output_format": ("output format", "output formats"),
    "parameters": ("set of parameters", "sets of parameters"),
    "prefix": ("conversation", "conversations"),
    "shingle": ("run of words", "runs of words"),
    "signature": ("reasoning signature", "reasoning signatures"),
    "system": ("system prompt", "system prompts"),
    "tail": ("end of prompts", "ends of prompts"),
    "token_shape": ("shape of token counts", "shapes of token counts"),
    "tools": ("tool set", "tool sets"),
}
ORDER = ("system", "head", "tail", "shingle", "tools", "parameters", "output_format")
"""Facets that say most to a reader, in front."""


def sentence(link: Row) -> str:
    """One row of table campaign_links as a sentence about its campaign."""
    other = named(link)
    accounts, more, fewer = link["accounts"], link["more"], link["fewer"]
    both = f"{formatting.plural(accounts, 'account')} {_is(accounts)} named in both"
    if link["link"] in ("same", "grew"):
        grown = f", grown by {formatting.plural(more - fewer, 'account')}" if link["link"] == "grew" else ""
        changed = f", {formatting.count(more)} only now, {formatting.count(fewer)} only then"
        return f"It is {other}{grown}: {both}{changed if more or fewer else ', and no other'}."
    if link["link"] == "split":
        own = formatting.plural(accounts + more, "account")
        return (
            f"It split from {other}: {formatting.count(accounts)} of its {own} {_was(accounts)} named there."
        )
    if link["link"] == "merged":
        theirs = formatting.plural(accounts + fewer, "account")
        return (
            f"It took in {other}: {formatting.count(accounts)} of the {theirs} there {_is(accounts)} "
            "named here now."
        )
    begins = "It follows" if link["link"] == "successor" else "It is related to"
    shared = both if accounts else "no account is named in both"
    return f"{begins} {other}: {shared}; both use {keys(link)}, which hardly anyone else uses."


def named(link: Row) -> str:
    """The other campaign of a link: C002, or C001 of the earlier run (its log ends on 1 Mar 2026)."""
    name = str(link["other_campaign"])
    if link["earlier_digest"] is None:
        return name
    return f"{name} of the earlier run{_log_end(link['earlier_last'])}"


def keys(link: Row) -> str:
    """The keys that two campaigns share, counted by facet: 1 system prompt and 2 tool sets."""
    counts = dict(zip(link["facets"], link["facet_keys"], strict=True))
    return joined([_counted(facet, counts[facet]) for facet in sorted(counts, key=_rank)])


def alarm(link: Row) -> str:
    """One row of table alarm_links as a sentence."""
    begins = "follows" if link["link"] == "successor" else "is related to"
    return (
        f"{link['alarm']} {begins} {link['other_alarm']}: both use {keys(link)}, which hardly anyone "
        "else uses."
    )


def families(run: Run, campaigns: Sequence[Row]) -> list[str]:
    """For each family with several of these campaigns, which they are and what joins them."""
    members: dict[str, list[str]] = {}
    for campaign in campaigns:
        members.setdefault(campaign["family"], []).append(campaign["campaign"])
    links = [row for row in run.rows("campaign_links") if row["earlier_digest"] is None]
    lines = []
    for names in members.values():
        pairs = [
            row
            for row in links
            if row["campaign"] in names
            and row["other_campaign"] in names
            and names.index(row["campaign"]) < names.index(row["other_campaign"])
        ]
        if len(names) == 1:
            continue
        begins = f"{joined(names)} are one family"
        if len(names) == 2 and pairs:
            lines.append(f"{begins}: both use {keys(pairs[0])}, which hardly anyone else uses.")
        elif pairs:
            told = "; ".join(
                f"{row['campaign']} and {row['other_campaign']}: {keys(row)}" for row in pairs[:5]
            )
            lines.append(f"{begins}: they share keys that hardly anyone else uses ({told}).")
        else:
            lines.append(f"{begins}: they come from one campaign of an earlier run.")
    return lines


def overview(run: Run, campaigns: Sequence[Row]) -> list[str]:
    """What joins these campaigns, what that means, and what became of an earlier run's, as lines."""
    joins = families(run, campaigns)
    return [line for line in (*joins, MEANS if joins else "", compared(run, campaigns)) if line]


def compared(run: Run, campaigns: Sequence[Row]) -> str:
    """What became of an earlier run's campaigns, in a line; empty where none was compared with."""
    previous = run.about.get("previous")
    if not isinstance(previous, dict):
        return ""
    links = [row for row in run.rows("campaign_links") if row["earlier_digest"] is not None]
    told, new = [], []
    for campaign in campaigns:
        own = [row for row in links if row["campaign"] == campaign["campaign"]]
        if own:
            told.append(f"{campaign['campaign']} {joined([_short(row) for row in own])}")
        else:
            new.append(campaign["campaign"])
    told += [f"{joined(new)} {_is(len(new))} new"] if new else []
    which = "the run that it replaced" if previous.get("why") == "replaced" else "the earlier run"
    without = str(previous.get("keys", ""))
    note = f" Keys were {without}; accounts were matched by their ids." if without.startswith("not") else ""
    said = "; ".join(told) or "nothing is listed"
    return f"Against {which}{_log_end(formatting.moment(previous.get('last')))}: {said}.{note}"


def document(link: Row) -> dict[str, Any]:
    """A link as plain values, with its sentence."""
    last = link["earlier_last"]
    same = (
        "link",
        "other_identity",
        "other_campaign",
        "earlier_digest",
        "accounts",
        "accounts_share",
        "more",
        "fewer",
    )
    return {
        **{name: link[name] for name in same},
        "earlier_last": iso(last) if last else None,
        **{name: link[name] for name in ("keys", "key_share", "key_nats")},
        "facets": dict(zip(link["facets"], link["facet_keys"], strict=True)),
        "sentence": sentence(link),
    }


def _short(link: Row) -> str:
    other, net = link["other_campaign"], link["more"] - link["fewer"]
    return {
        "same": f"is the same as {other} there",
        "grew": f"is {other} there grown by {formatting.plural(net, 'account')}",
        "split": f"split from {other} there",
        "merged": f"took in {other} there",
        "successor": f"follows {other} there",
        "related": f"is related to {other} there",
    }[link["link"]]


def _counted(facet: str, number: int) -> str:
    shown = formatting.cut(formatting.named(facet), 40)
    one, several = NOUNS.get(facet, (f"key of {shown}", f"keys of {shown}"))
    return f"{formatting.count(number)} {one if number == 1 else several}"


def _rank(facet: str) -> tuple[int, str]:
    return (ORDER.index(facet) if facet in ORDER else len(ORDER), facet)


def _log_end(last: Any) -> str:
    return f" (its log ends on {formatting.day(last)})" if last else ""


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
