"""Settings of the look-up service."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stillwatch.errors import SettingError

MOST_IN_A_BATCH = 4_096
"""Inputs of a batch at most: one batch holds the process for its whole time, 60 microseconds an input."""


@dataclass(frozen=True)
class LookupSettings:
    """What members may ask of the service. Raises SettingError where it does not fit together."""

    key_file: Path
    """File with the service's secret. It seals the keys of the epochs and signs their list."""
    budget: int = 20_000
    """Inputs that a member may have answered in one epoch."""
    largest_batch: int = 1_000
    """Inputs of one request."""
    days: bool = False
    """Whether an epoch is a day; else it is an ISO week."""
    grace_s: float = 86_400.0
    """Seconds after its end in which an epoch is still answered."""
    ahead_s: float = 86_400.0
    """Seconds before its beginning in which the next epoch's key is published; it is not answered yet."""
    skew_s: float = 300.0
    """Seconds before its beginning in which an epoch is answered, for clocks that run ahead."""
    free_repeats: int = 3
    """Times that the very same batch is answered again at no cost: its answer may have been lost."""
    alarm_hour_share: float = 0.25
    """Share of a budget spent within one hour from which there is an alarm."""
    alarm_full_batches: int = 5
    """Batches of the largest size in a row from which there is an alarm."""
    alarm_burst_factor: float = 2.0
    """An alarm if the first hour of an epoch spends so many times what the whole epoch before spent."""

    def __post_init__(self) -> None:
        for name, good in (
            ("budget", 0 < self.budget <= 10**9),
            ("largest_batch", 0 < self.largest_batch <= MOST_IN_A_BATCH),
            ("grace_s", 0 <= self.grace_s <= 7 * 86_400),
            ("ahead_s", 0 <= self.ahead_s <= 7 * 86_400),
            ("skew_s", 0 <= self.skew_s <= 3_600),
            ("free_repeats", 0 <= self.free_repeats <= 100),
            ("alarm_hour_share", 0 < self.alarm_hour_share <= 1),
            ("alarm_full_batches", self.alarm_full_batches > 0),
            ("alarm_burst_factor", self.alarm_burst_factor > 0),
        ):
            if not good:
                raise SettingError(
                    f"the look-up service cannot work with this {name}",
                    where=f"LookupSettings.{name}",
                    do="see the sentence and the range of the setting",
                )
