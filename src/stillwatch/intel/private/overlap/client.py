"""Asks another provider's endpoint, instead of exchanging files."""

from __future__ import annotations

import httpx2

from stillwatch.errors import IntelError
from stillwatch.intel.private.answered import got, refusal
from stillwatch.intel.private.overlap.agreement import Agreement
from stillwatch.intel.private.overlap.asking import Asked, Overlap, finish
from stillwatch.intel.private.overlap.messages import ANSWER, largest_message

PATIENCE_S = 300.0
"""Seconds for an answer: 66 microseconds of a core for each token of the other side."""


async def asked_of(http: httpx2.AsyncClient, agreement: Agreement, asked: Asked) -> Overlap:
    """Send a request, and read the answer. http: with the provider's address as its base, and credentials.

    Raises IntelError with the other side's reason, and where it cannot be reached. It is not sent again by
    itself: a request that was answered is not answered twice.
    """
    path = f"v1/overlaps/{agreement.investigation}"
    try:
        answer = await got(http, "POST", path, asked.request, {}, largest_message(ANSWER), PATIENCE_S)
    except httpx2.TransportError as error:
        raise IntelError(
            f"{agreement.answers} cannot be reached: {type(error).__name__}",
            where=str(http.base_url),
            do="ask again with a new request; if this one came through, it counts as a run",
        ) from error
    if answer.status != 200:
        raise refusal(answer, agreement.answers)
    return finish(asked.state, answer.body)
