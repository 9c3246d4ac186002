"""Templates of public pipelines to prompts: which label each has, and how its slots are filled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2

from intent_payload import Payload, payload_of, rows_of

PIPELINES = ("self-instruct", "alpaca", "airoboros", "cosmopedia", "instructlab-sdg", "distilabel")
FILLINGS = 12
UNSURE = "UNSURE"
"""The label of what is left out of training: a pipeline's steps that by themselves are anybody's request."""

RULES: dict[str, tuple[tuple[str, str], ...]] = {
    "self-instruct": (
        (r"clf_task", "HARVEST"),
        (r"instance_gen|bootstrap.*:22$", "GENERATION"),
        (r"bootstrap", ""),
    ),
    "alpaca": ((r"prompt\.txt", "GENERATION"),),
    "airoboros": (
        (r"_seeds/", ""),
        (r"rp_setting|/writing_response", UNSURE),
        (r"/filter\.txt", "GRADING,JUDGE"),
        (r"cot_response", "REASONING"),
        (r"/cot\.txt|/orca\.txt", "GENERATION,REASONING"),
        (r"/agent\.txt|/plan\.txt", "GENERATION,TRAJECTORY"),
        (r"_response\.txt", "HARVEST"),
        (r"\.txt", "GENERATION"),
    ),
    "cosmopedia": (
        (r"khan_dl|filter_and_classify|textbooks.py:3[15]|openstax.*:(10|18|26|35)$", ""),
        (r".", "GENERATION"),
    ),
    "instructlab-sdg": (
        (r"/pipelines/", ""),
        (r"summary|spellcheck|atomic_facts", UNSURE),
        (r"faithfulness", "JUDGE"),
        (r"evaluate_", "GRADING,JUDGE"),
        (r"_responses\.yaml(?<!questions_responses\.yaml)", "HARVEST"),
        (r".", "GENERATION"),
    ),
    "distilabel": (
        (
            r"magpie|generate-sentence-pair|completer.py:(55|67|74)$|self_instruct.py|evol_instruct/utils.py:(41|47|58|64)$",
            "",
        ),
        (r"argillalabeller|urial", UNSURE),
        (r"clair|evol_quality|evol_instruct/utils.py:15$", "REWRITING"),
        (r"evol_instruct/utils.py:26$", "GENERATION,REWRITING"),
        (r"prometheus/relative", "PREFERENCE,GRADING"),
        (r"instruction-backtranslation|prometheus/absolute_with_", "GRADING,JUDGE"),
        (r"ultrafeedback|prometheus|scorer", "GRADING"),
        (r"semantic_checker", "JUDGE"),
        (r"apigen/generator", "GENERATION,TRAJECTORY"),
        (r"completer", "HARVEST"),
        (r".", "GENERATION"),
    ),
}
"""By pipeline: patterns of path:line and labels, of which the first match counts.

Empty labels: not a prompt by itself (help texts, fragments, settings).
"""

EVOLUTIONS = (
    "Please add one more constraints/requirements into #The Given Prompt#",
    "Please replace general concepts with more specific concepts.",
    "If #The Given Prompt# contains inquiries about certain issues, the depth and breadth of the inquiry "
    "can be increased.",
    "If #The Given Prompt# can be solved with just a few simple thinking processes, you can rewrite it to "
    "explicitly request multiple-step reasoning.",
)
SETTINGS = {
    "language": "English",
    "flesch": "",
    "topic_avoidance": "",
    "style_extra": "",
    "related_software": "",
    "options": "",
    "answers": "",
    "skip": "",
    "system_prompt": "",
    "context": "",
    "include_source": "",
    "topics": "{topic}, {topic}, {topic}",
    "topic": "{topic}",
    "batch_size": "{n}",
    "question_count": "{n}",
    "input_count": "{n}",
    "word_count": "800",
    "third": "270",
    "threshold": "80",
    "next_year": "2024",
    "name": "Sophia",
    "question_type": "{topic}",
    "instruction": "{p}",
    "response": "{a}",
    "description": "A person who knows {topic}.",
    "characters": "Ann, Ben",
}
"""airoboros: what its slots become."""


def labels_of(row: dict[str, Any]) -> list[str] | None:
    """Return the labels of a template; None if it is no prompt by itself."""
    key = f"{row['path']}:{row['line']}" if row["line"] else row["path"]
    for pattern, labels in RULES[row["pipeline"]]:
        if re.search(pattern, key):
            return labels.split(",") if labels else None
    raise AssertionError(f"BUG: no rule for {key}")


def fillings(data: Path, seed: int) -> Iterator[tuple[dict[str, Any], list[str], str, str]]:
    """Return each template's row, labels, system prompt and user message, FILLINGS times."""
    rows = rows_of(data, "templates_distillation")
    for part, pipeline in enumerate(PIPELINES):
        payload = payload_of(data, part, seed)
        mine = [row for row in rows if row["pipeline"] == pipeline]
        for row in mine:
            labels = labels_of(row)
            for _ in range(FILLINGS if labels else 0):
                yield row, labels or [], *FILLERS[pipeline](row, mine, payload)


def _self_instruct(row: dict[str, Any], rows: list[dict[str, Any]], payload: Payload) -> tuple[str, str]:
    if "bootstrap" in row["path"]:
        head = row["text"] if payload.chance.random() < 0.5 else "Come up with a series of tasks:\n"
        return "", head + "".join(f"{i}. {payload.draw('p')}\n" for i in range(1, 9)) + "9."
    return "", f"{row['text'].rstrip()} {payload.draw('p')}"


def _alpaca(row: dict[str, Any], rows: list[dict[str, Any]], payload: Payload) -> tuple[str, str]:
    shots = [
        f"###\n{i}. Instruction: {payload.draw('p')}\n{i}. Input:\n<noinput>\n{i}. "
        f"Output:\n{payload.draw('a')}\n"
        for i in (1, 2, 3)
    ]
    return "", f"{row['text']}\n{''.join(shots)}###\n4. Instruction:"


def _airoboros(row: dict[str, Any], rows: list[dict[str, Any]], payload: Payload) -> tuple[str, str]:
    folder = "character_seeds" if "/character" in row["path"] else "detailed_writing_seeds"
    example = payload.chance.choice([other["text"] for other in rows if f"/{folder}/" in other["path"]])
    instruction = (
        "BEGININPUT\nBEGINCONTEXT\ndate: "
        f"2021\nENDCONTEXT\n{payload.draw('t')}\nENDINPUT\nBEGININSTRUCTION\n{{q}}\nENDINSTRUCTION"
    )
    values = {
        **SETTINGS,
        "example": example,
        **({"instruction": instruction} if "contextual_response" in row["path"] else {}),
    }
    text = re.sub(r"\{([a-z_]+)\}", lambda found: values.get(found[1], found[0]), row["text"])
    return "", payload.fill(text)


def _cosmopedia(row: dict[str, Any], rows: list[dict[str, Any]], payload: Payload) -> tuple[str, str]:
    text = row["text"]
    if "openstax" in row["path"]:
        text += "\n" + next(
            other["text"]
            for other in rows
            if other["path"] == row["path"] and other["line"] == row["line"] + 1
        )
    for old, new in (
        ("<EXTRACT>", "{t}"),
        ("<INSERT_EXTRACT>", "{t}"),
        ("<ADD_TOPIC>", ', within the context of "{topic}"'),
        ("{{X}}", '"{topic}"'),
    ):
        text = text.replace(old, new)
    text = re.sub(r"\$\{(unit_title|section|unit)\}", "{topic}", text)
    text = text.replace(
        "${previous_sections}",
        "We have already covered chapters {topic}, {topic} and are now writing a chapter on ",
    )
    text = text.replace(
        "${previous_sub_units}",
        "We have already covered the following lessons in the current chapter: {topic}, {topic}.",
    )
    return "", payload.fill(text)


def _instructlab(row: dict[str, Any], rows: list[dict[str, Any]], payload: Payload) -> tuple[str, str]:
    document = {
        name: text.strip(' |"\n')
        for name, text in re.findall(r"^(\w+):(.*?)(?=^\w+:|\Z)", row["text"], re.DOTALL | re.MULTILINE)
    }
    parts = [
        document[name]
        for name in ("introduction", "principles", "examples", "generation")
        if document.get(name)
    ]
    slots = {
        "question": "{q}",
        "query": "{q}",
        "response": "{a}",
        "document": "{t}",
        "context": "{t}",
        "num_samples": "{n}",
        "outline": "{topic}",
    }

    def value(found: re.Match[str]) -> str:
        return next((slot for name, slot in slots.items() if name in found[1]), "{topic}")

    both = [re.sub(r"\{\{\s*(\w+)\s*\}\}", value, text) for text in (document["system"], "\n".join(parts))]
    return payload.fill(both[0]), payload.fill(both[1])


def _distilabel(row: dict[str, Any], rows: list[dict[str, Any]], payload: Payload) -> tuple[str, str]:
    pick = payload.chance.choice
    if "completer" in row["path"]:
        extra = [
            other["text"] for other in rows if "completer" in other["path"] and other["line"] in (55, 67, 74)
        ]
        names = dict(zip(("structured_prompt", "extra_rules", "few_shots"), extra, strict=True))
        text = (
            jinja2.Environment(autoescape=False)
            .from_string(row["text"])
            .render(**names, N=pick([3, 5, 8]), instruction=payload.draw("q"))
        )
        return (
            (text, f"{payload.draw('q')}\nStep 1: {payload.draw('a')}") if row["line"] == 34 else ("", text)
        )
    if row["path"].endswith("utils.py"):
        text = (
            row["text"]
            .replace("{}", pick(EVOLUTIONS))
            .replace("<PROMPT>", payload.draw("p"))
            .replace("<RESPONSE>", payload.draw("a"))
        )
        return "", text
    values: dict[str, Any] = {name: payload.fill(slot) for name, slot in JINJA.items()}
    values |= {
        "generations": [payload.draw("a") for _ in range(pick([2, 3, 4]))],
        "responses": [payload.draw("a") for _ in range(3)],
        "instructions": [payload.draw("p") for _ in range(4)],
        "messages": [{"role": "user", "content": payload.draw("p")}],
    }
    return "", jinja2.Environment(autoescape=False).from_string(row["text"]).render(**values)


JINJA = {
    "task": "{p}",
    "student_solution": "{a}",
    "teacher_reasoning": "teacher_reasoning",
    "corrected_student_solution": "corrected_student_solution",
    "title": "{topic}",
    "content": "{t}",
    "guidelines": "{t}",
    "examples": "{q}\n{a}",
    "question": "{q}",
    "fields": "{t}",
    "instruction": "{p}",
    "generation": "{a}",
    "num_instructions": "{n}",
    "application_description": "An assistant that helps with {topic}",
    "input": "{topic}",
    "criteria_for_query_generation": "Incorporate a diverse range of verbs, avoiding repetition.\nEnsure "
    "queries are compatible with AI model's text "
    "generation functions and are limited to 1-2 sentences.\nDesign queries to be self-contained and "
    "standalone.",
    "reference": "{a}",
    "rubric": "[Is the answer right and complete?]\nScore 1: no\nScore 3: partly\nScore 5: yes",
    "func_desc": "lookup(word): {topic}",
    "query": "{p}",
    "func_call": "[lookup('{topic}')]",
    "execution_result": "{a}",
    "format_inst": "The output must be a JSON list.",
    "number": "{n}",
    "func_name": "lookup",
    "parallel_queries": "",
    "query_type": "long-tail",
    "query_length": "5 to 15 words",
    "clarity": "clear",
    "num_words": "100",
    "language": "English",
    "difficulty": "college",
    "unit": "sentence",
    "source_language": "English",
    "target_language": "French",
    "high_score": "5",
    "low_score": "2.5",
    "anchor": "{p}",
    "context": "{t}",
}
"""distilabel: what the variables of its templates become."""

FILLERS = {
    "self-instruct": _self_instruct,
    "alpaca": _alpaca,
    "airoboros": _airoboros,
    "cosmopedia": _cosmopedia,
    "instructlab-sdg": _instructlab,
    "distilabel": _distilabel,
}
