"""What shows itself in Jupyter: pictures and explanations."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Picture:
    """A picture of the report."""

    svg: str = field(repr=False)
    """The drawing, with its own style; it loads nothing."""
    title: str
    """What it shows, in a sentence."""

    def _repr_svg_(self) -> str:
        return self.svg


@dataclass(frozen=True)
class Explanation:
    """Why a campaign is one, or what is held against an account."""

    text: str
    """What `stillwatch explain` prints."""
    document: dict[str, Any]
    """The same as plain values: what `stillwatch explain --json` prints."""
    html: str
    """The campaign's section of the report with its figures; empty for an account."""

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html or f"<pre>{html.escape(self.text)}</pre>"
