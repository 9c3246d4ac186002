"""The side that asks: it makes the request, keeps a key for it, and reads the answer."""

from __future__ import annotations

import json
import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.errors import IntelError
from stillwatch.intel.private.overlap.agreement import Agreement, Mode
from stillwatch.intel.private.overlap.messages import ANSWER, REQUEST, Message, read_message, size_class
from stillwatch.intel.private.overlap.psi_package import psi
from stillwatch.intel.private.token import Token

LARGEST_STATE = 32 << 20
"""Bytes of what is kept between request and answer."""


@dataclass(frozen=True)
class Asked:
    """A request, and what is needed to read its answer."""

    request: bytes
    """Goes to the other provider."""
    state: bytes
    """Stays, for nobody else: who has it and the request can read which tokens were asked."""


@dataclass(frozen=True)
class Overlap:
    """What both have."""

    agreement: Agreement
    """What was agreed on."""
    count: int
    """How many tokens both have."""
    tokens: tuple[Token, ...] | None
    """Which; None where only the number was agreed on."""
    asked: int
    """How many were asked."""
    answered_class: int
    """The other side has at most so many."""


def ask(agreement: Agreement, tokens: Sequence[Token]) -> Asked:
    """Make a request. Raises IntelError for tokens that are not of the agreement, or too many."""
    items = sorted({token.pattern for token in agreed(agreement, tokens)})
    if not 0 < len(items) <= agreement.most_asked:
        raise IntelError(
            f"a question has 1 to {agreement.most_asked:,} tokens",
            where=f"{len(items):,} tokens",
            do="choose those of the investigation, or agree on more",
        )
    padded = [*items, *dummies(size_class(len(items)) - len(items))]
    # The order would tell which are real.
    random.SystemRandom().shuffle(padded)
    client = psi().client.CreateWithNewKey(agreement.mode is Mode.TOKENS)
    request = client.CreateRequest(padded)
    run = secrets.token_hex(16)
    message = Message(REQUEST, agreement, run, (tuple(request.encrypted_elements),))
    state = {
        "format": "stillwatch-overlap-state",
        "version": 1,
        "agreement": agreement.document(),
        "run": run,
        "key": client.GetPrivateKeyBytes().hex(),
        "items": padded,
    }
    return Asked(message.packed(), json.dumps(state).encode())


def finish(state: bytes, answer: bytes) -> Overlap:
    """Read an answer. Raises IntelError where it is none, or not the answer to this request."""
    kept = _kept(state)
    agreement, items = Agreement.of(kept["agreement"]), [str(item) for item in kept["items"]]
    message = read_message(answer, ANSWER)
    if message.run != kept["run"] or message.agreement != agreement:
        raise IntelError(
            "the answer belongs to another request",
            where=f"investigation {message.agreement.investigation}",
            do="give the state that was written with that request",
        )
    served, response = message.parts
    if len(response) != len(items):
        raise IntelError(
            "the answer has another size than the request",
            where=f"{len(response):,} elements, {len(items):,} asked",
            do="nothing of it can be used; tell the other provider",
        )
    try:
        client = psi().client.CreateFromKey(bytes.fromhex(str(kept["key"])), agreement.mode is Mode.TOKENS)
        setup = psi().ServerSetup()
        setup.raw.encrypted_elements.extend(served)
        answered = psi().Response()
        answered.encrypted_elements.extend(response)
        if agreement.mode is Mode.COUNT:
            return Overlap(
                agreement, client.GetIntersectionSize(setup, answered), None, _real(items), len(served)
            )
        both = [items[at] for at in sorted(set(client.GetIntersection(setup, answered)))]
    except (RuntimeError, ValueError) as error:
        raise IntelError(
            "the answer holds what is no element of the curve",
            where=" ".join(str(error).split())[:100],
            do="nothing of it can be used; tell the other provider",
        ) from None
    found = tuple(Token.parse(item) for item in both if item.startswith("token:"))
    return Overlap(agreement, len(found), found, _real(items), len(served))


def agreed(agreement: Agreement, tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens. Raises IntelError for one of another kind or epoch: it could match nothing."""
    other = next((t for t in tokens if t.kind is not agreement.kind or t.epoch != agreement.epoch), None)
    if other is not None:
        raise IntelError(
            "a token is not of the agreement",
            where=f"{other.kind}, {other.epoch}; agreed on {agreement.kind}, {agreement.epoch}",
            do="make tokens of that kind and epoch",
        )
    return tokens


def dummies(count: int) -> list[str]:
    """Items that match nothing."""
    return ["dummy:" + secrets.token_hex(32) for _ in range(count)]


def _real(items: Sequence[str]) -> int:
    return sum(item.startswith("token:") for item in items)


def _kept(state: bytes) -> dict[str, str | list[str]]:
    try:
        found = json.loads(state)
        if (found["format"], found["version"]) != ("stillwatch-overlap-state", 1):
            raise ValueError
        if not isinstance(found["items"], list) or not isinstance(found["key"], str):
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise IntelError(
            "the state of a request cannot be read", do="give the file that was written with the request"
        ) from None
    kept: dict[str, str | list[str]] = found
    return kept
