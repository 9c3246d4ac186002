"""Settings of the TAXII client."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClientSettings:
    """How patient and how careful a client is."""

    timeout_s: float = 30.0
    """Seconds for a connection, and between two pieces of an answer."""
    answer_s: float = 300.0
    """Seconds in which an answer must have come whole."""
    answer_bytes: int = 64 * 2**20
    """Bytes of an answer at most."""
    tries: int = 6
    """Times that a request is sent, where the server or the network does not serve it."""
    first_wait_s: float = 0.5
    """Seconds before the second try at most; each further wait may be twice as long."""
    longest_wait_s: float = 60.0
    """Seconds of such a wait at most."""
    retry_after_s: float = 300.0
    """Seconds that a server may ask the client to wait; if it asks for more, the client gives up."""
    page: int = 1_000
    """Objects of a page that are asked for."""
    pages: int = 100_000
    """Pages of one fetch at most."""
    envelope_objects: int = 1_000
    """Objects of an envelope that is posted."""
    envelope_bytes: int = 4 * 2**20
    """Bytes of an envelope that is posted, unless the server takes less."""
