"""What people decide, written into the journal of a state: the door for commands and for Python."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillwatch.errors import RunError, SettingError
from stillwatch.guard.journal import Journal
from stillwatch.guard.journal_entry import Entry, Kind
from stillwatch.guard.moments import told
from stillwatch.guard.published import PublishedState
from stillwatch.guard.records import decisions
from stillwatch.guard.state_folder import state_at
from stillwatch.guard.state_keys import lookup_key, signer, verifier
from stillwatch.key_file import secret_of
from stillwatch.response.known import Known
from stillwatch.toml_file import nearest

DECISION = re.compile(r"[0-9a-f]{32}")
ANYWAY = "mend the name, or say --force where you know that it is right"


@dataclass(frozen=True)
class Said:
    """Who decides, why, and until when."""

    actor: str
    """Who, by name."""
    reason: str
    """Why."""
    until: float | None = None
    """When it ends by itself, POSIX seconds; None: never."""
    once: str = ""
    """A key under which it is written once, however often it is said; empty: each time."""


@dataclass(frozen=True)
class Order:
    """A step that a person takes about accounts."""

    step: str
    """slow, verify or block."""
    reason: str
    """The code that the customer is told; names no detector."""
    account_tokens: int = 0
    """slow: tokens a minute of one account; 0: no limit of its own."""
    campaign_tokens: int = 0
    """slow: tokens a minute of all accounts of the campaign together; 0: no common limit."""


class People:
    """Writes entries. Use it as a context manager. Methods raise SettingError for what says too little, and
    RunError for a state that cannot be used, an unknown name, or a journal that cannot be written.
    """

    def __init__(self, state: Path, key_file: Path | None = None) -> None:
        """key_file: that of the run's pseudonyms, to give the provider's own ids."""
        folder = state_at(state)
        self._lookup = lookup_key(folder.keys)
        self._pseudonyms = secret_of(key_file) if key_file else None
        self._published = PublishedState(state, watch=False)
        self._journal = Journal(folder.journal, verifier(folder.keys), signer(folder.keys))

    def __enter__(self) -> People:
        return self

    def __exit__(self, *_: object) -> None:
        self._journal.close()
        self._published.close()

    def key_of(self, account: str) -> str:
        """Return an account's key as the journal writes it."""
        if not account.strip():
            raise SettingError("the account has no name", where="ACCOUNT", do="give its id")
        return f"{self._lookup.account_of(account, self._pseudonyms):016x}"

    def knows(self, account: str) -> bool:
        """Return whether the newest snapshot has an account."""
        snapshot = self._published.snapshot
        return snapshot is not None and snapshot.row(int(self.key_of(account), 16)) is not None

    def exempt(self, account: str, kind: str, said: Said) -> Entry:
        """Exempt an account. kind: researcher, evaluator or another word for what its owner is."""
        return self._append(Kind.EXEMPT, f"account:{self.key_of(account)}", said, {"as": kind})

    def act(self, campaign: str, accounts: Sequence[str], order: Order, said: Said) -> Entry:
        """Take a step about accounts of a campaign, until an end. Only named accounts of an operator meet it,
        and no permit, exemption, hold or appeal is passed over.
        """
        data: dict[str, Any] = {
            "step": order.step,
            "reason": order.reason,
            "accounts": sorted({self.key_of(account) for account in accounts}),
        }
        if order.account_tokens or order.campaign_tokens:
            data |= {"account_tokens": order.account_tokens, "campaign_tokens": order.campaign_tokens}
        return self._append(Kind.ACT, f"campaign:{campaign}", said, data)

    def written_once(self, once: str) -> Entry | None:
        """Return the entry that was written under a key; None if there is none."""
        return self._journal.written_once(once)

    def known(self, account: str, model: str, now: float) -> Known | None:
        """Return what the state says of an account now; None if it does not have it. now: POSIX seconds."""
        return self._published.known(account, model, now)

    def refresh(self) -> None:
        """Take up what was published and decided since."""
        self._published.refresh()

    def hold(self, what: str, said: Said, *, force: bool = False) -> Entry:
        """Let nothing be done about an account, or about a campaign (camp-…), while somebody looks."""
        if what.startswith("camp-"):
            return self._append(Kind.HOLD, self._campaign(what, force), said)
        return self._append(Kind.HOLD, f"account:{self.key_of(what)}", said)

    def uphold(self, account: str, said: Said, decision: str = "") -> Entry:
        """Uphold the appeal of an account. decision: the one that it appealed against."""
        data = {"decision": decision} if decision else {}
        return self._append(Kind.APPEAL, f"account:{self.key_of(account)}", said, data)

    def issue(
        self,
        name: str,
        said: Said,
        *,
        accounts: Sequence[str] = (),
        organisation: str = "",
        models: Sequence[str] = (),
        starts: float | None = None,
    ) -> Entry:
        """Issue a permit to accounts or to a verified organisation. models: those it covers; empty: all."""
        data = {
            "accounts": sorted({self.key_of(account) for account in accounts}),
            "organisation": f"{self._lookup.organisation(organisation):016x}" if organisation.strip() else "",
            "models": sorted(set(models)),
            "starts": None if starts is None else told(starts),
        }
        return self._append(Kind.PERMIT, f"permit:{name.strip()}", said, data)

    def revoke(self, name: str, said: Said, *, force: bool = False) -> Entry:
        """Take back the permits of a name that were issued so far, those of the run included."""
        snapshot = self._published.snapshot
        known = {permit.name for permit in ([] if snapshot is None else snapshot.permits)}
        known |= {one.about[1] for one in self._journal.entries() if one.kind is Kind.PERMIT}
        if name not in known and not force:
            raise RunError(
                f"no permit is called {name}", where="NAME", do=f"{nearest(name, known)}; {ANYWAY}"
            )
        return self._append(Kind.REVOKE, f"permit:{name}", said)

    def undo(self, what: str, said: Said, *, account: str = "", force: bool = False) -> Entry:
        """End all that was done about a campaign (camp-…), or after a decision (its id, with the account
        that it was about).
        """
        if DECISION.fullmatch(what):
            key = self.key_of(account) if account else self._key_in_records(what)
            return self._append(Kind.UNDO, f"decision:{what}", said, {"account": key})
        return self._append(Kind.UNDO, self._campaign(what, force), said)

    def end(self, seq: int, said: Said) -> Entry:
        """Take back an earlier entry."""
        return self._append(Kind.END, f"entry:{seq}", said)

    def _key_in_records(self, decision: str) -> str:
        """The key of the account that a decision was about, from the records of this state."""
        found = next(
            (row for row in decisions(self._published.folder.records) if row.get("id") == decision), None
        )
        if found is None or int(found.get("key", "0"), 16) == 0:
            raise SettingError(
                "the records of this state do not tell whom the decision was about",
                where="--account",
                do="give the account's id",
            )
        return str(found["key"])

    def _campaign(self, identity: str, force: bool) -> str:
        snapshot = self._published.snapshot
        known = {one.state.name for one in ([] if snapshot is None else snapshot.campaigns)}
        if identity not in known and not force:
            raise RunError(
                f"the newest snapshot has no campaign {identity}",
                where="its identity",
                do=f"{nearest(identity, known)}; {ANYWAY}",
            )
        return f"campaign:{identity}"

    def _append(self, kind: Kind, subject: str, said: Said, data: dict[str, Any] | None = None) -> Entry:
        if said.once and (found := self._journal.written_once(said.once)) is not None:
            return found
        if said.until is not None and said.until <= time.time():
            raise SettingError("the end has passed already", where="--until", do="give a later time")
        return self._journal.append(
            kind,
            subject,
            actor=said.actor,
            reason=said.reason,
            data=data,
            expires=said.until,
            once=said.once,
        )
