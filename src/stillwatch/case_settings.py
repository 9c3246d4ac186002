"""Settings of cases; a run tells none of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.allowed import Within
from stillwatch.setting import Section, setting


@dataclass(frozen=True)
class CaseSettings(Section):
    """How people decide about cases. A run does not tell these."""

    section: ClassVar[str] = "cases"

    second_person: int = setting(
        20,
        "Accounts of a case up to which one person may decide to act; above it a second one must agree.",
        Within(0, 10**12),
    )
    told_growth: float = setting(
        0.5,
        "Share by which the accounts of a case must have grown since they were last told, for channels to be "
        "told again.",
        Within(0, 1_000),
    )
    label_days: float = setting(
        180.0,
        "Days for which a closure, or a decision about an account, is told to later searches.",
        Within(0, 36_500, above=True),
    )
