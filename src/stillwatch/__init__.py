"""Stillwatch: the open defence against industrial-scale distillation of language models.

    import stillwatch

    run = stillwatch.detect("logs/", "run/", accounts="accounts.csv")
    run.campaigns.pandas()
    run.campaign("C001").explain()

A name is loaded when it is first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
import logging
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from stillwatch import numba_cache

if TYPE_CHECKING:
    from stillwatch.api.campaign import Account, Campaign
    from stillwatch.api.detecting import detect, watch
    from stillwatch.api.frame import Frame
    from stillwatch.api.runs import Run, open_run
    from stillwatch.api.shown import Explanation, Picture
    from stillwatch.api.sketching import Sketcher, sketch
    from stillwatch.api.worlds import World, make_world
    from stillwatch.errors import StillwatchError
    from stillwatch.ingest.request import Request
    from stillwatch.schema.flags import Flag
    from stillwatch.schema.keyed import HashKey
    from stillwatch.settings import Settings
    from stillwatch.sketch.record import Sketch

__version__ = "0.1.0"
__all__ = [
    "Account",
    "Campaign",
    "Explanation",
    "Flag",
    "Frame",
    "HashKey",
    "Picture",
    "Request",
    "Run",
    "Settings",
    "Sketch",
    "Sketcher",
    "StillwatchError",
    "World",
    "__version__",
    "detect",
    "make_world",
    "open_run",
    "sketch",
    "watch",
]
# A library is quiet unless the program that uses it listens.
logging.getLogger("stillwatch").addHandler(logging.NullHandler())
numba_cache.choose(Path(__file__).parent)

_HOMES = {
    "Account": "api.campaign",
    "Campaign": "api.campaign",
    "Explanation": "api.shown",
    "Flag": "schema.flags",
    "Frame": "api.frame",
    "HashKey": "schema.keyed",
    "Picture": "api.shown",
    "Request": "ingest.request",
    "Run": "api.runs",
    "Settings": "settings",
    "Sketch": "sketch.record",
    "Sketcher": "api.sketching",
    "StillwatchError": "errors",
    "World": "api.worlds",
    "detect": "api.detecting",
    "make_world": "api.worlds",
    "open_run": "api.runs",
    "watch": "api.detecting",
}
"""In which module each name is at home."""


if not TYPE_CHECKING:  # a checker that sees this takes any name for one that is offered

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'stillwatch' has no attribute {name!r}")
        found = getattr(importlib.import_module(f"stillwatch.{_HOMES[name]}"), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """The package as a module in which `sketch` is the function.

    The folder stillwatch/sketch has the same name, and Python would put that module here as soon as anything
    of it is imported. `from stillwatch.sketch.batch import …` works as ever.
    """

    @property
    def sketch(self) -> Any:
        """stillwatch.api.sketching.sketch."""
        return importlib.import_module("stillwatch.api.sketching").sketch

    @sketch.setter
    def sketch(self, module: ModuleType) -> None:
        """Python's import of the folder; it stays in sys.modules, where imports look for it."""


sys.modules[__name__].__class__ = _Package
