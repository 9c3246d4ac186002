"""The commands of `stillwatch intel` that compare values without showing them: tokens, lookup."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stillwatch.cli._case_store import FILE, JSON
from stillwatch.cli._json import print_json
from stillwatch.cli._signing_in import signed_in, signs_in
from stillwatch.errors import IntelError
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.plain import plain

if TYPE_CHECKING:
    from stillwatch.intel.private.client import Tokenised
    from stillwatch.intel.private.token import Token

F = TypeVar("F", bound=Callable[..., Any])
KIND = click.option(
    "--kind", type=click.Choice([kind.value for kind in IndicatorKind]), required=True, help="What they are."
)
VALUES = click.argument("values", type=FILE, metavar="VALUES")


def asks(function: F) -> F:
    """Add the options of a command that asks the look-up service."""
    for option in (
        JSON,
        click.option("--epoch", metavar="EPOCH", help="Which epoch, as 2026-W49.  [default: that of now]"),
        click.option(
            "--cache",
            type=FILE,
            default="TOKENS.db",
            show_default=True,
            envvar="STILLWATCH_TOKEN_CACHE",
            help="File that keeps tokens, so that none is paid for twice; private; also "
            "$STILLWATCH_TOKEN_CACHE.",
        ),
        click.option(
            "--pin",
            required=True,
            metavar="KEY",
            envvar="STILLWATCH_HUB_PIN",
            help="The key that signs the service's list of keys, as the coordinator told it; also "
            "$STILLWATCH_HUB_PIN.",
        ),
        click.option(
            "--service",
            metavar="URL",
            envvar="STILLWATCH_LOOKUPS",
            help="Address of the look-up service: https://hub.example/private; also $STILLWATCH_LOOKUPS.  "
            "[default: that of the hub that --side knows]",
        ),
        signs_in,
        KIND,
        VALUES,
    ):
        function = option(function)
    return function


@click.command()
@asks
@click.option("--out", type=FILE, help="File to write, one token on a line.  [default: standard output]")
@click.option(
    "--table",
    type=FILE,
    help="Private file to write, each value with its token as JSON lines, for `stillwatch intel match`.",
)
def tokens(values: Path, out: Path | None, table: Path | None, as_json: bool, **asked: Any) -> None:
    """Turn the values in a file, one on a line, into tokens.

    The service does not see them: it answers blinded inputs, counts them against your budget, and proves that
    it used the key that it shows to everybody. Who gets the tokens can compare them, and cannot find the
    values without paying for each guess. Tokens of two epochs never match.
    """
    from stillwatch.run.durable import write_text

    done = _tokenised(values, **asked)
    patterns = sorted({token.pattern for token in done.tokens.values()})
    if out is not None:
        write_text(out, "".join(f"{pattern}\n" for pattern in patterns))
    if table is not None:
        write_text(table, "".join(map(_line, sorted(done.tokens.items(), key=lambda item: item[0]))))
    if as_json:
        print_json({**_in_short(done), "tokens": patterns, "file": out})
        return
    if out is None:
        for pattern in patterns:
            click.echo(pattern)
    _say(done, f"{out}: " if out else "")


@click.command()
@asks
@click.option("--against", type=FILE, required=True, help="File of tokens that others shared, one on a line.")
def lookup(values: Path, against: Path, as_json: bool, **asked: Any) -> None:
    """Find which of your values, one on a line in a file, others shared as tokens.

    Nobody learns which of yours match: the service sees blinded inputs, and the comparison is made here.
    """
    from stillwatch.intel.private.epoch import Epoch
    from stillwatch.intel.private.value_file import tokens_of

    shared = set(tokens_of(against))
    done = _tokenised(values, **asked)
    both = sorted(value for value, token in done.tokens.items() if token in shared)
    epochs = {token.epoch for token in done.tokens.values()}
    other = sorted({token.epoch for token in shared} - epochs, key=lambda name: Epoch.named(name).begins)
    if as_json:
        print_json({**_in_short(done), "shared": len(shared), "both": both, "other_epochs": other})
        return
    for value in both:
        click.echo(plain(value))
    _say(done, f"{len(both):,} of yours are among {len(shared):,} shared tokens; ")
    if other:
        click.echo(
            f"tokens of {', '.join(other)} were left out: ask in that epoch, or get tokens of this", err=True
        )


def _line(item: tuple[str, Token]) -> str:
    value, token = item
    row = {"kind": token.kind.value, "epoch": token.epoch, "value": value, "token": token.value.hex()}
    return json.dumps(row, ensure_ascii=False) + "\n"


def _tokenised(
    values: Path,
    *,
    kind: str,
    service: str | None,
    pin: str,
    side_folder: Path | None,
    credentials: Path | None,
    cache: Path,
    epoch: str | None,
) -> Tokenised:
    from stillwatch.intel.private.client import lookup_client, tokenise
    from stillwatch.intel.private.token_cache import TokenCache
    from stillwatch.intel.private.value_file import lines_of

    asked = [value for _, value in lines_of(values, "file of values")]
    who, signer = signed_in(side_folder, credentials, service or ""), _pin(pin)
    address = service or (f"{who.hub}/private" if who.hub else "")
    if not address:
        raise IntelError(
            "the look-up service has no address", where="--service", do="give https://HUB/private, or --side"
        )
    kept = TokenCache(cache)

    async def run() -> Tokenised:
        async with lookup_client(address, signer, kept, who.auth, who.verify) as client:
            return await tokenise(asked, IndicatorKind(kind), epoch, client)

    try:
        return asyncio.run(run())
    finally:
        kept.close()


def _pin(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != 32:
        raise IntelError(
            "the pinned key is none", where="--pin", do="give the 64 hexadecimal digits from the coordinator"
        )
    return found


def _in_short(done: Tokenised) -> dict[str, Any]:
    refused: dict[str, int] = {}
    for why in done.refused.values():
        refused[why] = refused.get(why, 0) + 1
    return {"values": len(done.tokens), "asked": done.asked, "refused": refused}


def _say(done: Tokenised, first: str) -> None:
    click.echo(
        f"{first}{len(done.tokens):,} values, {done.asked:,} asked now, "
        f"{len(done.tokens) - done.asked:,} known or spelled twice",
        err=True,
    )
    for why, count in _in_short(done)["refused"].items():
        click.echo(plain(f"{count:,} left out: {why}"), err=True)


VERBS = (tokens, lookup)
