"""Exchanges and accounts -> traces: who carried which key of which facet."""

from stillwatch.facets.build import build_traces
from stillwatch.facets.tables import Tables, prepare

__all__ = ["Tables", "build_traces", "prepare"]
