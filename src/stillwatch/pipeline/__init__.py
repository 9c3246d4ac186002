"""The one place that knows the order of the stages.

    logs ── ingest, sketch ──> staged Parquet ── settle ──> exchanges, accounts, labels
    exchanges, accounts ── facets ──> traces ── linkage ──> groups, members
    groups' exchanges ── signals ──> scores
    groups' exchanges ── templates ──> templates, template_keys
    groups, scores, permits ── campaigns ──> campaigns, evidence, links, timeline, marks
    all of it ── report ──> report.html

`read_logs.py` is the first line, `settle.py` its end, `find.py` the next three, `detect.py` runs them all
into a run folder.
"""

from stillwatch.pipeline.detect import Inputs, detect
from stillwatch.pipeline.find import Found, Stored, find

__all__ = ["Found", "Inputs", "Stored", "detect", "find"]
