"""The decorator with which a facet's file describes its facet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stillwatch.registry import BINDS, FACETS, FAMILIES, KIND, Facet

Query = Callable[..., Any]


def facet(
    *,
    family: str,
    sees: str,
    blind_spots: str,
    needs: tuple[str, ...],
    label: str = "",
    anchor: bool = True,
    sparse: bool = False,
    scales: int = 1,
    binds: str = KIND,
    show: Callable[[int], str] | None = None,
) -> Callable[[Query], Query]:
    """Register a function from Tables to rows (account, value, time), one for each mark.

    The function's name is the facet's name.
    """
    if family not in FAMILIES:
        raise ValueError(f"BUG: unknown family {family}")
    if binds not in BINDS:
        raise ValueError(f"BUG: a key binds as {', '.join(BINDS)}, not as {binds}")

    def register(query: Query) -> Query:
        FACETS.add(
            query.__name__,
            Facet(
                query.__name__,
                family,
                sees,
                blind_spots,
                needs,
                label,
                anchor,
                sparse,
                scales,
                show,
                query,
                binds,
            ),
        )
        return query

    return register
