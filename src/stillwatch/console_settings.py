"""Settings of the console; a run tells none of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stillwatch.allowed import Anything, Networks, Within
from stillwatch.setting import Section, setting


@dataclass(frozen=True)
class ConsoleSettings(Section):
    """How people sign in to the console, and what they may see. A run does not tell these."""

    section: ClassVar[str] = "console"

    texts: bool = setting(
        False,
        "Whether approvers may look at texts of customers, after a reason that goes to the access log.",
        Anything("true or false"),
    )
    idle_minutes: float = setting(
        60.0, "Minutes without a call after which a session ends.", Within(1, 10_080)
    )
    session_hours: float = setting(12.0, "Hours after which a session ends, however busy.", Within(0.1, 720))
    fresh_minutes: float = setting(
        10.0,
        "Minutes after a sign-in for which users, roles and tokens may be changed; later it is asked for "
        "again.",
        Within(1, 1_440),
    )
    link_hours: float = setting(
        24.0, "Hours for which a one-time link to set a password works.", Within(0.1, 720)
    )
    token_days: float = setting(90.0, "The most days for which a token may be made.", Within(1, 3_650))
    public_url: str = setting(
        "",
        "How browsers reach the console, as https://stillwatch.example; empty: at the address that it "
        "listens on. Passkeys and OIDC are bound to it.",
        Anything("an address without a path, or nothing"),
    )
    trusted_proxies: tuple[str, ...] = setting(
        (),
        "Networks (CIDR) of your own proxies, whose X-Forwarded-For is believed with --behind-proxy.",
        Networks(),
    )
    oidc_issuer: str = setting(
        "", "Issuer of an OpenID provider; empty: nobody signs in with one.", Anything("an https address")
    )
    oidc_client: str = setting("", "The console's client id there.", Anything("an id"))
    oidc_secret_file: str = setting(
        "", "File with the client's secret; empty: a public client.", Anything("a file")
    )
    oidc_scopes: tuple[str, ...] = setting(
        ("openid", "profile", "email"), "Scopes that are asked for.", Anything("names of scopes")
    )
    oidc_name_claim: str = setting(
        "preferred_username", "Claim that names a user who signs in the first time.", Anything("a claim")
    )
    oidc_groups_claim: str = setting("groups", "Claim with the groups of a user.", Anything("a claim"))
    oidc_roles: tuple[str, ...] = setting(
        (),
        'Which group has which role, as "soc-analysts=analyst"; the highest counts, and who is in none is '
        "refused.",
        Anything("GROUP=ROLE"),
    )
