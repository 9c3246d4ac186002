"""Settings of a hub; a run tells none of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.allowed import Anything, Networks, Within, Written
from stillwatch.setting import Section, setting


@dataclass(frozen=True)
class HubSettings(Section):
    """How a hub admits its members. A run does not tell these."""

    section: ClassVar[str] = "hub"

    public_url: str = setting(
        "",
        "Where members reach the hub, as https://hub.example; empty: the address that it listens on. Members "
        "sign for this name, so it must be the one that they use.",
        Written("(https?://[!-~]{1,300})?", "an address that begins with https://, or nothing"),
    )
    title: str = setting(
        "Stillwatch hub",
        "What the hub calls itself.",
        Written(r"[^\x00-\x1f\x7f]{1,200}", "one line of text"),
    )
    trusted_proxies: tuple[str, ...] = setting(
        (),
        "Networks (CIDR) of your own proxies; failed sign-ins are counted by the first address before them.",
        Networks(),
    )
    skew_seconds: float = setting(
        60.0,
        "Seconds by which the clock of a signed request may differ from the hub's; within them, each request "
        "is taken once.",
        Within(1, 3_600),
    )
    token_days: float = setting(
        90.0, "Days that a new token works, unless its command says otherwise.", Within(0, 3_650, above=True)
    )
    requests_a_minute: int = setting(
        1_200, "Requests that one member may make in a minute.", Within(1, 10**9)
    )
    megabytes_a_day: int = setting(
        10_000, "Megabytes (10^6 bytes) that one member may send in a day.", Within(1, 10**9)
    )
    failures_a_minute: int = setting(
        30,
        "Failed sign-ins from one address in a minute, after which it is refused until the minute is over.",
        Within(1, 10**6),
    )
    body_megabytes: int = setting(32, "Megabytes (10^6 bytes) that one request may bring.", Within(1, 1_000))
    purge_hours: float = setting(
        1.0,
        "Hours between two purges of what is past the retention of its agreement.",
        Within(0, 24 * 365, above=True),
    )
    signing_key: str = setting(
        "",
        "File of the key that signs checkpoints; empty: beside the file of the hub, with .key at its end.",
        Anything("a file"),
    )
