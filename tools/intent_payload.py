"""Payload for templates: questions, instructions, answers and passages of public sets, in separate parts."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

PARTS = 12
"""Each source draws from one part, so that no two pipelines share payload."""
TOPICS = (
    "photosynthesis",
    "inflation",
    "graph theory",
    "baroque music",
    "contract law",
    "tides",
    "sorting algorithms",
    "vaccines",
    "the Silk Road",
    "probability",
    "rail transport",
    "soil chemistry",
    "poetry",
    "household budgets",
    "database indexes",
    "nutrition",
    "plate tectonics",
    "labour markets",
    "optics",
    "chess",
)


@lru_cache(maxsize=16)
def rows_of(data: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of one of the data folder's files."""
    rows: list[dict[str, Any]] = pq.read_table(data / f"{name}.parquet").to_pylist()
    return rows


def part_of(text: str) -> int:
    """Return the part that a payload belongs to."""
    return hashlib.blake2b(text.encode(), digest_size=2).digest()[0] % PARTS


@dataclass
class Payload:
    """What slots are filled with, for one source."""

    chance: random.Random
    """Its random stream."""
    questions: list[str]
    """Questions."""
    instructions: list[str]
    """Instructions."""
    answers: list[str]
    """Answers."""
    passages: list[str]
    """Longer texts."""
    choices: list[str]
    """Multiple choice questions with their options."""
    code: list[str]
    """Function stubs."""
    extra: dict[str, Callable[[], str]] = field(default_factory=dict)
    """Slots that one template alone has."""

    def fill(self, text: str) -> str:
        """Return the text with each known {slot} replaced by a draw."""
        return re.sub(r"\{([a-z]+)\}", lambda found: self.draw(found[1]) or found[0], text)

    def draw(self, slot: str) -> str:
        """One value of a slot; empty if there is no such slot."""
        pick = self.chance.choice
        makers: dict[str, Callable[[], str]] = {
            "q": lambda: pick(self.questions),
            "p": lambda: pick(self.instructions),
            "a": lambda: pick(self.answers),
            "t": lambda: pick(self.passages),
            "m": lambda: pick(self.choices),
            "code": lambda: pick(self.code),
            "topic": lambda: pick(TOPICS),
            "n": lambda: str(self.chance.randint(3, 20)),
            **self.extra,
        }
        return makers[slot]() if slot in makers else ""


def payload_of(data: Path, part: int, seed: int) -> Payload:
    """Return the payload of one part of the pools."""
    gsm, mmlu = rows_of(data, "bench_gsm8k"), rows_of(data, "bench_mmlu")
    tasks = rows_of(data, "seeds_self_instruct")
    code = [row["prompt"] for row in rows_of(data, "bench_humaneval")]
    chosen = [choice_of(row) for row in mmlu if len(row["question"]) < 400]
    pools = {
        "questions": [row["question"] for row in gsm]
        + [row["question"] for row in mmlu if 30 < len(row["question"]) < 300][:6000],
        "instructions": [task_text(row) for row in tasks]
        + [row["prompt"] for row in rows_of(data, "prompts_oasst") if len(row["prompt"]) < 400],
        "answers": [re.sub(r"<<[^>]*>>|\n#### .*", "", row["answer"]) for row in gsm]
        + [row[row["answer"].lower()] for row in mmlu],
        "passages": [row["question"] for row in mmlu if len(row["question"]) > 450],
        "choices": chosen,
        "code": code,
    }
    mine = {name: [text for text in pool if part_of(text) == part] for name, pool in pools.items()}
    chance: Any = random.Random(f"{seed}-{part}")
    given: dict[str, Any] = dict(mine)
    return Payload(chance, **given)


def task_text(row: dict[str, Any]) -> str:
    """Write a seed task as a person would send it."""
    return f"{row['instruction']}\n\n{row['input']}" if row["input"] else str(row["instruction"])


def choice_of(row: dict[str, Any]) -> str:
    """Write an MMLU question with its options, as harnesses print it."""
    return f"{row['question']}\n" + "\n".join(f"{letter.upper()}. {row[letter]}" for letter in "abcd")
