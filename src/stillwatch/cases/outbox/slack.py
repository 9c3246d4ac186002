"""A message for Slack, Mattermost and others that take Slack's incoming webhooks."""

from __future__ import annotations

from stillwatch.cases.event import canonical
from stillwatch.cases.outbox.channel import Address, Channel
from stillwatch.cases.outbox.envelope import Envelope
from stillwatch.cases.outbox.http_post import post
from stillwatch.cases.outbox.outcome import Outcome
from stillwatch.cases.outbox.sentences import facts, title


def send_slack(channel: Channel, envelope: Envelope, timeout: float) -> Outcome:
    """Send a message to a channel of Slack's kind."""
    assert isinstance(channel.at, Address)
    body = canonical({"text": text_of(envelope)}).encode("ascii")
    return post(channel.at, channel.ca_file, {"Content-Type": "application/json"}, body, timeout)


def text_of(envelope: Envelope) -> str:
    """Return a message as Slack's mark-up."""
    lines = [f"*{escaped(title(envelope))}*"]
    lines += [f"{escaped(name)}: {quoted(value)}" for name, value in facts(envelope)]
    if envelope.link:
        lines.append(escaped(envelope.link))
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Return a text without Slack's three control characters."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def quoted(value: str) -> str:
    """Return a value as code: in it Slack and Mattermost see no link, picture, mention or emphasis."""
    return f"`{escaped(value.replace('`', chr(39)))}`"
