"""Researchers and evaluators, whom nothing may be done to."""

from __future__ import annotations

from stillwatch.playbooks.check import Answer, check, told
from stillwatch.playbooks.places import Places


@check(
    says="Safety researchers and evaluators are exempted by name.",
    do="`stillwatch guard exempt ACCOUNT --as researcher --state STATE`, for each one that was verified",
)
def exemptions_exist(places: Places) -> Answer:
    """The journal has exemptions in force."""
    found = places.published.overlay.accounts.values()
    count = sum(any(one.exempts and one.holds(places.now) for one in clears) for clears in found)
    return told(bool(count), f"{count:,} accounts are exempted now")
