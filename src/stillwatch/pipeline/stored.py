"""What a search starts from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from stillwatch.campaigns.permits import Permit
from stillwatch.engine import Engine, Table
from stillwatch.prompt_templates import Family, Uses

Look = Callable[[Engine, Uses, list[Family]], pa.Table]
"""From the engine, the exchanges made from templates and those templates to rows of table labels."""


@dataclass(frozen=True)
class Stored:
    """What a search starts from, as Ibis tables and Arrow tables."""

    exchanges: Table
    """Table exchanges."""
    accounts: Table
    """Table accounts."""
    releases: Table
    """model, second; may be empty."""
    labels: pa.Table
    """Table labels."""
    permits: list[Permit] = field(default_factory=list)
    """Permits to distil."""
    look: Look | None = None
    """Finds the words of shared templates in the logs; None: no words are kept."""
    rates: pa.Table | None = None
    """Table RATES: how often the flags err; None: not known."""
    counts: Mapping[str, int] | None = None
    """Rows of the exchanges that fill each column, as their files tell; None: not known, to be counted."""
    shared: pa.Table | None = None
    """What other providers reported: rows of SHARED_REPORTS; None: nothing was given."""
    templates: bool = True
    """Whether the groups' templates are recovered: no verdict depends on them, and they take a quarter of a
    small search.
    """
