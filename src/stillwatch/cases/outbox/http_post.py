"""One HTTP POST: to a fixed address, in a fixed time; redirects are not followed, answers are not kept."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from stillwatch import __version__
from stillwatch.cases.outbox.channel import Address
from stillwatch.cases.outbox.connecting import NotLocal, connect, cut_at, trusting, why
from stillwatch.cases.outbox.outcome import Outcome

MOST_READ = 65_536
"""Bytes of an answer that are read, so that the connection ends in order; none are kept."""
LONGEST_AFTER = 86_400.0
"""Seconds that a receiver may ask to be left alone."""
OVERLOADED = (408, 425, 429, 500, 502, 503, 504)
"""Answers that say something about the receiver, not about the message."""


def post(at: Address, ca_file: str, headers: Mapping[str, str], body: bytes, timeout: float) -> Outcome:
    """Send a body and say what came of it. timeout: seconds for all of it. Raises SettingError for a file of
    certificates that cannot be used.
    """
    until = time.monotonic() + timeout
    context = trusting(ca_file) if at.tls else None
    connection = http.client.HTTPConnection(at.host, at.port)
    try:
        raw = connect(at.host, at.port, until, local_only=at.local_only)
        connection.sock = raw
        open_now = [raw]  # the connection forgets it as soon as the answer begins
        with cut_at(until, lambda: open_now[-1]):
            if context is not None:
                connection.sock = context.wrap_socket(raw, server_hostname=at.host)
                open_now.append(connection.sock)
            connection.request("POST", at.path, body, {**_fixed(at), **headers})
            answer = connection.getresponse()
            status, after = answer.status, answer.headers.get("Retry-After")
            _drain(answer)
        return _outcome(status, after)
    except (OSError, NotLocal, http.client.HTTPException) as error:
        return Outcome(False, why(error, until))
    finally:
        connection.close()


def seconds_after(value: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks for (RFC 9110, 10.2.3); None: it asks nothing."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdecimal() and len(text) < 12:
        return min(float(text), LONGEST_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.fromtimestamp(now, UTC)).total_seconds(), 0.0), LONGEST_AFTER)


def _fixed(at: Address) -> dict[str, str]:
    named = f"[{at.host}]" if ":" in at.host else at.host
    usual = at.port == (443 if at.tls else 80)
    return {
        "Host": named if usual else f"{named}:{at.port}",
        "User-Agent": f"stillwatch/{__version__}",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }


def _drain(answer: http.client.HTTPResponse) -> None:
    """The status counts: what is wrong with the rest of an answer changes nothing."""
    try:
        answer.read(MOST_READ)
    except (OSError, http.client.HTTPException):
        return


def _outcome(status: int, after: str | None) -> Outcome:
    if 200 <= status < 300:
        return Outcome(True, f"HTTP {status}")
    if 300 <= status < 400:
        return Outcome(False, f"HTTP {status}: redirects are not followed", again=False)
    if status == 410:
        return Outcome(False, "HTTP 410: the receiver wants no more", again=False)
    return Outcome(
        False, f"HTTP {status}", after=seconds_after(after, time.time()), channel_rests=status in OVERLOADED
    )
