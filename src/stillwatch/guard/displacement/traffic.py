"""What some accounts asked after a moment: how much, since when, and which words again and again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.run.reading import Run

ANSWERED = 200
AGAIN = 3
"""Times that one account sends the same words, at least, to count as asking again and again."""
US = 1_000_000
MOMENT = pa.timestamp("us")


@dataclass
class Traffic:
    """Exchanges of some accounts."""

    answered: dict[int, int] = field(default_factory=dict)
    """Exchanges with an answer, by account."""
    first: dict[int, int] = field(default_factory=dict)
    """The first exchange, microseconds since 1970."""
    last: dict[int, int] = field(default_factory=dict)
    repeated: dict[int, dict[int, int]] = field(default_factory=dict)
    """How often an account sent each prompt that it sent AGAIN times or more."""
    words: bool = False
    """Whether any prompt is known."""

    def sum(self, accounts: set[int]) -> int:
        """Answered exchanges of accounts."""
        return sum(self.answered.get(account, 0) for account in accounts)

    def span(self, accounts: set[int]) -> int:
        """Microseconds from the first exchange of accounts to the last."""
        known = [account for account in accounts if account in self.first]
        if not known:
            return 0
        return max(self.last[account] for account in known) - min(self.first[account] for account in known)

    def asking_again(self, accounts: set[int]) -> dict[int, dict[int, int]]:
        """Of these accounts, those that ask again and again, with prompts and times."""
        return {account: self.repeated[account] for account in accounts if account in self.repeated}


def traffic(run: Run, accounts: set[int], after: datetime | None = None) -> Traffic:
    """Return what accounts asked in a run. after: only exchanges after this moment."""
    found = Traffic()
    wanted = np.array(sorted(accounts), np.int64)
    begin = 0 if after is None else round(after.timestamp() * US)
    counted: Counter[tuple[int, int]] = Counter()
    for batch in run.batches("exchanges", ["account", "time", "status", "prompt"]):
        account = batch["account"].to_numpy()
        time = batch["time"].cast(MOMENT).cast(pa.int64()).to_numpy()
        kept = np.isin(account, wanted) & (time > begin)
        known = batch["prompt"].is_valid().to_numpy(zero_copy_only=False)
        found.words |= bool(known.any())
        if not kept.any():
            continue
        status = batch["status"].fill_null(ANSWERED).to_numpy()
        _add(found, account[kept], time[kept], status[kept] == ANSWERED)
        said = kept & known
        prompt = batch["prompt"].fill_null(0).to_numpy()[said]
        counted.update(zip(account[said].tolist(), prompt.tolist(), strict=True))
    for (account_number, key), times in counted.items():
        if times >= AGAIN:
            found.repeated.setdefault(account_number, {})[key] = times
    return found


def _add(
    found: Traffic,
    account: npt.NDArray[np.int64],
    time: npt.NDArray[np.int64],
    answered: npt.NDArray[np.bool_],
) -> None:
    numbers, place = np.unique(account, return_inverse=True)
    counts = np.bincount(place, answered, len(numbers)).astype(np.int64)
    first, last = np.full(len(numbers), 1 << 62), np.zeros(len(numbers), np.int64)
    np.minimum.at(first, place, time)
    np.maximum.at(last, place, time)
    for number, count, begin, end in zip(
        *map(np.ndarray.tolist, (numbers, counts, first, last)), strict=True
    ):
        found.answered[number] = found.answered.get(number, 0) + count
        found.first[number] = min(found.first.get(number, begin), begin)
        found.last[number] = max(found.last.get(number, end), end)
