"""Playbooks: what to do about distillation, step by step, checked against the real state. `Playbooks` is the
door for Python.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from stillwatch.errors import MissingExtra

if TYPE_CHECKING:
    from stillwatch.playbooks.playbooks import Playbooks

__all__ = ["Playbooks"]

for _name in ("sqlalchemy", "alembic", "cryptography", "jsonschema", "referencing"):
    if find_spec(_name) is None:
        raise MissingExtra(f"playbooks need {_name}", do="pip install 'stillwatch[playbooks]'")


def __getattr__(name: str) -> Any:
    """Load the door when it is used: it needs what an optional part brings."""
    if name == "Playbooks":
        from stillwatch.playbooks.playbooks import Playbooks

        return Playbooks
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
