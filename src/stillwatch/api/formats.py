"""What a log format of another package needs: `from stillwatch.api.formats import Format, Request`."""

from stillwatch.ingest.conversation import answer_of, messages_of
from stillwatch.ingest.parameters import output_format_of, parameters_of, tools_of
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.request import Context, Request
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, moment, text, whole
from stillwatch.registry import Format

__all__ = [
    "BadRow",
    "Context",
    "Format",
    "Request",
    "Row",
    "Sample",
    "answer_of",
    "messages_of",
    "moment",
    "output_format_of",
    "parameters_of",
    "text",
    "tools_of",
    "whole",
]
