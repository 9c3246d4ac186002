"""`stillwatch guard explain`: what would happen to an account now, why, and since when."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from stillwatch.cli._json import print_json
from stillwatch.plain import plain


@click.command()
@click.argument("account")
@click.option("--state", required=True, type=click.Path(path_type=Path, file_okay=False), help="The state.")
@click.option("--model", default="", help="The model that it would ask; permits and rules may look at it.")
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the run shows pseudonyms: its key file, to give the provider's own id.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def explain(account: str, state: Path, model: str, key_file: Path | None, as_json: bool) -> None:
    """Say what would happen to ACCOUNT now, why, since when, and what was decided about it last.

    Nothing is done and nothing is recorded. Budgets count as unspent.
    """
    from stillwatch.guard.explained import asked, explained
    from stillwatch.guard.published import PublishedState
    from stillwatch.guard.state_folder import state_at
    from stillwatch.key_file import secret_of
    from stillwatch.response.policy_store import PolicyStore

    folder = state_at(state)
    published = PublishedState(state, pseudonyms=secret_of(key_file) if key_file else None, watch=False)
    try:
        request = asked(account, model)
        found = explained(published, PolicyStore(state).current, request, folder.records, time.time())
    finally:
        published.close()
    told = found.document(request)
    if as_json:
        print_json(told)
        return
    for line in _lines(told):
        click.echo(plain(line))


def _lines(told: dict[str, Any]) -> list[str]:
    done = {"allow": "would be served", "deny": "would be refused (403)", "wait": "would have to wait (429)"}
    said, does = told["said"]["step"], told["action"]["step"]
    lines = [f"{told['account_id']}: {done.get(told['answer'], 'would be put off (503)')}, step {does}"]
    if not told["known"]:
        lines.append("neither snapshot nor journal has this account")
    elif not told["campaign"]:
        lines.append("campaign  none that the run lists")
    if told["campaign"]:
        lines.append(
            f"campaign  {told['campaign']}, {told['verdict']}, {told['role'] or 'no role'}; "
            f"tier {told['tier'] or 'none'} since {told['since'] or 'unknown'}"
        )
    lines.append(f"permit    {told['permission']}{': ' + told['permit'] if told['permit'] else ''}")
    if told["exempt"] or told["held"]:
        lines.append(
            f"cleared   by {told['cleared_by']} of the journal ({'exempt' if told['exempt'] else 'held'})"
        )
    for title, name in (("acts", "rules"), ("shadow", "shadow")):
        for rule in told[name]:
            lines.append(f"{title:<9} {rule['rule']} {rule['version']}, {rule['stage']}: {rule['step']}")
    if told["held_back"]:
        lines.append(f"held back {said} is asked for and not done: {told['held_back']}")
    if told["review"]:
        lines.append(f"review    asked for by {', '.join(told['review'])}")
    if told["stale"]:
        lines.append(
            "stale     the state is too old or cannot be followed; with failure = open nothing is done"
        )
    for row in told["recorded"]:
        lines.append(f"{row['time'][:19]}Z  {row['id']}  {row['answer']}, {row['action']['step']}")
    if not told["recorded"]:
        lines.append(f"no decision about it among {told['looked_through']:,} recorded ones")
    return lines
