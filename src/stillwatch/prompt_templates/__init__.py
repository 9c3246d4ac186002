"""Exchanges of groups -> templates that their accounts share: families of shingles, frames and slots.

No text is needed for this.
"""

from stillwatch.prompt_templates.families import Family, families_of
from stillwatch.prompt_templates.shared import HEAD, Search
from stillwatch.prompt_templates.table import keys_table, listed, parts_of, templates_table
from stillwatch.prompt_templates.uses import Uses, counts_of, uses_of

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
