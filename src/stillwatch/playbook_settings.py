"""Settings of playbooks and of readiness; a run tells none of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.allowed import Anything, Within
from stillwatch.setting import Section, setting


@dataclass(frozen=True)
class PlaybookSettings(Section):
    """What checks of playbooks hold the real state against. A run does not tell these."""

    section: ClassVar[str] = "playbooks"

    run_hours: float = setting(
        48.0,
        "Hours after the last exchange of the newest run until that run counts as old.",
        Within(0, 24 * 3_660, above=True),
    )
    blind_share: float = setting(
        0.9,
        "Share of the rows without a column from which a facet or a signal counts as blind.",
        Within(0, 1, above=True),
    )
    appeal_days: float = setting(
        7.0,
        "Days until an appeal must be answered that came by no link; others have a deadline of their own.",
        Within(0, 3_660, above=True),
    )
    measure_days: float = setting(
        7.0,
        "Days after a step until it must be measured what came back.",
        Within(0, 3_660, above=True),
    )
    checkpoint_days: float = setting(
        2.0, "Days until the newest checkpoint of the cases counts as old.", Within(0, 3_660, above=True)
    )
    sharing_log_days: float = setting(
        7.0,
        "Days until the last look at the log of a sharing group's hub counts as old.",
        Within(0, 3_660, above=True),
    )
    backup_days: float = setting(
        7.0, "Days until the newest backup of the cases counts as old.", Within(0, 3_660, above=True)
    )
    backups: str = setting(
        "", "Folder in which backups of the cases are kept.", Anything("a folder; empty: none is known")
    )
    restrictions_statement: str = setting(
        "",
        "Where the public can read what visible and hidden restrictions there are.",
        Anything("an address, or a section of the terms; empty: none"),
    )
    special_plans: tuple[str, ...] = setting(
        (),
        "Plans of the accounts file that are programmes with an entry test: education, research, start-ups.",
        Anything("names of plans"),
    )
