"""What the first page would wait for, made ready when the console starts."""

from __future__ import annotations

import logging

from stillwatch.console.large.shared_marks import shared_marks
from stillwatch.console.large.summed_view import summed_view
from stillwatch.console.runs import Runs
from stillwatch.registry import FACETS, SIGNALS
from stillwatch.report.view_models import listed

LOG = logging.getLogger("stillwatch.console")
MOST = 8
"""Campaigns of the newest run that are made ready."""


def warm(runs: Runs) -> None:
    """Load facets and signals, and work out the most pressing campaigns of the newest run. It never raises:
    what cannot be read is told by the page that needs it.
    """
    try:
        FACETS.all()
        SIGNALS.all()
        run = runs.newest()
        if run is None:
            return
        for campaign in listed(run)[:MOST]:
            summed_view(run, campaign)
            shared_marks(run, campaign["group"])
    except Exception as error:  # a run may hold anything
        LOG.debug("nothing was made ready", extra={"kind": type(error).__name__})
