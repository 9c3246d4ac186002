"""What the plan of an account allows, as the accounts file states it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute

from stillwatch.ingest.quarantine import Quarantine
from stillwatch.ingest.vectors import counts, strings

pc: Any = pyarrow.compute

LIMITS: dict[str, tuple[str, ...]] = {
    "limit_requests_minute": ("limit_requests_minute", "rpm_limit", "rpm", "requests_per_minute"),
    "limit_requests_day": (
        "limit_requests_day",
        "rpd_limit",
        "rpd",
        "requests_per_day",
        "daily_requests",
        "max_requests_per_1_day",
    ),
    "limit_tokens_minute": (
        "limit_tokens_minute",
        "tpm_limit",
        "tpm",
        "tokens_per_minute",
        "max_tokens_per_1_minute",
    ),
    "limit_tokens_day": ("limit_tokens_day", "tpd_limit", "tpd", "tokens_per_day", "daily_tokens"),
}
"""Our columns to the names they may have: LiteLLM's, OpenAI's, and plain ones."""


def limits_of(columns: dict[str, Any], quarantine: Quarantine) -> dict[str, Any]:
    """Return the limits as int64; a limit of 0 or less is none. What is no number is left out and counted."""
    made: dict[str, Any] = {}
    for name in LIMITS:
        if name in columns:
            read = counts(columns[name])
            lost = read.null_count - _absent(columns[name])
            quarantine.mend(name, "no number that can be read: left out", max(lost, 0))
            made[name] = pc.if_else(pc.greater(read, 0), read, pa.scalar(None, pa.int64())).cast(pa.int64())
    return made


def _absent(column: Any) -> int:
    return strings(column).null_count if pa.types.is_string(column.type) else int(column.null_count)
