"""The Traffic Light Protocol 2.0 (FIRST, 2022), by the ids that OASIS gave its marking definitions."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
"""The extension of the marking definitions; its property is `tlp_2_0`."""
CREATED = "2022-10-01T00:00:00.000Z"


class Tlp(IntEnum):
    """How far something may go: a greater value goes less far."""

    CLEAR = 0
    """To everybody."""
    GREEN = 1
    """Within the community."""
    AMBER = 2
    """Within the receiving organisation and its clients."""
    AMBER_STRICT = 3
    """Within the receiving organisation."""
    RED = 4
    """To the persons named only."""

    @property
    def id(self) -> str:
        """The id of its marking definition."""
        return IDS[self]

    @property
    def label(self) -> str:
        """Its label, as FIRST writes it: `TLP:AMBER+STRICT`."""
        return "TLP:" + self.name.replace("_", "+")


IDS = {
    Tlp.CLEAR: "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    Tlp.GREEN: "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    Tlp.AMBER: "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    Tlp.AMBER_STRICT: "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    Tlp.RED: "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
LEVELS = {marking: level for level, marking in IDS.items()}


def level_of(markings: Iterable[str]) -> Tlp:
    """Return the strictest level of the ids of an object's markings; RED where one is unknown, or none is."""
    return max((LEVELS.get(marking, Tlp.RED) for marking in markings), default=Tlp.RED)
