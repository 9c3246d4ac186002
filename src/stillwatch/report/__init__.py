"""A run's tables as one page to look at, as lines on a terminal, and as documents for machines."""

from stillwatch.report.explain import explain, explain_document
from stillwatch.report.page import write
from stillwatch.report.summary import summary, summary_document

__all__ = ["explain", "explain_document", "summary", "summary_document", "write"]
