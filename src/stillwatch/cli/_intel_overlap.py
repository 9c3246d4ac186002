"""`stillwatch intel overlap`: what two providers have in common, by files or over HTTPS."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli._case_store import FILE, JSON
from stillwatch.cli._group import Whole
from stillwatch.cli._intel_store import DB
from stillwatch.cli._json import print_json
from stillwatch.cli._signing_in import name_and_secret
from stillwatch.errors import IntelError
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.plain import plain

if TYPE_CHECKING:
    from stillwatch.intel.private.overlap.agreement import Agreement
    from stillwatch.intel.private.overlap.asking import Asked, Overlap

AGREEMENT = click.argument("agreement", type=FILE, metavar="AGREEMENT")
TOKENS = click.argument("tokens", type=FILE, metavar="TOKENS")
CREDENTIALS = click.option(
    "--credentials",
    type=FILE,
    help="File with NAME:SECRET of who asks, made by who answers.",
)
OUT = click.option("--out", type=FILE, required=True, help="File to write.")
LARGEST_AGREEMENT = 16_384


@click.group(cls=Whole)
def overlap() -> None:
    """Find what two providers have in common on one investigation, by files or over HTTPS.

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
@click.option("--out", type=FILE, help="File to write: the request. Needed without --url.")
@click.option(
    "--state", type=FILE, help="Private file to write; `finish` needs it, nobody else. Needed without --url."
)
@click.option(
    "--url",
    metavar="URL",
    help="Address of the other provider's `overlap serve`: ask it at once, without files.",
)
@CREDENTIALS
@JSON
def ask(
    agreement: Path,
    tokens: Path,
    out: Path | None,
    state: Path | None,
    url: str | None,
    credentials: Path | None,
    as_json: bool,
) -> None:
    """As the side that asks: make a request of your tokens. Send the request, keep the state.

    With --url the request is sent over HTTPS, and the answer is read at once. A request that was answered
    counts as a run, also where the answer was lost.
    """
    from stillwatch.intel.private.overlap.asking import ask as asked_of
    from stillwatch.intel.private.value_file import tokens_of
    from stillwatch.run.durable import write_bytes

    agreed = _agreement(agreement)
    if url is None and (out is None or state is None):
        raise IntelError(
            "a request needs two files", where="--out, --state", do="give both, or --url to ask at once"
        )
    if url is not None and credentials is None:
        raise IntelError(
            "nothing says who asks",
            where="--credentials",
            do="give the file with NAME:SECRET from the other side",
        )
    made = asked_of(agreed, tokens_of(tokens))
    if state is not None:
        write_bytes(state, made.state)
    if out is not None:
        write_bytes(out, made.request)
    if url is not None and credentials is not None:
        _tell(_asked(url, name_and_secret(credentials), agreed, made), as_json)
    elif as_json:
        print_json({"request": out, "state": state, "bytes": len(made.request)})
    else:
        click.echo(plain(f"{out}: {len(made.request):,} bytes for {agreed.answers}"))


@overlap.command()
@AGREEMENT
@TOKENS
@DB
@CREDENTIALS
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8720, show_default=True, type=click.IntRange(1, 65_535), help="Port.")
@click.option("--tls-cert", type=FILE, help="Certificate for TLS, PEM.")
@click.option("--tls-key", type=FILE, help="Its private key, PEM.")
@click.option("--behind-proxy", is_flag=True, help="A proxy of yours ends TLS before it.")
def serve(
    agreement: Path,
    tokens: Path,
    db: str,
    credentials: Path | None,
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    behind_proxy: bool,
) -> None:
    """As the side that answers: answer requests over HTTP, as many as were agreed on, until you end it.

    It listens on this machine only, unless TLS is given or a proxy ends it. --credentials has NAME:SECRET of
    who asks; hand them the same file by another way.
    """
    from stillwatch.errors import MissingExtra
    from stillwatch.intel.private.value_file import tokens_of

    try:
        from stillwatch.intel.hub.serving import must_be_safe
        from stillwatch.intel.private.overlap.serving import Serving
        from stillwatch.intel.private.overlap.serving import serve as served
    except ImportError as error:
        raise MissingExtra("this needs granian", do="pip install 'stillwatch[sharing]'") from error
    if bool(tls_cert) != bool(tls_key):
        raise IntelError("TLS needs both", where="--tls-cert, --tls-key", do="give both")
    if credentials is None:
        raise IntelError(
            "nobody could ask", where="--credentials", do="give a file with NAME:SECRET of who asks"
        )
    must_be_safe(
        host, tls=bool(tls_cert), behind_proxy=behind_proxy, public_url="https://" if behind_proxy else host
    )
    name, secret = name_and_secret(credentials)
    agreed, held = _agreement(agreement), tuple(tokens_of(tokens))
    click.echo(plain(f"{agreed.asks} may ask at {host}, port {port}; end it with Ctrl-C."))
    served(Serving(host, port, db, agreed, held, name, secret, tls_cert, tls_key))


@overlap.command()
@AGREEMENT
@TOKENS
@click.argument("request", type=FILE, metavar="REQUEST")
@DB
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
    _tell(found, as_json)


def _asked(url: str, who: tuple[str, str], agreed: Agreement, made: Asked) -> Overlap:
    """What another provider's endpoint answers. Raises IntelError for an address of none, or in clear."""
    import asyncio

    import httpx2

    from stillwatch.intel.private.overlap.client import asked_of

    try:
        base = httpx2.URL(url.rstrip("/") + "/")
    except httpx2.InvalidURL:
        raise IntelError("this is no address", where=repr(url[:80]), do="give https://PROVIDER") from None
    if base.scheme != "https" and base.host not in ("127.0.0.1", "localhost", "::1"):
        raise IntelError("the address is not https", where=url[:200], do="credentials go over https only")

    async def run() -> Overlap:
        async with httpx2.AsyncClient(base_url=base, auth=who, trust_env=False) as http:
            return await asked_of(http, agreed, made)

    return asyncio.run(run())


def _tell(found: Overlap, as_json: bool) -> None:
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
