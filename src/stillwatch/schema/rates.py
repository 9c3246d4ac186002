"""How often flags are right, as the intent model's card states it: what makes a share of flagged prompts an
estimate.
"""

from __future__ import annotations

import pyarrow as pa

from stillwatch.schema.table import Column, Contract

RATES = Contract(
    "rates",
    "How often one label is given where it belongs, and where it does not; counts may be effective ones, "
    "and so need not be whole.",
    (
        Column("label", pa.string(), "The flag's name in lower case.", required=True),
        Column("hits", pa.float64(), "Prompts that ask for it and are flagged.", required=True),
        Column("positives", pa.float64(), "Prompts that ask for it.", required=True),
        Column(
            "false",
            pa.float64(),
            "Prompts that do not ask for it and are flagged all the same.",
            required=True,
        ),
        Column("negatives", pa.float64(), "Prompts that do not ask for it.", required=True),
    ),
)
