"""The policy of the guard: rules, their stages, shadow against live, and who would be touched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
import numpy as np

from stillwatch.console.act import Act
from stillwatch.console.done import Done
from stillwatch.console.guard_seen.limits_said import NEVER
from stillwatch.console.guard_seen.recent import MOST, by_rule
from stillwatch.console.guard_seen.state import StateSeen, state_seen, state_there
from stillwatch.console.jobs import begin, job_of
from stillwatch.console.page import Page
from stillwatch.console.policy_tables import (
    COUNTS,
    KINDS,
    MOVES,
    RULES,
    TOUCHED,
    move_rows,
    rule_rows,
    touched_rows,
)
from stillwatch.console.role import Role
from stillwatch.console.run_called import run_called
from stillwatch.console.runs_asked import choices, run_id, run_there
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Rows, Shown
from stillwatch.errors import PolicyError
from stillwatch.guard.moments import seconds_of
from stillwatch.response.backtests_kept import keep_backtest, newest_document
from stillwatch.response.compiled import Standing
from stillwatch.response.ladder import Stage
from stillwatch.response.policy_files import policy_kept
from stillwatch.response.replay.backtest import backtest
from stillwatch.response.stages import Move, allowed
from stillwatch.run.reading import Run

MOST_MOVES = 100
JOB = "backtest"


class StageFields(msgspec.Struct):
    """Where a version of a rule is to go, and why."""

    version: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    stage: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    share: Annotated[float, msgspec.Meta(gt=0, lt=1)] | None = None


class BacktestFields(msgspec.Struct):
    """The run that rules are tried on, and how many of its last days; 0: all."""

    run: Annotated[str, msgspec.Meta(max_length=200)] = ""
    days: Annotated[int, msgspec.Meta(ge=0, le=36_500)] = 0


def policy(seen: Seen) -> Shown:
    """Return the rules of the state's policy, what they did of late, and whom they would touch."""
    state = state_seen(seen.doors)
    if state is None:
        return Shown("policy.html", {"state": None}, {})
    store = state.policy
    standings = state.standings()
    recent = state.recent.rows()
    counts = state.recent.made("by rule", by_rule)
    kept = newest_document(store.folder)
    document, digest = kept if kept else ({}, "")
    job = job_of(f"{JOB} {state.folder.path}")
    moves = store.moves()
    tables = {
        "rules": Rows(RULES, rule_rows(standings, counts), "Rules, each version with its stage"),
        "counts": Rows(COUNTS, counts, "What rules did and would have done, by day"),
        "touched": Rows(TOUCHED, touched_rows(document), "Whom each rule would touch, by kind of customer"),
        "moves": Rows(MOVES, move_rows(moves[-MOST_MOVES:]), "Moves of rules, the newest first", len(moves)),
    }
    values = {
        "state": state.folder.path.name,
        "digest": store.current().digest,
        "window": {
            "decisions": len(recent),
            "since": recent[-1].at if recent else None,
            "whole": len(recent) < MOST,
        },
        "backtest": _backtest(document, digest, standings),
        "job": None
        if job is None
        else {"what": job.what, "by": job.by, "began": job.began, "ended": job.ended, "fault": job.fault},
        "never": list(NEVER),
    }
    parts = {
        "choices": choices(seen.doors),
        "kinds": KINDS,
        "sources": _sources(state, standings),
        "next_stages": {
            f"{move.rule} {move.version}": [str(stage) for stage in Stage if allowed(move.stage, stage)]
            for move, _standing in standings
        },
    }
    return Shown("policy.html", values, tables, parts)


def move_rule(seen: Seen, fields: StageFields) -> Done:
    """Move a version of a rule to another stage."""
    state = state_there(seen.doors)
    try:
        stage = Stage(fields.stage)
    except ValueError as error:
        raise PolicyError(
            "there is no such stage", where="stage", do=f"choose {', '.join(map(str, Stage))}"
        ) from error
    move = state.policy.promote(
        str(seen.path["rule"]),
        stage,
        by=seen.user.name,
        why=fields.reason,
        version=fields.version,
        share=fields.share,
        backtest_days=seen.doors.settings.policy.backtest_days,
    )
    said = f"Rule {move.rule}, version {move.version}, is in {move.stage} now."
    return Done("/policy", said, {"rule": move.rule, "version": move.version, "stage": str(move.stage)})


def try_rules(seen: Seen, fields: BacktestFields) -> Done:
    """Replay stored days of a run through the rules; the result is kept in the state."""
    state = state_there(seen.doors)
    run = run_there(seen.doors, fields.run)
    rules = [one.rule for _move, one in state.standings() if one.stage is not Stage.RETIRED]
    if not rules:
        raise PolicyError(
            "there is no rule to try", where="the policy", do="add one: stillwatch policy add FILE --to STATE"
        )

    def work() -> None:
        exempt = set(exempted(state, run))
        document = backtest(run.folder, rules, days=fields.days, exempt=exempt).document
        keep_backtest(state.policy.folder, document)

    begin(f"{JOB} {state.folder.path}", f"A backtest on {run_called(run.folder.name)}", seen.user.name, work)
    return Done("/policy#touched", "The backtest has begun; its result is shown here.", {"run": run_id(run)})


def exempted(state: StateSeen, run: Run) -> Iterable[str]:
    """Return the ids of a run's accounts that a person exempted, or whose appeal was upheld."""
    now = state.published.overlay
    keys = [key for key, found in now.accounts.items() if any(one.exempts for one in found)]
    if not keys:
        return []
    ids = [str(one) for one in run.table("accounts", ["account_id"])["account_id"].to_pylist()]
    found = np.frombuffer(state.lookup.accounts(ids), dtype="<u8")
    return [ids[place] for place in np.flatnonzero(np.isin(found, np.array(keys, dtype="<u8")))]


def _backtest(
    document: dict[str, Any], digest: str, standings: list[tuple[Move, Standing]]
) -> dict[str, Any] | None:
    if not document:
        return None
    tried = {(row["rule"], row["version"]) for row in document["rules"]}
    untried = [
        f"{move.rule} {move.version}"
        for move, one in standings
        if one.stage is not Stage.RETIRED and (move.rule, move.version) not in tried
    ]
    return {
        "made": seconds_of(document["made"]),
        "run": document["run"]["id"],
        "days": document["days"],
        "accounts": document["accounts"],
        "exchanges": document["exchanges"],
        "digest": digest,
        "untried": untried,
    }


def _sources(state: StateSeen, standings: list[tuple[Move, Standing]]) -> list[dict[str, Any]]:
    """The policy files of rules that are not retired, line by line."""
    used: dict[str, dict[int, str]] = {}
    for move, one in standings:
        if one.stage is not Stage.RETIRED:
            used.setdefault(move.file, {})[one.rule.line] = f"{move.rule} {move.version}"
    return [
        {
            "digest": digest,
            "lines": [
                {"number": number, "text": text, "rule": begins.get(number, "")}
                for number, text in enumerate(policy_kept(state.policy.folder, digest).text.splitlines(), 1)
            ],
        }
        for digest, begins in used.items()
    ]


PAGES = (Page("/policy", "Policy", Role.VIEWER, policy, menu=7),)
ACTS = (
    Act("/policy/rules/{rule}/stage", "Move a rule to another stage", Role.APPROVER, StageFields, move_rule),
    Act("/policy/backtest", "Try the rules on a run", Role.ANALYST, BacktestFields, try_rules),
)
