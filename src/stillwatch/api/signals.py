"""What a signal of another package needs: `from stillwatch.api.signals import signal, share, held`."""

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held, share

__all__ = ["SignalInputs", "Table", "held", "share", "signal"]
