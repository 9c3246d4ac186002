"""The commands work as a person would call them."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from click.testing import CliRunner

from stillwatch.cli.range import command


def test_make_and_score_on_the_command_line(hamlet_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "world"
    made = CliRunner().invoke(
        command, ["make", str(hamlet_file), "--out", str(out), "--scale", "1", "--no-prompts", "--json"]
    )
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["world"]["scale"] == 1.0
    run = tmp_path / "run"
    run.mkdir()
    truth = pq.read_table(out / "truth.parquet").to_pylist()
    mine = [row["account_id"] for row in truth if row["campaign"] == "thistle"]
    columns = {"campaign": ["C001"], "group": [1], "verdict": ["adversarial"], "listed": [True]}
    pq.write_table(pa.table(columns), run / "campaigns.parquet")
    members = pa.table({"group": [1] * len(mine), "account_id": mine, "tier": ["named"] * len(mine)})
    pq.write_table(members, run / "members.parquet")
    pq.write_table(members[:0], run / "bystanders.parquet")
    scored = CliRunner().invoke(command, ["score", str(run), str(out), "--json"])
    document = json.loads(scored.stdout)
    assert {row["name"]: row["found"] for row in document["campaigns"]} == {"bramble": False, "thistle": True}
    assert set(document) >= {"campaigns", "pooled", "false_campaigns", "authorised"}
    shown = CliRunner().invoke(command, ["score", str(run), str(out)])
    assert "thistle" in shown.stdout
    assert "not: Kestrel Learning" in shown.stdout
