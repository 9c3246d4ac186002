"""`stillwatch intel values`, and the way of tokens from a file into what leaves."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from village import Ran

from stillwatch.cli import program
from stillwatch.cli._intel_sharing import tokens_in
from stillwatch.errors import IntelError, StillwatchError
from stillwatch.intel.desk.own_marks import marks_of, texts
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.run.reading import Run


def told(*words: object) -> object:
    done = CliRunner().invoke(program, ["intel", *map(str, words), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def operator_of(ran: Ran) -> str:
    return next(str(row["campaign"]) for row in ran.rows("campaigns") if row["verdict"] == "adversarial")


def test_a_campaign_is_marked_by_what_its_accounts_share_and_others_do_not(
    village_run: Ran, tmp_path: Path
) -> None:
    campaign = operator_of(village_run)
    out = tmp_path / "values"
    made = told("values", village_run.folder, "--kind", "address", "--campaign", campaign, "--out", out)
    marks = out.read_text().splitlines()
    assert made == {"kind": "address", "values": len(marks), "file": str(out)}
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    edge = pq.read_table(village_run.world / "edge.parquet", columns=["address", "request_id"]).to_pylist()
    users = {
        row["request_id"]: row["user"]
        for path in sorted((village_run.world / "logs").iterdir())
        for row in pq.read_table(path, columns=["request_id", "user"]).to_pylist()
    }
    guilty = village_run.members(campaign)
    assert marks
    for mark in marks:
        carriers = {users[row["request_id"]] for row in edge if row["address"] == mark}
        assert len(carriers & guilty) >= 2
        assert len(carriers & guilty) * 2 >= len(carriers)


def test_all_values_of_a_kind_are_more_and_need_no_campaign(village_run: Ran) -> None:
    run = Run(village_run.folder)
    for kind in (IndicatorKind.ADDRESS, IndicatorKind.MAIL_DOMAIN, IndicatorKind.ASN):
        everything = texts(run, kind, None)
        some = texts(run, kind, operator_of(village_run))
        assert set(some) < set(everything)
        assert everything == sorted(set(everything))
    assert all(re.fullmatch(r"\d+", number) for number in texts(run, IndicatorKind.ASN, None))


def test_no_group_has_no_marks(village_run: Ran) -> None:
    assert marks_of(Run(village_run.folder), [], ("address", "email_domain")) == []


@pytest.mark.parametrize(
    ("kind", "campaign", "says"), [("payment", None, "shows no values"), ("asn", "C9", "no such")]
)
def test_what_a_run_cannot_give_is_told(village_run: Ran, kind: str, campaign: str | None, says: str) -> None:
    with pytest.raises(StillwatchError, match=says):
        texts(Run(village_run.folder), IndicatorKind(kind), campaign)


def test_tokens_of_several_files_leave_once_each_and_end_with_their_epoch(tmp_path: Path) -> None:
    first, second = (f"token:v1:asn:2026-W49:{letter * 64}" for letter in "ab")
    (tmp_path / "one").write_text(f"{first}\n{second}\n")
    (tmp_path / "two").write_text(f"{second}\n")
    found = tokens_in((tmp_path / "one", tmp_path / "two"))
    assert [one.pattern for one in found] == [first, second]
    assert {str(one.ends) for one in found} == {"2026-12-07 00:00:00+00:00"}
    (tmp_path / "bad").write_text("240.1.2.3\n")
    with pytest.raises(IntelError, match="cannot be read") as caught:
        tokens_in((tmp_path / "bad",))
    assert "line 1" in (caught.value.where or "")
