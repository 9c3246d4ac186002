"""What a setting may be: a check, and the words for it."""

from __future__ import annotations

import ipaddress
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

UNITS = {
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}
SOME_DAY = datetime(2026, 11, 23, 17, 45, 58, tzinfo=UTC)
"""Its parts cannot be taken for each other."""
SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*([KMGT]i?B)", re.IGNORECASE)
"""A size as people write it: 3GB, 1.5 GiB."""


class Allowed(Protocol):
    """The values that a setting takes, of the type that it has."""

    @property
    def says(self) -> str:
        """The values in words: "from 1 to 64"."""

    def holds(self, value: Any) -> bool:
        """Whether a value is among them."""


@dataclass(frozen=True)
class Within:
    """Numbers between two limits; infinite and undefined ones never."""

    least: float
    """Smallest value."""
    most: float
    """Largest value."""
    above: bool = False
    """Whether the smallest itself is left out."""

    @property
    def says(self) -> str:
        """The range in words."""
        return f"{'above' if self.above else 'from'} {_plain(self.least)} to {_plain(self.most)}"

    def holds(self, value: Any) -> bool:
        """Whether a number lies inside."""
        return math.isfinite(value) and (
            self.least < value <= self.most if self.above else self.least <= value <= self.most
        )


@dataclass(frozen=True)
class OneOf:
    """A few values."""

    values: tuple[int, ...]
    """Each of them."""

    @property
    def says(self) -> str:
        """All of them."""
        return f"one of {', '.join(map(str, self.values))}"

    def holds(self, value: Any) -> bool:
        """Whether it is one of them."""
        return value in self.values


@dataclass(frozen=True)
class Size:
    """A size of memory, with its unit."""

    least: str
    """The smallest that is of use."""

    @property
    def says(self) -> str:
        """The smallest, and how to write one."""
        return f'a size from {self.least} up, as "3GB"'

    def holds(self, value: Any) -> bool:
        """Whether it is a size, and large enough."""
        return _bytes(value) >= _bytes(self.least)


@dataclass(frozen=True)
class Networks:
    """A list of networks."""

    says: str = 'networks as "192.0.2.0/24"'
    """How to write one."""

    def holds(self, value: Any) -> bool:
        """Whether each is a network."""
        return all(map(_is_network, value))


@dataclass(frozen=True)
class Written:
    """Texts of a form."""

    pattern: str
    """The form, as a regular expression."""
    says: str
    """The form in words."""

    def holds(self, value: Any) -> bool:
        """Whether the whole text has it."""
        return re.fullmatch(self.pattern, value) is not None


@dataclass(frozen=True)
class Anything:
    """Every value of its type."""

    says: str
    """What it is."""

    def holds(self, value: Any) -> bool:
        """Always."""
        return True


@dataclass(frozen=True)
class TimeForm:
    """A form of strptime, or none."""

    says: str = 'a form of strptime with year, month and day, as "%d.%m.%Y %H:%M", or nothing'
    """How to write one."""

    def holds(self, value: Any) -> bool:
        """Whether a time that is written in it can be read again."""
        if not value:
            return True
        try:
            read = datetime.strptime(SOME_DAY.strftime(value), value)
        except ValueError:
            return False
        return read.date() == SOME_DAY.date()


@dataclass(frozen=True)
class Zone:
    """A time zone, or none."""

    says: str = 'the IANA name of a time zone, as "Europe/Berlin", or nothing'
    """How to write one."""

    def holds(self, value: Any) -> bool:
        """Whether a zone has this name."""
        try:
            return not value or ZoneInfo(value) is not None
        except (KeyError, ValueError, OSError):
            return False


def _plain(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:g}"


def _bytes(text: str) -> float:
    found = SIZE.fullmatch(text.strip())
    return float(found[1]) * UNITS[found[2].upper()] if found else -1.0


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True
