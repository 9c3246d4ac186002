"""`stillwatch intel overlap`: what two providers have in common, by exchanging files."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli._case_store import FILE, JSON
from stillwatch.cli._group import Whole
from stillwatch.cli._json import print_json
from stillwatch.errors import IntelError
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.plain import plain

if TYPE_CHECKING:
    from stillwatch.intel.private.overlap.agreement import Agreement

AGREEMENT = click.argument("agreement", type=FILE, metavar="AGREEMENT")
TOKENS = click.argument("tokens", type=FILE, metavar="TOKENS")
OUT = click.option("--out", type=FILE, required=True, help="File to write.")
LARGEST_AGREEMENT = 16_384


@click.group(cls=Whole)
def overlap() -> None:
    """Find what two providers have in common on one investigation, by exchanging files.

    Both hold one agreement. Who asks sends a request and learns how many tokens both have, or which, as
    agreed; who answers learns only how large the question was. Both trust each other to follow the protocol:
    docs/leakage.md says what a side that does not can learn.
    """


@overlap.command()
@click.option("--investigation", required=True, metavar="NAME", help="Reference of the investigation.")
@click.option("--asks", required=True, metavar="MEMBER", help="Who asks, and learns the result.")
@click.option("--answers", required=True, metavar="MEMBER", help="Who answers.")
@click.option(
    "--kind", type=click.Choice([kind.value for kind in IndicatorKind]), required=True, help="Kind of tokens."
)
@click.option("--epoch", required=True, metavar="EPOCH", help="Epoch of the tokens, as 2026-W49.")
@click.option("--which", is_flag=True, help="Let who asks learn which tokens both have, not only how many.")
@click.option(
    "--most", type=click.IntRange(1, 65_536), default=1_024, show_default=True, help="Tokens asked at once."
)
@click.option(
    "--runs", type=click.IntRange(1, 1_000), default=3, show_default=True, help="Questions answered in all."
)
@OUT
@JSON
def agree(
    investigation: str,
    asks: str,
    answers: str,
    kind: str,
    epoch: str,
    which: bool,
    most: int,
    runs: int,
    out: Path,
    as_json: bool,
) -> None:
    """Write an agreement. Send it to the other provider, who reads it, and keeps it if it is right."""
    from stillwatch.intel.private.overlap.agreement import Agreement, Mode
    from stillwatch.run.durable import write_text

    mode = Mode.TOKENS if which else Mode.COUNT
    made = Agreement(investigation, asks, answers, IndicatorKind(kind), epoch, mode, most, runs)
    write_text(out, json.dumps(made.document(), indent=2) + "\n")
    if as_json:
        print_json({**made.document(), "digest": made.digest, "file": out})
    else:
        click.echo(plain(f"{out}: digest {made.digest}"))


@overlap.command()
@AGREEMENT
@TOKENS
@OUT
@click.option(
    "--state", type=FILE, required=True, help="Private file to write; `finish` needs it, nobody else."
)
@JSON
def ask(agreement: Path, tokens: Path, out: Path, state: Path, as_json: bool) -> None:
    """As the side that asks: make a request of your tokens. Send the request, keep the state."""
    from stillwatch.intel.private.overlap.asking import ask as asked_of
    from stillwatch.intel.private.value_file import tokens_of
    from stillwatch.run.durable import write_bytes

    agreed = _agreement(agreement)
    made = asked_of(agreed, tokens_of(tokens))
    write_bytes(state, made.state)
    write_bytes(out, made.request)
    if as_json:
        print_json({"request": out, "state": state, "bytes": len(made.request)})
    else:
        click.echo(plain(f"{out}: {len(made.request):,} bytes for {agreed.answers}"))


@overlap.command()
@AGREEMENT
@TOKENS
@click.argument("request", type=FILE, metavar="REQUEST")
@click.option(
    "--db",
    default="SHARING.db",
    show_default=True,
    envvar="STILLWATCH_SHARING",
    metavar="FILE|URL",
    help="Where the runs are counted: a file, or postgresql://HOST/DATABASE; also $STILLWATCH_SHARING.",
)
@OUT
@JSON
def answer(agreement: Path, tokens: Path, request: Path, db: str, out: Path, as_json: bool) -> None:
    """As the side that answers: answer a request with your tokens, if it is what was agreed on."""
    from stillwatch.cases.database import Database
    from stillwatch.intel.private.overlap.answering import answer as answered
    from stillwatch.intel.private.overlap.messages import REQUEST, largest_message
    from stillwatch.intel.private.value_file import tokens_of
    from stillwatch.run.durable import write_bytes
    from stillwatch.small_file import read_small

    agreed = _agreement(agreement)
    held = tokens_of(tokens)
    data = read_small(
        request, largest_message(REQUEST), what="request", error=IntelError, do="give the file that was sent"
    )
    with Database(db) as database:
        done = answered(agreed, held, data, database, time.time())
    write_bytes(out, done.answer)
    if as_json:
        print_json({"answer": out, "asked_at_most": done.asked_class, "runs_left": done.runs_left})
        return
    asked = f"{agreed.asks} asked for at most {done.asked_class:,} tokens"
    click.echo(plain(f"{out}: {len(done.answer):,} bytes; {asked}; {done.runs_left} runs are left"))


@overlap.command()
@click.argument("state", type=FILE, metavar="STATE")
@click.argument("answer", type=FILE, metavar="ANSWER")
@JSON
def finish(state: Path, answer: Path, as_json: bool) -> None:
    """As the side that asked: read the answer."""
    from stillwatch.intel.private.overlap.asking import LARGEST_STATE
    from stillwatch.intel.private.overlap.asking import finish as finished
    from stillwatch.intel.private.overlap.messages import ANSWER, largest_message
    from stillwatch.small_file import read_small

    kept = read_small(
        state, LARGEST_STATE, what="state", error=IntelError, do="give the file that `ask` wrote"
    )
    data = read_small(
        answer, largest_message(ANSWER), what="answer", error=IntelError, do="give the file that came back"
    )
    found = finished(kept, data)
    which = sorted(token.pattern for token in found.tokens or ())
    if as_json:
        told = which if found.tokens is not None else None
        print_json(
            {
                "investigation": found.agreement.investigation,
                "both": found.count,
                "asked": found.asked,
                "answered_at_most": found.answered_class,
                "tokens": told,
            }
        )
        return
    for pattern in which:
        click.echo(pattern)
    side = f"{found.agreement.answers} has at most {found.answered_class:,}"
    click.echo(plain(f"both have {found.count:,} of the {found.asked:,} tokens that were asked; {side}"))


def _agreement(path: Path) -> Agreement:
    from stillwatch.intel.private.overlap.agreement import Agreement
    from stillwatch.small_file import read_small

    data = read_small(
        path, LARGEST_AGREEMENT, what="agreement", error=IntelError, do="give the file that `agree` wrote"
    )
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        document = None
    try:
        return Agreement.of(document)
    except IntelError as error:
        raise IntelError(error.what, where=str(path), do=error.do) from None


VERBS = (overlap,)
