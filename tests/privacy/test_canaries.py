"""No word of anybody, no secret and no identity that is not shown by design is in anything that a run leaves:
canaries in every place of every format.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from canaries import SHARERS, accounts, edge, logs, permits
from canary_nest import FRAME, SHOWN, Nest
from click.testing import CliRunner
from searched import Views, hits, spellings, views

from stillwatch.cli import main, program
from stillwatch.registry import FORMATS
from stillwatch.sketch import batch as sketch_module
from stillwatch.sketch.kernel import VERSION

SETTINGS = """
[ingest]
workers = 2
bad_rows_grace = 10000
[campaigns]
industrial_exchanges = 5
[sketch]
template_text = {words}
"""


@dataclass(frozen=True)
class Left:
    """What a run with canaries left."""

    folder: Path
    """Its working folder: run, home, temporary files; the logs lie elsewhere."""
    nest: Nest
    """The canaries."""
    said: Views
    """Output of each command."""

    @property
    def run(self) -> Path:
        return self.folder / "run"

    def everything(self) -> Views:
        return [*views(self.folder), *self.said]


def call(left: Left, *words: object, expect: int = 0, **variables: str) -> None:
    """The real command in a process of its own; what it says, and its log with every step, is kept."""
    private = {name: str(left.folder / name) for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME")}
    for path in private.values():
        Path(path).mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "stillwatch", "-vv", "--log-format", "json", *map(str, words)],
        capture_output=True,
        check=False,
        cwd=left.folder,
        env=os.environ | private | variables,
    )
    left.said.append((f"stdout of {words[0]}", done.stdout))
    left.said.append((f"stderr of {words[0]}", done.stderr))
    assert done.returncode == expect, [place for _, place in found_in(left.said, left.nest)]


def call_here(left: Left, *words: object) -> None:
    """A command that reads no log, in this process."""
    done = CliRunner().invoke(program, [str(word) for word in words])
    assert done.exit_code == 0
    left.said.append((f"{words[0]}", done.output.encode()))


def found_in(found: Views, nest: Nest) -> list[tuple[str, str]]:
    """(where, the place it was planted in) of each canary that is found; the test's own output shows no
    canary.
    """
    return [(where, nest.words[word]) for where, word in hits(found, nest.words)]


def ran(folder: Path, words: str) -> Left:
    """Detect, report and explain over logs with canaries, as a person calls them."""
    given, work = folder / "given", folder / "work"
    given.mkdir()
    work.mkdir()
    left = Left(work, Nest(), [])
    logs(given / "logs", left.nest)
    (given / "settings.toml").write_text(SETTINGS.format(words=words), encoding="utf-8")
    beside = {
        "accounts": accounts(given / "accounts.jsonl", left.nest),
        "edge": edge(given / "edge.jsonl", left.nest),
        "permits": permits(given / "permits.toml", left.nest),
    }
    options = [word for name, path in beside.items() for word in (f"--{name}", path)]
    call(
        left,
        "detect",
        given / "logs",
        *options,
        "--settings",
        given / "settings.toml",
        "--out",
        left.run,
        *(["--json"] if words == "true" else []),
    )
    campaign = pq.read_table(left.run / "campaigns.parquet")["campaign"].to_pylist()[0]
    for asked in (campaign, "shownaccount-1"):
        for more in ([], ["--json"]):
            call_here(left, "explain", left.run, asked, *more)
    call_here(left, "report", left.run, "--json")
    return left


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Left:
    """With the default settings: no words at all."""
    return ran(tmp_path_factory.mktemp("quiet"), "false")


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Left:
    """With words of what enough accounts share."""
    return ran(tmp_path_factory.mktemp("telling"), "true")


@pytest.mark.parametrize("spelling", ["utf-8", "utf-16-le", "utf-16-be"])
def test_the_search_finds_what_is_there(tmp_path: Path, spelling: str) -> None:
    """Written in each of its spellings, plain and inside Parquet: in a value, a list, a struct, a name of a
    column, the metadata.
    """
    nest = Nest()
    word = nest.id("control")
    for place, written in enumerate(sorted(spellings(word))):
        folder = tmp_path / str(place)
        folder.mkdir()
        (folder / "file").write_bytes(b"before " + written + b" after")
        assert hits(views(folder), [word]), written
    (tmp_path / "encoded").write_bytes(f"xx{word.upper()}yy".encode(spelling))
    assert ("encoded", word) in hits(views(tmp_path), [word])


@pytest.mark.parametrize("place", ["value", "list", "struct", "bytes", "name", "metadata"])
def test_the_search_reads_parquet(tmp_path: Path, place: str) -> None:
    word = Nest().id(place)
    written: dict[str, Any] = {
        "value": word,
        "list": [["a", word]],
        "struct": {"a": word},
        "bytes": word.encode(),
    }
    table = pa.table({word if place == "name" else "c": pa.array([written.get(place, "nothing")] * 50)})
    pq.write_table(
        table.replace_schema_metadata({"a": word} if place == "metadata" else None),
        tmp_path / "t.parquet",
        compression="zstd",
    )
    assert hits(views(tmp_path), [word])
    assert hits(views(tmp_path), [Nest().id("another")]) == []


UNBROKEN = {"canary_generic.parquet", "canary_spend.parquet", "canary_open_webui_chats.json"}
"""Files without a row that is lost: a cell that cannot be read costs the field, and a document has no line."""


def test_every_format_was_read_and_had_bad_rows(quiet: Left) -> None:
    inputs = json.loads((quiet.run / "run.json").read_text(encoding="utf-8"))["inputs"]
    assert {item["format"] for item in inputs} == set(FORMATS.all())
    for item in inputs:
        # Scores hold no call; where one call has several rows, the rows of a sample are told twice of one.
        least = 0 if item["format"] == "langfuse_scores" else 1 if FORMATS.all()[item["format"]].gather else 2
        assert item["rows"] >= least, item
    bad = Counter(row["file"] for row in pq.read_table(quiet.run / "quarantine.parquet").to_pylist())
    assert {item["file"] for item in inputs} - UNBROKEN <= set(bad)
    assert len(quiet.nest.words) > 1_000


@pytest.mark.parametrize("kind", ["quiet", "telling"])
def test_what_is_shown_by_design_is_found(kind: str, request: pytest.FixtureRequest) -> None:
    """The negative control: a search that finds these would find the others."""
    left: Left = request.getfixturevalue(kind)
    assert {word for _, word in hits(views(left.run), SHOWN)} == set(SHOWN)


@pytest.mark.parametrize("kind", ["quiet", "telling"])
def test_no_canary_is_left_anywhere(kind: str, request: pytest.FixtureRequest) -> None:
    left: Left = request.getfixturevalue(kind)
    assert Counter(found_in(left.everything(), left.nest)) == {}


def test_words_are_shown_only_where_asked_for_and_shared(quiet: Left, telling: Left) -> None:
    start = " ".join(FRAME.split()[:5])
    assert hits(quiet.everything(), [start]) == []
    assert {where for where, _ in hits(views(telling.run), [start])} >= {"labels.parquet decoded"}
    users = [
        row
        for row in pq.read_table(telling.run / "accounts.parquet").to_pylist()
        if row["account_id"].startswith("sharer-")
    ]
    assert len(users) == SHARERS


def test_compiled_kernels_hold_no_canary(telling: Left) -> None:
    """What numba keeps beside the source is code."""
    caches = [
        path for path in Path(sketch_module.__file__).parent.rglob(f"*{VERSION}*.nb?") if path.is_file()
    ]
    assert caches
    assert found_in([(path.name, path.read_bytes()) for path in caches], telling.nest) == []


MISTAKES: dict[str, tuple[int, str]] = {
    "a log as mapping": (2, "detect {log} --format generic --mapping {log} --out new"),
    "a log as settings": (2, "detect {log} --settings {log} --out new"),
    "a log as permits": (2, "detect {log} --permits {log} --out new"),
    "a log as releases": (2, "detect {log} --releases {log} --out new"),
    "a log as networks": (2, "detect {log} --networks {log} --out new"),
    "a log as accounts": (2, "detect {log} --accounts {spans} --out new"),
    "a log as edge": (2, "detect {log} --edge {spans} --out new"),
    "the wrong format": (2, "detect {log} --format langfuse_observations --out new"),
    "no format": (2, "detect {unknown} --out new"),
    "too many bad rows": (3, "detect {log} --settings {strict} --out new"),
    "a cut Parquet file": (2, "detect {cut} --out new"),
    "wrong types in Parquet": (3, "detect {odd} --format generic --settings {strict} --out new"),
    "wrong types beside": (2, "detect {log} --accounts {odd} --settings {loose} --out new"),
    "a log as a run": (2, "report {logs}"),
    "a stranger": (2, "explain {run} C999"),
    "a stranger to forget": (2, "forget nobody --run {run}"),
}


@pytest.fixture(scope="module")
def faulty(quiet: Left, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files that provoke errors, with canaries."""
    folder, given = tmp_path_factory.mktemp("faulty"), quiet.folder.parent / "given"
    nest, whole = quiet.nest, (given / "logs" / "canary_spend.parquet").read_bytes()
    texts = {
        "unknown": json.dumps({nest.id("unknown key"): nest("unknown value")}),
        "strict": "[ingest]\nmax_bad_share = 0.001\nbad_rows_grace = 0\n",
        "loose": SETTINGS.format(words="false"),
    }
    paths = {name: folder / f"{name}.jsonl" for name in texts}
    for name, text in texts.items():
        paths[name].write_text(text, encoding="utf-8")
    paths |= {
        "cut": folder / "cut.parquet",
        "odd": folder / "odd.parquet",
        "run": quiet.run,
        "logs": given / "logs",
    }
    paths |= {"log": given / "logs" / "canary_openai.jsonl", "spans": given / "logs" / "canary_otel.jsonl"}
    paths["cut"].write_bytes(whole[: len(whole) // 2])
    odd = [
        {
            "account_id": {"a": nest("odd account")},
            "time": [nest("odd time")],
            "messages": {"b": nest("odd messages")},
            "request_id": nest.id("odd request").encode(),
        }
    ] * 3
    pq.write_table(pa.Table.from_pylist(odd), paths["odd"])
    return paths


@pytest.mark.parametrize("name", list(MISTAKES))
def test_a_mistake_shows_no_canary(
    name: str,
    quiet: Left,
    faulty: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    code, words = MISTAKES[name]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "sys.argv", ["stillwatch", *(word.format(**faulty) for word in words.split()), "--json"]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capfd.readouterr()
    assert found_in([("stdout", out.encode()), ("stderr", err.encode()), *views(tmp_path)], quiet.nest) == []
    assert ended.value.code == code
    assert list(tmp_path.iterdir()) == []


CRASH = """
import os
import stillwatch.pipeline.read_logs as read_logs

def crash(batch, *rest):
    words = str(batch.column("messages").to_pylist())
    if os.environ["CRASH"] == "killed":
        os.kill(os.getpid(), 9)
    raise ValueError(words) from KeyError(words)

if os.environ.get("CRASH"):
    read_logs.sketch = crash
"""


@pytest.mark.parametrize(
    ("kind", "code"), [pytest.param("raised", 1, marks=pytest.mark.thorough), ("killed", 2)]
)
def test_a_crash_in_the_middle_shows_no_canary(quiet: Left, tmp_path: Path, kind: str, code: int) -> None:
    """A fault of our own while a batch of prompts is at hand, in a worker process: its text, which is the
    prompts, stays out of sight.
    """
    (tmp_path / "work").mkdir()
    (tmp_path / "sitecustomize.py").write_text(CRASH, encoding="utf-8")
    left = Left(tmp_path / "work", quiet.nest, [])
    given = quiet.folder.parent / "given"
    call(
        left,
        "detect",
        given / "logs",
        "--settings",
        given / "settings.toml",
        "--out",
        left.run,
        expect=code,
        CRASH=kind,
        PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
    )
    told = b"".join(data for _, data in left.said)
    assert b"fault of Stillwatch itself: ValueError" in told or kind == "killed"
    assert found_in(left.everything(), left.nest) == []
    assert not left.run.exists()
