"""Who a group's accounts are: an operator's, a provider's, victims', or nobody knows whose."""

from __future__ import annotations

import pytest

from stillwatch.campaigns.roles import NO_ORIGINS, Origins, role_of
from stillwatch.schema.codes import Role, RoleReason

ROBBED = Origins(accounts=12, beside=12, before=11, aged=12, owned=12, robbed=11)
FARMED = Origins(accounts=12, beside=2, before=1, aged=0, owned=0, robbed=0)


@pytest.mark.parametrize(
    ("verdict", "origins", "scores", "role"),
    [
        ("adversarial", ROBBED, {}, Role.VICTIM),
        ("coordinated", ROBBED, {"many_hands": 1.0}, Role.VICTIM),
        ("unlicensed", ROBBED, {}, Role.OPERATOR),
        ("adversarial", FARMED, {"many_hands": 1.0}, Role.OPERATOR),
        ("adversarial", NO_ORIGINS, {}, Role.OPERATOR),
        ("coordinated", FARMED, {"handed_over": 0.5}, Role.PROVIDER),
        ("coordinated", FARMED, {"everyday_work": 1.0}, Role.UNKNOWN),
        ("coordinated", FARMED, {"many_hands": 0.2}, Role.UNKNOWN),
        ("benign", ROBBED, {"many_hands": 1.0}, Role.NONE),
        ("authorised", FARMED, {}, Role.NONE),
    ],
)
def test_a_role_comes_from_a_life_of_ones_own_first(
    verdict: str, origins: Origins, scores: dict[str, float], role: Role
) -> None:
    assert role_of(verdict, origins, scores).role == role


def test_a_role_tells_what_speaks_for_it() -> None:
    found = role_of("adversarial", ROBBED, {})
    assert [(why.code, why.accounts, why.of) for why in found.why] == [
        (RoleReason.OWN_WORK_BEFORE, 11, 12),
        (RoleReason.OWN_WORK_BESIDE, 12, 12),
        (RoleReason.AGED, 12, 12),
        (RoleReason.OWN_OWNERS, 12, 12),
    ]
    lent = role_of("coordinated", FARMED, {"handed_over": 0.5, "everyday_work": 0.9})
    assert [(why.code, why.score) for why in lent.why] == [
        (RoleReason.HANDED_OVER, 0.5),
        (RoleReason.EVERYDAY_WORK, 0.9),
    ]
