"""The village's log as JSON lines, with canaries planted wherever a person's words or secrets can stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from village import SEED, Ran, Row, beside, command, kept, options, ran_in

from made_once import made_once
from stillwatch.simulate.make import Order, make

SHARED, OWN = 20, 19
"""Accounts that use a head which may be shown, and one which may not; the setting's default is 20."""
HEADERS = {
    "Authorization": "Bearer sk-zzcanaryauth0001",
    "Cookie": "zzcanarycookie=1",
    "x-api-key": "zzcanaryapikey00000001",
    "X-Token": "zzcanarytoken",
}
ANSWER, SYSTEM, TOOL, NAME = "zzcanaryanswer", "zzcanarysystem", "zzcanarytool", "zzcanaryname"
OWN_HEAD = "zzcanaryhead walks softly over the marsh before dawn"
SHARED_HEAD = "please weigh this curious reed against the other reed"
BROKEN = "zzcanarybroken"
SECRETS = ("zzcanary", "walks softly")
"""What must be in no file of a run, nor on the screen."""


@dataclass(frozen=True)
class Planted:
    """A run over the planted log, and what else was planted."""

    ran: Ran
    numbers: list[str]
    """Phone numbers of the accounts file."""
    key: Path
    """The key file."""


def owners(world: Path) -> list[str]:
    """Ordinary accounts, in the order of their ids."""
    rows = pq.read_table(world / "truth.parquet").to_pylist()
    return sorted(row["account_id"] for row in rows if row["kind"] == "ordinary" and row["exchanges"] > 0)


def planted_row(row: Row, own: set[str], shared: set[str]) -> Row:
    """A row with canaries; the few chosen accounts get them in their prompts, system prompts and tools
    too.
    """
    row["headers"] = row["headers"] | HEADERS
    for choice in row["response"].get("choices", []):
        choice["message"]["content"] += f" {ANSWER}"
    head = OWN_HEAD if row["account_id"] in own else SHARED_HEAD if row["account_id"] in shared else ""
    if head:
        tool = {
            "type": "function",
            "function": {"name": TOOL, "description": f"{TOOL} of {row['account_id']}"},
        }
        messages = [
            {"role": "system", "content": f"{SYSTEM} is what you are called"},
            {"role": "user", "content": f"{head} and {row['request_id']}"},
        ]
        row["request"] = row["request"] | {
            "messages": messages,
            "tools": [tool],
            "user": f"{NAME}@mail.example",
        }
    return row


def bad_rows() -> Iterator[str]:
    """Rows that cannot be read, each with a canary."""
    yield f'{{"request": "{BROKEN}'
    yield json.dumps(
        {
            "time": f"{BROKEN} o'clock",
            "account_id": "a",
            "request": {"model": "m", "messages": [{"role": "user", "content": BROKEN}]},
        }
    )
    yield json.dumps(
        {
            "time": 1772496000,
            "account_id": {"name": BROKEN},
            "request": {"model": {"a": BROKEN}, "messages": BROKEN},
        }
    )
    yield json.dumps([BROKEN])
    yield json.dumps({BROKEN: BROKEN})


def plant(world: Path) -> list[str]:
    """Write canaries into the logs and the accounts file of a world; returns the phone numbers given to
    accounts.
    """
    ids = owners(world)
    own, shared = set(ids[:OWN]), set(ids[OWN : OWN + SHARED])
    for path in sorted((world / "logs").iterdir()):
        rows = [
            planted_row(json.loads(line), own, shared)
            for line in path.read_text(encoding="utf-8").splitlines()
        ]
        lines = [*(json.dumps(row) for row in rows), *bad_rows()]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    numbers, accounts = [], []
    for place, row in enumerate(pq.read_table(world / "accounts.parquet").to_pylist()):
        row["email"] = f"zzcanarymail{place}@{row['email_domain']}"
        row["phone"] = f"+99 8877{place:07d}" if row["phone_prefix"] else None
        numbers += [f"8877{place:07d}"] if row["phone"] else []
        accounts.append(
            {
                key: value if value is None or isinstance(value, str) else value.isoformat()
                for key, value in row.items()
            }
        )
    (world / "accounts.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in accounts), encoding="utf-8"
    )
    return numbers


@pytest.fixture(scope="session")
def planted(village_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """The real command over the planted world, with a key file, and with words of common heads allowed."""

    def run(folder: Path) -> None:
        world, settings, key = folder / "planted", folder / "words.toml", folder / "secret.key"
        make(Order(str(village_file), world, scale=1.0, seed=SEED, format="openai_jsonl"))
        (folder / "numbers.json").write_text(json.dumps(plant(world)), encoding="utf-8")
        settings.write_text(
            "[sketch]\ntemplate_text = true\n[ingest]\nworkers = 1\nbad_rows_grace = 100\n", encoding="utf-8"
        )
        key.write_text("a secret of more than sixteen bytes\n", encoding="utf-8")
        given = beside(world) | {"accounts": world / "accounts.jsonl", "settings": settings, "key-file": key}
        kept(folder, command("detect", world / "logs", *options(given), "--out", folder / "run"), world)

    folder = made_once(tmp_path_factory, "planted", run)
    numbers = json.loads((folder / "numbers.json").read_text(encoding="utf-8"))
    return Planted(ran_in(folder), numbers, folder / "secret.key")
