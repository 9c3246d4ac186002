"""Cases: campaigns under human review, with every change kept. `Cases` is the door for Python."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from stillwatch.errors import MissingExtra

if TYPE_CHECKING:
    from stillwatch.cases.cases import Cases

__all__ = ["Cases"]

for _name in ("sqlalchemy", "alembic", "cryptography"):
    if find_spec(_name) is None:
        raise MissingExtra(f"cases need {_name}", do="pip install 'stillwatch[cases]'")


def __getattr__(name: str) -> Any:
    """Load the door when it is used: it needs what an optional part brings."""
    if name == "Cases":
        from stillwatch.cases.cases import Cases

        return Cases
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
