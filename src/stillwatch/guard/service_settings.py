"""The configuration of `stillwatch guard serve` and `guard envoy`: a TOML file."""

from __future__ import annotations

import ipaddress
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar

from stillwatch.allowed import Anything, Networks, Within
from stillwatch.errors import SettingError
from stillwatch.guard.decide import Failure
from stillwatch.guard.envoy_settings import EnvoySettings
from stillwatch.setting import Section, checked, hints_of, setting
from stillwatch.small_file import read_small
from stillwatch.toml_file import known, nearest, read_toml, shown

WHAT = "guard's configuration"
LEAST_SECRET, MOST_SECRET = 32, 4_096
"""Bytes of the shared secret."""
SECTIONS = ("guard", "state", "service", "envoy", "texts")
PATHS = ("keys", "key_file")
"""Settings of [state] that are paths."""


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]
    """Each of them."""

    @property
    def says(self) -> str:
        """All of them."""
        return " or ".join(f'"{word}"' for word in self.words)

    def holds(self, value: Any) -> bool:
        """Whether it is one of them."""
        return value in self.words


@dataclass(frozen=True)
class GuardSettings(Section):
    """How the guard decides and what it says."""

    section: ClassVar[str] = "guard"

    failure: str = field(
        metadata={
            "sentence": "What is done while the state is stale or cannot be read, or the guard itself fails: "
            "open serves every request; closed goes on to hold a stale state, and refuses all without one.",
            "allowed": Choice(tuple(Failure)),
        }
    )
    appeal: str = setting(
        "", "Where customers can appeal; every refusal names it.", Anything("an address, or nothing")
    )


@dataclass(frozen=True)
class StateSettings(Section):
    """The published state."""

    section: ClassVar[str] = "state"

    keys: str = setting(
        "",
        "Folder with lookup.key and signing.pub, where it is not the state's own: whoever may write there "
        "can replace them.",
        Anything("a path; relative ones are relative to the configuration"),
    )
    key_file: str = setting(
        "",
        "File with the key of the pseudonyms, if the run was made with one (`detect --key-file`).",
        Anything("a path; relative ones are relative to the configuration"),
    )
    shared: str = setting(
        "",
        "Address of a Valkey or Redis server by which replicas share budgets and journal; empty: none.",
        Anything("redis://HOST:PORT, rediss://HOST:PORT or unix://PATH"),
    )
    name: str = setting("guard", "Name of the state among those that share the server.", Anything("a name"))


@dataclass(frozen=True)
class ServiceSettings(Section):
    """The HTTP service."""

    section: ClassVar[str] = "service"

    host: str = setting(
        "127.0.0.1",
        "Address to listen at. Beyond this machine only with a secret.",
        Anything("an IP address, or localhost"),
    )
    port: int = setting(8787, "Port to listen at.", Within(1, 65_535))
    workers: int = setting(1, "Processes that answer.", Within(1, 64))
    secret_file: str = setting(
        "",
        "File with the shared secret, at least 32 bytes, that every caller sends.",
        Anything("a path; relative ones are relative to the configuration"),
    )
    body_bytes: int = setting(
        4 << 20, "The longest body of a call; a longer one is answered 413.", Within(1_024, 1 << 30)
    )
    body_seconds: float = setting(
        10.0, "Seconds until the body of a call must be whole; then 408 is answered.", Within(0.1, 3_600)
    )
    trusted_proxies: tuple[str, ...] = setting(
        (), "Networks (CIDR) of your own proxies before the gateway.", Networks()
    )
    litellm_account: tuple[str, ...] = setting(
        ("user_api_key_user_id", "user_api_key_hash", "user_api_key_team_id"),
        "Fields of LiteLLM's request_data, or headers written as header:NAME, that name the account; the "
        "first that is there. The first three in this order are what `detect` reads from its logs.",
        Anything("names of fields"),
    )
    portkey_account: tuple[str, ...] = setting(
        ("_user",), "Keys of Portkey's metadata that name the account.", Anything("names of keys")
    )


@dataclass(frozen=True)
class ServiceConfig:
    """The whole file."""

    guard: GuardSettings
    """Section [guard]."""
    state: StateSettings
    """Section [state]; its paths are whole."""
    service: ServiceSettings
    """Section [service]."""
    texts: dict[str, str]
    """Section [texts]: sentences by reason code."""
    secret: bytes
    """The shared secret; empty if there is none."""
    envoy: EnvoySettings = field(default_factory=EnvoySettings)
    """Section [envoy]; its paths are whole."""

    @property
    def failure(self) -> Failure:
        """What was chosen."""
        return Failure(self.guard.failure)


def load(path: Path) -> ServiceConfig:
    """Read a configuration. Raises SettingError that names file and key for what cannot be used."""
    document = read_toml(path, WHAT, option="--config")
    where = str(path)
    known(
        document,
        ("guard", "state", "service", "envoy", "texts"),
        "there is no section [{}] in it",
        where=where,
    )
    given = _table(document, "guard", where)
    if "failure" not in given:
        raise SettingError(
            "guard.failure is not chosen, and has no default",
            where=where,
            do='write failure = "open" (serve every request while the guard cannot tell) or '
            'failure = "closed" (hold what was decided, and refuse where nothing is known) under [guard]',
        )
    guard = GuardSettings(**_values(GuardSettings, given, where))
    service = ServiceSettings(**_values(ServiceSettings, _table(document, "service", where), where))
    secret = _secret(path, service)
    if not secret and not is_loopback(service.host):
        raise SettingError(
            f"service.host is {shown(service.host)}, which other machines reach, and there is no secret",
            where=where,
            do='write secret_file under [service], or host = "127.0.0.1"',
        )
    state = StateSettings(**_values(StateSettings, _table(document, "state", where), where))
    whole = {name: str(path.parent / found) for name in PATHS if (found := getattr(state, name))}
    state = replace(state, **whole)
    envoy = EnvoySettings(**_values(EnvoySettings, _table(document, "envoy", where), where))
    envoy.check(where, loopback=is_loopback(envoy.host))
    texts = _texts(document, where)
    return ServiceConfig(guard, state, service, texts, secret, envoy.below(path.parent))


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _table(document: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    found = document.get(name, {})
    if not isinstance(found, dict):
        raise SettingError(f"{name} is not a section", where=where, do=f"begin it with [{name}]")
    return found


def _values(kind: Any, given: dict[str, Any], where: str) -> dict[str, Any]:
    for key in given:
        if key not in hints_of(kind):
            raise SettingError(
                f"there is no setting {kind.section}.{shown(key)}",
                where=where,
                do=nearest(key, hints_of(kind)),
            )
    return {key: checked(kind, key, value, where) for key, value in given.items()}


def _texts(document: dict[str, Any], where: str) -> dict[str, str]:
    found = _table(document, "texts", where)
    for code, sentence in found.items():
        if not isinstance(sentence, str) or not 0 < len(sentence) <= 1_000:
            raise SettingError(
                f"texts.{shown(code)} is not a sentence of at most 1,000 characters",
                where=where,
                do=f'write {shown(code)} = "what the customer is told"',
            )
    return dict(found)


def _secret(path: Path, service: ServiceSettings) -> bytes:
    if not service.secret_file:
        return b""
    file = path.parent / service.secret_file
    data = read_small(
        file, MOST_SECRET, what="secret", error=SettingError, do="check service.secret_file"
    ).strip()
    if len(data) < LEAST_SECRET:
        raise SettingError(
            f"the secret has {len(data)} bytes",
            where=f"service.secret_file, {file}",
            do=f"write at least {LEAST_SECRET} random bytes into it, for example: openssl rand -hex 32",
        )
    return data


def defaults(kind: Any) -> dict[str, Any]:
    """The default of each setting of a section; None where there is none, for the reference."""
    found: dict[str, Any] = {}
    for one in fields(kind):
        if one.default is not MISSING:
            found[one.name] = one.default
        else:
            found[one.name] = one.default_factory() if one.default_factory is not MISSING else None
    return found
