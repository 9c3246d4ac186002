"""What a command prints for machines: one JSON document on one line, times as ISO 8601 in UTC with a Z."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from stillwatch.iso_time import iso


def print_json(document: Any) -> None:
    """Print a document; ASCII, so that every terminal and pipe takes it."""
    click.echo(json.dumps(document, default=_plain))


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date | Path):
        return str(value)
    raise TypeError(f"BUG: {type(value).__name__} in a document")
