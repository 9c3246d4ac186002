"""What is known of an account beside a group, in words: its tier and why it has it."""

from __future__ import annotations

from collections.abc import Mapping

from stillwatch.report import formatting
from stillwatch.report.sentences.clauses import joined
from stillwatch.run.reading import Row
from stillwatch.schema.codes import FORMED, Tier, TierReason

TIERS: Mapping[str, str] = {
    Tier.NAMED: "named",
    Tier.PRESENT: "present: look, do not act",
    Tier.NEAR: "near: not part of it",
}
"""What a tier is called where it stands alone."""
MEANS: Mapping[str, str] = {
    Tier.NAMED: "It has evidence of its own of both kinds: in what formed the group, and in what was held "
    "out to test it.",
    Tier.PRESENT: "It shares marks with the group, and nothing of its own confirms it. Look at it; do not "
    "act against it on this evidence.",
    Tier.NEAR: "It shares too few marks to be of the group. It is listed so that nobody overlooks it.",
}
"""What each tier says of an account."""
REASONS: Mapping[str, str] = {
    TierReason.BOTH: "What formed the group and what tested it, each on its own, set it apart from its "
    "client's other users.",
    TierReason.LIKE_ITS_CLIENT: "Its content is not unlike that of its client's other users, or only where "
    "anybody could imitate it.",
    TierReason.OUTWEIGHED: "Its content is unusual, but with its marks it does not outweigh the odds "
    "against it.",
    TierReason.TOO_FEW_NAMED: "Its evidence would name it, but too few accounts would be named with it to "
    "make a group.",
    TierReason.GROUP_ONLY: "What speaks for the group, such as how prompts are dealt out, says nothing about "
    "one account.",
    TierReason.OTHERS_HARVEST: "Others of the group harvest. Its own prompts do not show it, and without "
    "those others it would not be accused.",
    TierReason.LITTLE_SHARED: "It shares too few of the marks that formed the group.",
    TierReason.NOT_LINKED: "It is looked at by itself or for the owner that it declares; no marks formed a "
    "group.",
}
"""Why an account has its tier."""
SHORT: Mapping[str, str] = {
    TierReason.BOTH: "evidence of its own, of both kinds",
    TierReason.LIKE_ITS_CLIENT: "content like its client's other users'",
    TierReason.OUTWEIGHED: "too little of both",
    TierReason.TOO_FEW_NAMED: "too few others named",
    TierReason.GROUP_ONLY: "only the group as a whole shows it",
    TierReason.OTHERS_HARVEST: "others harvest, it does not show it",
    TierReason.LITTLE_SHARED: "few shared marks",
    TierReason.NOT_LINKED: "looked at by itself",
}
"""The same in a few words, for a cell."""


LOOKED_AT = "looked at"
"""What an account is called that no marks link: *named* would say that it has evidence of both kinds."""
NOT_LINKED = (
    "No marks link it to others, so there is no evidence about it but what was asked of the model, by it or "
    "under its owner."
)
"""What that says of it."""


def tier(name: str) -> str:
    """A tier as words; one of a later version as it is."""
    return TIERS.get(name, formatting.named(name))


def called(member: Row) -> str:
    """What an account is called in its group. member: of tables members or bystanders."""
    return LOOKED_AT if member["reason"] == TierReason.NOT_LINKED else tier(member["tier"])


def means(member: Row) -> str:
    """What that says of it; empty for a tier of a later version."""
    return NOT_LINKED if member["reason"] == TierReason.NOT_LINKED else MEANS.get(member["tier"], "")


def at_least(campaign: Row) -> str:
    """The bound in a cell: 12 of 14; a dash where nobody is named, or no marks link the accounts."""
    if campaign["kind"] not in FORMED or not campaign["named"]:
        return formatting.DASH
    return f"{formatting.count(campaign['at_least'])} of {formatting.count(campaign['named'])}"


def reason(code: str) -> str:
    """Why an account has its tier, as a sentence."""
    return REASONS.get(code, f"The reason is {formatting.cut(code, 40)}.")


def reason_short(code: str) -> str:
    """The same in a few words."""
    return SHORT.get(code, formatting.cut(code, 40))


def counted(campaign: Row) -> str:
    """How many accounts each tier has, and what may be done about them."""
    if campaign["kind"] not in FORMED:
        return (
            f"{formatting.plural(campaign['accounts'], 'account')}, looked at without marks that link them."
        )
    told = [f"{formatting.count(campaign['named'])} named"]
    if campaign["present"]:
        told.append(f"{formatting.count(campaign['present'])} only present (look, do not act)")
    if campaign["near"]:
        told.append(f"{formatting.count(campaign['near'])} near it")
    said = formatting.sentence(f"{joined(told)}")
    if not campaign["named"]:
        return (
            f"{said} Nobody is named: the group is shown by all accounts that are present, and no single "
            "one of them is accused."
        )
    return said
