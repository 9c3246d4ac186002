"""Traces -> groups: anchors, enrichment, purification, merging (DESIGN.md, anchored enrichment)."""

from stillwatch.linkage.link import Linked, link
from stillwatch.linkage.strata import strata

__all__ = ["Linked", "link", "strata"]
