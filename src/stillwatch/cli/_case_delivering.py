"""The commands of `stillwatch case` that tell others: deliver, deliveries."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli._case_door import KEY, the_door
from stillwatch.cli._case_store import DB, FILE, JSON, REASON, SETTINGS, changes, opened
from stillwatch.cli._group import Whole
from stillwatch.cli._json import print_json
from stillwatch.cli._voice import note
from stillwatch.plain import plain

if TYPE_CHECKING:
    from stillwatch.cases.outbox.deliverer import Passed
    from stillwatch.cases.outbox.delivery import Delivery
    from stillwatch.errors import StillwatchError

CHANNELS = click.option(
    "--channels",
    "channels_file",
    type=FILE,
    envvar="STILLWATCH_CHANNELS",
    help="File of channels: TOML; also $STILLWATCH_CHANNELS. Without one nothing is sent.",
)
MESSAGE = click.argument("message", type=click.IntRange(min=1), metavar="MESSAGE")
CHANNEL = click.option("--channel", metavar="NAME", help="Only on this channel.")
NONE = "no channel is configured, so nothing is sent: name a file with --channels or $STILLWATCH_CHANNELS"


@click.command()
@DB
@CHANNELS
@SETTINGS
@KEY
@click.option(
    "--watch", is_flag=True, help="Go on until stopped; the file of channels is read anew each time."
)
@click.option("--check", is_flag=True, help="Only read the file, and say which channels it has.")
@JSON
def deliver(
    db: str,
    channels_file: Path | None,
    settings_file: Path | None,
    appeal_key: Path | None,
    watch: bool,
    check: bool,
    as_json: bool,
) -> None:
    """Send the messages about cases that are due, and tell of deadlines that have passed.

    A message is sent at least once to each channel that wants it, and again with the same id where nobody
    knows whether it came through. What fails is sent again, later and later; what fails too often is a dead
    letter: see `case deliveries`. Several may deliver at the same time. Links of notices are filled in for
    webhooks, and stored nowhere; this needs --settings with cases.appeal_url, and the key of appeal links.
    """
    from stillwatch.cases.outbox.channels_file import read_channels

    channels = read_channels(channels_file)
    if check:
        if as_json:
            print_json(
                [{"name": one.name, "form": one.form, "topics": one.topics} for one in channels.channels]
            )
        for one in () if as_json else channels.channels:
            click.echo(plain(f"{one.shown}, topics {' '.join(one.topics)}"))
        if not channels.channels:
            note(NONE)
        return
    if not channels.channels:
        note(NONE)
    if watch:
        _watch(db, channels_file, settings_file, appeal_key, as_json)
        return
    with the_door(db, None, appeal_key, settings_file) as door:
        _say(door.cases.outbox.deliver(channels, fill=door.filled), as_json)


@click.group(cls=Whole)
def deliveries() -> None:
    """Messages about cases, and what became of each on each channel."""


@deliveries.command("list")
@DB
@click.option("--state", metavar="STATE", help="Only waiting, sending, delivered, dead or dropped ones.")
@CHANNEL
@click.option("--case", "number", type=click.IntRange(min=1), help="Only those about this case.")
@JSON
def list_deliveries(
    db: str, state: str | None, channel: str | None, number: int | None, as_json: bool
) -> None:
    """List deliveries, the newest first; dead ones wait for a person."""
    from stillwatch.cases.outbox.outbox import checked_state

    wanted = None if state is None else checked_state(state.lower())
    with opened(db) as cases:
        _list(cases.outbox.deliveries(wanted, channel=channel, case=number), as_json)


@deliveries.command("show")
@MESSAGE
@DB
@JSON
def show_delivery(message: int, db: str, as_json: bool) -> None:
    """Show a message: what it says, what became of it on each channel, and what people did with it."""
    with opened(db) as cases:
        found, body, logged = cases.outbox.show(message)
    if as_json:
        print_json(
            {
                "deliveries": [one.document() for one in found],
                "body": body,
                "log": [one.document() for one in logged],
            }
        )
        return
    _list(found, as_json=False)
    for name, value in sorted(body.items()):
        click.echo(plain(f"  {name}: {value}"))
    for row in (one.document() for one in logged):
        click.echo(
            plain(f"  {row['time'][:19]}Z  {row['by']}  {row['did']} ({row['channel']}): {row['reason']}")
        )


@deliveries.command("again")
@MESSAGE
@CHANNEL
@REASON
@changes
def send_again(message: int, channel: str | None, reason: str, by: str, db: str, as_json: bool) -> None:
    """Send a message anew that was given up; its id stays the same. The log says who wanted it and why."""
    with opened(db) as cases:
        _list(cases.outbox.again(message, channel, by=by, reason=reason), as_json)


@deliveries.command("drop")
@MESSAGE
@CHANNEL
@REASON
@changes
def drop_delivery(message: int, channel: str | None, reason: str, by: str, db: str, as_json: bool) -> None:
    """Give a message up for good. The log says who did and why."""
    with opened(db) as cases:
        _list(cases.outbox.drop(message, channel, by=by, reason=reason), as_json)


VERBS = (deliver, deliveries)


def _watch(
    db: str, channels_file: Path | None, settings_file: Path | None, appeal_key: Path | None, as_json: bool
) -> None:
    from stillwatch.cases.outbox.deliverer import Deliverer
    from stillwatch.errors import StillwatchError

    def said(found: Passed | StillwatchError) -> None:
        if isinstance(found, StillwatchError):
            note(str(found))
        elif found.told or found.going or found.delivered or found.failed or found.dead:
            _say(found, as_json)

    with the_door(db, None, appeal_key, settings_file) as door:
        deliverer = Deliverer(db, channels_file, fill=door.filled, said=said)
        deliverer.start()
        try:
            threading.Event().wait()
        finally:
            deliverer.stop()


def _say(found: Passed, as_json: bool) -> None:
    if as_json:
        print_json(found.document())
        return
    click.echo(
        f"{found.delivered} delivered, {found.failed} to be sent again, {found.dead} given up; "
        f"{found.going} new messages, {found.nowhere} that no channel wants"
    )
    if found.dead:
        note("see `stillwatch case deliveries list --state dead`")


def _list(found: list[Delivery], as_json: bool) -> None:
    if as_json:
        print_json([one.document() for one in found])
        return
    for row in (one.document() for one in found):
        about = f", case {row['case']}" if row["case"] else ""
        said = f": {row['said']}" if row["said"] else ""
        where = f"{row['channel'] or 'no channel'}  {row['state']}  {row['attempts']} attempts"
        click.echo(plain(f"{row['message']:>6}  {row['topic']}{about}  {where}{said}"))
    if not found:
        click.echo("no such delivery")
