"""Which candidates are told of: an owner as one, or those of its accounts that ask where the others do not;
and losers while there is room.
"""

from __future__ import annotations

import pyarrow as pa

from stillwatch.schema.table import values


def choose_candidates(candidates: pa.Table, bets: dict[int, float], permitted: set[int]) -> pa.Table:
    """The candidates with every account in one of them: an owner as a whole where its bet won, else without
    its accounts whose own bet won.

    An owner whose accounts a permit names, all of them, is whole too. A lone account of an owner is a
    candidate that waits here; where it is not told of, its e-value counts as zero among the hypotheses. bets:
    natural logarithms of e-values.
    """
    rows = list(
        zip(
            values(candidates, "group"),
            values(candidates, "kind"),
            values(candidates, "account"),
            strict=True,
        )
    )
    owned: dict[int, list[int]] = {}
    for group, kind, account in rows:
        if kind == "declared":
            owned.setdefault(group, []).append(account)
    whole = {
        group
        for group, accounts in owned.items()
        if bets.get(group, 0.0) > 0.0 or permitted.issuperset(accounts)
    }
    owner = {account: group for group, accounts in owned.items() for account in accounts}
    asking = {
        account
        for group, kind, account in rows
        if kind == "single"
        and account in owner
        and owner[account] not in whole
        and (bets.get(group, 0.0) > 0.0 or account in permitted)
    }
    kept = [
        kind == "linked" or account not in owner or (account in asking) == (kind == "single")
        for group, kind, account in rows
    ]
    return candidates.filter(pa.array(kept, pa.bool_()))


def keep_for_review(
    chosen: pa.Table, bets: dict[int, float], permitted: set[int], volumes: dict[int, int], room: int
) -> pa.Table:
    """The candidates without the owners whose bet lost: their e-value is below one, so no error control could
    list them.

    Accounts that a permit names stay, so that their use can be held against it; and the largest losers stay
    as long as their exchanges together fit into `room`, so that an analyst reads why they are benign.
    volumes: exchanges of each account.
    """
    rows = list(zip(values(chosen, "group"), values(chosen, "kind"), values(chosen, "account"), strict=True))
    won = {
        group
        for group, kind, account in rows
        if kind == "linked" or bets.get(group, 0.0) > 0.0 or account in permitted
    }
    sizes: dict[int, int] = {}
    for group, _kind, account in rows:
        sizes[group] = sizes.get(group, 0) + volumes.get(account, 0)
    for group in sorted(set(sizes) - won, key=lambda name: (-sizes[name], name)):
        if sizes[group] <= room:
            room -= sizes[group]
            won.add(group)
    return chosen.filter(pa.array([group in won for group, _kind, _account in rows], pa.bool_()))
