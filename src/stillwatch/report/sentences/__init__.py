"""The one place where codes and values become sentences, for the page, the terminal and documents alike."""

from stillwatch.report.sentences.accounts import IN_NO_GROUP, exonerates
from stillwatch.report.sentences.doubts import Doubt, against, doubts, silent
from stillwatch.report.sentences.findings import (
    NOT_ASSESSABLE,
    axis,
    beside_peers,
    finding,
    like_peers,
    peers_of,
    stands_out,
    values_of,
    why,
)
from stillwatch.report.sentences.hypotheses import null, tested
from stillwatch.report.sentences.permits import beyond, excess, permit
from stillwatch.report.sentences.prompts import correction, extracting
from stillwatch.report.sentences.roles import ROLES, Advice, advice, role, role_why
from stillwatch.report.sentences.run_notes import (
    NOTHING,
    error_control,
    kept_out,
    key_note,
    not_seen,
    partly_blind,
    unlisted,
)
from stillwatch.report.sentences.shape import unassessable
from stillwatch.report.sentences.verdicts import bound, high, industrial, reason_unlisted, verdict

__all__ = [
    "IN_NO_GROUP",
    "NOTHING",
    "NOT_ASSESSABLE",
    "ROLES",
    "Advice",
    "Doubt",
    "advice",
    "against",
    "axis",
    "beside_peers",
    "beyond",
    "bound",
    "correction",
    "doubts",
    "error_control",
    "excess",
    "exonerates",
    "extracting",
    "finding",
    "high",
    "industrial",
    "kept_out",
    "key_note",
    "like_peers",
    "not_seen",
    "null",
    "partly_blind",
    "peers_of",
    "permit",
    "reason_unlisted",
    "role",
    "role_why",
    "silent",
    "stands_out",
    "tested",
    "unassessable",
    "unlisted",
    "values_of",
    "verdict",
    "why",
]
