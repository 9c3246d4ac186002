"""`stillwatch guard`: publish what was found to the gateway, and decide over it."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

import click

from stillwatch.cli._group import Whole
from stillwatch.cli._guard_envoy import envoy
from stillwatch.cli._guard_explain import explain
from stillwatch.cli._guard_people import VERBS
from stillwatch.cli._guard_serve import serve
from stillwatch.cli._json import print_json
from stillwatch.errors import EXIT_CHANGED
from stillwatch.plain import plain

STATE = click.Path(path_type=Path, file_okay=False)


@click.group(cls=Whole)
def command() -> None:
    """Act on campaigns at the gateway: publish runs, exempt, permit, hold, undo."""


for _verb in (*VERBS, serve, envoy, explain):
    command.add_command(_verb)


@command.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--to", "state", required=True, type=STATE, help="The state; it is made if it is not there.")
@click.option(
    "--expires", type=float, default=48.0, show_default=True, metavar="HOURS", help="Hours until it is stale."
)
@click.option(
    "--keep",
    type=click.FloatRange(min=0),
    default=24.0,
    show_default=True,
    metavar="HOURS",
    help="Hours that files of earlier snapshots are kept.",
)
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Seconds to wait for another publisher.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was published as JSON.")
def publish(run: Path, state: Path, expires: float, keep: float, wait: float, as_json: bool) -> None:
    """Publish RUN as the newest snapshot of a state: guards that read it take it up within a second.

    The first time, the state's keys are made. Accounts stand in it under a keyed hash only.
    """
    from stillwatch.cli._publishing import sentence
    from stillwatch.guard.publish import publish as published

    made = published(run, state, expires_h=expires, keep_h=keep, wait_s=wait)
    if as_json:
        print_json(asdict(made))
    else:
        click.echo(sentence(made))


@command.command()
@click.argument("state", type=STATE)
@click.option("--verify", is_flag=True, help="Check numbers, chain, hashes and signatures of all entries.")
@click.option("--head", metavar="HASH", help="With --verify: a hash kept elsewhere, which must be in it.")
@click.option("--json", "as_json", is_flag=True, help="Print the entries, or what was checked, as JSON.")
@click.pass_context
def journal(context: click.Context, state: Path, verify: bool, head: str | None, as_json: bool) -> None:
    """Show what people decided, the oldest first.

    With --verify the exit code is 0 where every entry holds, else 5. That the newest entries are missing
    shows only with --head.
    """
    from stillwatch.guard.journal import Journal
    from stillwatch.guard.state_folder import state_at
    from stillwatch.guard.state_keys import verifier

    folder = state_at(state)
    with Journal(folder.journal, verifier(folder.keys)) as opened:
        if verify or head is not None:
            found = opened.verify()
            lost = head is not None and head not in {entry.hash for entry in opened.entries()}
            fault = found.fault or ("no entry has the hash given with --head" if lost else "")
            if as_json:
                print_json({**asdict(found), "fault": fault, "holds": not fault})
            else:
                held = f"{found.entries:,} entries hold, the last is {found.head}"
                click.echo(plain(f"{held}; {fault}" if fault else held))
            context.exit(EXIT_CHANGED if fault else 0)
        told = [entry.document() for entry in opened.entries()]
    if as_json:
        print_json(told)
        return
    for row in told:
        until = f" until {row['expires']}" if row["expires"] else ""
        click.echo(
            plain(
                f"{row['seq']:>6}  {row['time'][:19]}Z  {row['kind']:<7} {row['subject']}{until}  "
                f"{row['actor']}: {row['reason']}"
            )
        )


@command.command()
@click.argument("state", type=STATE)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(state: Path, as_json: bool) -> None:
    """Say what STATE holds: the snapshot in use, whether it is stale, what the journal says, and what is
    wrong.
    """
    from stillwatch.guard.published import PublishedState
    from stillwatch.guard.state_folder import state_at
    from stillwatch.guard.status import status_of

    state_at(state)
    published = PublishedState(state, watch=False)
    document = status_of(published, time.time())
    published.close()
    if as_json:
        print_json(document)
        return
    for title, value in document.items():
        lines = value if isinstance(value, dict) else {"": value}
        shown = ", ".join(f"{name} {one}".strip() for name, one in lines.items())
        click.echo(plain(f"{title:<10} {shown or 'none'}"))
