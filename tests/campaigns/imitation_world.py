"""A small world in which a campaign imitates the employees of two offices, written as a provider's log."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from stillwatch.pipeline import Inputs, detect
from stillwatch.schema.codes import Tier, TierReason
from stillwatch.schema.keyed import HashKey
from stillwatch.settings import EngineSettings, IngestSettings, Settings

ADDRESSES, CLIENT, HOURS, PARAMETERS = "addresses", "client", "hours", "parameters"
EVERYTHING = (ADDRESSES, CLIENT, HOURS, PARAMETERS)
"""What of a victim an attacker can imitate without seeing its traffic."""
STRANGERS, EMPLOYEES, POOL = 4_500, 22, 40
"""Accounts of strangers, of each of two offices, and of the campaign."""
OFFICES = ("198.51.100.7", "203.0.113.90")
START, DAYS = datetime(2026, 3, 2, tzinfo=UTC), 12
AGENTS = tuple(f"openai-python/1.{minor}.0" for minor in (40, 52, 60, 71, 82, 90))
OFFICE_AGENT, OWN_AGENT = "Ledgerdesk/4.2.1", "relaykit/0.9.3"
OFFICE_PARAMETERS = {"temperature": 0.3, "max_tokens": 700, "top_p": 0.9}
OWN_PARAMETERS = {"temperature": 0.8, "max_tokens": 2048}
MAIL = ("gmail.com", "outlook.com", "yahoo.com", "icloud.com", "gmx.com")
JUDGE = (
    "You are an impartial judge. Score the response below from 1 to 10 against the rubric for accuracy, depth "
    "and style. Explain the score, then output JSON with the keys score and critique.\n\n"
    "[Instruction]\n{}\n\n[Response]\n{}"
)
INVENT = (
    "Generate five new and diverse training instructions that are similar in style to the examples. For each "
    "of them write the input and a complete output.\n\nExamples:\n1. {}\n2. {}"
)
COPIED_TOOL = "Please draft a short and polite reply to this customer in our house style, about"
"""How prompts begin that an office's tool makes, where the campaign has a copy of the tool."""
SYLLABLES = ("ba", "den", "fol", "gri", "hal", "jor", "kel", "lum", "mar", "nov", "pri", "rus", "sel", "tav")
ALONE = Settings(ingest=IngestSettings(workers=1), engine=EngineSettings(threads=1))
Row = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """What a run says of the campaign's accounts and of the employees."""

    verdicts: set[str] = field(default_factory=set)
    """Verdicts of listed groups that name an account of the campaign."""
    named: set[str] = field(default_factory=set)
    """Accounts that listed groups name."""
    present: set[str] = field(default_factory=set)
    """Accounts that are present in listed groups, and no more."""
    apart: set[str] = field(default_factory=set)
    """Accounts of all groups that only others of their group accuse."""

    def of(self, who: str, accounts: set[str]) -> int:
        """Count the accounts of a kind among some."""
        return sum(account.startswith(who) for account in accounts)


@dataclass
class _Writer:
    """Writes the accounts and exchanges."""

    rng: np.random.Generator
    imitated: tuple[str, ...]
    share: float
    template: bool
    quiet: int
    copied: float
    accounts: list[Row] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def words(self, count: int) -> str:
        parts = self.rng.choice(SYLLABLES, (count, 3))
        return " ".join("".join(part) for part in parts)

    def account(self, name: str, created: datetime, card: str) -> str:
        mail = self.rng.choice(MAIL)
        self.accounts.append(
            {
                "account_id": name,
                "created_at": created.isoformat(),
                "plan": "payg",
                "verification": "card",
                "card_fingerprint": card,
                "email": f"{self.words(1)}{self.rng.integers(10, 99)}@{mail}",
            }
        )
        return name

    def exchange(self, account: str, when: datetime, address: str, agent: str, ask: Row) -> None:
        self.rows.append(
            {
                "request_id": f"q{len(self.rows)}",
                "time": when.isoformat(),
                "account_id": account,
                "headers": {"user-agent": agent, "x-forwarded-for": address},
                "request": {
                    "model": "wren-1",
                    **ask["parameters"],
                    "messages": [{"role": "user", "content": ask["prompt"]}],
                },
                "response": {
                    "status_code": 200,
                    "body": {
                        "choices": [
                            {
                                "message": {"role": "assistant", "content": self.words(12)},
                                "finish_reason": "stop",
                            }
                        ],
                        "usage": {
                            "prompt_tokens": 4 + len(ask["prompt"]) // 4,
                            "completion_tokens": int(self.rng.integers(*ask["long"])),
                        },
                    },
                },
            }
        )

    def plain(self) -> Row:
        """A stranger's request."""
        parameters: Row = {"temperature": float(self.rng.choice([0.0, 0.2, 0.5, 0.7, 1.0]))}
        if self.rng.random() < 0.5:
            parameters["max_tokens"] = int(self.rng.choice([256, 512, 1000, 4096]))
        prompt = (
            f"Please explain {self.words(3)} to me and say how {self.words(int(self.rng.integers(6, 40)))}"
        )
        return {"prompt": prompt, "parameters": parameters, "long": (40, 500)}

    def office(self) -> Row:
        """An employee's request: anybody's words, or the same beginning for all where the office has one."""
        asked = self.plain()
        if self.template:
            asked["prompt"] = f"Draft a short reply to {self.words(2)} about {self.words(24)}"
        if self.copied:
            asked["prompt"] = f"{COPIED_TOOL} {self.words(26)}"
        return asked | {"parameters": OFFICE_PARAMETERS}

    def harvest(self) -> Row:
        if self.rng.random() < self.copied < 1.0:
            return self.office()
        frame = JUDGE if self.rng.random() < 0.5 else INVENT
        own = OFFICE_PARAMETERS if PARAMETERS in self.imitated else OWN_PARAMETERS
        begins = f"{COPIED_TOOL} " if self.copied == 1.0 else ""
        return {
            "prompt": begins + frame.format(self.words(20), self.words(40)),
            "parameters": own,
            "long": (500, 1500),
        }

    def at(self, first: int, last: int) -> datetime:
        """A moment between two hours of a working day."""
        day = int(self.rng.choice([day for day in range(DAYS) if day % 7 < 5]))
        return START + timedelta(days=day, seconds=float(self.rng.uniform(first, last)) * 3600.0)

    def anywhen(self) -> datetime:
        return START + timedelta(seconds=float(self.rng.uniform(0, DAYS * 86_400)))


def make(
    folder: Path,
    imitated: tuple[str, ...],
    share: float = 0.5,
    *,
    template: bool = False,
    quiet: int = 0,
    copied: float = 0.0,
) -> None:
    """Write folder/log.jsonl and folder/accounts.csv.

    Strangers have an address and a client each. An office has one address and a client of its own, its
    employees declare no employer. The campaign has cards for five accounts each, registered within an evening,
    two networks and a client of its own. share: of what it sends, that goes out as the imitated victims; at 1
    its accounts have cards and registration days of their own too, so that hardly anything but the victims'
    marks joins them. template: whether the employees' prompts begin alike. quiet: accounts of the campaign that
    send anybody's prompts. copied: the share of the campaign's prompts that are those of the office's own tool,
    of which it has a copy; at 1 all of them harvest, and begin as the tool's do.
    """
    writer = _Writer(np.random.default_rng(1), imitated, share, template, quiet, copied)
    for number in range(STRANGERS):
        _stranger(writer, number)
    for office in range(len(OFFICES)):
        for number in range(EMPLOYEES):
            _employee(writer, office, number)
    for number in range(POOL):
        _guilty(writer, number)
    folder.mkdir(parents=True, exist_ok=True)
    writer.rows.sort(key=lambda row: str(row["time"]))
    (folder / "log.jsonl").write_text(
        "".join(f"{json.dumps(row)}\n" for row in writer.rows), encoding="utf-8"
    )
    with (folder / "accounts.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(writer.accounts[0]))
        table.writeheader()
        table.writerows(writer.accounts)


def _stranger(writer: _Writer, number: int) -> None:
    rng = writer.rng
    created = START - timedelta(days=float(rng.uniform(1, 600)))
    name = writer.account(f"stranger-{number}", created, f"card-{number}")
    home, agent = f"100.{64 + number % 60}.{number // 250}.{number % 250 + 1}", str(rng.choice(AGENTS))
    busy = number % 10 == 0
    for _ in range(int(rng.integers(10, 30) if busy else rng.integers(1, 4))):
        writer.exchange(name, writer.anywhen(), home, agent, writer.plain())


def _employee(writer: _Writer, office: int, number: int) -> None:
    created = START - timedelta(days=float(writer.rng.uniform(1, 600)))
    name = writer.account(f"employee-{office}-{number}", created, f"office-{office}-{number}")
    for _ in range(int(writer.rng.integers(10, 30))):
        writer.exchange(name, writer.at(8, 17), OFFICES[office], OFFICE_AGENT, writer.office())


def _guilty(writer: _Writer, number: int) -> None:
    rng, imitated = writer.rng, writer.imitated
    apart = writer.share == 1.0
    created = START - timedelta(days=float(rng.uniform(6, 100 if apart else 6.06)))
    name = writer.account(f"guilty-{number}", created, f"pool-{number if apart else number // 5}")
    for _ in range(60):
        victim = rng.random() < writer.share
        own = f"192.0.2.{1 + number % 12}" if number % 2 else f"45.83.64.{1 + number % 12}"
        address = OFFICES[int(rng.integers(2))] if victim and ADDRESSES in imitated else own
        agent = OFFICE_AGENT if victim and CLIENT in imitated else OWN_AGENT
        when = writer.at(8, 17) if HOURS in imitated else writer.anywhen()
        asked = writer.plain() if number < writer.quiet else writer.harvest()
        writer.exchange(name, when, address, agent, asked)


def told(folder: Path, run: Path) -> Said:
    """Search the world in a folder, and return what is said."""
    given = Inputs((folder / "log.jsonl",), accounts=folder / "accounts.csv", key=HashKey.public())
    detect(given, run, ALONE, lambda step, done, whole: None)
    tiers = {(row["group"], row["tier"], row["account_id"]) for row in _accounts(run)}
    apart = {row["account_id"] for row in _accounts(run) if row["reason"] == TierReason.OTHERS_HARVEST.value}
    said = Said(apart=apart)
    for campaign in pq.read_table(run / "campaigns.parquet").to_pylist():
        if not campaign["listed"]:
            continue
        mine = {(tier, account) for group, tier, account in tiers if group == campaign["group"]}
        named = {account for tier, account in mine if tier == Tier.NAMED.value}
        said.named.update(named)
        said.present.update(account for tier, account in mine if tier == Tier.PRESENT.value)
        if any(account.startswith("guilty") for account in named):
            said.verdicts.add(campaign["verdict"])
    return said


def _accounts(run: Path) -> Iterator[Row]:
    for table in ("members", "bystanders"):
        yield from pq.read_table(run / f"{table}.parquet").to_pylist()
