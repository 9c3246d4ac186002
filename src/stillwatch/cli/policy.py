"""`stillwatch policy`: check rules, keep their versions, move them between stages, replay stored days."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli._group import Whole
from stillwatch.cli._json import print_json
from stillwatch.cli._voice import note
from stillwatch.errors import EXIT_USER, InputError, PolicyError, naming

if TYPE_CHECKING:
    from stillwatch.response.language.policy_file import PolicyFile
    from stillwatch.response.language.rule import Rule

FILE = click.Path(path_type=Path)
STAGES = ("draft", "shadow", "canary", "live", "retired")
DEFAULT = "default"
"""Names the policy that ships with the package, where no file is called so."""
MOST_EXEMPT = 64 * 2**20
"""Bytes of a list of exempt accounts."""
TO = click.option("--to", "state", type=FILE, required=True, help="State folder of the guard.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print it as one JSON document.")
DAYS = click.option(
    "--days", type=click.IntRange(0, 36_500), default=0, help="Only so many of the last days.  [default: all]"
)
EXEMPT = click.option(
    "--exempt", type=FILE, help="File of accounts that a person exempted, by the id to show, one a line."
)


@click.group(cls=Whole)
def command() -> None:
    """Check the rules of a policy, keep their versions, and see whom they would touch before they act."""


def _policy(path: Path) -> PolicyFile:
    from stillwatch.response.language.policy_file import read_policy

    if str(path) == DEFAULT and not path.exists():
        from stillwatch import response

        path = Path(response.__file__).with_name("default.policy")
    return read_policy(path)


@command.command()
@click.argument("file", type=FILE)
@JSON
def check(file: Path, as_json: bool) -> None:
    """Read FILE (or `default`, the policy that ships) and say all that is wrong with it, with line and
    column.

    Exit code 2 where it cannot be used. Warnings say where the limits would hold a rule back.
    """
    from stillwatch.cli._policy_shown import rule_row, show_rules
    from stillwatch.response.language.fault import PolicyFaults

    try:
        found = _policy(file)
    except PolicyFaults as faults:
        if not as_json:
            raise
        print_json({"file": file, "ok": False, "faults": [fault.row() for fault in faults.faults]})
        click.get_current_context().exit(EXIT_USER)
    if as_json:
        warnings = [warning.row() for warning in found.warnings]
        rows = [rule_row(rule) for rule in found.rules]
        print_json({"file": file, "ok": True, "digest": found.digest, "rules": rows, "warnings": warnings})
        return
    show_rules(found)


@command.command()
@click.argument("file", type=FILE)
@JSON
def test(file: Path, as_json: bool) -> None:
    """Try the examples of each rule of FILE. Exit code 2 where one does not hold."""
    from stillwatch.cli._policy_shown import example_row, show_examples
    from stillwatch.response.language.examples import tried

    found = [one for rule in _policy(file).rules for one in tried(rule)]
    if as_json:
        print_json(
            {"file": file, "ok": all(one.holds for one in found), "examples": list(map(example_row, found))}
        )
    else:
        show_examples(found)
    if not all(one.holds for one in found):
        click.get_current_context().exit(EXIT_USER)


@command.command()
@click.argument("file", type=FILE)
@TO
@click.option("--by", required=True, help="Who adds it.")
@click.option("--reason", default="added", show_default=True, help="Why.")
@JSON
def add(file: Path, state: Path, by: str, reason: str, as_json: bool) -> None:
    """Keep a copy of FILE in a state folder; each version of a rule that is new becomes a draft."""
    from stillwatch.cli._policy_shown import move_row
    from stillwatch.response.policy_store import PolicyStore

    found = _policy(file)
    for warning in found.warnings:
        note(str(warning))
    with naming(state):
        moves = PolicyStore(state).add(found, by, reason)
    if as_json:
        print_json({"digest": found.digest, "added": list(map(move_row, moves))})
        return
    for move in moves:
        click.echo(f"{move.rule} {move.version}: draft")
    if not moves:
        click.echo("every rule of the file is there already, in this version")


@command.command("list")
@TO
@click.option("--moves", is_flag=True, help="Every move instead, the oldest first.")
@JSON
def list_(state: Path, moves: bool, as_json: bool) -> None:
    """List the versions of rules in a state folder, and where each stands."""
    from stillwatch.cli._policy_shown import move_row, show_moves, standing_row
    from stillwatch.response.policy_store import PolicyStore

    store = PolicyStore(state)
    if moves:
        found = store.moves()
        rows = list(map(move_row, found))
    else:
        standings = store.standings()
        found = [move for move, _ in standings]
        rows = [standing_row(move, standing) for move, standing in standings]
    if as_json:
        print_json(rows)
    else:
        show_moves(found)


@command.command()
@click.argument("rule")
@click.argument("stage", type=click.Choice(STAGES[1:]))
@TO
@click.option("--share", type=float, help="Canary: the share of accounts on which it acts, as 0.05.")
@click.option("--version", default="", help="Which version, by its first digits.")
@click.option("--by", required=True, help="Who moves it.")
@click.option("--reason", required=True, help="Why.")
@click.option("--settings", type=FILE, help="Settings file (TOML); policy.backtest_days counts.")
@JSON
def promote(
    rule: str,
    stage: str,
    state: Path,
    share: float | None,
    version: str,
    by: str,
    reason: str,
    settings: Path | None,
    as_json: bool,
) -> None:
    """Move RULE to STAGE: shadow, canary, live one step at a time; back to shadow or to retired at any time.

    Live needs examples that hold, and a fresh backtest of this version that touches no more benign accounts
    than its ceiling.
    """
    from stillwatch.cli._policy_shown import move_row
    from stillwatch.response.ladder import Stage
    from stillwatch.response.policy_store import PolicyStore
    from stillwatch.settings import load

    days = load(settings).policy.backtest_days
    with naming(state):
        move = PolicyStore(state).promote(
            rule, Stage(stage), by=by, why=reason, version=version, share=share, backtest_days=days
        )
    if as_json:
        print_json(move_row(move))
    else:
        click.echo(f"{move.rule} {move.version}: {move.stage}{f' {move.share:g}' if move.share else ''}")


@command.command()
@click.argument("given", nargs=-1, required=True, type=FILE, metavar="[FILE] RUN")
@click.option(
    "--to", "state", type=FILE, help="State folder: its rules, where no FILE is given; keeps the result."
)
@DAYS
@EXEMPT
@JSON
def backtest(
    given: tuple[Path, ...], state: Path | None, days: int, exempt: Path | None, as_json: bool
) -> None:
    """Replay the stored days of RUN through the rules of FILE, or of --to: who would be touched, permit
    holders first, as asked and after the limits.
    """
    from stillwatch.cli._policy_shown import show_backtest
    from stillwatch.response.backtests_kept import keep_backtest
    from stillwatch.response.policy_store import PolicyStore
    from stillwatch.response.replay.backtest import backtest as replay

    if len(given) > 2:
        raise click.UsageError("give FILE and RUN, or --to STATE and RUN")
    if len(given) == 1 and state is None:
        raise click.UsageError("give a policy FILE before RUN, or a state folder with --to")
    rules = _policy(given[0]).rules if len(given) == 2 else _standing(state)
    found = replay(given[-1], rules, days=days, exempt=_exempt(exempt)).document
    if state is not None:
        with naming(state):
            found["digest"] = keep_backtest(PolicyStore(state).folder, found)
    if as_json:
        print_json(found)
    else:
        show_backtest(found)


@command.command()
@click.argument("file", type=FILE)
@click.argument("run", type=FILE)
@TO
@DAYS
@EXEMPT
@JSON
def diff(file: Path, run: Path, state: Path, days: int, exempt: Path | None, as_json: bool) -> None:
    """Which accounts of RUN would meet another step if the rules of FILE were live: they take the place of
    live rules with their names, and the other live rules stay.
    """
    from stillwatch.cli._policy_shown import show_difference
    from stillwatch.response.ladder import Stage
    from stillwatch.response.policy_store import PolicyStore
    from stillwatch.response.replay.difference import difference

    standings = PolicyStore(state).standings()
    live = [standing.rule for _, standing in standings if standing.stage is Stage.LIVE]
    rules = _policy(file).rules
    stay = [rule for rule in live if rule.name not in {new.name for new in rules}]
    found = difference(run, live, [*stay, *rules], days=days, exempt=_exempt(exempt))
    if as_json:
        print_json(found)
    else:
        show_difference(found)


def _standing(state: Path | None) -> list[Rule]:
    """The rules of a state folder that are not retired."""
    from stillwatch.response.ladder import Stage
    from stillwatch.response.policy_store import PolicyStore

    assert state is not None
    standings = PolicyStore(state).standings()
    rules = [standing.rule for _, standing in standings if standing.stage is not Stage.RETIRED]
    if not rules:
        raise PolicyError("there is no rule", where=str(state), do="add a policy file: stillwatch policy add")
    return rules


def _exempt(path: Path | None) -> set[str]:
    from stillwatch.small_file import read_small

    if path is None:
        return set()
    data: Any = read_small(
        path, MOST_EXEMPT, what="file of exempt accounts", error=InputError, do="check the path"
    )
    return {line.strip() for line in data.decode("utf-8", "replace").splitlines() if line.strip()}
