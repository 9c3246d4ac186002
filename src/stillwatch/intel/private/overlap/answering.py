"""The side that answers: it checks what is asked against what was agreed, and tells nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.cases.database import Database
from stillwatch.errors import IntelError
from stillwatch.intel.member import Member
from stillwatch.intel.private.overlap.agreement import MOST_ANSWERED, Agreement, Mode
from stillwatch.intel.private.overlap.answered_runs import count_run
from stillwatch.intel.private.overlap.asking import agreed, dummies
from stillwatch.intel.private.overlap.messages import (
    ANSWER,
    ELEMENT,
    REQUEST,
    Message,
    all_distinct,
    read_message,
    size_class,
)
from stillwatch.intel.private.overlap.psi_package import psi
from stillwatch.intel.private.token import Token
from stillwatch.intel.witness import Witness, unwitnessed


@dataclass(frozen=True)
class Answered:
    """An answer."""

    answer: bytes
    """Goes to who asked."""
    asked_class: int
    """At most so many tokens were asked."""
    runs_left: int
    """Runs that are left."""


def answer(
    agreement: Agreement,
    tokens: Sequence[Token],
    request: bytes,
    database: Database,
    now: float,
    *,
    member: Member | None = None,
    witness: Witness = unwitnessed,
) -> Answered:
    """Answer a request.

    agreement: as this side holds it. tokens: what this side has. database: counts the runs. member: who
    asked, where that is known. Raises IntelError for a request that is none, that is not what was agreed on,
    that is too large, or that was answered before; it then costs no run.
    """
    message = checked_request(agreement, request)
    (elements,) = message.parts
    items = sorted({token.pattern for token in agreed(agreement, tokens)})
    if len(items) > MOST_ANSWERED:
        raise IntelError(f"more than {MOST_ANSWERED:,} tokens to compare with", do="choose fewer")
    database.make_file()
    with database.writing() as session:
        left = count_run(session, agreement, message.run, len(elements), now)
        facts = {
            "investigation": agreement.investigation,
            "agreement": agreement.digest,
            "mode": agreement.mode.value,
            "asked": len(elements),
            "epoch": agreement.epoch,
        }
        witness(session, "overlap", member, facts)
    padded = [*items, *dummies(size_class(len(items)) - len(items))]
    # A new key for each run: answers of two runs cannot be joined.
    server = psi().server.CreateWithNewKey(agreement.mode is Mode.TOKENS)
    wanted = psi().Request()
    wanted.reveal_intersection = agreement.mode is Mode.TOKENS
    wanted.encrypted_elements.extend(elements)
    try:
        response = server.ProcessRequest(wanted)
    except RuntimeError as error:
        raise IntelError(
            "the request holds what is no element of the curve",
            where=" ".join(str(error).split())[:100],
            do="tell the other provider; the run counts",
        ) from None
    # Neither GCS nor Bloom: both err now and then, and GCS fails on small sets (openmined-psi 2.0.6).
    setup = server.CreateSetupMessage(1e-9, len(elements), padded, psi().DataStructure.RAW)
    parts = (tuple(setup.raw.encrypted_elements), tuple(response.encrypted_elements))
    packed = Message(ANSWER, agreement, message.run, parts).packed()
    return Answered(packed, len(elements), left)


def checked_request(agreement: Agreement, request: bytes) -> Message:
    """A request that is what was agreed on. Raises IntelError with the difference."""
    message = read_message(request, REQUEST)
    different = agreement.differs(message.agreement)
    if different:
        raise IntelError(
            "the request is not what was agreed on",
            where="it differs in: " + ", ".join(different),
            do="both sides need the same agreement; compare the files",
        )
    (elements,) = message.parts
    most = size_class(agreement.most_asked)
    if len(elements) > most or size_class(len(elements)) != len(elements):
        raise IntelError(
            "the request has a size that was not agreed on",
            where=f"{len(elements):,} elements; at most {most:,}, and a power of two from 64 on",
            do="ask for fewer tokens",
        )
    if not all_distinct(elements):
        raise IntelError(
            "the request asks for the same element twice",
            where=f"investigation {agreement.investigation}",
            do="an honest request never does; tell the other provider",
        )
    if any(len(element) != ELEMENT for element in elements):
        raise IntelError("the request holds an element of another size", do="make a new request")
    return message
