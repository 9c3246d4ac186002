"""What a LiteLLM configuration says about the guard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from stillwatch.errors import SettingError
from stillwatch.guard.decide import Failure
from stillwatch.guard.service_settings import (
    GuardSettings,
    ServiceConfig,
    ServiceSettings,
    StateSettings,
    load,
)

PRE_CALL, SHADOW = "pre_call", "logging_only"
WHERE = "litellm_params of the guardrail in LiteLLM's config.yaml"
NAME = "policy"
"""The name under which clients may see that there is a guardrail."""
Kind = TypeVar("Kind", bound=StrEnum)


class AccountField(StrEnum):
    """Which field of a key is the account; it must be the one that `stillwatch detect` read from the logs."""

    AUTO = "auto"
    """The user, else the key's hash, else the team: as the rows of LiteLLM_SpendLogs are read."""
    USER = "user"
    KEY = "key"
    """The key's hash."""
    KEY_ALIAS = "key_alias"
    TEAM = "team"
    ORGANIZATION = "organization"
    END_USER = "end_user"
    """The client's own user, as its request names it: only where your own front end writes these requests."""


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """The settings of one guardrail."""

    state: Path
    """The folder that `stillwatch guard publish` writes."""
    config: ServiceConfig
    """The rest, as `stillwatch guard serve` has it: what is done when the guard cannot tell, the keys, a
    server that replicas share, the provider's own words.
    """
    shadow: bool = False
    """Whether decisions are only recorded."""
    account: AccountField = AccountField.AUTO
    """Which field of a key is the account."""
    timeout_s: float = 1.0
    """Seconds that a decision may take before it counts as a failure."""


def settings_of(name: str | None, mode: Any, always: Any, given: Mapping[str, Any]) -> PolicySettings:
    """Return the settings. always: default_on. given: the other `litellm_params`; what LiteLLM adds is
    passed over. Raises SettingError, never ValueError: LiteLLM goes on without a guardrail that
    raises that.
    """
    if name != NAME:
        raise SettingError(
            f"the guardrail is called {name!r}",
            where="guardrail_name",
            do=f"call it {NAME}: clients see its name",
        )
    if mode not in (PRE_CALL, SHADOW):
        raise SettingError(
            f"mode {mode!r} cannot be used",
            where=WHERE,
            do=f"write mode: {PRE_CALL}, or mode: {SHADOW} to record decisions and do nothing",
        )
    if always is not True:
        raise SettingError(
            "default_on is not true", where=WHERE, do="write default_on: true: the guard is for every request"
        )
    if not given.get("state"):
        raise SettingError("no state is given", where=WHERE, do="write state: FOLDER, as published to")
    return PolicySettings(
        Path(str(given["state"])),
        _config(given.get("config"), given.get("failure")),
        mode == SHADOW,
        _one_of(AccountField, "account", given.get("account", AccountField.AUTO.value)),
        _seconds(given.get("timeout_s", 1.0)),
    )


def _config(path: Any, failure: Any) -> ServiceConfig:
    found = load(Path(str(path))) if path is not None else None
    if failure is None and found is None:
        raise SettingError(
            "it is not said what happens while the guard cannot tell",
            where=WHERE,
            do="write failure: open to serve every request then, or failure: closed to hold what was decided "
            "and to refuse all while there is no state",
        )
    chosen = None if failure is None else _one_of(Failure, "failure", failure)
    if found is None:
        return ServiceConfig(GuardSettings(str(chosen)), StateSettings(), ServiceSettings(), {}, b"")
    if chosen not in (None, found.failure):
        raise SettingError(
            f"failure is {chosen} here and {found.failure} in {path}", where=WHERE, do="leave it out here"
        )
    return found


def _one_of(kind: type[Kind], name: str, given: Any) -> Kind:
    try:
        return kind(given)
    except ValueError:
        raise SettingError(
            f"{name} {given!r} cannot be used", where=WHERE, do=f"write one of: {', '.join(kind)}"
        ) from None


def _seconds(given: Any) -> float:
    seconds = float(given) if isinstance(given, int | float) and not isinstance(given, bool) else 0.0
    if not 0.01 <= seconds <= 60.0:
        raise SettingError(f"timeout_s {given!r} cannot be used", where=WHERE, do="write 0.01 to 60 seconds")
    return seconds
