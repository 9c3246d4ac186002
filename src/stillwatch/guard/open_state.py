"""Opens a published state: snapshot, journal, policy, budgets and records of one guard."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from stillwatch.account_names import account_name
from stillwatch.errors import RunError
from stillwatch.guard.decide import Failure, Guard
from stillwatch.guard.embedded_budgets import EmbeddedBudgets
from stillwatch.guard.journal_mirror import JournalMirror
from stillwatch.guard.opened import Health, Opened
from stillwatch.guard.ports import Budgets
from stillwatch.guard.problems import Problems
from stillwatch.guard.published import PublishedState
from stillwatch.guard.records import DecisionRecords
from stillwatch.guard.service_settings import ServiceConfig
from stillwatch.guard.state_folder import StateFolder, state_at
from stillwatch.guard.state_keys import lookup_key, verifier
from stillwatch.guard.valkey_budgets import ValkeyBudgets
from stillwatch.guard.valkey_client import valkey_client
from stillwatch.key_file import secret_of
from stillwatch.response.policy_store import PolicyStore

MIRROR_S = 2.0
"""Seconds that the thread of the journal waits for the shared server; no request waits for it."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """A server by which replicas share budgets and journal."""

    url: str
    """redis://HOST:PORT, rediss://HOST:PORT or unix://PATH."""
    name: str = "guard"
    """Name of the state among those that share the server."""


def open_state(state: Path, config: ServiceConfig) -> Opened:
    """Return the guard of the service. Raises StillwatchError as `open_guard` does."""
    where = config.state
    return open_guard(
        state,
        config.failure,
        keys=Path(where.keys) if where.keys else None,
        key_file=Path(where.key_file) if where.key_file else None,
        sharing=Sharing(where.shared, where.name) if where.shared else None,
    )


def open_guard(
    state: Path,
    failure: Failure,
    *,
    keys: Path | None = None,
    key_file: Path | None = None,
    sharing: Sharing | None = None,
) -> Opened:
    """Return a guard over a state that `guard publish` wrote; close it at the end.

    failure: what is done while the guard cannot tell. keys: folder with lookup.key and signing.pub, where it
    is not the state's own. key_file: the key of pseudonyms, if the run was made with one. Raises RunError
    where there is no state or nothing can be written there, SettingError for keys that cannot be read,
    PolicyError for a policy that cannot, MissingExtra without the extra `guard`.
    """
    folder = StateFolder(state) if keys else state_at(state)
    pseudonyms = secret_of(key_file) if key_file else None
    cohorts = lookup_key(keys or folder.keys).cohorts()
    problems = Problems()
    with ExitStack() as open_parts:
        policy = PolicyStore(state)
        policy.current()  # a guard does not begin with half a policy
        records = DecisionRecords(folder.records, partial(account_name, key=pseudonyms))
        open_parts.callback(records.close)
        published = PublishedState(
            state, keys=keys, pseudonyms=pseudonyms, mirror=_mirror(sharing, keys), problems=problems
        )
        open_parts.callback(published.close)
        budgets, where = _budgets(folder.budgets, failure, sharing, problems, open_parts)
        guard = Guard(published, policy.current, budgets, records, failure)
        closing = open_parts.pop_all()
        return Opened(
            guard, partial(_health, published, policy, records, where, problems), closing.close, cohorts
        )


def _mirror(sharing: Sharing | None, keys: Path | None) -> Callable[..., JournalMirror] | None:
    if sharing is None:
        return None
    client = valkey_client(sharing.url, MIRROR_S)
    return lambda folder, problems: JournalMirror(
        client, sharing.name, folder, verifier(keys or folder.keys), problems
    )


def _budgets(
    path: Path, failure: Failure, sharing: Sharing | None, problems: Problems, open_parts: ExitStack
) -> tuple[Budgets, Callable[[], str]]:
    """The budgets, and what tells where they are."""
    try:
        embedded = EmbeddedBudgets(path, problems)
    except RunError as error:  # another process of this machine keeps them; this one's begin anew
        problems.add("budgets-not-kept", str(error))
        embedded = EmbeddedBudgets(problems=problems)
    open_parts.callback(embedded.close)
    if sharing is None:
        return embedded, lambda: "embedded"
    shared = ValkeyBudgets(
        valkey_client(sharing.url), sharing.name, failure, alone=embedded, problems=problems
    )
    open_parts.callback(shared.close)
    return shared, lambda: "alone" if shared.down else "shared"


def _health(
    published: PublishedState,
    policy: PolicyStore,
    records: DecisionRecords,
    where: Callable[[], str],
    problems: Problems,
    now: float,
) -> Health:
    counts: dict[str, Any] = problems.counts()
    if policy.in_force.problems:
        counts["policy"] = policy.in_force.problems
    age: dict[str, float] = {}
    if published.snapshot is not None:
        age["age_s"] = max(now - published.snapshot.made, 0.0)
    return Health(
        published.fresh(now),
        budgets=where(),
        problems=counts,
        waiting=records.segments.waiting,
        lost=records.segments.lost,
        **age,
    )
