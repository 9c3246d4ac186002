"""What a hub serves beside its own pages: one line for each part."""

from __future__ import annotations

from stillwatch.intel.hub.app import Part

PARTS: tuple[Part, ...] = ()
"""The parts, by the path at which each is mounted."""
