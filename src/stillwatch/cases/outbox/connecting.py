"""A connection to a channel: to the address that its file names, within a time, and cut when that is over."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stillwatch.errors import SettingError


class NotLocal(Exception):
    """An unencrypted channel leads off this machine."""


def connect(host: str, port: int, until: float, *, local_only: bool) -> socket.socket:
    """Return a connection. until: time.monotonic() at which it is given up; local_only: to this machine.

    Raises OSError where there is none, NotLocal where there would be one to elsewhere.
    """
    fault: OSError = OSError("the name has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if local_only and not ipaddress.ip_address(address[0]).is_loopback:
            raise NotLocal
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        made = socket.socket(family, kind, protocol)
        try:
            made.settimeout(left)
            made.connect(address)
        except OSError as error:
            made.close()
            fault = error
            continue
        return made
    raise fault


def trusting(ca_file: str) -> ssl.SSLContext:
    """Return how TLS is spoken: certificates and names are checked. ca_file: of the authorities that are
    trusted instead of the system's. Raises SettingError for a file that has none.
    """
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise SettingError(
            "ca_file of a channel cannot be used", where=ca_file, do="give a PEM file of certificates"
        ) from error


@contextmanager
def cut_at(until: float, now_open: Callable[[], socket.socket | None]) -> Iterator[None]:
    """Shut a connection at a time, whatever it does: who sends a byte now and then never times out."""

    def cut() -> None:
        there = now_open()
        if there is not None:
            try:
                # Past the layer of TLS, which another thread may be reading.
                socket.socket.shutdown(there, socket.SHUT_RDWR)
            except OSError:
                return

    timer = threading.Timer(max(until - time.monotonic(), 0.0), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def why(error: Exception, until: float) -> str:
    """Return what went wrong, without a word of the other side."""
    if isinstance(error, TimeoutError) or time.monotonic() >= until:
        return "timed out"
    if isinstance(error, NotLocal):
        return "not encrypted, and the address is not of this machine"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS: the certificate cannot be trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or 'failed'}"
    if isinstance(error, socket.gaierror):
        return "the name has no address"
    if isinstance(error, OSError):
        return f"no connection: {error.strerror or type(error).__name__}"
    return f"no answer that can be read ({type(error).__name__})"
