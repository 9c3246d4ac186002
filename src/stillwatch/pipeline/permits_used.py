"""What each permit finds, for the account of use."""

from __future__ import annotations

from stillwatch.campaigns.permit_matches import permit_matches
from stillwatch.campaigns.permits import Permit
from stillwatch.engine import Engine
from stillwatch.pipeline.account_of_use import AccountOfUse
from stillwatch.pipeline.search import Stored
from stillwatch.schema.use import OVERLAP, PERMIT


def permits_used(used: AccountOfUse, engine: Engine, permits: list[Permit], stored: Stored) -> None:
    """Add which accounts of the logs each permit finds, by id or by the owner that they declare."""
    seen = stored.accounts.semi_join(stored.exchanges.select("account"), "account")
    rows = engine.collect(seen.select("account", "account_id", "organisation")).to_pylist()
    owners = {row["key"]: row["label"] for row in stored.labels.to_pylist() if row["kind"] == "organisation"}
    ids = {row["account"]: row["account_id"] for row in rows}
    declared = {row["account"]: owners.get(row["organisation"], "") for row in rows}
    for found in permit_matches(permits, ids, declared):
        if found.other is None:
            used.add("permits", PERMIT, found.accounts, of=len(ids), name=found.name)
        else:
            used.add("permits", OVERLAP, found.accounts, name=found.name, detail=found.other)
