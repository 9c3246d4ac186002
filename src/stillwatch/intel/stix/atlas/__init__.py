"""MITRE ATLAS: its techniques, by MITRE's own ids, from a table that is kept with the package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

SOURCE = Path(__file__).parent / "atlas.json"
SITE = "https://atlas.mitre.org/techniques/"


@dataclass(frozen=True)
class Technique:
    """One technique."""

    id: str
    """MITRE's id of it, as AML.T0024.002."""
    name: str
    """Its name."""
    tactics: tuple[str, ...]
    """The short names of its tactics, sorted."""
    stix_id: str
    """The id of MITRE's own STIX object of it."""

    @property
    def url(self) -> str:
        """Its page."""
        return SITE + self.id


@dataclass(frozen=True)
class Atlas:
    """The table."""

    version: str
    """The version of ATLAS that it was taken from."""
    source: str
    """Where it comes from, and under which licence."""
    techniques: Mapping[str, Technique]
    """The techniques by their ids."""


@cache
def atlas() -> Atlas:
    """Return the table that ships with the package."""
    told = json.loads(SOURCE.read_text(encoding="utf-8"))
    rows = (
        Technique(row["id"], row["name"], tuple(row["tactics"]), row["stix_id"]) for row in told["techniques"]
    )
    return Atlas(told["atlas_version"], told["source"], MappingProxyType({row.id: row for row in rows}))
