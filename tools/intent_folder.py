"""Write the labelled folder that the shipped intent model is trained on.

python tools/intent_folder.py --data DATA OUT [--seed 0]

It holds public templates, captured clients, benchmarks, ordinary prompts and our own phrasings. Each row of
OUT/*.parquet has text, system, labels, source, group (what must stay together: one template, one person's
prompt) and licence. Labels are names of schema.flags. HARVEST alone is for a pipeline's step of no single
kind, UNSURE for what is neither for nor against, and no label for ordinary prompts. OUT holds people's words:
keep it out of the project.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from intent_payload import choice_of, payload_of, rows_of, task_text
from intent_pipelines import fillings
from stillwatch.simulate.compose import texts
from stillwatch.simulate.grammar import shipped

PHRASES = Path(__file__).resolve().parent / "intent_phrases"
OWN = "Apache-2.0 (ours)"
SCHEMA = pa.schema(
    [(n, pa.string()) for n in ("text", "system")]
    + [("labels", pa.list_(pa.string()))]
    + [(n, pa.string()) for n in ("source", "group", "licence")]
)
BENCHMARK_ROWS = 2000
RANGE = {
    "range-distil": {
        "grading": "GRADING",
        "elicit": "REASONING",
        "safe_rewrite": "SAFE_REWRITE",
        "preference": "PREFERENCE",
        "generate": "GENERATION",
        "evolve": "REWRITING",
        "trace": "TRACE_CLEANING",
        "orchestrate": "TRAJECTORY",
        "student": "GENERATION",
    },
    "range-evaluation": {
        "bench_maths": "EVALUATION",
        "bench_choice": "EVALUATION",
        "bench_code": "EVALUATION",
    },
    "range-ordinary": dict.fromkeys(
        (
            "chat",
            "chat_follow",
            "writing",
            "writing_follow",
            "code_help",
            "code_follow",
            "company_ask",
            "agent_task",
            "exercise_body",
            "exercise_follow",
            "seed_question",
        ),
        "",
    ),
    "range-tongues": dict.fromkeys(
        [f"chat_{tongue}" for tongue in ("es", "pt", "de", "fr", "ja", "zh", "hi", "ar", "ru", "ko")], ""
    ),
}
PAIRED = (
    ("app_system", "chat"),
    ("company_system", "company_ask"),
    ("agent_system", "agent_task"),
    ("orchestrate_system", "orchestrate"),
)
JOINED = (
    ("classify_head", "classify_body"),
    ("extract_head", "extract_body"),
    ("exercise_head", "exercise_body"),
    ("public_prompt", "public_body"),
)


class Row(NamedTuple):
    """One labelled exchange."""

    text: str
    system: str | None
    labels: list[str]
    source: str
    group: str
    licence: str


def _given(request: str, _: re.Match[str]) -> str:
    """Return a request as it is, whatever backslashes it holds."""
    return request


def pipelines(data: Path, seed: int) -> Iterator[Row]:
    """Public pipelines' templates, filled."""
    for row, labels, system, text in fillings(data, seed):
        yield Row(
            text,
            system or None,
            labels,
            row["pipeline"],
            f"{row['pipeline']}/{row['path']}:{row['line']}",
            row["licence"],
        )


CAPTURED = (
    (r"Prompt Rewriter", "REWRITING", "evol_instruct/utils.py:15"),
    (r"Develop \d+ user queries", "GENERATION", "templates/self-instruct"),
    (r"difficulty and complexity", "GRADING", "templates/complexity-scorer"),
    (r"5-point scale", "GRADING,JUDGE", "templates/instruction-backtranslation"),
    (r"Quality Assessment|Rate outputs", "GRADING", "templates/ultrafeedback"),
)
"""The label of a captured distilabel request, by a pattern of its text; others are benchmark questions."""


def captured(data: Path, seed: int) -> Iterator[Row]:
    """What unmodified clients sent, 30 of a kind at most."""
    seen: dict[str, int] = {}
    for row in rows_of(data, "capture_client_http"):
        talk = json.loads(row["messages"])
        text = [m["content"] for m in talk if m["role"] == "user"][-1]
        system = "\n".join(m["content"] for m in talk if m["role"] == "system") or None
        client = row["client"].split()[0]
        labels, group, source = [], f"{client}/{row['job']}", f"client-{client}"
        if row["label"] == "evaluation":
            labels, source = ["EVALUATION"], "lm-eval"
            shots = [m["content"] for m in talk]
            text = (
                text
                if len(shots) == 1
                else "\n\n".join(
                    [*(f"{q} {a}" for q, a in zip(shots[:-1:2], shots[1::2], strict=True)), text]
                )
            )
        elif row["label"] == "distillation":
            kind = next(
                (
                    (names, place)
                    for pattern, names, place in CAPTURED
                    if re.search(pattern, text + (system or ""))
                ),
                ("UNSURE", "bare"),
            )
            labels, group, source = kind[0].split(","), f"distilabel/captured/{kind[1]}", "distilabel"
        seen[group] = seen.get(group, 0) + 1
        if seen[group] <= 30:
            yield Row(text, system, labels, source, group, "as its sources")


def techniques(data: Path, seed: int) -> Iterator[Row]:
    """Return known ways round safeguards, with a request in their slot, and bare harmful requests.

    The latter are neither a technique nor a harvest.
    """
    payload = payload_of(data, 8, seed)
    rows = rows_of(data, "adv_jailbreak_prompts")
    harmful = [row["prompt"] for row in rows if row["set"] == "advbench"]
    for i, row in enumerate(rows):
        if row["set"] == "advbench":
            yield Row(row["prompt"], None, [], "advbench", f"advbench/{i}", row["licence"])
            continue
        for _ in range(4):
            request = payload.chance.choice(harmful) if payload.chance.random() < 0.5 else payload.draw("p")
            text = re.sub(r"\[INSERT PROMPT HERE\]", partial(_given, request), row["prompt"])
            yield Row(text, None, ["TECHNIQUE"], row["set"], f"{row['set']}/{i}", row["licence"])


def ordinary(data: Path, seed: int) -> Iterator[Row]:
    """Return what people and benchmarks ask."""
    chance = random.Random(seed)
    for row in rows_of(data, "prompts_oasst"):
        yield Row(row["prompt"], None, [], "oasst", f"oasst/{row['prompt'][:40]}", "Apache-2.0")
    for row in rows_of(data, "seeds_self_instruct"):
        source = "user-oriented" if row["set"].startswith("user") else "seed-tasks"
        yield Row(task_text(row), None, [], source, f"{source}/{row['id']}", "Apache-2.0")
    for i, row in enumerate(rows_of(data, "prompts_awesome_chatgpt")):
        yield Row(row["prompt"], None, [], "awesome-chatgpt", f"awesome/{i}", "CC0-1.0")
    for row in rows_of(data, "bench_mtbench_vicuna"):
        for turn in row["turns"]:
            yield Row(turn, None, [], "mt-bench", f"mt-bench/{row['set']}/{row['id']}", "Apache-2.0")
    for row in chance.sample(rows_of(data, "bench_gsm8k"), BENCHMARK_ROWS):
        yield Row(row["question"], None, [], "gsm8k", f"gsm8k/{row['split']}/{row['id']}", "MIT")
    for i, row in enumerate(chance.sample(rows_of(data, "bench_mmlu"), BENCHMARK_ROWS)):
        harness = i % 2 == 1
        text = (
            "The following are multiple choice questions (with answers) about "
            f"{row['subject'].replace('_', ' ')}.\n\n{choice_of(row)}\nAnswer:"
        )
        source, labels = ("mmlu-harness", ["EVALUATION"]) if harness else ("mmlu", [])
        yield Row(text if harness else row["question"], None, labels, source, f"{source}/{i}", "MIT")
    for row in rows_of(data, "bench_humaneval"):
        yield Row(row["prompt"], None, [], "humaneval", f"humaneval/{row['id']}", "MIT")


def own(data: Path, seed: int) -> Iterator[Row]:
    """Return our own phrasings: what harvests ask, and ordinary requests in the same words."""
    for part, book in ((9, "asks"), (10, "ordinary")):
        payload = payload_of(data, part, seed)
        for name, templates in tomllib.loads((PHRASES / f"{book}.toml").read_text(encoding="utf-8")).items():
            labels = [name] if book == "asks" else []
            for i, template in enumerate(templates):
                for _ in range(6 if "{" in template else 1):
                    system, _, text = payload.fill(template).rpartition(" ¦ ")
                    yield Row(text, system or None, labels, f"own-{book}", f"own-{book}/{name}/{i}", OWN)


def simulated(data: Path, seed: int) -> Iterator[Row]:
    """The range's phrase books."""
    for source, symbols in RANGE.items():
        for symbol, label in symbols.items():
            for text in _expand(symbol, 100 if source == "range-ordinary" else 60, seed):
                yield Row(
                    text, None, [label] if label else [], source, f"{source}/{symbol}/{_shape(text)}", OWN
                )
    for first, second in (*PAIRED, *JOINED):
        labels = ["TRAJECTORY"] if second == "orchestrate" else []
        for before, text in zip(_expand(first, 60, seed), _expand(second, 60, seed + 1), strict=True):
            apart = (first, second) in PAIRED
            text, before_it = (text, before) if apart else (before + text, None)
            yield Row(
                text,
                before_it,
                labels,
                "range-distil" if labels else "range-ordinary",
                f"range/{first}/{_shape(before)}",
                OWN,
            )


def _expand(symbol: str, count: int, seed: int) -> list[str]:
    grammar = shipped()
    seeds = np.random.default_rng(seed).integers(0, 2**62, count).astype(np.uint64)
    return [
        json.loads(f'"{text}"')
        for text in texts(np.full(count, grammar.number(symbol)), seeds, grammar).to_pylist()
    ]


def _shape(text: str) -> str:
    return " ".join(text.split()[:3])


PARTS: dict[str, Callable[[Path, int], Iterator[Row]]] = {
    "pipelines": pipelines,
    "captured": captured,
    "techniques": techniques,
    "ordinary": ordinary,
    "own": own,
    "range": simulated,
}


def write(data: Path, out: Path, seed: int) -> dict[str, int]:
    """Write the folder; returns rows by part."""
    out.mkdir(parents=True, exist_ok=True)
    counts = {}
    for name, part in PARTS.items():
        rows: list[dict[str, Any]] = [row._asdict() for row in part(data, seed)]
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), out / f"{name}.parquet", compression="zstd")
        counts[name] = len(rows)
    return counts


def main() -> None:
    """Read the arguments and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="Folder with the public sets.")
    parser.add_argument("--seed", type=int, default=0, help="Seed of what is drawn.")
    parser.add_argument("out", type=Path, help="Folder to write.")
    given = parser.parse_args()
    for name, count in write(given.data, given.out, given.seed).items():
        print(f"{name}: {count:,} rows")


if __name__ == "__main__":
    main()
