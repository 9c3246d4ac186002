"""How messages are delivered: section [delivery] of a file of channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.allowed import Anything, Within
from stillwatch.setting import Section, setting


@dataclass(frozen=True)
class DeliverySettings(Section):
    """How messages about cases are sent, sent again, and forgotten."""

    section: ClassVar[str] = "delivery"

    attempts: int = setting(
        16,
        "Times that a message is sent to one channel before it is a dead letter.",
        Within(1, 1_000),
    )
    first_wait_s: float = setting(
        30.0,
        "Seconds to the second attempt; each further wait is twice as long, and a part of it is by chance.",
        Within(0.01, 86_400),
    )
    longest_wait_s: float = setting(
        43_200.0,
        "The longest wait between two attempts, in seconds; a receiver may ask for up to a day.",
        Within(0.01, 604_800),
    )
    timeout_s: float = setting(
        20.0, "Seconds that one attempt may take, from the name's look-up to the answer.", Within(0.1, 300)
    )
    claim_s: float = setting(
        60.0,
        "Seconds beyond the time of an attempt after which another deliverer may take it over: for the "
        "look-up of a name, for writing down what came of it, and for clocks that differ.",
        Within(0.05, 86_400),
    )
    every_s: float = setting(
        5.0,
        "Seconds between two looks for messages, with `case deliver --watch` and in `serve`.",
        Within(0.05, 3_600),
    )
    keep_days: float = setting(
        30.0,
        "Days after which a message that was delivered or dropped is forgotten; its key is kept.",
        Within(0, 36_500),
    )
    console: str = setting(
        "",
        "Address of the console; messages about a case then have a link to it.",
        Anything("https://HOST, or nothing"),
    )
