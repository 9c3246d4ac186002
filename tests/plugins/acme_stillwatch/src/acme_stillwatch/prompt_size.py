"""The exact size of a prompt in tokens."""

from __future__ import annotations

from stillwatch.api.facets import Table, Tables, facet, marks


@facet(
    family="software",
    sees="accounts whose prompts have one exact size, as those of a script that pads them",
    blind_spots="Short questions have few sizes, so many strangers share them.",
    needs=("exchanges.input_tokens",),
)
def prompt_size(tables: Tables) -> Table:
    """Each size that an account's prompts had."""
    return marks(tables.exchanges, "input_tokens")
