"""What would clear one account, and what already speaks for it."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.report import formatting
from stillwatch.report.sentences.tiers import reason
from stillwatch.report.view_models import HELD_OUT, CampaignView
from stillwatch.run.reading import Row, Run
from stillwatch.schema.codes import Tier

UNNAMED = ("organisation owner", "payment owner")
"""How table members shows owners without a label: different ones may look the same."""
IN_NO_GROUP = (
    "It is in no group, nor present in one or near one: no group's marks add up to enough for it. That does "
    "not mean that it shares nothing."
)
MOST_OF_IT = 0.5
"""Share of an account's nats from which one family is said to carry it."""


def exonerates(run: Run, view: CampaignView, member: Row) -> list[str]:
    """The sentences, in the order of what they rest on: evidence, test, owner, bound, permit."""
    found = [*_membership(run.setting("linkage", "threshold_nats", 0.0), view, member), _alone(member)]
    found += [_owner(view, member)]
    campaign = view.campaign
    spare = campaign["named"] - campaign["at_least"]
    if member["tier"] != Tier.NAMED:
        found.append(f"{reason(member['reason'])} It is not among the accounts that the bound speaks of.")
    elif campaign["at_least"] > 0 and spare > 0:
        left = (
            "The other one may be a bystander, and this may be it."
            if spare == 1
            else f"The other {formatting.count(spare)} may be bystanders, and this may be one of them."
        )
        found.append(
            f"At least {formatting.count(campaign['at_least'])} of the group's "
            f"{formatting.plural(campaign['named'], 'named account')} take part. {left}"
        )
    if not campaign["permit"]:
        found.append("A permit that names it or its organisation would cover it.")
    return [line for line in found if line]


def _membership(threshold: float, view: CampaignView, member: Row) -> Iterator[str]:
    kind = view.campaign["kind"]
    if kind == "alike":
        yield (
            "Only what it asks ties it to the group: no address, payment, client or hour does. Somebody who "
            "shares an account, or a tool, with one of the group would look the same."
        )
        return
    if kind != "linked":
        yield (
            "It is in the group because it declares the same owner, not because of what it shares."
            if kind == "declared"
            else "It is looked at alone because of its volume, not because of what it shares."
        )
        return
    if not threshold:
        return
    families = {name: nats for name, nats in view.family_nats(member["account"]).items() if name != HELD_OUT}
    formed = sum(families.values())
    if formed < threshold:
        yield (
            f"Its formation evidence is {formed:.1f} nats, less than the {threshold:g} that link an account. "
            + (
                "It is named because its prompts agree with the group's."
                if member["tier"] == Tier.NAMED
                else "That is too little to be of the group."
            )
        )
        return
    weak = [(family, nats) for family, nats in families.items() if nats > 0 and formed - nats < threshold]
    for family, nats in weak:
        yield (
            f"If its {family or 'other'} marks have an innocent cause, {formed - nats:.1f} of {formed:.1f} "
            "nats of "
            f"formation evidence are left. That is less than the {threshold:g} needed: it would leave the "
            "group."
        )
    if weak:
        return
    whole = view.family_nats(member["account"])
    total = sum(whole.values())
    most = max(whole, key=lambda name: whole[name])
    stays = f"its formation evidence stays at {threshold:g} nats or more"
    if total > 0 and whole[most] > MOST_OF_IT * total:
        yield (
            f"Most of its evidence is {most or 'other'}: {whole[most]:.1f} of {total:.1f} nats. Without any "
            f"one family of marks {stays}."
        )
    else:
        yield f"No single family carries it: without any one of them, {stays}."


def _alone(member: Row) -> str:
    if member["p_value"] is None and member["tier"] != Tier.NAMED:
        return "No held-out test looked at this account."
    if member["p_value"] is None:
        return "No held-out test looks at this account alone: it stands or falls with its group."
    if member["p_value"] > 0.05:
        shown = formatting.probability(member["p_value"])
        return f"Alone, it does not stand out in the held-out test (p = {shown})."
    return ""


def _owner(view: CampaignView, member: Row) -> str:
    if not member["owner"]:
        return "It declares no owner. A verified owner of its own would speak for it."
    if member["owner"] in UNNAMED:
        return (
            "It declares an owner whose name is not known here. Proof of one owner would explain what "
            "they share."
        )
    same = view.with_owner(member["owner"]) - 1
    others = "No other account" if same == 0 else formatting.plural(same, "other account")
    return (
        f"It declares the owner {formatting.cut(member['owner'], 60)}. {others} of the group "
        f"{'declares' if same < 2 else 'declare'} the same. Proof of that owner would explain what they "
        "share."
    )
