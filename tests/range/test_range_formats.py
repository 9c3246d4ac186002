"""Each format that a world can be written in is read back by ingest as the same exchanges."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.ingest import IngestContext, Quarantine, plan, read
from stillwatch.settings import IngestSettings
from stillwatch.simulate.day import Rows, rows_of
from stillwatch.simulate.world import World
from stillwatch.simulate.writers import WRITERS, account_ids, model_names

SILENT = {"langfuse_observations": {"status"}, "anthropic_messages_jsonl": {"reasoning_tokens", "roles"}}
"""What a format cannot carry."""


@pytest.fixture(scope="module")
def rows(hamlet_world: World) -> Rows:
    return rows_of(hamlet_world, 4, 0, 1, text=True)


@pytest.fixture(scope="module")
def mute_rows(hamlet_world: World) -> Rows:
    return rows_of(hamlet_world, 4, 0, 1, text=False)


NAMED = IngestSettings(request_id_field="http.request.header.x-request-id")
"""In traces a request's id is that of its span, unless the operator names another."""


def ingested(path: Path) -> tuple[list[dict[str, Any]], Quarantine, str]:
    sources = plan([path], settings=NAMED, format=None, mapping=None)
    quarantine = Quarantine()
    batches = list(read(sources[0], IngestContext(NAMED), quarantine))
    return pa.Table.from_batches(batches).to_pylist(), quarantine, sources[0].format


@pytest.mark.parametrize("name", sorted(WRITERS.all()))
def test_ingest_reads_back_what_was_written(name: str, rows: Rows, tmp_path: Path) -> None:
    writer = WRITERS.all()[name]
    path = tmp_path / f"log{writer.suffix}"
    writer.write(rows, path)
    found, quarantine, detected = ingested(path)
    assert detected == ("litellm_spend_logs" if name == "litellm-parquet" else name)
    assert quarantine.bad == 0
    assert [row["request_id"] for row in found] == rows.request_id.to_pylist()
    assert [row["account_id"] for row in found] == account_ids(rows).to_pylist()
    assert [row["model"] for row in found] == model_names(rows).to_pylist()
    assert [int(row["time"].timestamp() * 1e6 + 0.5) for row in found] == pytest.approx(
        rows.time.tolist(), abs=2
    )
    silent = SILENT.get(name, set())
    for column in {"status", "output_tokens", "reasoning_tokens"} - silent:
        good = [i for i, status in enumerate(rows.status.tolist()) if status == 200]
        expected = getattr(rows, column).tolist()
        assert [found[i][column] or 0 for i in good] == [expected[i] for i in good], column
    assert rows.messages is not None
    for row, messages in zip(found, rows.messages.to_pylist(), strict=True):
        said = [(m["role"], m["content"]) for m in json.loads(str(messages))]
        assert [m["text"] for m in row["messages"]] == [text for _, text in said]
        if "roles" not in silent:
            assert [m["role"] for m in row["messages"]] == [role for role, _ in said]
    agents = [rows.world.setting.clients.builds[c].user_agent for c in rows.client.tolist()]
    assert [row["user_agent"] for row in found] == agents


@pytest.mark.parametrize("name", sorted(WRITERS.all()))
def test_without_prompts_no_word_is_written(name: str, mute_rows: Rows, tmp_path: Path) -> None:
    writer = WRITERS.all()[name]
    path = tmp_path / f"log{writer.suffix}"
    writer.write(mute_rows, path)
    found, quarantine, _ = ingested(path)
    assert quarantine.bad == 0
    assert len(found) == len(mute_rows)
    assert all(not row["messages"] and not row["answer"] for row in found)
