"""Settings of the TAXII server."""

from __future__ import annotations

from dataclasses import dataclass

MITRE = "identity--c78cb6e5-0c4b-4611-8297-d1b8b55e40b5"
"""The identity by which MITRE makes ATT&CK's and ATLAS's objects."""


@dataclass(frozen=True)
class TaxiiSettings:
    """How much a server takes and gives. Each is a limit that a caller is told of when it is passed."""

    title: str = "Stillwatch hub"
    """Title of the server, as discovery shows it."""
    description: str = ""
    """A sentence about it; empty: none."""
    contact: str = ""
    """Whom to ask; empty: nobody."""
    url: str = ""
    """Public address of the server, as https://hub.example; empty: as each caller names it."""
    challenge: str = 'Basic realm="taxii", charset="UTF-8"'
    """What a caller without credentials is told to use."""
    page: int = 1_000
    """Objects of an answer at most."""
    answer_bytes: int = 16 * 2**20
    """Bytes of the objects of an answer, after which the page ends."""
    envelope_bytes: int = 10 * 2**20
    """Bytes of an envelope that is posted (`max_content_length`)."""
    envelope_objects: int = 10_000
    """Objects of an envelope that is posted."""
    patience_s: float = 60.0
    """Seconds in which an envelope must have come."""
    versions: int = 1_000
    """Versions of one object."""
    objects_a_day: int = 200_000
    """Objects that a member may add in a day (UTC)."""
    bytes_a_day: int = 2 * 2**30
    """Bytes of objects that a member may add in a day (UTC)."""
    requests_a_minute: int = 1_200
    """Requests of a member in a minute, for each process of the server."""
    status_days: int = 30
    """Days that the status of an envelope can be asked for."""
    others: tuple[str, ...] = (MITRE,)
    """Identities whose attack patterns any member may bring."""
