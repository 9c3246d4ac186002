"""The account-trace graph: accounts on the left, the keys they carry on the right, coloured by family."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from stillwatch.registry import FAMILIES
from stillwatch.report import formatting
from stillwatch.report.figures.svg import element, figure, number, text, titled

WIDTH, ACCOUNTS_X, KEYS_X = 1000, 190, 560
ROOMY, TIGHT = (40, 25), (24, 16)
"""The most accounts and keys drawn: where there is room, and where many graphs share a page."""
ACCOUNT_ROW, KEY_ROW, FAMILY_ROW, TOP = 14, 18, 20, 22


@dataclass(frozen=True)
class Trace:
    """One key of the graph and who carries it."""

    facet: str
    """Its facet."""
    family: str
    """Its family."""
    key: int
    """The key."""
    label: str
    """The key as shown."""
    carriers: tuple[int, ...]
    """Accounts of the group that carry it."""


def traces(links: Sequence[dict[str, Any]]) -> list[Trace]:
    """The keys of a group's links, the most carried first."""
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    carriers: dict[tuple[str, int], set[int]] = defaultdict(set)
    for link in links:
        rows.setdefault((link["facet"], link["key"]), link)
        carriers[link["facet"], link["key"]].add(link["account"])
    found = [
        Trace(facet, rows[facet, key]["family"], key, rows[facet, key]["label"], tuple(sorted(who)))
        for (facet, key), who in carriers.items()
    ]
    return sorted(found, key=lambda t: (-len(t.carriers), t.facet, t.key))


def chosen(links: Sequence[dict[str, Any]], most: tuple[int, int] = ROOMY) -> tuple[list[Trace], list[int]]:
    """The keys and accounts to draw: families take turns so that each is seen; then the accounts that carry
    most of them, one of each family first.
    """
    queues: dict[str, list[Trace]] = defaultdict(list)
    for trace in traces(links):
        queues[trace.family].append(trace)
    picked: list[Trace] = []
    for turn in range(max((len(queue) for queue in queues.values()), default=0)):
        picked += [queues[family][turn] for family in sorted(queues, key=_rank) if turn < len(queues[family])]
    picked = picked[: most[1]]
    degree: dict[int, int] = defaultdict(int)
    for trace in picked:
        for account in trace.carriers:
            degree[account] += 1
    ranked = sorted(degree, key=lambda a: (-degree[a], a))
    carriers = {family: {a for t in picked if t.family == family for a in t.carriers} for family in queues}
    first = [next(a for a in ranked if a in carriers[family]) for family in sorted(carriers, key=_rank)]
    accounts = list(dict.fromkeys([*first, *ranked]))[: most[0]]
    kept = set(accounts)
    return [t for t in picked if kept.intersection(t.carriers)], accounts


def ordered(links: Sequence[dict[str, Any]], most: tuple[int, int] = ROOMY) -> tuple[list[Trace], list[int]]:
    """The keys and accounts to draw, ordered so that what belongs together stands together."""
    keys, accounts = chosen(links, most)
    return _untangle(keys, accounts) if keys else (keys, accounts)


def graph(links: Sequence[dict[str, Any]], ids: Mapping[int, str], most: tuple[int, int] = ROOMY) -> Markup:
    """The figure: `ids` gives what an account is shown as. Ordered so that edges run together."""
    keys, accounts = ordered(links, most)
    if not keys:
        return Markup("")
    families = sorted({t.family for t in keys}, key=_rank)
    height = max(len(accounts) * ACCOUNT_ROW, len(keys) * KEY_ROW + len(families) * FAMILY_ROW)
    account_y = {a: TOP + (i + 0.5) * height / len(accounts) for i, a in enumerate(accounts)}
    key_row = (height - len(families) * FAMILY_ROW) / len(keys)
    y, drawn = float(TOP), []
    for family in families:
        drawn.append(text(KEYS_X + 12, y + 12, family, f"t-{family} strong small"))
        y += FAMILY_ROW
        for trace in (t for t in keys if t.family == family):
            drawn.append(_key(trace, y + key_row / 2, account_y))
            y += key_row
    dots = [_account(ids.get(a, formatting.key(a)), account_y[a]) for a in accounts]
    head = [
        text(ACCOUNTS_X - 8, 12, "accounts", "small quiet", "end"),
        text(KEYS_X + 12, 12, "what they carry", "small quiet"),
    ]
    name = f"{len(accounts)} accounts and the {len(keys)} keys they share, by family"
    return figure(name, WIDTH, TOP + height + 4, *head, element("g", *drawn), element("g", *dots))


def _untangle(keys: list[Trace], accounts: list[int]) -> tuple[list[Trace], list[int]]:
    """Accounts that carry the same keys beside each other; keys within their family at the mean height of
    their carriers.
    """
    carried = {a: frozenset(i for i, trace in enumerate(keys) if a in trace.carriers) for a in accounts}
    chain, left = [accounts[0]], set(accounts[1:])
    while left:
        last = carried[chain[-1]]
        chain.append(max(left, key=lambda a: (len(last & carried[a]) / len(last | carried[a]), -a)))
        left.remove(chain[-1])
    place = {account: i for i, account in enumerate(chain)}
    return sorted(
        keys,
        key=lambda t: (_rank(t.family), _mean([place[a] for a in t.carriers if a in place]), t.facet, t.key),
    ), chain


def _key(trace: Trace, y: float, account_y: Mapping[int, float]) -> Markup:
    middle = (ACCOUNTS_X + KEYS_X) / 2
    ends = [account_y[a] for a in trace.carriers if a in account_y]
    path = "".join(
        f"M{ACCOUNTS_X} {number(at)}C{number(middle)} {number(at)} {number(middle)} {number(y)} {KEYS_X} "
        f"{number(y)}"
        for at in sorted(ends)
    )
    words = formatting.cut(formatting.labelled(trace.facet, trace.label), 56)
    carried = f"{len(trace.carriers)}"
    return element(
        "g",
        titled(
            f"{formatting.labelled(trace.facet, trace.label, 160)}; carried by "
            f"{formatting.plural(len(trace.carriers), 'linked account')}"
        ),
        element("path", d=path, class_=f"edge s-{trace.family}"),
        element(
            "circle",
            cx=KEYS_X,
            cy=y,
            r=min(7.0, 2.5 + len(trace.carriers) ** 0.5 / 2.5),
            class_=f"f-{trace.family}",
        ),
        text(KEYS_X + 12, y + 4, words),
        text(WIDTH - 2, y + 4, carried, "small quiet figures", "end"),
        class_="key",
    )


def _account(account_id: str, y: float) -> Markup:
    shown = formatting.cut(account_id, 26)
    return element(
        "g",
        titled(formatting.cut(account_id, 120)),
        element("circle", cx=ACCOUNTS_X, cy=y, r=3, class_="dot"),
        text(ACCOUNTS_X - 8, y + 4, shown, "small", "end"),
    )


def _rank(family: str) -> tuple[int, str]:
    return (FAMILIES.index(family) if family in FAMILIES else len(FAMILIES), family)


def _mean(places: list[int]) -> float:
    return sum(places) / len(places) if places else 0.0
