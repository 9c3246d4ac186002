"""Templates in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from report_world import FRAME, make_run, rewrite
from rich.console import Console

from stillwatch import report
from stillwatch.report.sentences import frames
from stillwatch.schema.templates import TEMPLATES

ROW = {
    "group": 1,
    "part": "frame",
    "key": 5,
    "accounts": 3412,
    "accounts_elsewhere": 0,
    "exchanges": 96,
    "share": 0.96,
    "distinct_prompts": 118_204,
    "length": 41,
    "length_least": 33,
    "length_most": 52,
    "slots": 2,
    "words": "a {1} b {2}",
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            {},
            "41-word frame with 2 slots, 3,412 accounts, 96% of the group's prompts, 118,204 distinct "
            "prompts; "
            "used nowhere else.",
        ),
        (
            {"words": None, "slots": 1, "accounts_elsewhere": 7},
            "Frame of about 41 words (33 to 52) with about 1 slot, 3,412 accounts, 96% of the group's "
            "prompts, "
            "118,204 distinct prompts; 7 accounts elsewhere.",
        ),
        (
            {"words": None, "slots": 0, "distinct_prompts": 1},
            "Frame of about 41 words (33 to 52) with no slot seen, 3,412 accounts, 96% of the group's "
            "prompts, 1 "
            "distinct prompt; used nowhere else.",
        ),
    ],
)
def test_a_frame_is_said_in_one_sentence(changed: dict[str, object], expected: str) -> None:
    assert frames.sentence(ROW | changed) == expected


def test_a_frame_is_cut_into_words_and_slots() -> None:
    assert frames.pieces("{1} name the {2} of it {3}", 200) == [
        ("{1}", True),
        (" name the ", False),
        ("{2}", True),
        (" of it ", False),
        ("{3}", True),
    ]
    assert frames.pieces("a {1}" * 100, 12)[-1][0].endswith("…")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("frames"), members=20)


def test_the_page_shows_frames_before_other_parts(run: Path) -> None:
    text = report.write(run).read_text(encoding="utf-8")
    assert text.count('<ol class="frames"') == text.count("<h3>Templates</h3>") > 0
    assert '<b class="slot">{2}</b>' in text
    assert "final &lt;number&gt; of" in text
    assert "Frame of about 42 words (33 to 52) with about 2 slots" in text
    assert text.index('<ol class="frames"') < text.index("<td>first words</td>")


def test_a_terminal_and_a_document_say_the_same_sentence(run: Path) -> None:
    console = Console(width=400, highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(report.explain(run, "C001"))
    first = report.explain_document(run, "C001")["templates"][0]
    assert first["part"] == "frame"
    assert first["sentence"] in captured.get()
    assert FRAME in captured.get()
    assert "sentence" not in report.explain_document(run, "C001")["templates"][-1]


def test_a_frame_cannot_write_into_the_page(tmp_path: Path) -> None:
    folder = make_run(tmp_path, members=12)
    rewrite(folder, TEMPLATES, {"words": "<script>x</script> {1} <img src=x>"})
    text = report.write(folder).read_text(encoding="utf-8")
    assert "<script>x" not in text
    assert "<img" not in text
