"""One part of one day of a world: its exchanges, in order of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from stillwatch.schema.keyed import mix
from stillwatch.simulate import compose
from stillwatch.simulate.accounts import HOUR, Array
from stillwatch.simulate.caches import cached_tokens, chances
from stillwatch.simulate.compose import Words, take
from stillwatch.simulate.jobs import UNLIMITED, Jobs
from stillwatch.simulate.openings import Said, asked_back, replayed, with_stored
from stillwatch.simulate.operators import target
from stillwatch.simulate.paraphrase import HEAVY
from stillwatch.simulate.rhythm import active_on, exchanges_on, starts_of_runs, times_of
from stillwatch.simulate.world import DAY_STREAM, World, micros, stream

pc: Any = pyarrow.compute
STATUSES = np.array([200, 429, 400, 500])
REFUSED = 429
DROPPED = 500
BARRED = 403
FAULTS = np.cumsum([0.982, 0.012, 0.004, 0.002])
REASONING_STEP = 64
CHARS_PER_TOKEN = 4.0
END_USER_SKEW = 3.0


@dataclass(frozen=True)
class Rows:
    """Exchanges as columns in order of time; every log format is written from this model."""

    world: World
    """The world in which they happen."""
    account: Array
    """Number of the account."""
    request_id: pa.Array[Any]
    """The provider's request id."""
    time: Array
    """Microseconds since 1970."""
    duration: Array
    """Milliseconds."""
    model: Array
    """Number of the model."""
    status: Array
    """HTTP status."""
    input_tokens: Array
    """Tokens read."""
    output_tokens: Array
    """Tokens written, reasoning included."""
    reasoning_tokens: Array
    """Tokens of reasoning."""
    cached_tokens: Array
    """Tokens of those read that came from the cache."""
    client: Array
    """Number of the client build."""
    address: Array
    """Number of the address."""
    parameters: Array
    """Number of the parameter set."""
    tools: Array
    """Number of the tool set."""
    output_format: Array
    """Number of the output format."""
    end_user: pa.Array[Any]
    """The customer's id of its end user; null where none."""
    conversation: pa.Array[Any]
    """Session id; null outside conversations."""
    messages: pa.Array[Any] | None
    """Chat messages as JSON; None where the log holds no text."""
    response: pa.Array[Any] | None
    """Chat completion as JSON."""

    def __len__(self) -> int:
        return len(self.account)


def rows_of(world: World, day: int, part: int, parts: int, *, text: bool) -> Rows:
    """Make the exchanges of one part of a day, from the part's own random stream."""
    rng = stream(world.seed, DAY_STREAM, day, part, parts)
    present = active_on(world, day)
    present = present[present % parts == part]
    count = exchanges_on(world, day, present, rng)
    account = np.repeat(present, count)
    position = np.arange(len(account)) - np.repeat(np.cumsum(count) - count, count)
    begins = starts_of_runs(account, position, world.accounts.stay[account], rng)
    time = times_of(world, day, account, position, begins, rng)
    return _Scene(world, account, begins, time, rng).rows(day, part, text)


class _Scene:
    """The rows of a part while they are made; rows of one run are consecutive."""

    def __init__(
        self, world: World, account: Array, begins: Array, time: Array, rng: np.random.Generator
    ) -> None:
        self.world, self.account, self.time, self.rng = world, account, time, rng
        self.jobs: Jobs = world.setting.jobs
        self.n = len(account)
        self.run = np.cumsum(begins) - 1
        self.runs = int(self.run[-1]) + 1 if self.n else 0
        self.starts = np.flatnonzero(begins)
        self.job = self._jobs()
        self.turn = (
            (np.arange(self.n) - self.starts[self.run]) % self.jobs.turns[self.job]
            if self.n
            else np.zeros(0, np.int64)
        )
        self.status = STATUSES[np.minimum(np.searchsorted(FAULTS, rng.random(self.n)), 3)]
        flaky = world.accounts.flaky[account]
        self.dropped = chances(time + account, world.seed * 16 + 24) < flaky
        self.status = np.where(self.dropped, DROPPED, self.status)
        barred = world.accounts.barred[account]
        self.status = np.where((barred > 0) & (time >= barred), BARRED, self.status)
        self.refused = rng.random(self.n) < self.jobs.refusal[self.job]
        self.end_user = self._end_users()

    def _jobs(self) -> Array:
        accounts, first = self.world.accounts, self.account[self.starts]
        late = self.time[self.starts] >= accounts.late_from[first]
        profile = np.where(late, accounts.late_profile[first], accounts.profile[first])
        return np.asarray(
            self.world.profiles[profile, self.rng.integers(0, self.world.profiles.shape[1], self.runs)][
                self.run
            ]
        )

    def _end_users(self) -> Array:
        """Return 0 for none, else one end user for each run; a few of them are much more frequent."""
        users = self.world.accounts.end_users[self.account[self.starts]]
        chosen = 1 + (users * self.rng.random(self.runs) ** END_USER_SKEW).astype(np.int64)
        return np.asarray(np.where(users > 0, chosen, 0)[self.run])

    def words(self) -> Words:
        """Return what each row says."""
        accounts, jobs, job, turn = self.world.accounts, self.jobs, self.job, self.turn
        relayed = self.end_user > 0
        language = np.where(
            relayed,
            (self.end_user * 7 + self.account) % jobs.follow.shape[1],
            accounts.language[self.account],
        )
        own = self._repeated(self.rng.integers(0, 2**63, self.n, dtype=np.uint64))
        conversation = own[np.arange(self.n) - turn]
        level, wording = self._worded(own)
        answer = np.where(self.refused, jobs.refusal_symbol, jobs.answer[job])
        signed = jobs.signs[job] & (self.status == 200) & ~self.refused
        said = Said(self.account, self.time, job, turn, language, signed)
        opening = replayed(said, accounts, jobs, self.rng)
        begun = jobs.goes_on[job] & ((opening >= 0) | (jobs.opening[job, 1] > 0))
        later = (turn > 0) | begun
        source = asked_back(said, (self.status == 200) & ~self.refused, accounts, jobs, self.rng)
        back, answer_seed = source >= 0, mix(own, np.full(self.n, 7, np.uint64))
        body = np.where(later, jobs.follow[job, language], jobs.body[level, job, language])
        body_seed = np.where(later, own, self._scoped("body", own))
        words = Words(
            turn=turn,
            role=np.where(later, jobs.follow_role[job], 0),
            system=jobs.system[level, job],
            system_seed=self._scoped("system", conversation),
            head=np.where(turn > 0, -1, jobs.head[level, job]),
            head_seed=self._scoped("head", own),
            body=np.where(back, answer[source], body),
            body_seed=np.where(back, answer_seed[source], body_seed),
            answer=answer,
            answer_seed=answer_seed,
            wording=wording,
            signature=np.where(signed, mix(own, np.full(self.n, 13, np.uint64)), np.uint64(0)),
            opening=opening,
        )
        return with_stored(words, said, own, jobs)

    def _repeated(self, own: Array) -> Array:
        """Return the seeds of rows, with those of a dropped request for the request that tries it again.

        A program that asks single questions does so at once; a person in a conversation goes on otherwise.
        """
        before = np.roll(self.dropped, 1)
        again = before & (np.roll(self.run, 1) == self.run) & (self.jobs.turns[self.job] == 1)
        return np.asarray(own[np.maximum.accumulate(np.where(again, 0, np.arange(self.n)))])

    def _worded(self, own: Array) -> tuple[Array, Array]:
        """Return level and seed of each row's wording.

        A slice of a prompt list has one heavy wording for all its requests.
        """
        accounts, account = self.world.accounts, self.account
        level = accounts.paraphrase[account]
        fixed = (accounts.slice[account] > 0) & (level == 0)
        of_slice = mix(accounts.group_seed[account], accounts.slice[account].astype(np.uint64))
        return np.where(fixed, HEAVY, level), np.where(
            fixed, of_slice, mix(own, np.full(self.n, 11, np.uint64))
        )

    def _scoped(self, part: str, own: Array) -> Array:
        accounts, jobs, job = self.world.accounts, self.jobs, self.job
        world = jobs.world_seed[job]
        seeds = np.choose(
            jobs.scope[part][job],
            [own, accounts.seed[self.account] + world, accounts.group_seed[self.account] + world, world],
        )
        pool = jobs.pool[part][job] if part in jobs.pool else np.zeros(self.n, np.uint64)
        limited = pool > UNLIMITED
        among = self._sliced(mix(own, np.full(self.n, 3, np.uint64)), np.maximum(pool, np.uint64(1)))
        base = np.where(jobs.scope[part][job] == 0, world, seeds)
        return np.where(limited, mix(base, among), seeds)

    def _sliced(self, drawn: Array, pool: Array) -> Array:
        """Return places in a limited pool; a slice has every n-th of them."""
        accounts, account = self.world.accounts, self.account
        cut = np.minimum(accounts.slices[account].astype(np.uint64), pool)
        first = accounts.slice[account].astype(np.uint64) % cut
        return np.asarray(
            first + cut * (drawn % np.maximum((pool - first + cut - np.uint64(1)) // cut, np.uint64(1)))
        )

    def models(self) -> Array:
        """Return the preferred model, or the one that its campaign has moved to.

        After a release inside the window, a growing share of rows moves to the new model.
        """
        accounts, setting, account = self.world.accounts, self.world.setting, self.account
        chosen = target.moved(
            self.world.scenario.campaigns,
            setting,
            accounts.campaign[account],
            self.time,
            accounts.model[account],
        )
        if setting.release < 0:
            return chosen
        since = (self.time - micros(setting.models[setting.release].released)) / HOUR
        chance = accounts.adopts[account] * np.clip(since / accounts.adopt_hours[account], 0, 1)
        early = (chosen == setting.release) & (since < 0)
        chosen = np.where(self.rng.random(self.n) < chance, setting.release, chosen)
        return np.where(early, 0, chosen)

    def tokens(self, chars: Array) -> tuple[Array, Array, Array]:
        """Return tokens read, written and reasoned: log-normal by job; what was said before is read again."""
        jobs, job, rng = self.jobs, self.job, self.rng
        extra = jobs.input[job]
        read = chars / CHARS_PER_TOKEN + extra[:, 0] * np.exp(extra[:, 1] * rng.standard_normal(self.n)) * (
            1 + 0.25 * self.turn
        )
        out = jobs.output[job]
        written = out[:, 0] * np.exp(out[:, 1] * rng.standard_normal(self.n))
        written = np.where(self.refused, 18, written)
        good = self.status == 200
        reasoning = (
            (written * jobs.reasoning[job] * rng.uniform(0.6, 1.3, self.n)) // REASONING_STEP * REASONING_STEP
        )
        total = np.where(good, np.clip(written + 1, 1, 64_000), 0).astype(np.int64)
        return (
            np.clip(read + 6, 1, 190_000).astype(np.int64),
            total,
            np.where(good, np.minimum(reasoning, total), 0).astype(np.int64),
        )

    def senders(self) -> Array:
        """Return the account that sends each row.

        A balancer sends some later turns by another account of the same group; the accounts of a campaign
        are its group. After a refused turn, a dispatcher may do so at once.
        """
        accounts = self.world.accounts
        group = np.where(accounts.campaign >= 0, -1 - accounts.campaign, accounts.group)
        chance = np.where(self.turn > 0, accounts.handover[self.account], 0.0)
        if not chance.any() and not accounts.failover.any():
            return self.account
        keys = np.flatnonzero((accounts.handover > 0) | (accounts.failover > 0))
        keys = keys[np.argsort(group[keys], kind="stable")]
        moved = np.flatnonzero(self.rng.random(self.n) < chance)
        first, end = (
            np.searchsorted(group[keys], group[self.account[moved]], side) for side in ("left", "right")
        )
        sender = self.account.copy()
        sender[moved] = keys[first + ((end - first) * self.rng.random(len(moved))).astype(np.int64)]
        return self._failed_over(sender, keys, group)

    def _failed_over(self, sender: Array, keys: Array, group: Array) -> Array:
        """Return the senders after failover; chances come from hashes, so that no other column changes."""
        accounts = self.world.accounts
        refused = np.roll(self.status, 1) == REFUSED
        wanted = np.where((self.turn > 0) & refused, accounts.failover[self.account], 0.0)
        number = self.time + self.account
        moved = np.flatnonzero(chances(number, self.world.seed * 16 + 21) < wanted)
        first, end = (
            np.searchsorted(group[keys], group[self.account[moved]], side) for side in ("left", "right")
        )
        # Never the account that was refused: the next one in the pool's order, some steps on.
        size = np.maximum(end - first, 1)
        place = {int(key): i for i, key in enumerate(keys)}
        here = np.array([place[int(key)] for key in sender[moved - 1]], np.int64) - first
        steps = 1 + (chances(number[moved], 23) * np.maximum(size - 1, 1)).astype(np.int64)
        failed = sender.copy()
        failed[moved] = keys[first + (here + steps) % size]
        return failed

    def rows(self, day: int, part: int, text: bool) -> Rows:
        """Return all rows, sorted by time."""
        world, accounts, rng = self.world, self.world.accounts, self.rng
        order = np.argsort(self.time, kind="stable")
        words = self.words()
        model = self.models()
        first = self.account[self.starts]
        slot = (accounts.place_count[first] * rng.random(self.runs) ** 1.6).astype(np.int64)
        client = np.where(rng.random(self.runs) < 0.08, accounts.other_client[first], accounts.client[first])
        own_parameters = self.jobs.parameters[self.job]
        messages = compose.messages(words, order, world.grammar) if text else None
        chars = np.zeros(self.n)
        chars[order] = (
            pc.binary_length(messages)
            if messages is not None
            else compose.lengths(words, order, world.grammar)
        )
        read, written, reasoned = self.tokens(chars)
        duration = (350 + written * rng.uniform(8, 22, self.n)).astype(np.int64)
        serial = (
            (np.uint64(day) << np.uint64(44))
            + (np.uint64(part) << np.uint64(28))
            + np.arange(self.n, dtype=np.uint64)
        )
        turns = self.jobs.turns[self.job] > 1
        passed_on = (self.end_user > 0) & ~accounts.silent[self.account]
        untooled = accounts.untooled[self.account]
        sender = self.senders()
        cached = cached_tokens(
            sender,
            self.turn,
            self.time,
            read,
            self.status == 200,
            chances(self.time + self.account, world.seed * 16 + 22),
        )
        return Rows(
            world=world,
            account=sender[order],
            request_id=take(self._ids("chatcmpl-", serial, 3), order),
            time=self.time[order],
            duration=duration[order],
            model=model[order],
            status=self.status[order],
            input_tokens=read[order],
            output_tokens=written[order],
            reasoning_tokens=reasoned[order],
            cached_tokens=cached[order],
            client=self._updated(client[self.run])[order],
            address=accounts.places[first, slot][self.run][order],
            parameters=np.where(own_parameters >= 0, own_parameters, accounts.parameters[self.account])[
                order
            ],
            tools=np.where(untooled, 0, self.jobs.tools[self.job])[order],
            output_format=np.where(untooled, 0, self.jobs.output_format[self.job])[order],
            end_user=take(self._end_user_ids(passed_on, serial), order),
            conversation=take(self._ids("sess-", serial[np.arange(self.n) - self.turn], 9, turns), order),
            messages=messages,
            response=compose.replies(words, self.status == 200, order, world.grammar) if text else None,
        )

    def _updated(self, client: Array) -> Array:
        """Return the build of each row, after its account's update if that was before the row."""
        accounts, account = self.world.accounts, self.account
        since = accounts.late_client_from[account]
        return np.where((since > 0) & (self.time >= since), accounts.late_client[account], client)

    def _end_user_ids(self, passed_on: Array, serial: Array) -> pa.Array[Any]:
        """Return the ids of end users; some clients make them of a device, an account and a session."""
        accounts, account = self.world.accounts, self.account
        plain = self._ids("user-", account * 1_000_003 + self.end_user, 5, passed_on)
        asserts = accounts.device[account] > 0
        if not asserts.any():
            return plain
        named = np.where(accounts.asserted[account] > 0, -accounts.asserted[account], account)
        parts = (
            self._ids("user_", accounts.device[account], 25),
            self._ids("_account_", named, 26),
            self._ids("_session_", serial[np.arange(self.n) - self.turn], 27),
        )
        made: pa.Array[Any] = pc.if_else(pa.array(asserts), pc.binary_join_element_wise(*parts, ""), plain)
        return made

    def _ids(self, prefix: str, number: Array, salt: int, given: Array | None = None) -> pa.Array[Any]:
        texts = compose.hexadecimal(
            prefix, mix(number.astype(np.uint64), np.full(self.n, self.world.seed * 16 + salt, np.uint64))
        )
        return texts if given is None else pc.if_else(pa.array(given), texts, pa.scalar(None, pa.string()))
