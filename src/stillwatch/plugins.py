"""Facets, signals and log formats of other packages: found by their entry points, loaded when first
needed.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from stillwatch.errors import PluginError

WITHOUT = "STILLWATCH_WITHOUT_PLUGINS"
"""Environment variable that names the distributions whose plug-ins are not loaded, joined by a comma; all:
none is.
"""


@dataclass(frozen=True)
class Plugin:
    """Whose a facet, a signal or a format is."""

    distribution: str
    """Name of the installed package."""
    version: str
    """Its version."""

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"

    @property
    def otherwise(self) -> str:
        """How to do without it."""
        return (
            f"mend it, remove it with pip uninstall {self.distribution}, or run without it: "
            f"{WITHOUT}={self.distribution}"
        )


def found(group: str) -> Iterator[tuple[EntryPoint, Plugin]]:
    """The entry points of a group that are not turned off, by distribution and name."""
    off = {_folded(name) for name in os.environ.get(WITHOUT, "").split(",") if name.strip()}
    pairs = [(entry, _owner(entry)) for entry in entry_points(group=group)]
    for entry, plugin in sorted(set(pairs), key=lambda pair: (pair[1].distribution, pair[0].name)):
        if "all" not in off and _folded(plugin.distribution) not in off:
            yield entry, plugin


def broken(plugin: Plugin, entry: EntryPoint, why: str) -> PluginError:
    """The error for one that cannot be loaded."""
    return PluginError(
        f"the plug-in {plugin} cannot be loaded: {why}",
        where=f"entry point {entry.name} = {entry.value} of {entry.group}",
        do=plugin.otherwise,
    )


def failed(plugin: Plugin, kind: str, name: str, error: Exception) -> PluginError:
    """The error for one that failed at work; the error's own words are left out, since they may be of what it
    was reading.
    """
    frames = traceback.extract_tb(error.__traceback__)
    last = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return PluginError(
        f"the {kind} {name} of the plug-in {plugin} failed with {type(error).__name__}",
        where=last,
        do=plugin.otherwise,
    )


def _owner(entry: EntryPoint) -> Plugin:
    if entry.dist is None:
        return Plugin(entry.module.partition(".")[0], "")
    return Plugin(entry.dist.name, entry.dist.version)


def _folded(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(".", "-")
