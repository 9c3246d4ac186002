"""The examples in CONTRIBUTING work: each is run apart from the package, so that it never joins the real
registry.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

TEXT = (Path(__file__).resolve().parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXAMPLES: dict[str, str] = dict(re.findall(r"<!-- example: (\w+) -->\n```python\n(.*?)```", TEXT, re.DOTALL))

REGISTERS = """
import runpy, sys
from stillwatch import registry
kept = getattr(registry, sys.argv[2])
before = set(kept.all())
names = runpy.run_path(sys.argv[1])
(new,) = set(kept.all()) - before
item = kept.all()[new]
"""
TRIES = {
    "facet": """
import pyarrow as pa
from stillwatch.engine import DuckDBEngine
from stillwatch.facets import prepare
from stillwatch.schema.stored import ACCOUNTS, EXCHANGES
from stillwatch.settings import EngineSettings

row = {"request": 1, "request_id": "r", "account": 7, "time": 1_770_000_000_000_000, "has_text": False, "conversation": 9}
with DuckDBEngine(EngineSettings()) as engine:
    exchanges = engine.load("exchanges", pa.Table.from_pylist([row, {**row, "conversation": None}], schema=EXCHANGES.arrow))
    accounts = engine.load("accounts", pa.Table.from_pylist([], schema=ACCOUNTS.arrow))
    releases = engine.load("releases", pa.table({"model": pa.array([], pa.string()), "second": pa.array([], pa.int64())}))
    assert engine.collect(item.query(prepare(engine, exchanges, accounts, releases))).to_pylist() == [{"account": 7, "second": 1_770_000_000, "value": 9}]
""",
    "signal": """
import pyarrow as pa
from stillwatch.engine import DuckDBEngine
from stillwatch.settings import EngineSettings
from stillwatch.signals import SIGNAL_EXCHANGES, prepare

with DuckDBEngine(EngineSettings()) as engine:
    rows = engine.load("signal_exchanges", pa.Table.from_pylist(item.example["signal_exchanges"], schema=SIGNAL_EXCHANGES))
    releases = engine.load("releases", pa.table({"model": pa.array([], pa.string()), "second": pa.array([], pa.int64())}))
    found = engine.collect(item.query(prepare(engine, rows, releases))).to_pylist()
assert {row["group"]: row["score"] for row in found} == item.expect, found
from stillwatch.registry import SIGNALS
from stillwatch.report.sentences import finding
from stillwatch.signals.score import scored
for row in scored(item, found):
    assert "fired" not in finding(item.name, row["values"]), row
""",
    "format": """
from stillwatch.ingest.request import Context
from stillwatch.ingest.sample import Sample

row = {"acme_id": "r1", "key_owner": "a1", "at": "2026-02-01T00:00:00Z", "messages": [{"role": "user", "content": "made up"}], "tokens_in": 3}
assert item.detect(Sample("json", frozenset(row), (row,))) == 1.0
assert item.detect(Sample("json", frozenset({"id"}), ())) == 0.0
(request,) = item.read(row, Context())
assert (request.request_id, request.account_id, request.input_tokens, request.time) == ("r1", "a1", 3, 1_769_904_000_000_000)
assert request.messages == [("user", "made up")]
""",
}
"""What each example must do once registered."""


def test_each_way_to_add_has_its_example() -> None:
    assert set(EXAMPLES) == set(TRIES)


@pytest.mark.parametrize("kind", sorted(TRIES))
def test_the_example_works(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"example_{kind}.py"
    path.write_text(EXAMPLES[kind], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", REGISTERS + TRIES[kind], path, f"{kind.upper()}S"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", sorted(TRIES))
def test_the_example_is_in_the_projects_own_style(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"example_{kind}.py"
    path.write_text(EXAMPLES[kind], encoding="utf-8")
    ruff = Path(sys.executable).with_name("ruff")
    config = ["--config", str(Path(__file__).resolve().parents[2] / "pyproject.toml")]
    for words in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        done = subprocess.run([ruff, *words, *config, path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
