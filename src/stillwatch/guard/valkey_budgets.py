"""Budgets that replicas share through a Valkey or Redis server: account 24,000 meets the bucket that the
others have spent.

One script does all in one round. It takes the server's time, so that a replica whose clock is wrong can grant
nothing; both keys of a call have the campaign as their hash tag, so that a cluster keeps them together. While
the server cannot be reached, the promise chosen holds: open, each replica goes on with buckets of its own at
the same rates; closed, nothing is granted. Nobody waits for a server that is down: a thread of its own asks
whether it is back.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from stillwatch.guard.decide import TRY_AGAIN_S, Failure
from stillwatch.guard.embedded_budgets import EmbeddedBudgets
from stillwatch.guard.ports import Reserved
from stillwatch.guard.problems import Problems

SCRIPT = """
local told = redis.call('TIME')
local now = tonumber(told[1]) + tonumber(told[2]) / 1000000
local day = math.floor(now / 86400)
local op, tokens, given = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local rates = {tonumber(ARGV[4]), tonumber(ARGV[5])}
local spent, wait = {}, 0
for i = 1, 2 do
  local kept = redis.call('HMGET', KEYS[i], 'level', 'time', 'size', 'day', 'used', 'other_day', 'other_used')
  local one = {level = tonumber(kept[1]), time = tonumber(kept[2]), size = tonumber(kept[3]) or 0,
    day = tonumber(kept[4]) or day, used = tonumber(kept[5]) or 0,
    other_day = tonumber(kept[6]) or 0, other_used = tonumber(kept[7]) or 0}
  if one.day ~= day then
    local back = 0
    if one.other_day == day then back = one.other_used end
    one.other_day, one.other_used, one.day, one.used = one.day, one.used, day, back
  end
  if op == 'reserve' and rates[i] > 0 then
    one.size = rates[i]
    if not one.level then one.level, one.time = rates[i], now end
    one.level = math.min(one.level + math.max(now - one.time, 0) / 60 * rates[i], rates[i])
    one.time = now
    local missing = math.min(tokens, rates[i]) - one.level
    if missing > 1e-9 then wait = math.max(wait, missing / rates[i] * 60) end
  end
  spent[i] = one
end
if op ~= 'used' then
  local granted = wait == 0
  for i = 1, 2 do
    local one = spent[i]
    if op == 'reserve' and granted then
      if rates[i] > 0 then one.level = one.level - tokens end
      one.used = one.used + tokens
    elseif op == 'settle' then
      if one.level and given > 0 then one.level = math.min(one.level + given - tokens, one.size) end
      one.used = math.max(one.used + tokens - given, 0)
    end
    local fields = {'day', one.day, 'used', string.format('%.0f', one.used),
      'other_day', one.other_day, 'other_used', string.format('%.0f', one.other_used)}
    local lasts = 180000
    if one.level then
      for _, value in ipairs({'level', string.format('%.6f', one.level),
        'time', string.format('%.6f', one.time), 'size', one.size}) do fields[#fields + 1] = value end
      if one.size > 0 then lasts = lasts + math.min((one.size - one.level) / one.size * 60, 31536000) end
    end
    redis.call('HSET', KEYS[i], unpack(fields))
    redis.call('EXPIRE', KEYS[i], math.ceil(lasts))
  end
end
return {wait == 0 and 1 or 0, string.format('%.6f', wait),
  string.format('%.0f', spent[1].used), string.format('%.0f', spent[2].used)}
"""
"""op: reserve, settle or used. A key lasts two days and for as long as its debt; `unpack` is Lua 5.1's."""
PLAIN = re.compile(r"[A-Za-z0-9._-]{1,100}")
BACK_S = 0.5
"""Seconds between two tries whether a server that was down is back."""
COUNTS_HOLD_S = 1.0
"""Seconds that counts of the day are not asked again: a rule that looks at them may be so late."""
COUNTS_KEPT = 1 << 16


class ValkeyBudgets:
    """Implements `ports.Budgets` over a server. Threads may share it."""

    def __init__(
        self,
        client: Any,
        name: str,
        failure: Failure,
        *,
        alone: EmbeddedBudgets | None = None,
        problems: Problems | None = None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """client: of package redis, with short timeouts. name: of the state among those that share the
        server. failure: what to do while it is down. alone: the buckets of that time, with OPEN; None: new
        ones.
        """
        self._client, self._prefix, self._failure = client, f"stillwatch:{name}", failure
        self._alone = alone or EmbeddedBudgets()
        self._problems = problems or Problems()
        self._script = client.register_script(SCRIPT)
        self._ticks = ticks
        self._counts: OrderedDict[tuple[int, str], tuple[float, int, int]] = OrderedDict()
        self._lock = threading.Lock()
        self._down = threading.Event()
        self._stop = threading.Event()

    @property
    def down(self) -> bool:
        """Whether the server cannot be reached."""
        return self._down.is_set()

    def reserve(
        self, account: int, campaign: str, tokens: int, account_rate: int, campaign_rate: int, now: float
    ) -> Reserved:
        """Reserve in both buckets or in neither. While the server is down: as the promise says."""
        found = self._call("reserve", account, campaign, tokens, 0, account_rate, campaign_rate)
        if found is not None:
            granted, wait, own, pooled = found
            return Reserved(granted, wait, own, pooled)
        if self._failure is Failure.CLOSED:
            return Reserved(False, TRY_AGAIN_S)
        return self._alone.reserve(account, campaign, tokens, account_rate, campaign_rate, now)

    def settle(self, account: int, campaign: str, reserved: int, used: int, now: float) -> None:
        """Give back what was reserved and not used, or take what was used beyond; nothing is taken where
        nothing was reserved.
        """
        found = self._call("settle", account, campaign, used, reserved)
        if found is None and self._failure is Failure.OPEN:
            self._alone.settle(account, campaign, reserved, used, now)

    def used(self, account: int, campaign: str, now: float) -> tuple[int, int]:
        """Return the tokens since midnight (UTC): of the account, of the campaign; at most a second old."""
        ticks = self._ticks()
        kept = self._counts.get((account, campaign))
        if kept is not None and ticks - kept[0] < COUNTS_HOLD_S:
            return kept[1], kept[2]
        found = self._call("used", account, campaign)
        return self._alone.used(account, campaign, now) if found is None else found[2:]

    def close(self) -> None:
        """Stop asking for a server that is down; the client is its owner's."""
        self._stop.set()
        self._alone.close()

    def _call(
        self, op: str, account: int, campaign: str, tokens: int = 0, given: int = 0, *rates: int
    ) -> tuple[bool, float, int, int] | None:
        """What the script says; None while the server cannot be reached."""
        import redis

        if self._down.is_set():
            return None
        keys = _keys(self._prefix, account, campaign)
        try:
            found = self._script(keys=keys, args=[op, tokens, given, *(rates or (0, 0))])
            granted, wait, own, pooled = bool(found[0]), float(found[1]), int(found[2]), int(found[3])
        except (ValueError, TypeError, IndexError) as error:  # whoever can write there wrote no numbers
            self._problems.add("budgets-unreadable", type(error).__name__)
            return None
        except (redis.RedisError, OSError) as error:
            self._went_down(type(error).__name__)
            return None
        with self._lock:
            self._counts[account, campaign] = (self._ticks(), own, pooled)
            self._counts.move_to_end((account, campaign))
            if len(self._counts) > COUNTS_KEPT:
                self._counts.popitem(last=False)
        return granted, wait, own, pooled

    def _went_down(self, what: str) -> None:
        self._problems.add("budgets-unreachable", what)
        with self._lock:
            if self._down.is_set() or self._stop.is_set():
                return
            self._down.set()
        threading.Thread(target=self._wait, name="stillwatch-valkey", daemon=True).start()

    def _wait(self) -> None:
        import redis

        while not self._stop.wait(BACK_S):
            try:
                self._client.ping()
            except (redis.RedisError, OSError):
                continue
            self._down.clear()
            return


def _keys(prefix: str, account: int, campaign: str) -> tuple[str, str]:
    """Keys of the account and of the campaign. A name that could end the hash tag is hashed."""
    tag = (
        campaign
        if PLAIN.fullmatch(campaign)
        else hashlib.sha256(campaign.encode("utf-8", "replace")).hexdigest()
    )
    return f"{prefix}:{{{tag}}}:{account:016x}", f"{prefix}:{{{tag}}}:all"
