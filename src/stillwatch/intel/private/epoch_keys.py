"""The keys of the epochs: made in time, sealed where they are kept, destroyed when their epoch is over."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session

from stillwatch.cases.database import Database
from stillwatch.errors import IntelError
from stillwatch.intel.private.epoch import Epoch
from stillwatch.intel.private.key_list import KeyList, sign_list
from stillwatch.intel.private.settings import LookupSettings
from stillwatch.intel.private.tables import Alarm, Batch, EpochKey, Spending, make_tables
from stillwatch.intel.private.voprf_package import ristretto
from stillwatch.intel.witness import Witness
from stillwatch.key_file import secret_of

if TYPE_CHECKING:
    from voprf.ristretto import Evaluator

NONCE = 12
KEPT_ALARMS_S = 366 * 86_400.0
"""Alarms are kept for a year; they hold sizes and times only."""


class EpochKeys:
    """The keys of one service. Threads and processes may share a database."""

    def __init__(self, database: Database, settings: LookupSettings, witness: Witness) -> None:
        """Raises SettingError for a key file that cannot be used."""
        secret = secret_of(settings.key_file)
        self._database, self._settings, self._witness = database, settings, witness
        self._seal = AESGCM(_derived(secret, b"stillwatch token epoch seeds 1"))
        self._signer = list_signer(secret)
        self._ready: dict[str, Evaluator] = {}
        self._lock = threading.Lock()
        self._checked_until = 0.0

    @property
    def signer(self) -> bytes:
        """The public key of the list's signatures, which each member pins when it joins."""
        return self._signer.public_key().public_bytes_raw()

    def answered(self, now: float) -> list[Epoch]:
        """The epochs that are answered at a moment."""
        here = Epoch.at(now, days=self._settings.days)
        near = (here.previous(), here, here.next())
        return [e for e in near if e.begins - self._settings.skew_s <= now < e.ends + self._settings.grace_s]

    def published(self, now: float) -> KeyList:
        """The list of the keys of the epochs that are answered, or will be soon."""
        self.keep(now)
        wanted = self._wanted(now)
        with self._database.reading() as session:
            rows = {row.epoch: row.public_key for row in session.scalars(sa.select(EpochKey))}
        return sign_list([(e, rows[e.name]) for e in wanted if e.name in rows], now, self._signer)

    def evaluator(self, epoch: Epoch, now: float) -> Evaluator:
        """What answers for an epoch. Raises IntelError for one that is not answered now."""
        self.keep(now)
        if epoch not in self.answered(now):
            raise IntelError(
                "this epoch is not answered now",
                where=epoch.name,
                do="ask for the epoch of today: " + ", ".join(e.name for e in self.answered(now)),
            )
        with self._lock:
            if epoch.name not in self._ready:
                with self._database.reading() as session:
                    row = session.get(EpochKey, epoch.name)
                self._ready[epoch.name] = self._opened(row, epoch)
            return self._ready[epoch.name]

    def keep(self, now: float) -> None:
        """Make the keys that are wanted, and destroy those of epochs that are over."""
        if now < self._checked_until:
            return
        wanted = self._wanted(now)
        with self._database.writing() as session:
            make_tables(session)
            if self._database.sqlite:
                session.execute(sa.text("PRAGMA secure_delete=ON"))
            for epoch in wanted:
                if session.get(EpochKey, epoch.name) is None:
                    self._make(session, epoch, now)
            self._destroy(session, {e.name for e in wanted}, now)
        with self._lock:
            self._ready = {
                name: e for name, e in self._ready.items() if name in {epoch.name for epoch in wanted}
            }
        edges = [
            m for e in wanted for m in (e.begins - self._settings.skew_s, e.ends + self._settings.grace_s)
        ]
        edges += [e.ends - self._settings.ahead_s for e in wanted]
        self._checked_until = min(min((m for m in edges if m > now), default=now), now + 600.0)

    def _wanted(self, now: float) -> list[Epoch]:
        found = self.answered(now)
        last = found[-1]
        return [*found, last.next()] if now >= last.ends - self._settings.ahead_s else found

    def _make(self, session: Session, epoch: Epoch, now: float) -> None:
        seed, nonce = os.urandom(32), os.urandom(NONCE)
        evaluator = _evaluator(seed, epoch)
        public = evaluator.public_key.serialize()
        sealed = nonce + self._seal.encrypt(nonce, seed, epoch.name.encode())
        session.add(EpochKey(epoch=epoch.name, public_key=public, sealed=sealed, made=now))
        facts = {"epoch": epoch.name, "public_key": public.hex(), "signer": self.signer.hex()}
        self._witness(session, "lookup.key", None, facts)

    def _destroy(self, session: Session, wanted: set[str], now: float) -> None:
        over = [
            row
            for row in session.scalars(sa.select(EpochKey).where(EpochKey.sealed.is_not(None)))
            if row.epoch not in wanted and Epoch.named(row.epoch).ends + self._settings.grace_s <= now
        ]
        for row in over:
            row.sealed = None
            session.execute(sa.delete(Batch).where(Batch.epoch == row.epoch))
            self._witness(session, "lookup.key-destroyed", None, {"epoch": row.epoch})
        # What was spent in the epoch before is what a burst is measured against.
        kept = wanted | {Epoch.named(name).previous().name for name in wanted}
        session.execute(sa.delete(Spending).where(Spending.epoch.not_in(kept)))
        session.execute(sa.delete(Alarm).where(Alarm.at < now - KEPT_ALARMS_S))

    def _opened(self, row: EpochKey | None, epoch: Epoch) -> Evaluator:
        try:
            if row is None or row.sealed is None:
                raise InvalidTag
            seed = self._seal.decrypt(row.sealed[:NONCE], row.sealed[NONCE:], epoch.name.encode())
        except InvalidTag:
            raise IntelError(
                "the key of this epoch cannot be opened",
                where=epoch.name,
                do="start the service with the key file that it had when the epoch began",
            ) from None
        return _evaluator(seed, epoch)


def list_signer(secret: bytes) -> Ed25519PrivateKey:
    """The key that signs the list of keys, from the secret in the service's key file."""
    return Ed25519PrivateKey.from_private_bytes(_derived(secret, b"stillwatch token key list 1"))


def _evaluator(seed: bytes, epoch: Epoch) -> Evaluator:
    found: Evaluator = ristretto().Evaluator.from_seed(seed, f"stillwatch token {epoch.name}".encode())
    return found


def _derived(secret: bytes, what: bytes) -> bytes:
    return HKDF(SHA256(), 32, None, what).derive(secret)
