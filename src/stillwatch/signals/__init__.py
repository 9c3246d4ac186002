"""Groups' exchanges -> scores: named, documented tests for scale, deception and intent. One file a signal."""

from stillwatch.signals.inputs import PEERS, SIGNAL_EXCHANGES, SignalInputs, prepare
from stillwatch.signals.score import score_groups

__all__ = ["PEERS", "SIGNAL_EXCHANGES", "SignalInputs", "prepare", "score_groups"]
