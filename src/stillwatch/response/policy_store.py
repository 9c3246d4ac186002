"""Policies in a state folder: versions of rules, their stages, and the policy in force."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from stillwatch.errors import PolicyError
from stillwatch.plain import plain
from stillwatch.response.backtests_kept import BacktestKept, newest_backtest
from stillwatch.response.compiled import CompiledPolicy, Standing
from stillwatch.response.in_force import LOG, InForce
from stillwatch.response.ladder import Stage
from stillwatch.response.language.examples import tried
from stillwatch.response.language.policy_file import PolicyFile
from stillwatch.response.language.rule import Rule
from stillwatch.response.language.rule_call import ACTING
from stillwatch.response.policy_files import kept, policy_kept, rule_of
from stillwatch.response.stage_log import append_moves, read_moves, writing
from stillwatch.response.stages import ALONE, Move, allowed, newest
from stillwatch.run.durable import FOLDER

LONGEST = 500
"""Characters of a name or a reason."""
BACKTEST_DAYS = 7
"""Days for which a backtest counts, where the settings say nothing."""
CEILED = (*ACTING, "review")
"""Kinds of rules that have a ceiling: the others do nothing to anybody."""


class PolicyStore:
    """The folder `policy` of a state."""

    def __init__(self, state: Path, clock: Callable[[], float] = time.time) -> None:
        """state: the state folder; what is missing in it is made by the first change."""
        self.folder = state / "policy"
        self._clock = clock

    @cached_property
    def in_force(self) -> InForce:
        """What gives the policy in force, and counts problems. Raises PolicyError at the first use where what
        stands there cannot be read.
        """
        return InForce(self.folder)

    def current(self) -> CompiledPolicy:
        """Return the policy in force; a change counts within a second. Raises PolicyError at the first call
        as `in_force` does, and never later.
        """
        return self.in_force.current()

    def moves(self) -> list[Move]:
        """Return every move, the oldest first. Raises PolicyError where the log was changed."""
        return read_moves(self.folder / LOG)

    def standings(self) -> list[tuple[Move, Standing]]:
        """Return where each version stands, in the order in which they were added. Raises PolicyError."""
        files: dict[str, PolicyFile] = {}
        found = []
        for move in newest(self.moves()).values():
            if move.file not in files:
                files[move.file] = policy_kept(self.folder, move.file)
            rule = rule_of(files[move.file], move.rule, move.version, str(self.folder))
            found.append((move, Standing(rule, move.stage, move.share, move.at)))
        return found

    def add(self, file: PolicyFile, by: str, why: str) -> list[Move]:
        """Keep a policy file; each version of a rule that is new becomes a draft. Returns the moves."""
        with self._changing() as moves:
            there = newest(moves)
            new = [rule for rule in file.rules if (rule.name, rule.version) not in there]
            made = [self._move(rule.name, rule.version, file.digest, Stage.DRAFT, by, why) for rule in new]
            if made:
                kept(self.folder, file)
                append_moves(self.folder / LOG, made)
            return made

    def promote(
        self,
        name: str,
        stage: Stage,
        *,
        by: str,
        why: str,
        version: str = "",
        share: float | None = None,
        backtest_days: float = BACKTEST_DAYS,
    ) -> Move:
        """Move a version of a rule to a stage.

        version: needed where several could go there. share: of the accounts, for canary. backtest_days: how
        old a backtest may be for live. Raises PolicyError where it may not go there, and why.
        """
        if not (self.folder / LOG).exists():
            raise PolicyError(
                "no policy was ever added here",
                where=str(self.folder),
                do="check the path given to --to, or add a file: stillwatch policy add FILE --to STATE",
            )
        with self._changing() as moves:
            there = newest(moves)
            before = _chosen(there, name, stage, version)
            _shared(stage, share, before)
            rule = rule_of(policy_kept(self.folder, before.file), name, before.version, str(self.folder))
            backtest = self._may(rule, stage, there, backtest_days)
            move = self._move(name, before.version, before.file, stage, by, why, share or 0.0, backtest)
            append_moves(self.folder / LOG, [move])
            return move

    def _may(self, rule: Rule, stage: Stage, there: dict[tuple[str, str], Move], backtest_days: float) -> str:
        """The digest of the backtest that a move to live rests on; raises PolicyError where it has none."""
        if stage not in ALONE:
            return ""
        others = [
            move.version
            for (name, version), move in there.items()
            if name == rule.name and version != rule.version and move.stage is Stage.CANARY
        ]
        if others:
            raise PolicyError(
                f"version {others[0]} of rule {rule.name} is in canary",
                where=rule.name,
                do=f"send it back first: stillwatch policy promote {rule.name} shadow --version {others[0]}",
            )
        _examples_hold(rule, stage)
        if stage is not Stage.LIVE:
            return ""
        found = newest_backtest(self.folder, rule.name, rule.version)
        _tested(rule, found, self._clock(), backtest_days)
        return found.digest if found else ""

    def _move(
        self,
        rule: str,
        version: str,
        file: str,
        stage: Stage,
        by: str,
        why: str,
        share: float = 0.0,
        backtest: str = "",
    ) -> Move:
        return Move(
            rule, version, file, stage, share, _said("by", by), _said("reason", why), self._clock(), backtest
        )

    @contextmanager
    def _changing(self) -> Iterator[list[Move]]:
        for folder in (self.folder.parent, self.folder, self.folder / "files"):
            folder.mkdir(mode=FOLDER, parents=True, exist_ok=True)
        with writing(self.folder):
            yield self.moves()


def _said(what: str, text: str) -> str:
    text = text.strip()
    if not text or len(text) > LONGEST or plain(text) != text:
        raise PolicyError(
            f"{what} is empty, too long, or not on one line",
            where=what,
            do=f"say it in up to {LONGEST} characters",
        )
    return text


def _chosen(there: dict[tuple[str, str], Move], name: str, stage: Stage, version: str) -> Move:
    found = [move for (rule, _), move in there.items() if rule == name]
    if not found:
        known = sorted({rule for rule, _ in there})
        raise PolicyError(
            f"there is no rule {name}",
            where=name,
            do=f"known: {', '.join(known) or 'none; add a file first'}",
        )
    if version:
        found = [move for move in found if move.version.startswith(version)]
    may = [move for move in found if allowed(move.stage, stage)]
    if len(may) == 1:
        return may[0]
    stands = ", ".join(f"{move.version} in {move.stage}" for move in found) or "no such version"
    if may:
        raise PolicyError(
            f"several versions of rule {name} could go to {stage}: {stands}",
            where=name,
            do="say which: --version",
        )
    raise PolicyError(
        f"rule {name} may not go to {stage}: {stands}",
        where=name,
        do="draft, shadow, canary, live: one step at a time; back to shadow or to retired from anywhere",
    )


def _shared(stage: Stage, share: float | None, before: Move) -> None:
    if stage is not Stage.CANARY:
        if share is not None:
            raise PolicyError("only a canary has a share", where="--share", do="leave it out")
        return
    if share is None or not 0.0 < share < 1.0:
        raise PolicyError(
            "a canary needs a share of the accounts between 0 and 1", where="--share", do="add --share 0.05"
        )
    if before.stage is Stage.CANARY and before.share == share:
        raise PolicyError("it has this share already", where="--share", do="give another one")


def _examples_hold(rule: Rule, stage: Stage) -> None:
    found = tried(rule)
    failed = sum(not one.holds for one in found)
    if failed:
        raise PolicyError(
            f"{failed} of {len(found)} examples of rule {rule.name} do not hold",
            where=f"rule {rule.name}, version {rule.version}",
            do="see which: stillwatch policy test FILE",
        )
    if stage is Stage.LIVE and rule.kind in ACTING and not (rule.touches and rule.spares):
        raise PolicyError(
            f"rule {rule.name} has no examples of both kinds",
            where=f"rule {rule.name}, version {rule.version}",
            do="add touches = [case(...)] and spares = [case(...)]",
        )


def _tested(rule: Rule, found: BacktestKept | None, now: float, days: float) -> None:
    where, do = f"rule {rule.name}, version {rule.version}", "stillwatch policy backtest RUN --to STATE"
    if found is None:
        raise PolicyError("this version has no backtest", where=where, do=do)
    age = (now - found.made) / 86_400
    if not -1 <= age <= days:
        raise PolicyError(
            f"the newest backtest of this version is {age:.1f} days old, and may be {days:g}",
            where=where,
            do=do,
        )
    if found.benign_accounts == 0:
        raise PolicyError("its backtest replayed no benign account", where=where, do=do + " with more days")
    if rule.kind in CEILED and found.benign_touched > rule.ceiling:
        raise PolicyError(
            f"its backtest touched {found.benign_touched:,} benign accounts; its ceiling is {rule.ceiling:,}",
            where=where,
            do="narrow its condition; the limits would hold it back, and do not count here",
        )
