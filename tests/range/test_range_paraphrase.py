"""Paraphrase changes how a campaign says things, by a known amount, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from range_hamlet import HAMLET

from stillwatch.cli.range import command
from stillwatch.errors import SettingError
from stillwatch.simulate import compose
from stillwatch.simulate.grammar import build, documents, shipped, shipped_rules
from stillwatch.simulate.jobs import Jobs
from stillwatch.simulate.make import Order, make
from stillwatch.simulate.paraphrase import ENDS, FIRST, SLOT, rules
from stillwatch.simulate.scenario import parse

RULES = shipped_rules()
FRAMES = sorted(name.removesuffix(ENDS[2]) for name in RULES if name.endswith(ENDS[2]))
CAMPAIGN_FRAMES = [name for name in FRAMES if name != "student"]
PAYLOAD = "\N{SECTION SIGN}"
DRAWS = 600
SEEDS = np.random.default_rng(1).integers(0, 2**63, DRAWS, dtype=np.uint64)
WORDING = np.random.default_rng(2).integers(0, 2**63, DRAWS, dtype=np.uint64)


TOPS = {frame + end for frame in FRAMES for end in ENDS}


def marked(alternative: str) -> str:
    """A frame's alternative with a mark on both sides of every slot of the payload."""
    return SLOT.sub(
        lambda match: match[0] if match[0][1:].startswith(FIRST) else f"{PAYLOAD}{match[0]}{PAYLOAD}",
        alternative,
    )


MARKED = build(
    {
        name: [marked(a) for a in texts] if name in TOPS or name.startswith(FIRST) else texts
        for name, texts in RULES.items()
    }
)


def parts(frame: str, level: int, wording: Any = WORDING) -> list[list[str]]:
    """Texts cut into frame, payload, frame, payload, … frame."""
    texts = compose.texts(np.full(DRAWS, MARKED.at_level(frame, level)), SEEDS, MARKED, wording).to_pylist()
    return [str(text).split(PAYLOAD) for text in texts]


def said(frame: str, level: int, wording: Any = WORDING) -> list[str]:
    """Frames without their payload."""
    return [PAYLOAD.join(found[::2]) for found in parts(frame, level, wording)]


def words(text: str) -> list[str]:
    return text.replace(PAYLOAD, " ").lower().split()


def changed(before: str, after: str) -> float:
    """Share of the words of the first text that the second does not keep in their order."""
    a, b = words(before), words(after)
    return 1 - sum(
        block.size for block in SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    ) / len(a)


def replaced(before: str, after: str) -> float:
    """Share of the words of the first text that are not in the second, wherever they stand."""
    a, b = Counter(words(before)), Counter(words(after))
    return 1 - (a & b).total() / a.total()


@pytest.mark.parametrize("frame", FRAMES)
def test_level_1_changes_about_a_tenth_of_a_frame_and_level_2_more_than_a_third(frame: str) -> None:
    verbatim, light, heavy = (said(frame, level) for level in (0, 1, 2))
    assert 0.05 < float(np.mean([changed(a, b) for a, b in zip(verbatim, light, strict=True)])) < 0.15
    assert 0.5 < float(np.mean([replaced(a, b) for a, b in zip(verbatim, heavy, strict=True)])) < 0.9
    assert np.quantile([changed(a, b) for a, b in zip(verbatim, heavy, strict=True)], 0.05) > 1 / 3


@pytest.mark.parametrize("frame", FRAMES)
def test_rewordings_are_many(frame: str) -> None:
    counts = [len(set(said(frame, level))) for level in (0, 1, 2)]
    assert counts[0] == len(RULES[frame])
    assert counts[1] > 4 * counts[0]
    if frame in CAMPAIGN_FRAMES:
        assert all(ways(text) > 1_000 for text in RULES[frame + ENDS[2]])
        assert counts[2] > 0.7 * DRAWS


def ways(text: str) -> int:
    """In how many ways the frame of an alternative can be said."""
    total = 1
    for slot in SLOT.findall(text):
        if slot[1:-1].startswith(FIRST):
            total *= sum(ways(alternative) for alternative in RULES[slot[1:-1]])
    return total


@pytest.mark.parametrize("frame", FRAMES)
def test_every_wording_asks_for_the_same_payload_in_the_same_order(frame: str) -> None:
    for verbatim, light, heavy in zip(*(RULES[frame + end] for end in ENDS), strict=True):
        slots = SLOT.findall(verbatim)
        assert {tuple(found) for text in (light, heavy) for found in payloads(text)} == {tuple(slots)}


def payloads(text: str) -> Iterator[list[str]]:
    """The payload slots of each way to say a frame."""
    found: list[list[str]] = [[]]
    for slot in SLOT.findall(text):
        if slot[1:-1].startswith(FIRST):
            inner = {tuple(ending) for alternative in RULES[slot[1:-1]] for ending in payloads(alternative)}
            found = [[*start, *ending] for start in found for ending in inner]
        else:
            found = [[*start, slot] for start in found]
    yield from found


@pytest.mark.parametrize("frame", FRAMES)
def test_the_same_seed_gives_the_same_payload_at_every_level(frame: str) -> None:
    verbatim, light, heavy = ([found[1::2] for found in parts(frame, level)] for level in (0, 1, 2))
    assert verbatim == light == heavy


def test_wording_follows_its_own_seed() -> None:
    for level, differ in ((0, False), (1, True), (2, True)):
        assert (said("grading", level) != said("grading", level, WORDING + np.uint64(1))) is differ


def test_jobs_that_are_no_distillation_have_one_wording() -> None:
    jobs = Jobs(shipped(), {"evaluation": 0, "pipeline": 0, "exact": 0})
    parts = (jobs.system, jobs.head, jobs.body)
    moved = {
        name for i, name in enumerate(jobs.names) if any((part[0, i] != part[2, i]).any() for part in parts)
    }
    book = documents("catalogue")["jobs.toml"]
    assert moved == {
        name
        for name, job in book.items()
        if {job.get("system"), job.get("head"), job.get("body")} & set(FRAMES)
    }
    assert moved >= {"grading", "orchestrate", "orchestrate_plain", "bench_worked", "inline_agent", "refine"}
    assert not moved & {"chat", "agent", "agent_kit", "public", "classify", "bench_bare", "bypass"}


def test_rewordings_of_nothing_are_refused() -> None:
    books = {"synonyms.toml": {}, "shared.toml": {}, "x.toml": {"sing": [{"orders": ["{a}"], "a": ["la"]}]}}
    with pytest.raises(ValueError, match="BUG"):
        rules({"song": ["la"]}, books)


def logs(folder: Path) -> list[dict[str, Any]]:
    return [row for path in sorted((folder / "logs").iterdir()) for row in pq.read_table(path).to_pylist()]


@pytest.fixture(scope="module")
def heavy(hamlet_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("worlds") / "heavy"
    make(Order(str(hamlet_file), out, scale=1.0, seed=3, part_rows=400, paraphrase=2))
    return out


def test_all_but_the_campaigns_words_stays_as_it_was(hamlet: Path, heavy: Path) -> None:
    assert pq.read_table(heavy / "truth.parquet").equals(pq.read_table(hamlet / "truth.parquet"))
    assert pq.read_table(heavy / "edge.parquet").equals(pq.read_table(hamlet / "edge.parquet"))
    campaign = {
        row["account_id"] for row in pq.read_table(hamlet / "truth.parquet").to_pylist() if row["campaign"]
    }
    reworded = 0
    for before, after in zip(logs(hamlet), logs(heavy), strict=True):
        assert before["response"] == after["response"]
        if before["user"] in campaign:
            reworded += before["messages"] != after["messages"]
            tools = [json.loads(row["proxy_server_request"]).get("tools") for row in (before, after)]
            assert tools[0] == tools[1]
        else:
            assert before == after
    assert reworded > 0.8 * sum(row["user"] in campaign for row in logs(hamlet))


def test_a_conversation_keeps_its_wording(heavy: Path) -> None:
    sessions: dict[str, list[list[dict[str, str]]]] = {}
    for row in logs(heavy):
        if row["session_id"] and '"role":"system"' in row["messages"]:
            sessions.setdefault(row["session_id"], []).append(json.loads(row["messages"]))
    assert sum(len(turns) > 1 for turns in sessions.values()) > 50
    for turns in sessions.values():
        for before, after in pairwise(sorted(turns, key=len)):
            assert after[: len(before)] == before
    systems = {turns[0][0]["content"] for turns in sessions.values() if "agent" in turns[0][0]["content"]}
    assert len(systems) > 20


def test_level_0_is_the_scenario_as_it_was(hamlet: Path, hamlet_file: Path, tmp_path: Path) -> None:
    make(Order(str(hamlet_file), tmp_path / "again", scale=1.0, seed=3, part_rows=400, paraphrase=0))
    assert logs(tmp_path / "again") == logs(hamlet)


def test_a_level_is_a_key_of_a_campaign() -> None:
    text = HAMLET.replace("windows = 4", "windows = 4\nparaphrase = 1", 1)
    assert [campaign.paraphrase for campaign in parse(text, "hamlet.toml").campaigns] == [1, 0]
    with pytest.raises(SettingError, match="no level 3 of paraphrase") as caught:
        parse(text.replace("paraphrase = 1", "paraphrase = 3"), "hamlet.toml")
    line = text[: text.index("paraphrase")].count("\n") + 1
    assert caught.value.where == f"hamlet.toml, line {line}"


def test_a_level_can_be_ordered_for_all_campaigns(hamlet_file: Path, tmp_path: Path) -> None:
    order = ["make", str(hamlet_file), "--scale", "1", "--seed", "3", "--json", "--out"]
    made = CliRunner().invoke(command, [*order, str(tmp_path / "world"), "--paraphrase", "2"])
    assert made.exit_code == 0, made.output
    make(Order(str(hamlet_file), tmp_path / "same", scale=1.0, seed=3, paraphrase=2))
    assert logs(tmp_path / "world") == logs(tmp_path / "same")
    assert CliRunner().invoke(command, [*order, str(tmp_path / "no"), "--paraphrase", "3"]).exit_code == 2
    with pytest.raises(SettingError, match="no level 3"):
        make(Order(str(hamlet_file), tmp_path / "no", paraphrase=3))
