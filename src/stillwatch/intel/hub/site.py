"""How members reach a hub."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Site:
    """How members reach the hub."""

    scheme: str
    """http or https."""
    authority: str
    """Host, with its port where that is not the scheme's; members sign for it."""

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self.scheme}://{self.authority}"
