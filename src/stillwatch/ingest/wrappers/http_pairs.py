"""One HTTP call with its request and its response, as web servers, proxies and browsers write it.

Sources: HTTP Archive (HAR) 1.2; pino-http, pino-std-serializers, Fastify, Bunyan and express-winston (`req`,
`res`); Buffer.toJSON of Node.js.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from stillwatch.asking_paths import asks
from stillwatch.ingest.endpoints import other_path
from stillwatch.ingest.quarantine import Aside
from stillwatch.ingest.values import Row, inner, mapping_of

OTHER = "calls without a body"
LINES = "log lines without a call"
LOGGER = frozenset(("level", "time", "pid", "hostname"))
"""Fields of every line of pino and Bunyan."""
MESSAGE = frozenset(("msg", "name", "v", "err", "reqId", "req", "res", "responseTime"))


def archive(row: Row) -> list[Row | Aside] | None:
    """Return the calls of an HTTP archive; None if the row is none."""
    log = row.get("log")
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        return None
    return [_entry(entry) for entry in entries if isinstance(entry, dict)]


def _entry(entry: Row) -> Row | Aside:
    asked, came = mapping_of(entry.get("request")), mapping_of(entry.get("response"))
    body, path = inner(mapping_of(asked.get("postData")).get("text")), asked.get("url")
    if not isinstance(body, dict) and not asks(path):
        return Aside(other_path(path) or OTHER)
    headers, back = _headers(asked.get("headers")), _headers(came.get("headers"))
    return _call(
        {
            "time": entry.get("startedDateTime"),
            "duration_ms": entry.get("time"),
            "path": path,
            "headers": headers,
            "request": body,
            "response": _content(mapping_of(came.get("content"))),
            "status_code": came.get("status") or None,  # 0: no response came
            "request_id": back.get("x-request-id") or back.get("request-id"),
        }
    )


def _headers(given: Any) -> Row:
    """Return headers by lower-case name, from a list of names and values or an object."""
    if isinstance(given, dict):
        return {str(name).lower(): value for name, value in given.items()}
    pairs = [pair for pair in given if isinstance(pair, dict)] if isinstance(given, list) else []
    return {str(pair.get("name", "")).lower(): pair.get("value") for pair in pairs}


def _content(content: Row) -> Any:
    text = content.get("text")
    if content.get("encoding") != "base64" or not isinstance(text, str):
        return text
    try:
        return base64.b64decode(text).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None


def served(row: Row) -> Row | Aside | None:
    """Return the call of a web server's line that has it in `req` and `res`, at the top or under `meta`.

    None if the row is no such line.
    """
    holder = row if isinstance(row.get("req"), dict) else mapping_of(row.get("meta"))
    asked = holder.get("req")
    if not isinstance(asked, dict):
        empty = row.keys() >= LOGGER and row.keys() <= LOGGER | MESSAGE
        return Aside(LINES) if empty else None
    came = mapping_of(holder.get("res"))
    body, answer = _body(asked), _body(came)
    path = asked.get("originalUrl") or asked.get("url") or asked.get("path")
    if not isinstance(body, dict) and not asks(path):
        return Aside(other_path(path) or OTHER)
    number = asked.get("id")
    around = {
        name: value for name, value in row.items() if name not in ("req", "res", "meta", "msg", "message")
    }
    return _call(
        {
            "user_id": mapping_of(asked.get("user")).get("id"),
            "request_id": row.get("reqId") or (number if isinstance(number, str) else None),
            "path": path,
            "headers": _headers(asked.get("headers")),
            "remote_addr": asked.get("remoteAddress"),
            "client_ip": asked.get("ip"),
            "request": body,
            "response": answer,
            "status_code": came.get("statusCode"),
            "duration_ms": holder.get("responseTime", row.get("responseTime")),
            **around,
        }
    )


def _body(part: Row) -> Any:
    """Return a body; Node.js writes the bytes of a buffer as numbers."""
    body = inner(part.get("body", mapping_of(part.get("raw")).get("body")))
    if isinstance(body, dict) and body.get("type") == "Buffer" and isinstance(body.get("data"), list):
        try:
            return inner(bytes(body["data"]).decode("utf-8", "replace"))
        except (TypeError, ValueError):
            return None
    return body


def _call(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None and value != {}}
