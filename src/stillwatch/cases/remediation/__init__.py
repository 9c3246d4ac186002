"""What follows a case: plans, letters, appeals, restoration, counts. `Remediation` is the door for Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stillwatch.cases.remediation.remediation import Remediation

__all__ = ["Remediation"]


def __getattr__(name: str) -> Any:
    """Load the door when it is used."""
    if name == "Remediation":
        from stillwatch.cases.remediation.remediation import Remediation

        return Remediation
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
