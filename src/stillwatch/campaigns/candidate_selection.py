"""Which candidates are judged: an owner as one, or those of its accounts that ask for what the others do not.

Candidates whose bet lost are kept while there is room.
"""

from __future__ import annotations

import pyarrow as pa

from stillwatch.schema.codes import FORMED
from stillwatch.schema.table import values


def choose_candidates(candidates: pa.Table, bets: dict[int, float], permitted: set[int]) -> pa.Table:
    """Return the candidates with every account in one of them.

    An owner is one candidate where its bet won, or where a permit names all of its accounts. Otherwise its
    accounts whose own bet won, or that a permit names, are candidates of their own, and the owner is without
    them. The e-value of a single account that is not kept counts as zero among the hypotheses. bets: natural
    logarithms of e-values.
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
        kind in FORMED or account not in owner or (account in asking) == (kind == "single")
        for group, kind, account in rows
    ]
    return candidates.filter(pa.array(kept, pa.bool_()))


def keep_for_review(
    chosen: pa.Table, bets: dict[int, float], permitted: set[int], volumes: dict[int, int], room: int
) -> pa.Table:
    """Return the candidates without the owners whose bet lost: error control could never list them.

    Their e-value is at most one. Accounts that a permit names stay, so that their use can be compared with
    it. The largest losers stay as long as their exchanges together fit into `room`, so that an analyst can
    read why they are benign. volumes: exchanges of each account.
    """
    rows = list(zip(values(chosen, "group"), values(chosen, "kind"), values(chosen, "account"), strict=True))
    won = {
        group
        for group, kind, account in rows
        if kind in FORMED or bets.get(group, 0.0) > 0.0 or account in permitted
    }
    sizes: dict[int, int] = {}
    for group, _kind, account in rows:
        sizes[group] = sizes.get(group, 0) + volumes.get(account, 0)
    for group in sorted(set(sizes) - won, key=lambda name: (-sizes[name], name)):
        if sizes[group] <= room:
            room -= sizes[group]
            won.add(group)
    return chosen.filter(pa.array([group in won for group, _kind, _account in rows], pa.bool_()))
