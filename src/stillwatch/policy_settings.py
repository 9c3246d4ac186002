"""Settings of policies; a run tells none of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.allowed import Within
from stillwatch.setting import Section, setting


@dataclass(frozen=True)
class PolicySettings(Section):
    """What a rule of a policy needs before it goes live. A run does not tell these."""

    section: ClassVar[str] = "policy"

    backtest_days: float = setting(
        7.0,
        "Days for which a backtest lets a version of a rule go live.",
        Within(0, 366, above=True),
    )
