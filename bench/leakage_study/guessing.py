"""Attacks that guess values offline: plain hash, group-keyed hash, tokens with and without the service's key."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import random
from collections.abc import Callable, Iterator

from voprf import ristretto

from leakage_study.figures import Figure, once, rate
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.private.token import SIZE, input_bytes

ALL_IPV4 = 2**32
HOURS = 3_600.0
NETWORK = int(ipaddress.IPv4Address("198.18.0.0"))
EPOCH = "2026-W49"


def guessing(seed: int, times: int, guesses: int) -> Iterator[Figure]:
    """Find an address that is known to be in one /16 from what stands for it."""
    key = os.urandom(32)
    evaluator = ristretto.Evaluator(os.urandom(32))
    target = random.Random(seed).randrange(guesses)

    def plain(value: str) -> bytes:
        return hashlib.sha256(value.encode()).digest()

    def keyed(value: str) -> bytes:
        return hmac.digest(key, value.encode(), "sha256")

    def with_service_key(value: str) -> bytes:
        asked = input_bytes(IndicatorKind.ADDRESS, EPOCH, value)
        return evaluator.evaluate_known_input(asked)[:SIZE]

    for name, function, share in (
        ("plain SHA-256", plain, 1),
        ("HMAC, by a member who has the group's key", keyed, 1),
        ("VOPRF token, by whoever has the service's key", with_service_key, 16),
    ):
        found = rate(name, "guesses", lambda f=function, n=guesses // share: _tried(f, n), times)  # type: ignore[misc]
        yield found
        yield Figure(
            name,
            "all IPv4 on one core",
            ALL_IPV4 / found.value / HOURS,
            ALL_IPV4 / found.most / HOURS,
            ALL_IPV4 / found.least / HOURS,
            "hours",
        )
        hit = _found(function, target % (guesses // share), guesses // share)
        yield once(name, "the address is found", float(hit), "of 1")
    yield once(
        "HMAC, by somebody without the key",
        "addresses found",
        float(sum(_found(_other_key(keyed), at, 256, keyed) for at in range(8))),
        "of 8",
    )
    yield once(
        "VOPRF token, by a member without the service",
        "addresses found",
        float(sum(_found(_own_service(), at, 256, with_service_key) for at in range(8))),
        "of 8",
    )


def address(number: int) -> str:
    """An address of the network that is guessed."""
    return str(ipaddress.IPv4Address(NETWORK + number))


def _tried(function: Callable[[str], bytes], guesses: int) -> int:
    for number in range(guesses):
        function(address(number))
    return guesses


def _found(
    guess: Callable[[str], bytes], target: int, guesses: int, shown: Callable[[str], bytes] | None = None
) -> bool:
    seen = (shown or guess)(address(target))
    return any(guess(address(number)) == seen for number in range(guesses))


def _other_key(_keyed: Callable[[str], bytes]) -> Callable[[str], bytes]:
    key = os.urandom(32)
    return lambda value: hmac.digest(key, value.encode(), "sha256")


def _own_service() -> Callable[[str], bytes]:
    evaluator = ristretto.Evaluator(os.urandom(32))
    return lambda value: evaluator.evaluate_known_input(input_bytes(IndicatorKind.ADDRESS, EPOCH, value))[
        :SIZE
    ]
