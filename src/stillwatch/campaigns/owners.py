"""The owner that each account declares."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.settings import CampaignSettings


def owners(engine: Engine, accounts: Table, settings: CampaignSettings) -> Table:
    """Return table owners (account, owner, basis).

    The owner is a verified organisation, else the payment instrument of a business plan, else null. A mail
    domain or an unverified name declares nothing: anyone can make them.
    """
    verified = accounts.organisation.notnull() & (accounts.verification == "organisation")
    business = accounts.payment.notnull() & accounts.plan.isin(list(settings.business_plans))
    owner = ibis.cases((verified, accounts.organisation), (business, accounts.payment))
    basis = ibis.cases((verified, "organisation"), (business, "payment"), else_="")
    return engine.create("owners", accounts.select("account", owner=owner, basis=basis))


def declared_groups(engine: Engine, owners: Table, volumes: Table, least: int) -> Table:
    """Return (owner, account) of owners whose accounts together had at least `least` exchanges."""
    owned = owners.filter(_.owner.notnull()).join(volumes, "account")
    large = owned.group_by("owner").agg(total=_.n.sum()).filter(_.total >= least)
    return engine.collect(
        owned.semi_join(large, "owner").select("owner", "account").order_by(["owner", "account"])
    )
