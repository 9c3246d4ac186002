"""Receivers on this machine: an HTTP server that keeps what it was sent, and a mail server."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

Answer = tuple[int, dict[str, str]]


@dataclass
class Got:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came, and how the next requests are answered."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    answer: Callable[[Got], Answer] = lambda _: (204, {})

    def uids(self) -> list[str]:
        """The ids of what came, in order."""
        return [one.headers["webhook-id"] for one in self.got]


@contextmanager
def receiver(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """An HTTP receiver at a free port of loopback."""
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got = Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            kept.got.append(got)
            status, headers = kept.answer(got)
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def do_GET(self) -> None:
            kept.got.append(Got(self.path, {}, b"GET"))
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    kept.url = f"http{'s' if context else ''}://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Mails:
    """What a mail server took."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    refuse: str = ""

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a mail, or refuse it."""
        if self.refuse:
            return self.refuse
        mail: Message = message_from_bytes(cast("bytes", envelope.content), policy=default)
        self.mails.append(cast("EmailMessage", mail))
        self.to.append([str(one) for one in envelope.rcpt_tos])
        return "250 kept"


@contextmanager
def mail_server(
    context: ssl.SSLContext | None = None, *, at_once: bool = False, **more: Any
) -> Iterator[Mails]:
    """A mail server at a free port of loopback. at_once: it speaks TLS from the beginning."""
    mails = Mails()
    kind: dict[str, Any] = {"ssl_context": context} if at_once else {"tls_context": context}
    if context is not None and not at_once:
        kind["require_starttls"] = True
    with socket.create_server(("127.0.0.1", 0)) as free:
        mails.port = free.getsockname()[1]
    controller = Controller(mails, hostname="127.0.0.1", port=mails.port, **kind, **more)
    controller.start()
    try:
        yield mails
    finally:
        controller.stop()


def channels_toml(path: Path, *rows: str, delivery: str = "") -> Path:
    """Write a file of channels."""
    quick = "[delivery]\nfirst_wait_s = 0.01\nlongest_wait_s = 0.02\ntimeout_s = 5\n"
    path.write_text(
        (delivery or quick) + "".join(f"\n[[channel]]\n{row}\n" for row in rows), encoding="utf-8"
    )
    return path
