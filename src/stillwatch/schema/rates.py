"""How often flags are right, from the intent model's card; this turns a share of flags into an estimate."""

from __future__ import annotations

import pyarrow as pa

from stillwatch.schema.table import Column, Contract

RATES = Contract(
    "rates",
    "How often one label is set where it belongs, and where it does not. Counts may be effective ones, so "
    "they need not be whole.",
    (
        Column("label", pa.string(), "The flag's name in lower case.", required=True),
        Column("hits", pa.float64(), "Prompts that ask for it and are flagged.", required=True),
        Column("positives", pa.float64(), "Prompts that ask for it.", required=True),
        Column(
            "false",
            pa.float64(),
            "Prompts that do not ask for it but are flagged.",
            required=True,
        ),
        Column("negatives", pa.float64(), "Prompts that do not ask for it.", required=True),
    ),
)
