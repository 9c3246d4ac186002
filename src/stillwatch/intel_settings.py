"""Settings of what is shared with other providers; a run tells none of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.allowed import Within
from stillwatch.setting import Section, setting


@dataclass(frozen=True)
class IntelSettings(Section):
    """What may leave, and how much of it. A run does not tell these."""

    section: ClassVar[str] = "intel"

    least_accounts: int = setting(
        5, "Accounts that a campaign, or a cell of a statistic, must have before it leaves.", Within(2, 10**6)
    )
    least_reporters: int = setting(
        2, "Providers that must stand behind a cell of a statistic before it leaves.", Within(1, 10**4)
    )
    epsilon_total: float = setting(
        4.0,
        "Differential privacy that all counts given away in one calendar year may use together.",
        Within(0, 100, above=True),
    )
    epsilon_count: float = setting(
        0.5, "Differential privacy that one count uses; less means more noise.", Within(0, 10, above=True)
    )
    bundle_mib: int = setting(
        16, "Mebibytes of the largest bundle that is read; a larger one is refused unread.", Within(1, 1_024)
    )
