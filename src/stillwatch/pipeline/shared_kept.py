"""What others reported, in a run from which accounts were taken out."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from stillwatch.run.checked import table_of
from stillwatch.run.layout import table_file
from stillwatch.schema.shared import SHARED_REPORTS


def shared_kept(run: Path, do: str) -> pa.Table | None:
    """The reports that the run matched, to be matched again; None where none were given. Raises RunError as
    `table_of` does, with what to `do`.
    """
    return table_of(run, SHARED_REPORTS, do) if table_file(run, SHARED_REPORTS.name).exists() else None
