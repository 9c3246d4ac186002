"""Client software: user agents, x-stainless headers, TLS fingerprints and parameters, each shared by many."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from stillwatch.simulate.grammar import documents

Ints = npt.NDArray[np.int64]
PACKAGE_HEADERS = ("arch", "async", "lang", "os", "package-version", "runtime", "runtime-version")


@dataclass(frozen=True)
class Client:
    """One build of one client program."""

    user_agent: str
    """User-Agent header."""
    stainless: dict[str, str]
    """x-stainless-* headers by full name; empty where the program sends none."""
    ja4: str
    """TLS fingerprint of its stack."""


class Clients:
    """The catalogue of popular builds, plus those that a scenario adds."""

    def __init__(self) -> None:
        book = documents("catalogue")
        self.builds: list[Client] = []
        weights: list[float] = []
        for sdk in book["clients.toml"]["sdk"]:
            self._add_sdk(sdk, book["clients.toml"]["systems"], weights)
        self.popularity = np.cumsum(weights) / np.sum(weights)
        self.parameters: list[dict[str, Any]] = list(book["parameters.toml"]["popular"])
        self._popular_parameters = len(self.parameters)
        self.named = {
            name: self.add_parameters(values) for name, values in book["parameters.toml"]["named"].items()
        }
        self._from: dict[str, tuple[str, str]] = {}

    def _add_sdk(self, sdk: dict[str, Any], systems: dict[str, Any], weights: list[float]) -> None:
        for v, version in enumerate(sdk["versions"]):
            for r, runtime in enumerate(sdk["runtimes"]):
                for name, architecture, share in zip(
                    systems["names"], systems["architectures"], systems["weights"], strict=True
                ):
                    weights.append(sdk["weight"] * share / (1 + v) ** 1.1 / (1 + r))
                    self.builds.append(
                        build(
                            sdk["agent"].format(version=version),
                            runtime,
                            f"{name} {architecture}",
                            sdk.get("language", ""),
                        )
                    )

    def popular(self, n: int, rng: np.random.Generator) -> Ints:
        """Draw builds by popularity."""
        return np.minimum(np.searchsorted(self.popularity, rng.random(n)), len(self.popularity) - 1)

    def popular_parameters(self, n: int, rng: np.random.Generator) -> Ints:
        """Draw parameter sets by popularity: many accounts use the defaults."""
        return (self._popular_parameters * rng.random(n) ** 2.5).astype(np.int64)

    def add(self, agent: str, runtime: str, system: str) -> int:
        """Add a build that a scenario names.

        A JavaScript or Python SDK of the catalogue sends its usual headers.
        """
        language = "python" if "/Python" in agent else "js" if "/JS" in agent else ""
        self.builds.append(build(agent, runtime, system, language))
        return len(self.builds) - 1

    def inspected(self, builds: Ints, middlebox: str) -> Ints:
        """Return the builds as they look behind a middlebox that opens TLS: its handshake, their headers.

        builds: numbers of builds, any shape; each is added once for each call.
        """
        distinct, inverse = np.unique(builds, return_inverse=True)
        fingerprint = ja4("middlebox", middlebox, "")
        first = len(self.builds)
        self.builds += [replace(self.builds[number], ja4=fingerprint) for number in distinct.tolist()]
        return np.asarray((first + inverse).reshape(builds.shape))

    def add_parameters(self, values: dict[str, Any]) -> int:
        """Add a parameter set; an equal one is reused."""
        if values not in self.parameters:
            self.parameters.append(dict(values))
        return self.parameters.index(values)


def build(agent: str, runtime: str, system: str, language: str) -> Client:
    """Make a client from its parts; `runtime` and `system` are two words each."""
    engine, _, version = runtime.partition(" ")
    name, _, architecture = system.partition(" ")
    package = agent.partition("/")[2].rpartition(" ")[2] if "/" in agent else ""
    is_async = ("async:asyncio" if agent.startswith("Async") else "false") if language == "python" else ""
    values = (architecture, is_async, language, name, package, engine, version)
    headers = (
        {f"x-stainless-{key}": value for key, value in zip(PACKAGE_HEADERS, values, strict=True) if value}
        if language
        else {}
    )
    return Client(agent, headers, ja4(engine, version, name))


def ja4(engine: str, version: str, system: str) -> str:
    """Return a fingerprint in JA4's form, one for each TLS stack.

    A stack is the runtime's minor version and, for native stacks, the system.
    """
    minor = (
        ".".join(version.split(".")[:2]) if engine in ("CPython", "go", "openssl") else version.split(".")[0]
    )
    stack = f"{engine} {minor} {system if engine in ('electron', 'CPython') else ''}"
    digest = hashlib.blake2b(stack.encode(), digest_size=12).hexdigest()
    ciphers = 13 + int(digest[:2], 16) % 18
    return f"t13d{ciphers:02d}{10 + int(digest[2:4], 16) % 6:02d}h{1 + int(digest[4], 16) % 2}_{digest[:12]}_{digest[12:]}"  # noqa: E501


def canonical(headers: dict[str, str]) -> str:
    """Return headers as sorted name=value pairs, without their common prefix."""
    return " ".join(f"{name.removeprefix('x-stainless-')}={value}" for name, value in sorted(headers.items()))


def as_json(values: Any) -> str:
    """Return compact JSON."""
    return orjson.dumps(values).decode()
