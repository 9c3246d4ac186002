"""Groups' exchanges -> scores: named, documented tests for scale, deception and intent. One file a signal."""

from stillwatch.signals.score import score_groups
from stillwatch.signals.work import PEERS, WORK, Work, prepare

__all__ = ["PEERS", "WORK", "Work", "prepare", "score_groups"]
