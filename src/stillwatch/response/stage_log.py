"""The log of moves: JSON lines that are only appended, each with the hash of the one before."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stillwatch.errors import PolicyError
from stillwatch.iso_time import iso
from stillwatch.response.ladder import Stage
from stillwatch.response.stages import Move
from stillwatch.run.durable import FILE, sync

FIRST = "0" * 64
"""Stands in the first line for the hash of a line before."""
PATIENCE = 10.0
"""Seconds that a writer waits for another."""
MEND = "restore the folder from a copy; nothing else may write into it"


def read_moves(path: Path) -> list[Move]:
    """Return all moves, the oldest first; none where there is no file. A last line that was cut off while it
    was written is none. Raises PolicyError where a line is not what was written.
    """
    return [_move(document) for document in _documents(_whole(path), path)]


def append_moves(path: Path, moves: Sequence[Move]) -> None:
    """Append moves, all of them or none. The caller holds the lock. Raises PolicyError and OSError."""
    before = _whole(path)
    lines = before.splitlines()
    for _ in _documents(before, path):
        pass
    last = hashlib.sha256(lines[-1]).hexdigest() if lines else FIRST
    written = b""
    for number, move in enumerate(moves, len(lines) + 1):
        line = json.dumps({"number": number, **_document(move), "before": last}).encode()
        last = hashlib.sha256(line).hexdigest()
        written += line + b"\n"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, FILE)
    try:
        os.ftruncate(handle, len(before))  # what was cut off goes
        try:
            if os.pwrite(handle, written, len(before)) != len(written):
                raise OSError(28, "no room left", str(path))
            os.fsync(handle)
        except BaseException:
            os.ftruncate(handle, len(before))
            raise
    finally:
        os.close(handle)
    sync(path.parent)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """The right to write, one process and thread at a time. Raises PolicyError where another keeps it."""
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, FILE)
    try:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise PolicyError(
                        "another process is changing the policy; nothing was changed",
                        where=str(folder),
                        do="try again",
                    ) from None
                time.sleep(0.01)
        yield
    finally:
        os.close(handle)


def _whole(path: Path) -> bytes:
    """The lines that were written to their end."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return b""
    return data[: data.rfind(b"\n") + 1]


def _documents(data: bytes, path: Path) -> Iterator[dict[str, Any]]:
    last = FIRST
    for number, line in enumerate(data.splitlines(), 1):
        try:
            document = json.loads(line)
            sound = document["number"] == number and document["before"] == last
        except (ValueError, KeyError, TypeError, RecursionError):
            sound = False
        if not sound:
            raise PolicyError(
                "the log of moves was changed by something else", where=f"{path}, line {number}", do=MEND
            )
        last = hashlib.sha256(line).hexdigest()
        yield document


def _document(move: Move) -> dict[str, Any]:
    return {
        "at": iso(datetime.fromtimestamp(move.at, UTC)),
        "rule": move.rule,
        "version": move.version,
        "file": move.file,
        "stage": str(move.stage),
        "share": move.share,
        "by": move.by,
        "why": move.why,
        "backtest": move.backtest,
    }


def _move(document: dict[str, Any]) -> Move:
    try:
        return Move(
            rule=str(document["rule"]),
            version=str(document["version"]),
            file=str(document["file"]),
            stage=Stage(document["stage"]),
            share=float(document["share"]),
            by=str(document["by"]),
            why=str(document["why"]),
            at=datetime.fromisoformat(document["at"]).timestamp(),
            backtest=str(document["backtest"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise PolicyError("a line of the log of moves is not whole", where=str(error), do=MEND) from error
