"""`stillwatch forget`: afterwards the run is what it would be if the accounts had never been there."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from searched import hits, numbers, views
from village import ALONE, Ran, beside, run_here, small_row
from village_planted import Planted

from stillwatch import report
from stillwatch.account_names import pseudonym
from stillwatch.cli import program
from stillwatch.errors import RunError
from stillwatch.pipeline import Inputs, detect
from stillwatch.pipeline.forget import forget
from stillwatch.run import folder
from stillwatch.schema.table import values
from stillwatch.settings import Settings

pc: Any = pyarrow.compute


def silent(step: str, done: int, total: int) -> None:
    """Progress that nobody sees."""


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def copy(ran: Ran, folder: Path) -> Ran:
    shutil.copytree(ran.folder, folder / "run")
    return Ran(folder / "run", ran.world)


def exchanges(ran: Ran) -> pa.Table:
    return pa.concat_tables(
        [pq.ParquetFile(path).read() for path in sorted(ran.folder.rglob("day=*/*.parquet"))]
    )


def of_accounts(ran: Ran, ids: set[str]) -> tuple[set[int], set[int], set[str]]:
    """Keys of accounts; the keys that only they carry, in any column; the labels that only they carry."""
    keys = {row["account"] for row in ran.rows("accounts") if row["account_id"] in ids}
    theirs: dict[bool, set[int]] = {True: set(), False: set()}
    for table in (exchanges(ran), ran.table("accounts")):
        for inside in (True, False):
            rows = table.filter(
                pc.equal(pc.is_in(table["account"], value_set=pa.array(keys, pa.int64())), inside)
            )
            for name in (
                "address",
                "subnet",
                "end_user",
                "conversation",
                "prompt",
                "payment",
                "email_domain",
                "request",
            ):
                if name in rows.column_names:
                    theirs[inside] |= set(values(rows, name)) - {None}
    only = theirs[True] - theirs[False]
    return keys, only, {row["label"] for row in ran.rows("labels") if row["key"] in only}


@pytest.fixture(scope="module")
def chosen(village_run: Ran) -> set[str]:
    """Two of the campaign, and five who are in no group, one of them with an address and a payment of its
    own.
    """
    members = {row["account_id"] for row in village_run.rows("members")}
    others = sorted(
        row["account_id"] for row in village_run.rows("accounts") if row["account_id"] not in members
    )
    return {*sorted(village_run.members("C001"))[:2], *others[:5]}


@pytest.fixture(scope="module")
def forgotten(village_run: Ran, chosen: set[str], tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The village's run after the real command has forgotten them."""
    ran = copy(village_run, tmp_path_factory.mktemp("forgotten"))
    done = CliRunner().invoke(program, ["forget", *sorted(chosen), "--run", str(ran.folder), "--json"])
    assert done.exit_code == 0, done.output
    return Ran(ran.folder, ran.world, done.stdout, done.stderr)


def test_nothing_of_the_accounts_is_left(village_run: Ran, forgotten: Ran, chosen: set[str]) -> None:
    keys, only, labels = of_accounts(village_run, chosen)
    assert len(keys) == len(chosen)
    assert len(only) > len(chosen)
    assert any("/" not in label and label.count(".") == 3 for label in labels), (
        "no address of their own: choose others"
    )
    searched = [label for label in labels if len(label) > 6]
    assert {secret for _, secret in hits(views(village_run.folder), [*chosen, *searched])} == {
        *chosen,
        *searched,
    }, "the search must find them before"
    assert hits(views(forgotten.folder), [*chosen, *searched]) == []
    assert numbers(village_run.folder) >= keys | only
    assert numbers(forgotten.folder) & (keys | only) == set()
    pages = (forgotten.folder / "report.html").read_text(encoding="utf-8")
    assert [key for key in keys if f"{key & (2**64 - 1):016x}" in pages] == []


def test_the_run_is_what_it_would_be_without_them(
    village_run: Ran, forgotten: Ran, chosen: set[str], tmp_path: Path
) -> None:
    """The same bytes as `detect` over logs and accounts that never held them."""
    gone = pa.array(sorted(chosen))
    (tmp_path / "logs").mkdir()
    for path in (village_run.world / "logs").iterdir():
        table = pq.read_table(path)
        pq.write_table(
            table.filter(pc.invert(pc.is_in(table["user"], value_set=gone))), tmp_path / "logs" / path.name
        )
    given = beside(village_run.world)
    accounts = pq.read_table(given["accounts"])
    pq.write_table(
        accounts.filter(pc.invert(pc.is_in(accounts["account_id"], value_set=gone))),
        tmp_path / "accounts.parquet",
    )
    never = run_here(
        Inputs((tmp_path / "logs",), **given | {"accounts": tmp_path / "accounts.parquet"}), tmp_path / "run"
    )
    ours, theirs = (
        {name: data for name, data in contents(folder).items() if name.endswith(".parquet")}
        for folder in (forgotten.folder, never)
    )
    assert list(ours) == list(theirs)
    # The account of use tells of the reading of the logs, which was done once, in counts.
    assert [name for name in ours if ours[name] != theirs[name]] == ["campaigns.parquet", "use.parquet"]
    named = ["identity", "family"]
    kept, fresh = (pq.read_table(folder / "campaigns.parquet") for folder in (forgotten.folder, never))
    assert kept.drop_columns(named) == fresh.drop_columns(named)
    # Their order is by volume, in which the accounts that are gone had a part.
    before = village_run.table("campaigns")
    for name in named:
        assert sorted(values(kept, name)) == sorted(values(before, name)), "what cases point at stays"


def test_counts_agree_everywhere(village_run: Ran, forgotten: Ran, chosen: set[str]) -> None:
    rows, about, was = exchanges(forgotten), forgotten.about(), village_run.about()
    told = json.loads(forgotten.stdout)["forgotten"]
    assert about["exchanges"] == rows.num_rows == was["exchanges"] - told["exchanges"]
    assert about["accounts"] == len(set(rows["account"].to_pylist())) == was["accounts"] - told["accounts"]
    assert told["accounts"] == len(chosen)
    sent = Counter(rows["account"].to_pylist())
    members = forgotten.rows("members")
    assert all(row["exchanges"] == sent[row["account"]] for row in members)
    sizes = Counter(row["group"] for row in members)
    assert {row["group"]: row["accounts"] for row in forgotten.rows("groups")} == sizes
    assert {row["group"]: row["accounts"] for row in forgotten.rows("campaigns")} == sizes
    for campaign in forgotten.rows("campaigns"):
        mine = [row["exchanges"] for row in members if row["group"] == campaign["group"]]
        assert sum(mine) == campaign["exchanges"]
        assert (
            sum(row["exchanges"] for row in forgotten.rows("timeline") if row["group"] == campaign["group"])
            == campaign["exchanges"]
        )
    known = {row["account"] for row in forgotten.rows("accounts")}
    for name in ("traces", "links", "member_evidence", "members"):
        assert {row["account"] for row in forgotten.rows(name)} <= known


def test_the_run_says_that_something_was_forgotten_and_not_who(
    village_run: Ran, forgotten: Ran, chosen: set[str]
) -> None:
    (note,) = forgotten.about()["forgotten"]
    assert set(note) == {"time", "accounts"}
    assert note["accounts"] == len(chosen)
    assert forgotten.about()["given"] == village_run.about()["given"]
    assert set(contents(forgotten.folder)) == set(contents(village_run.folder))


def test_the_campaign_stays_without_the_member(village_run: Ran, forgotten: Ran, chosen: set[str]) -> None:
    first = next(row for row in forgotten.rows("campaigns") if row["campaign"] == "C001")
    assert (first["listed"], first["verdict"]) == (True, "adversarial")
    assert forgotten.members("C001") == village_run.members("C001") - chosen
    assert (
        next(row for row in forgotten.rows("campaigns") if row["campaign"] == "C002")["permit"] == "licence-1"
    )


def test_again_is_harmless(forgotten: Ran, chosen: set[str]) -> None:
    before = contents(forgotten.folder)
    with pytest.raises(RunError, match="nothing was changed"):
        forget(forgotten.folder, [min(chosen)], silent)
    assert contents(forgotten.folder) == before
    assert [path.name for path in forgotten.folder.parent.iterdir()] == ["run"]


def test_a_group_goes_with_its_last_accounts(village_run: Ran, tmp_path: Path) -> None:
    ran = copy(village_run, tmp_path)
    forget(ran.folder, sorted(ran.members("C001")), silent)
    assert [(row["campaign"], row["verdict"]) for row in ran.rows("campaigns") if row["listed"]] == [
        ("C001", "authorised")
    ]


def small_run(folder: Path, *, key: Path | None = None, settings: Settings = ALONE, **changes: Any) -> Ran:
    """Three accounts of four exchanges each, one file an account."""
    for account in range(3):
        rows = [small_row(account + 3 * i, account_id=f"small-{account}", **changes) for i in range(4)]
        lines = [*(json.dumps(row) for row in rows), "{cut"]
        (folder / f"of_small-{account}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return Ran(
        detect(Inputs(tuple(sorted(folder.glob("*.jsonl"))), key_file=key), folder / "run", settings, silent),
        folder,
    )


@pytest.fixture(scope="module")
def small_original(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    ran = small_run(tmp_path_factory.mktemp("small"))
    report.write(ran.folder)
    return ran


@pytest.fixture
def small(small_original: Ran, tmp_path: Path) -> Ran:
    return copy(small_original, tmp_path)


def test_files_named_after_the_account_are_not_named_any_more(small: Ran) -> None:
    assert {row["file"] for row in small.rows("quarantine")} == {
        f"of_small-{account}.jsonl" for account in range(3)
    }
    forget(small.folder, ["small-1"], silent)
    assert {row["file"] for row in small.rows("quarantine")} == {"of_small-0.jsonl", "of_small-2.jsonl"}
    assert [item["file"] for item in small.about()["inputs"]] == [
        "of_small-0.jsonl",
        "(forgotten)",
        "of_small-2.jsonl",
    ]
    assert hits(views(small.folder), ["small-1"]) == []


def test_one_after_the_other_and_by_key(small: Ran) -> None:
    keys = {row["account_id"]: row["account"] for row in small.rows("accounts")}
    (small.folder / "report.html").unlink()
    forget(small.folder, [f"{keys['small-0'] & (2**64 - 1):016x}"], silent)
    forget(small.folder, ["small-2"], silent)
    assert [row["account_id"] for row in small.rows("accounts")] == ["small-1"]
    assert [note["accounts"] for note in small.about()["forgotten"]] == [1, 1]
    assert not (small.folder / "report.html").exists()


def test_pseudonyms_are_taken_as_shown_or_made_from_the_providers_id(tmp_path: Path) -> None:
    key = tmp_path / "secret"
    key.write_text("more than sixteen bytes of secret", encoding="ascii")
    ran = small_run(tmp_path, key=key)
    shown = [pseudonym(f"small-{i}", key.read_bytes()) for i in range(3)]
    with pytest.raises(RunError, match="no account"):
        forget(ran.folder, ["small-1"], silent)
    forget(ran.folder, [shown[0], "small-1"], silent, key)
    assert [row["account_id"] for row in ran.rows("accounts")] == [shown[2]]


def refused(ran: Ran, names: list[str], match: str) -> RunError:
    before = contents(ran.folder)
    with pytest.raises(RunError, match=match) as caught:
        forget(ran.folder, names, silent)
    assert caught.value.do
    assert contents(ran.folder) == before
    assert [path.name for path in ran.folder.parent.iterdir() if path.name.startswith(".run")] == []
    return caught.value


def test_a_stranger_is_an_error_that_names_nobody_else(small: Ran) -> None:
    error = refused(small, ["small-0", "smal-1"], "is called smal-1; nothing was changed")
    assert "small-" not in str(error).replace("smal-1", "")


def test_an_empty_run_is_not_made(small: Ran) -> None:
    refused(small, ["small-0", "small-1", "small-2"], "nothing would be left")


def test_a_file_that_may_tell_of_the_account_is_in_the_way(small: Ran) -> None:
    (small.folder / "notes.txt").write_text("small-1 wrote to us", encoding="utf-8")
    assert "notes.txt" in refused(small, ["small-1"], "did not write").where


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sketch": None}, "how it was sketched"),
        ({"sketch": {"version": 1, "key": "0"}}, "of version 1"),
        ({"settings": {"no": {}}}, "another version"),
    ],
)
def test_a_run_of_another_version(small: Ran, change: dict[str, Any], said: str) -> None:
    (small.folder / "run.json").write_text(json.dumps(small.about() | change), encoding="utf-8")
    refused(small, ["small-1"], said)


def test_a_run_that_is_not_whole(small: Ran) -> None:
    (small.folder / "permits.parquet").unlink()
    refused(small, ["small-1"], r"no permits\.parquet")


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ("deleting rows", KeyboardInterrupt),
        ("searching: strata", OSError),
        ("writing the report", KeyboardInterrupt),
    ],
)
def test_an_interrupt_changes_nothing(small: Ran, step: str, fault: type[BaseException]) -> None:
    before = contents(small.folder)

    def fail(doing: str, done: int, total: int) -> None:
        if doing == step:
            raise fault

    with pytest.raises(fault):
        forget(small.folder, ["small-1"], fail)
    assert contents(small.folder) == before
    assert [path.name for path in small.folder.parent.iterdir() if path.name.startswith(".run")] == []


@pytest.mark.parametrize("cut", [1, 2])
def test_the_exchange_of_both_folders_may_be_cut_off(
    small: Ran, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    """Interrupted before the old folder is set aside, and between both renames, where the system cannot
    exchange both at once.
    """
    monkeypatch.setattr(folder, "exchange", lambda one, other: False)
    before, rename, done = contents(small.folder), Path.rename, Counter[str]()

    def failing(path: Path, target: Path) -> Path:
        if ".run" in f"{path.name}{Path(target).name}":
            done["all"] += 1
            if done["all"] == cut:
                raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(KeyboardInterrupt):
        forget(small.folder, ["small-1"], silent)
    assert contents(small.folder) == before
    assert [path.name for path in small.folder.parent.iterdir() if path.name.startswith(".run")] == []


def test_words_that_too_few_share_afterwards_are_forgotten_too(planted: Planted, tmp_path: Path) -> None:
    """Frames of a campaign's thirty accounts may be shown; when fifteen of them go, too few are left."""
    ran = copy(planted.ran, tmp_path)
    ours = {row["group"] for row in ran.rows("campaigns") if row["campaign"] == "C001"}
    shown = [
        row["words"]
        for row in ran.rows("templates")
        if row["group"] in ours and row["words"] and not row["accounts_elsewhere"]
    ]
    longest = max((run.strip() for words in shown for run in re.split(r"\{\d+\}|<\w+>", words)), key=len)
    assert {name for name, _ in hits(views(ran.folder), [longest])} >= {
        "labels.parquet decoded",
        "templates.parquet decoded",
    }
    forget(ran.folder, sorted(ran.members("C001"))[:15], silent)
    assert hits(views(ran.folder), [longest]) == []


@pytest.mark.parametrize("name", [("--run", "absent", "a"), ("--run",), ("a",)], ids=str)
def test_wrong_calls(name: tuple[str, ...], fresh: Callable[[tuple[str, ...]], int]) -> None:
    assert fresh(name) == 2


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[tuple[str, ...]], int]:
    """The exit code of `forget` in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(words: tuple[str, ...]) -> int:
        done = CliRunner().invoke(program, ["forget", *words])
        assert list(tmp_path.iterdir()) == []
        return done.exception.exit_code if isinstance(done.exception, RunError) else done.exit_code

    return call
