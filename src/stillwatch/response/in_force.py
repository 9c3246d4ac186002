"""The policy in force: compiled from a state folder, kept, and made anew soon after something moved."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from stillwatch.errors import StillwatchError
from stillwatch.response.compiled import EMPTY, IN_FORCE, CompiledPolicy, Standing
from stillwatch.response.language.policy_file import PolicyFile
from stillwatch.response.policy_files import policy_kept, rule_of
from stillwatch.response.stage_log import read_moves
from stillwatch.response.stages import newest

LOOK_S = 0.5
"""Seconds after which the folder is looked at again."""
LOG = "stages.jsonl"


class InForce:
    """Gives the policy in force. A change that cannot be read leaves the one before in force and is counted
    as a problem. May be used by several threads at once.
    """

    def __init__(self, folder: Path) -> None:
        """folder: policy/ of a state. Raises PolicyError where what stands there cannot be read: a guard does
        not begin with half a policy.
        """
        self._folder = folder
        self._lock = threading.Lock()
        self._files: dict[str, PolicyFile] = {}
        self._mark = self._seen()
        self._policy = self._read()
        self._next = time.monotonic() + LOOK_S
        self.problems = 0
        """Changes that could not be read, so far."""
        self.problem = ""
        """What is wrong now; empty if nothing is."""

    def current(self) -> CompiledPolicy:
        """Return the policy in force."""
        now = time.monotonic()
        if now >= self._next and self._lock.acquire(blocking=False):
            try:
                self._next = now + LOOK_S
                self._look()
            finally:
                self._lock.release()
        return self._policy

    def _look(self) -> None:
        try:
            mark = self._seen()
            if mark == self._mark and not self.problem:
                return
            self._mark = mark
            if mark is None:
                raise FileNotFoundError(2, "the log of moves is gone", str(self._folder / LOG))
            self._policy = self._read()
            self.problem = ""
        except (StillwatchError, OSError) as error:
            # While one problem lasts it is looked at again and again, and is one.
            if str(error) != self.problem:
                self.problems += 1
            self.problem = str(error)

    def _seen(self) -> tuple[int, int, int] | None:
        """What tells the log from itself after a change; None where there is none."""
        try:
            found = (self._folder / LOG).stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _read(self) -> CompiledPolicy:
        moves = [move for move in newest(read_moves(self._folder / LOG)).values() if move.stage in IN_FORCE]
        if not moves:
            return EMPTY
        wanted = {move.file for move in moves}
        self._files = {
            digest: self._files.get(digest) or policy_kept(self._folder, digest) for digest in wanted
        }
        return CompiledPolicy(
            Standing(
                rule_of(self._files[move.file], move.rule, move.version, str(self._folder)),
                move.stage,
                move.share,
                move.at,
            )
            for move in moves
        )
