"""A client of a Valkey or Redis server, which answers soon or not at all."""

from __future__ import annotations

from typing import Any

from stillwatch.errors import MissingExtra, SettingError

CONNECT_S = 0.25
"""Seconds to wait for a connection."""
ANSWER_S = 0.1
"""Seconds to wait for an answer: a request of a customer waits for it."""


def valkey_client(url: str, answer_s: float = ANSWER_S) -> Any:
    """Return a client; nothing is asked yet. url: redis://HOST:PORT, rediss://HOST:PORT for TLS, or
    unix://PATH. Raises SettingError for another address, MissingExtra where package redis is not installed.
    """
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError as error:
        raise MissingExtra(
            "a server that replicas share needs package redis", do="pip install 'stillwatch[guard]'"
        ) from error
    if url.startswith("valkey"):
        url = "redis" + url.removeprefix("valkey")
    try:
        return redis.Redis.from_url(
            url,
            socket_timeout=answer_s,
            socket_connect_timeout=CONNECT_S,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )
    except ValueError as error:
        raise SettingError(
            f"the address of the shared server cannot be used: {error}",
            where=url,
            do="write redis://HOST:PORT, rediss://HOST:PORT or unix://PATH",
        ) from error
