"""The scenario of the demo, moved in time so that it ends today."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

SCENARIO = Path(__file__).parents[2] / "bench" / "coordination_study" / "coalition.toml"


def now_in(text: str) -> str:
    """The scenario with a window that ends today: what is shared grows old, and old tokens match nothing."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = datetime.fromisoformat(re.findall(r"^start = (\S+)", text, re.MULTILINE)[0])
    last = datetime.fromisoformat(re.findall(r"^end = (\S+)", text, re.MULTILINE)[0])
    by = today - last

    def moved(found: re.Match[str]) -> str:
        when = datetime.fromisoformat(found[0])
        return (when + by if when >= first else when).strftime("%Y-%m-%dT%H:%M:%SZ")

    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moved, text)
