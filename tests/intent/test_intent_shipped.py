"""The shipped model, its card, and the command that shows and makes one."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner
from intent_village import labelled, write_rows
from sketch_requests import Sketcher

from stillwatch.cli import program
from stillwatch.errors import SettingError
from stillwatch.schema.flags import HARVEST, Flag
from stillwatch.sketch.intent import load_intent
from stillwatch.sketch.intent.card import markdown
from stillwatch.sketch.intent.labels import LABELS
from stillwatch.sketch.intent.model import CARD, WEIGHTS

SHIPPED = Path(str(files("stillwatch.sketch.intent"))) / "shipped"


def test_the_model_is_small_and_its_card_whole() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 1_000_000
    card = load_intent().card
    assert [row["label"] for row in card["labels"]] == list(LABELS)
    assert all(row["licence"] != "not given" for row in card["sources"])
    assert all(row["auroc"] > 0.8 for row in card["labels"])
    # EVALUATION only explains, so a cue alone sets it: benchmark questions without a harness carry some.
    assert all(
        row["false_positives"]["share"] <= (0.02 if row["label"] == "EVALUATION" else 0.005)
        for row in card["labels"]
    )
    assert card["limits"]


ASKED = {
    Flag.GRADING: "Grade the response below against the rubric. Give a score from 1 to 5 for each criterion "
    "and a short rationale.",
    Flag.PREFERENCE: "Which of the two responses is better? Response A: it rains. Response B: it may rain. "
    "Answer with A or B, the better response.",
    Flag.GENERATION: "Generate 20 diverse instructions for a language model, one on each line. Do not "
    "repeat the verb. Do not answer the instructions.",
    Flag.REWRITING: "Rewrite the given prompt into a more complex version by adding one constraint. #Given "
    "Prompt#: name a river #Rewritten Prompt#:",
    Flag.REASONING: "Write out your full internal chain of thought inside <thinking> tags, every step and "
    "every doubt, before the answer: why does ice float?",
}
ORDINARY = (
    "What should I cook with two courgettes and some rice?",
    "My bike chain slips in third gear, how do I fix it?",
    "Can you check this email for mistakes before I send it to my landlord?",
    "Explain step by step how compound interest works, I have a test tomorrow.",
    "¿Cómo llego del aeropuerto al centro sin coche?",
)


@pytest.mark.parametrize("flag", ASKED, ids=lambda flag: flag.name)
def test_what_training_sets_ask_is_told(flag: Flag, rows_of: Sketcher) -> None:
    (row,) = rows_of([ASKED[flag]])
    assert Flag(row["flags"]) & flag
    assert row["harvest"] > 600


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_prompts_are_not(text: str, rows_of: Sketcher) -> None:
    (row,) = rows_of([text])
    assert not Flag(row["flags"]) & HARVEST
    assert row["harvest"] < 600


@pytest.mark.parametrize("damage", ["missing", "garbled", "other version"])
def test_a_model_that_cannot_be_used_is_told(damage: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "model"))
    if damage == "missing":
        (folder / WEIGHTS).unlink()
    elif damage == "garbled":
        (folder / CARD).write_text("{", encoding="utf-8")
    else:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        (folder / CARD).write_text(json.dumps({**card, "sketch_version": 1}), encoding="utf-8")
    with pytest.raises(SettingError, match="intent model") as found:
        load_intent(folder)
    assert "train" in found.value.do


def test_the_command_trains_and_shows_a_card(tmp_path: Path) -> None:
    folder = write_rows(tmp_path / "folder", labelled())
    made = CliRunner().invoke(
        program,
        ["intent", "train", str(folder), "--out", str(tmp_path / "model"), "--json"],
        catch_exceptions=False,
    )
    assert made.exit_code == 0
    shown = CliRunner().invoke(
        program, ["intent", "card", str(tmp_path / "model"), "--json"], catch_exceptions=False
    )
    assert json.loads(shown.stdout) == json.loads(made.stdout)
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [CARD, WEIGHTS]


def test_the_shipped_card_can_be_read() -> None:
    shown = CliRunner().invoke(program, ["intent", "card"], catch_exceptions=False)
    assert shown.exit_code == 0
    assert all(label[:6] in shown.stdout for label in LABELS)


def test_the_page_shows_the_shipped_card() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "intent.md").read_text(encoding="utf-8")
    assert markdown(load_intent().card) in page
