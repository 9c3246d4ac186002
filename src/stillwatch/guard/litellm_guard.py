"""Opens the guard that LiteLLM's proxy asks."""

from __future__ import annotations

from stillwatch.errors import RunError
from stillwatch.guard.decide import Guard
from stillwatch.guard.litellm_settings import PolicySettings


def opened(settings: PolicySettings) -> Guard:
    """Return the guard over a published state. Raises RunError where there is none."""
    raise RunError("there is no published state", where=str(settings.state), do="publish a run to it first")
