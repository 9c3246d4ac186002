"""Which accounts of a group share wording with some of it: prompts, tools and shapes that few others have."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.heldout.content import GUESSABLE
from stillwatch.heldout.key_weights import carried_keys, telling
from stillwatch.schema.table import values


def share_wording(
    engine: Engine, held: Table, everyone: int, some: pa.Table, accounts: pa.Table
) -> npt.NDArray[np.bool_]:
    """Mark accounts that carry a key which some of their group carry more than anybody else.

    held: account, key, facet of the content family. everyone: number of all accounts. some, accounts: group,
    account; the rest of the group is among those compared with. Keys that can be guessed do not count: `some`
    could share them with whomever they imitate.
    """
    told = held.filter(_.facet.notin(list(GUESSABLE)))
    inside = engine.load("some", some.select(["group", "account"]))
    keys = telling(carried_keys(engine, told, inside), everyone).select(["group", "key"])
    known = engine.load("sharing", accounts.select(["group", "account"]))
    carrying = known.join(told, "account").join(engine.load("wording", keys), ["group", "key"])
    pairs = engine.collect(carrying.select("group", "account").distinct())
    there = set(zip(values(pairs, "group"), values(pairs, "account"), strict=True))
    of = zip(values(accounts, "group"), values(accounts, "account"), strict=True)
    return np.array([place in there for place in of], np.bool_)
