"""Ways to write a log and to read it back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest

from stillwatch.ingest import IngestContext, Quarantine, plan, read
from stillwatch.settings import IngestSettings

Rows = list[dict[str, Any]]


class Bench:
    """A folder for logs, with the door they pass."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = IngestSettings()
        self.ingest_context = IngestContext(self.settings)
        self.quarantine = Quarantine()

    def write(self, name: str, content: bytes | str) -> Path:
        """A file with this content."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def lines(self, name: str, rows: Iterable[Any]) -> Path:
        """A JSONL file."""
        return self.write(
            name, b"".join(orjson.dumps(row, option=orjson.OPT_NON_STR_KEYS) + b"\n" for row in rows)
        )

    def read(self, path: Path, format: str | None = None, mapping: Path | None = None) -> Rows:
        """Every request of the file or folder."""
        found: Rows = []
        for source in plan([path], settings=self.settings, format=format, mapping=mapping):
            for batch in read(source, self.ingest_context, self.quarantine):
                found.extend(batch.to_pylist())
        return found

    def format_of(self, path: Path) -> str:
        """The format that is detected."""
        return plan([path], settings=self.settings)[0].format

    def reasons(self) -> set[tuple[str, str]]:
        """Columns and reasons of the quarantine."""
        return set(self.quarantine.reasons)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """An empty folder and a fresh quarantine."""
    return Bench(tmp_path)


@pytest.fixture
def spend_row() -> Callable[..., dict[str, Any]]:
    """Makes a row of LiteLLM's SpendLogs."""

    def make(i: int = 0, **changes: Any) -> dict[str, Any]:
        row: dict[str, Any] = {
            "request_id": f"r{i}",
            "call_type": "acompletion",
            "api_key": "a" * 64,
            "spend": 0.01,
            "prompt_tokens": 12,
            "completion_tokens": 7,
            "startTime": f"2026-02-01T10:00:{i % 60:02d}",
            "endTime": f"2026-02-01T10:01:{i % 60:02d}.500",
            "model": "m-large",
            "user": "u1",
            "status": "success",
            "metadata": '{"user_agent":"SDK/1.0","requester_custom_headers":{"x-stainless-lang":"python","x-stainless-retry-count":"1"}}',
            "requester_ip_address": "198.51.100.7",
            "messages": '[{"role":"system","content":"be brief"},{"role":"user","content":"hello"}]',
            "response": '{"choices":[{"message":{"role":"assistant","content":"hi"}}]}',
            "session_id": "s1",
        }
        return {**row, **changes}

    return make
