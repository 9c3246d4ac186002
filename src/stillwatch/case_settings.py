"""Settings of cases; a run tells none of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.allowed import Anything, Within, Written
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
    slow_account_tokens: int = setting(
        2_000,
        "Tokens a minute that a plan leaves each account that it slows down; 0: no limit of its own.",
        Within(0, 10**12),
    )
    slow_campaign_tokens: int = setting(
        50_000,
        "Tokens a minute that a plan leaves all accounts of a campaign together; 0: no common limit.",
        Within(0, 10**12),
    )
    slow_days: float = setting(14.0, "Days that a plan slows accounts down.", Within(0, 3_650, above=True))
    verify_days: float = setting(
        14.0, "Days that a plan refuses accounts until their owner is verified.", Within(0, 3_650, above=True)
    )
    block_days: float = setting(30.0, "Days that a plan refuses accounts.", Within(0, 3_650, above=True))
    reason_code: str = setting(
        "terms_automated_collection",
        "The code that customers are told when a plan restricts them.",
        Written("[a-z][a-z0-9_]{0,63}", "small letters, digits and _, at most 64 of them"),
    )
    provider: str = setting(
        "the service",
        "How letters to customers call whoever sends them.",
        Written(r"[^\x00-\x1f\x7f]{1,200}", "from 1 to 200 characters on one line"),
    )
    letters: str = setting(
        "",
        "Folder with letters of your own, as restricted.txt; empty: those of Stillwatch.",
        Anything("a folder"),
    )
    appeal_url: str = setting(
        "",
        "Address before the token of an appeal link, as https://example.org/appeal/; empty: no notice goes.",
        Written("(https?://[!-~]{1,300})?", "an address that begins with https://, or nothing"),
    )
    appeal_days: float = setting(60.0, "Days that an appeal link works.", Within(0, 3_650, above=True))
    answer_days: float = setting(
        14.0, "Days within which an appeal is answered.", Within(0, 3_650, above=True)
    )
    restored_days: float = setting(
        180.0, "Days that an account is left alone after an appeal was granted.", Within(0, 3_650, above=True)
    )
    another_answers: bool = setting(
        True,
        "Whether an appeal is answered by a person who had no part in the decision that it is about.",
        Anything("true or false"),
    )
    appeal_characters: int = setting(4_000, "Characters that an appeal may have.", Within(100, 100_000))
    appeals_a_notice: int = setting(
        3, "Appeals that one notice may have, one after the other.", Within(1, 100)
    )
    appeals_an_hour: int = setting(
        1_000,
        "Appeals in an hour, all together, after which only the first of each notice is taken.",
        Within(1, 10**9),
    )
