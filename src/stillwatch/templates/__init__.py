"""Exchanges of groups to the templates that their accounts share: families of shingles, their frames and
slots. No text is needed for any of it.
"""

from stillwatch.templates.families import Family, families_of
from stillwatch.templates.shared import HEAD, Search
from stillwatch.templates.table import keys_table, listed, parts_of, templates_table
from stillwatch.templates.uses import Uses, counts_of, uses_of

__all__ = [
    "HEAD",
    "Family",
    "Search",
    "Uses",
    "counts_of",
    "families_of",
    "keys_table",
    "listed",
    "parts_of",
    "templates_table",
    "uses_of",
]
