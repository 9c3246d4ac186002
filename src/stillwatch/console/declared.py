"""All pages and acts: each file of console/pages declares its own, so adding one is adding a file."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache

from stillwatch.console import pages
from stillwatch.console.act import Act
from stillwatch.console.page import Page


@dataclass(frozen=True)
class Declared:
    """What the console has."""

    pages: tuple[Page, ...]
    """Every page, by path."""
    acts: tuple[Act, ...]
    """Every act, by path."""

    def menu(self) -> list[Page]:
        """Return the pages of the menu, in its order."""
        return sorted((page for page in self.pages if page.menu), key=lambda page: (page.menu, page.name))


@cache
def declared() -> Declared:
    """Return what the files of console/pages declare: PAGES and ACTS, either may be missing. Raises
    ValueError where two declare the same.
    """
    found_pages: list[Page] = []
    found_acts: list[Act] = []
    for module in pkgutil.iter_modules(pages.__path__):
        if not module.name.startswith("_"):
            loaded = importlib.import_module(f"{pages.__name__}.{module.name}")
            found_pages += getattr(loaded, "PAGES", ())
            found_acts += getattr(loaded, "ACTS", ())
    for paths in ([page.path for page in found_pages], [act.path for act in found_acts]):
        twice = {path for path in paths if paths.count(path) > 1}
        if twice:
            raise ValueError(f"declared twice: {', '.join(sorted(twice))}")
    return Declared(
        tuple(sorted(found_pages, key=lambda page: page.path)),
        tuple(sorted(found_acts, key=lambda act: act.path)),
    )
