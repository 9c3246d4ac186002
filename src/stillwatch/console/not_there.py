"""What was asked for is not there: the error that pages and acts raise for it."""

from __future__ import annotations

from stillwatch.errors import NotThere

__all__ = ["NotThere"]
