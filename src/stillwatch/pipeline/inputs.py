"""What a person gives to detect."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stillwatch.schema.keyed import HashKey


@dataclass(frozen=True)
class Inputs:
    """What a person gives to detect."""

    logs: tuple[Path, ...]
    """Log files and folders."""
    format: str | None = None
    """Name of the log format; None: detected for each file."""
    mapping: Path | None = None
    """Mapping file of the generic format."""
    edge: Path | None = None
    """Edge log, joined on the request id."""
    accounts: Path | None = None
    """Accounts table."""
    networks: Path | None = None
    """The operator's own table of networks: MaxMind-style or CSV."""
    permits: Path | None = None
    """Permits to distil."""
    releases: Path | None = None
    """Model releases; None: a model first seen after the log's first day counts as released then."""
    key_file: Path | None = None
    """Secret of pseudonyms and keys: with it, account ids become pseudonyms too."""
    key: HashKey | None = None
    """Key of the tables where no key_file is given; None: the user's own, made at its first use.
    HashKey.public() protects nobody.
    """
    previous: Path | None = None
    """Run folder whose campaigns are looked for; None: that of the run that is replaced, if any."""
    edge_mapping: Path | None = None
    """Mapping file of the edge log."""
    accounts_mapping: Path | None = None
    """Mapping file of the accounts table."""
    feedback: Path | None = None
    """What people decided about earlier campaigns: `stillwatch case labels`."""
    shared: Path | None = None
    """What other providers reported: `stillwatch intel match`."""
