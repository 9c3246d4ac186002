"""The one place that knows the order of the stages.

    logs ── ingest, sketch ──> staged Parquet ── write_exchanges ──> exchanges, accounts, labels
    exchanges, accounts ── facets ──> traces ── linkage ──> groups, members
    groups' exchanges ── signals ──> scores
    groups' exchanges ── templates ──> templates, template_keys
    groups, scores, permits ── campaigns ──> campaigns, evidence, links, timeline, marks
    all of it ── report ──> report.html

`read_logs.py` is the first line, `write_exchanges.py` its end, `search.py` the next three, `detect.py` runs them all
into a run folder.
"""

from stillwatch.pipeline.detect import Inputs, detect
from stillwatch.pipeline.search import SearchResult, Stored, search

__all__ = ["Inputs", "SearchResult", "Stored", "detect", "search"]
