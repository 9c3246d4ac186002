"""A webhook in the form of Standard Webhooks 1.0.0: id, time and body, signed with HMAC-SHA256."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Sequence

from stillwatch.cases.event import canonical
from stillwatch.cases.outbox.channel import Address, Channel
from stillwatch.cases.outbox.envelope import Envelope
from stillwatch.cases.outbox.http_post import post
from stillwatch.cases.outbox.outcome import Outcome
from stillwatch.guard.moments import told


def send_webhook(channel: Channel, envelope: Envelope, timeout: float) -> Outcome:
    """Send a message as a webhook."""
    assert isinstance(channel.at, Address)
    body = payload(envelope)
    moment = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": envelope.uid,
        "webhook-timestamp": str(moment),
        "webhook-signature": signatures(channel.keys, envelope.uid, moment, body),
    }
    return post(channel.at, channel.ca_file, headers, body, timeout)


def payload(envelope: Envelope) -> bytes:
    """Return the body: type, timestamp, and data with what the message says; the same in every attempt."""
    data = dict(envelope.body) | ({"link": envelope.link} if envelope.link else {})
    document = {"type": envelope.topic, "timestamp": told(envelope.made), "data": data}
    return canonical(document).encode("ascii")


def signatures(keys: Sequence[bytes], uid: str, moment: int, body: bytes) -> str:
    """Return the signatures of a webhook, one for each key, separated by spaces.

    Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md, version 1.0.0.
    """
    signed = f"{uid}.{moment}.".encode("ascii") + body
    made = (hmac.new(key, signed, hashlib.sha256).digest() for key in keys)
    return " ".join(f"v1,{base64.b64encode(one).decode('ascii')}" for one in made)
