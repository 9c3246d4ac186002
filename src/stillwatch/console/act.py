"""An act: what a POST does, from a form of a browser and from a program's JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from stillwatch.console.done import Done
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen


@dataclass(frozen=True)
class Act:
    """One act. A browser posts a form with the CSRF token to `path`; a program posts JSON to it below
    /api/v1.
    """

    path: str
    """Its path, as Starlette has it: /cases/{number:int}/note."""
    name: str
    """What it does, in the imperative: in OpenAPI and on error pages."""
    role: Role
    """The least role that may do it."""
    fields: type[msgspec.Struct]
    """What it takes: see fields.py for the types of fields."""
    do: Callable[[Seen, Any], Done]
    """Does it, with a `fields`; runs in a thread. Errors of errors.py are shown with what was written."""
    fresh: bool = False
    """Whether it asks for a sign-in of the last minutes; then it cannot be done with a token."""
