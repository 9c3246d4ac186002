"""Where channels are: addresses of HTTP and of mail servers, checked when the file is read."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from stillwatch.cases.outbox.channel import Address, Post
from stillwatch.cases.outbox.channel_fields import Given

HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|[0-9a-fA-F:.]{2,45}")
PATH = re.compile(r"[!-~]*")
MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
SECURITY = ("starttls", "tls", "none")
PORTS = {"starttls": 587, "tls": 465, "none": 25}
WRITE = 'write url = "https://HOST/PATH", without a user, or name url_file or url_env'


def http_address(given: Given) -> Address:
    """Return where a webhook or a Slack-compatible channel is. Raises SettingError for an address that is
    none, and names no part of one that came from a file or the environment.
    """
    named = [key for key in ("url_file", "url_env") if key in given.row]
    if ("url" in given.row) == bool(named):
        raise given.wrong("url", WRITE)
    text = given.secret("url") if named else given.text("url")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise given.wrong(named[0] if named else "url", WRITE) from None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if (
        parts.scheme not in ("https", "http")
        or not HOST.fullmatch(host)
        or not PATH.fullmatch(path)
        or parts.username is not None
        or parts.fragment
    ):
        raise given.wrong(named[0] if named else "url", WRITE)
    tls = parts.scheme == "https"
    return Address(
        host, port or (443 if tls else 80), tls, path, local_only=not tls and not given.yes("plain_http")
    )


def post_address(given: Given) -> Post:
    """Return a mail server, and who writes to whom. Raises SettingError for what cannot be used."""
    host = given.text("host")
    if not HOST.fullmatch(host):
        raise given.wrong("host", "give the name or the number of the mail server")
    security = given.one_of("security", SECURITY, default="starttls")
    to = given.texts("to")
    sender = given.text("from")
    for key, box in [("from", sender), *(("to", one) for one in to)]:
        if not MAILBOX.fullmatch(box):
            raise given.wrong(key, "write plain addresses, as security@example.com")
    user = given.text("user", "")
    named = "password_file" in given.row or "password_env" in given.row
    if bool(user) != named:
        raise given.wrong("user", "give user and password_file or password_env, or neither")
    if user and security == "none":
        raise given.wrong("security", "a password needs starttls or tls")
    return Post(
        host,
        given.whole("port", PORTS[security], 65_535),
        security,
        sender,
        to,
        user,
        given.secret("password") if named else "",
        local_only=security == "none" and not given.yes("plain_smtp"),
    )
