"""How a signal's file says what it is, and proves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stillwatch.registry import AXES, SIGNALS, Signal

Query = Callable[..., Any]
Row = dict[str, Any]


def signal(
    *,
    axis: str,
    weight: float,
    sees: str,
    blind_spots: str,
    needs: tuple[str, ...],
    finding: str,
    example: list[Row],
    expect: dict[int, float],
    unless: dict[str, str] | None = None,
    shape: bool = False,
) -> Callable[[Query], Query]:
    """Register a function from SignalInputs to rows (group, score, columns of the finding); its name is the
    signal's.

    `example` holds rows of SIGNAL_EXCHANGES, columns left out being empty; `expect` the scores they must
    give, within 0.05. `finding` is a clause with columns in braces, as in "{part:%} of {accounts:account} …"
    (see report.sentences.clauses); `unless` holds other clauses, for where a column is 0 or not known. shape:
    as in Signal.
    """
    if axis not in AXES:
        raise ValueError(f"BUG: unknown axis {axis}")

    def register(query: Query) -> Query:
        name = query.__name__
        SIGNALS.add(
            name,
            Signal(
                name,
                axis,
                sees,
                blind_spots,
                needs,
                weight,
                finding,
                {"signal_exchanges": example},
                expect,
                query,
                unless or {},
                shape,
            ),
        )
        return query

    return register
