"""Attacks on private set intersection: a question that is too large, and a side that does not follow it."""

from __future__ import annotations

import dataclasses
import random
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import private_set_intersection.python as psi

from leakage_study.figures import Figure, once
from leakage_study.guessing import address
from stillwatch.cases.database import Database
from stillwatch.errors import IntelError
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.private.overlap.agreement import Agreement
from stillwatch.intel.private.overlap.answering import answer
from stillwatch.intel.private.overlap.asking import ask
from stillwatch.intel.private.overlap.messages import ANSWER, REQUEST, Message, read_message
from stillwatch.intel.private.token import Token

AGREED = Agreement("case-7", "ann", "ben", IndicatorKind.ADDRESS, "2026-W49")
GUESSES, QUICK_GUESSES = 65_536, 4_096
HELD = 1_000
MEMBERS = 200


def overlapping(folder: Path, seed: int, quick: bool) -> Iterator[Figure]:
    """What each attack gives."""
    draw = random.Random(seed)
    yield from _raw_values(draw, QUICK_GUESSES if quick else GUESSES)
    yield from _too_large(folder)
    yield from _not_following(folder, draw)
    yield from _guesses_without_tokens(folder)


def _raw_values(draw: random.Random, guesses: int) -> Iterator[Figure]:
    """The protocol on raw addresses without a cap, as it would be without ours."""
    name = f"intersection of raw addresses, {guesses:,} guesses, no cap"
    held = [address(number) for number in draw.sample(range(guesses), HELD)]
    server, client = psi.server.CreateWithNewKey(True), psi.client.CreateWithNewKey(True)
    setup = server.CreateSetupMessage(1e-9, guesses, held, psi.DataStructure.RAW)
    began = time.process_time()
    request = client.CreateRequest([address(number) for number in range(guesses)])
    found = client.GetIntersection(setup, server.ProcessRequest(request))
    yield once(name, "held addresses that are found", len(found) / HELD, "of 1")
    yield once(name, "processor time of both sides", time.process_time() - began, "seconds")


def _too_large(folder: Path) -> Iterator[Figure]:
    """A client that sends more than was agreed on, in one question and in many."""
    big = dataclasses.replace(AGREED, most_asked=65_536)
    honest = read_message(ask(big, _tokens(4_000)).request, REQUEST)
    forged = dataclasses.replace(honest, agreement=AGREED).packed()
    database = Database(folder / "ben.db")
    refused = 0
    try:
        answer(AGREED, _tokens(10), forged, database, 0.0)
    except IntelError:
        refused = 1
    name = "intersection, over-sized question"
    yield once(name, "refused", float(refused), "of 1")
    answered = 0
    for _ in range(AGREED.runs + 3):
        try:
            answer(AGREED, _tokens(10), ask(AGREED, _tokens(AGREED.most_asked)).request, database, 0.0)
            answered += 1
        except IntelError:
            break
    yield once(name, "guesses in one investigation", float(answered * AGREED.most_asked), "tokens")


def _not_following(folder: Path, draw: random.Random) -> Iterator[Figure]:
    """A client that is to learn the number only, and uses a key of its own for each element."""
    shared = _tokens(MEMBERS)
    guesses = [*draw.sample(shared, MEMBERS // 2), *_tokens(1_024 - MEMBERS // 2)]
    clients = [psi.client.CreateWithNewKey(False) for _ in guesses]
    elements = tuple(
        client.CreateRequest([token.pattern]).encrypted_elements[0]
        for client, token in zip(clients, guesses, strict=True)
    )
    request = Message(REQUEST, AGREED, secrets.token_hex(16), (elements,)).packed()
    done = answer(AGREED, shared, request, Database(folder / "carl.db"), 0.0)
    served, response = read_message(done.answer, ANSWER).parts
    setup, answered = psi.ServerSetup(), psi.Response()
    setup.raw.encrypted_elements.extend(served)
    answered.encrypted_elements.extend(response)
    found = [
        token
        for client, token in zip(clients, guesses, strict=True)
        if client.GetIntersectionSize(setup, answered)
    ]
    right = sum(token in set(shared) for token in found)
    name = "intersection, number only, a client with a key for each element"
    yield once(name, "common tokens that it names", right / (MEMBERS // 2), "of 1")
    yield once(name, "tokens that it names wrongly", float(len(found) - right), "tokens")


def _guesses_without_tokens(folder: Path) -> Iterator[Figure]:
    """A client that guesses addresses, and did not pay for their tokens."""
    held = _tokens(HELD)
    client = psi.client.CreateWithNewKey(False)
    request = client.CreateRequest([address(number) for number in range(1_024)])
    message = Message(REQUEST, AGREED, secrets.token_hex(16), (tuple(request.encrypted_elements),))
    done = answer(AGREED, held, message.packed(), Database(folder / "dora.db"), 0.0)
    served, response = read_message(done.answer, ANSWER).parts
    setup, answered = psi.ServerSetup(), psi.Response()
    setup.raw.encrypted_elements.extend(served)
    answered.encrypted_elements.extend(response)
    name = "intersection, 1,024 guesses without tokens"
    yield once(name, "found", float(client.GetIntersectionSize(setup, answered)), "tokens")


def _tokens(count: int) -> list[Token]:
    return [Token(secrets.token_bytes(32), IndicatorKind.ADDRESS, "2026-W49") for _ in range(count)]
