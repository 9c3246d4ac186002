"""What a run is called in a sentence."""

from __future__ import annotations

from stillwatch.plain import plain


def run_called(name: object) -> str:
    """Return "run NAME", without saying run twice. name: of the run's folder."""
    told = plain(str(name))
    if told.lower() == "run":
        return "the run"
    return told if told.lower().startswith("run") else f"run {told}"
