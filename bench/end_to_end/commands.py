"""Runs the real commands in this process."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from typing import Any

from stillwatch.cli import program


def said(*words: Any) -> Any:
    """Run a command with --json; returns what it printed. Ends the program where the command fails."""
    out = io.StringIO()
    line = [str(word) for word in (*words, "--json")]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()) as err:
        code = program.main(line, standalone_mode=False) or 0
    if code:
        raise SystemExit(f"stillwatch {' '.join(line)}: exit code {code}\n{out.getvalue()}{err.getvalue()}")
    return json.loads(out.getvalue())


def step(text: str) -> None:
    """Say what is being done."""
    print(f"- {text}", file=sys.stderr, flush=True)
