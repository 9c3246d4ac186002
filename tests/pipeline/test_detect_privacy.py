"""No word of anybody, no secret and no raw identity is in a run folder or on the screen."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from village import ALONE, Ran, everything, small_row
from village_planted import BROKEN, OWN, OWN_HEAD, SECRETS, SHARED, Planted, owners

from stillwatch.account_names import pseudonym
from stillwatch.errors import StillwatchError, TooManyBadRows
from stillwatch.pipeline import Inputs, detect


def carried(texts: list[tuple[str, str]], secrets: list[str]) -> list[tuple[str, str]]:
    return [(name, secret) for name, text in texts for secret in secrets if secret.lower() in text]


def lowered(ran: Ran) -> list[tuple[str, str]]:
    found = [*everything(ran.folder), ("stdout", ran.stdout), ("stderr", ran.stderr)]
    return [(name, text.lower()) for name, text in found]


def test_the_canaries_were_there(planted: Planted) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (planted.ran.world / "logs").iterdir())
    assert text.count("zzcanary") > 10_000
    assert planted.ran.about()["quarantined"] == 30
    assert planted.numbers


def test_no_canary_is_in_any_file_or_on_the_screen(planted: Planted) -> None:
    assert carried(lowered(planted.ran), [*SECRETS, *(f"zzcanarymail{place}" for place in range(3))]) == []


def test_no_phone_number_is_in_any_file(planted: Planted) -> None:
    known = re.compile(r"(?<!\d)8877\d{7}(?!\d)")
    numbers = set(planted.numbers)
    assert [
        (name, hit) for name, text in lowered(planted.ran) for hit in known.findall(text) if hit in numbers
    ] == []


def test_no_account_id_is_in_any_file_where_a_key_file_was_given(planted: Planted) -> None:
    ids = re.compile(r"acct_[0-9a-f]{16}")
    assert {name for name, text in lowered(planted.ran) if ids.search(text)} == set()
    assert planted.ran.about()["key"] == "private"


def test_words_are_shown_only_of_templates_that_enough_accounts_share(planted: Planted) -> None:
    labels = [row for row in planted.ran.rows("labels") if row["kind"] in ("head", "frame")]
    users: dict[int, set[int]] = defaultdict(set)
    for path in planted.ran.folder.rglob("day=*/*.parquet"):
        for row in pq.ParquetFile(path).read(["account", "head"]).to_pylist():
            users[row["head"]].add(row["account"])
    assert {row["kind"] for row in labels} == {"head", "frame"}
    assert min(len(users[row["key"]]) for row in labels if row["kind"] == "head") >= SHARED
    words = set(OWN_HEAD.split())
    assert [row["label"] for row in labels if len(words & set(row["label"].split())) > 3] == []
    assert OWN in {len(accounts) for accounts in users.values()}
    said = [row for row in planted.ran.rows("templates") if row["words"] is not None]
    assert min(row["accounts"] + row["accounts_elsewhere"] for row in said) >= SHARED
    assert {row["words"] for row in said} <= {row["label"] for row in labels}


def runs_of_words(text: str, length: int = 4) -> set[str]:
    words = re.findall(r"[^\W\d_]+", text.lower())
    return {" ".join(words[i : i + length]) for i in range(len(words) - length + 1)}


def test_no_run_of_words_of_the_log_is_in_any_file(village_run: Ran) -> None:
    """Not canaries but the world's own prompts and answers: no four words in a row."""
    said: set[str] = set()
    for path in (village_run.world / "logs").iterdir():
        for row in pq.read_table(path, columns=["messages", "response"]).to_pylist():
            for message in json.loads(row["messages"]):
                said |= runs_of_words(message["content"])
            said |= runs_of_words(
                str(json.loads(row["response"] or "{}").get("choices", "")).partition("content")[2]
            )
    assert len(said) > 1_000
    shown = {
        (name, run) for name, text in everything(village_run.folder) for run in runs_of_words(text) & said
    }
    assert shown == set()
    assert {row["kind"] for row in village_run.rows("labels")} & {
        "head",
        "tail",
        "system",
        "tools",
        "prompt",
    } == set()


def test_a_stop_over_bad_rows_shows_none_of_their_words(tmp_path: Path) -> None:
    broken = [{"time": BROKEN}, {"time": 1, "account_id": [BROKEN]}, {"request": BROKEN}, {BROKEN: 1}]
    lines = (
        [json.dumps(small_row(i)) for i in range(5)]
        + [json.dumps(row) for row in broken * 8]
        + [f'{{"request": "{BROKEN}'] * 3
    )
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(TooManyBadRows) as caught:
        detect(
            Inputs((path,), format="openai_jsonl"), tmp_path / "run", ALONE, lambda step, done, total: None
        )
    assert BROKEN not in str(caught.value)


@pytest.mark.parametrize("text", [f'{{"{BROKEN}": 1}}', f"{BROKEN},other\n1,2\n", f"{BROKEN}"])
def test_a_file_of_no_known_format_shows_none_of_its_words(tmp_path: Path, text: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StillwatchError) as caught:
        detect(Inputs((path,)), tmp_path / "run", ALONE, lambda step, done, total: None)
    assert BROKEN not in str(caught.value)


PLAIN = [
    "request_id",
    "time",
    "model",
    "status",
    "input_tokens",
    "output_tokens",
    "asn",
    "network_class",
    "region",
]
SKETCHED = ["has_text", "language", "prompt_chars", "turns", "flags", "refused"]


def told(ran: Ran, left_out: set[str]) -> list[tuple[object, ...]]:
    """What two formats of one world must both say of each answered exchange, keys and the planted accounts
    left out.
    """
    ids = {row["account"]: row["account_id"] for row in ran.rows("accounts")}
    rows = [
        row
        for path in ran.folder.rglob("day=*/*.parquet")
        for row in pq.ParquetFile(path).read(["account", *PLAIN, *SKETCHED]).to_pylist()
    ]
    return sorted(
        tuple(map(str, (row[name] for name in PLAIN + SKETCHED)))
        for row in rows
        if row["status"] == 200 and ids[row["account"]] not in left_out
    )


def test_the_other_format_tells_the_same_exchanges(planted: Planted, village_run: Ran) -> None:
    """LiteLLM's Parquet and OpenAI-style lines of one world."""
    altered = set(owners(planted.ran.world)[: OWN + SHARED])
    key = planted.key.read_bytes().strip()
    ours, theirs = (
        told(planted.ran, {pseudonym(account, key) for account in altered}),
        told(village_run, altered),
    )
    assert len(ours) > 5_000
    assert ours == theirs


def test_the_other_format_tells_the_same_campaigns(planted: Planted, village_run: Ran) -> None:
    """The canaries stand with ordinary accounts and move an account at the margin at most; the ids are
    pseudonyms here.
    """
    key = planted.key.read_bytes().strip()
    for campaign in ("C001", "C002"):
        ours, theirs = (
            next(row for row in ran.rows("campaigns") if row["campaign"] == campaign)
            for ran in (planted.ran, village_run)
        )
        assert [ours[name] for name in ("kind", "verdict", "permit")] == [
            theirs[name] for name in ("kind", "verdict", "permit")
        ]
        here, there = (
            planted.ran.members(campaign),
            {pseudonym(account, key) for account in village_run.members(campaign)},
        )
        assert len(here ^ there) <= 2
    assert [row["listed"] for row in planted.ran.rows("campaigns")] == [
        row["listed"] for row in village_run.rows("campaigns")
    ]


def test_a_key_file_gives_other_keys(planted: Planted, village_run: Ran) -> None:
    for table in ("accounts", "labels"):
        keys = [
            {row["account" if table == "accounts" else "key"] for row in ran.rows(table)}
            for ran in (planted.ran, village_run)
        ]
        assert keys[0] & keys[1] == set()


def test_two_runs_with_one_key_agree(planted: Planted, tmp_path: Path) -> None:
    ids = owners(planted.ran.world)[-3:]
    path = tmp_path / "log.jsonl"
    path.write_text(
        "\n".join(json.dumps(small_row(i, account_id=account)) for i, account in enumerate(ids)),
        encoding="utf-8",
    )
    folder = detect(
        Inputs((path,), key_file=planted.key), tmp_path / "run", ALONE, lambda step, done, total: None
    )
    here = {
        row["account_id"]: row["account"] for row in pq.read_table(folder / "accounts.parquet").to_pylist()
    }
    there = {row["account_id"]: row["account"] for row in planted.ran.rows("accounts")}
    assert len(here) == 3
    assert here.items() <= there.items()
