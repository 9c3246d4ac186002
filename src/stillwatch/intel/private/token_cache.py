"""What a member keeps of its look-ups: tokens that it paid for, and the keys that it was shown."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from stillwatch.cases.database import Database
from stillwatch.intel.private.key_list import CheatingService, KeyList
from stillwatch.intel.private.tables import make_tables

AT_ONCE = 500


class Base(DeclarativeBase):
    """The tables of this piece."""


class Known(Base):
    """A token that was paid for."""

    __tablename__ = "cache_tokens"
    epoch: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    token: Mapped[bytes] = mapped_column(sa.LargeBinary(32))


class Shown(Base):
    """The key of an epoch, as the service first showed it, with the list that said so."""

    __tablename__ = "cache_keys"
    epoch: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    public_key: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    list: Mapped[str] = mapped_column(sa.Text)
    signature: Mapped[bytes] = mapped_column(sa.LargeBinary(64))


class TokenCache:
    """A file that only its owner may read. It holds digests of values: who has it can guess values that are
    few, so it is as private as they are.
    """

    def __init__(self, file: Path) -> None:
        """Raises CaseError where the file cannot be made."""
        self.database = Database(file)
        self.database.make_file()
        with self.database.writing() as session:
            make_tables(session, "cache", Base)

    def known(self, epoch: str, inputs: Sequence[bytes]) -> dict[bytes, bytes]:
        """The tokens that are known, by input."""
        wanted = {_digest(one): one for one in inputs}
        digests = list(wanted)
        found: dict[bytes, bytes] = {}
        with self.database.reading() as session:
            for at in range(0, len(digests), AT_ONCE):
                asked = sa.select(Known).where(
                    Known.epoch == epoch, Known.digest.in_(digests[at : at + AT_ONCE])
                )
                found |= {wanted[row.digest]: row.token for row in session.scalars(asked)}
        return found

    def keep(self, epoch: str, tokens: Mapping[bytes, bytes]) -> None:
        """Keep tokens, by input; there are some."""
        rows = [{"epoch": epoch, "digest": _digest(one), "token": token} for one, token in tokens.items()]
        with self.database.writing() as session:
            session.execute(sa.insert(Known).prefix_with("OR IGNORE"), rows)

    def forget_before(self, epoch: str) -> None:
        """Drop the tokens of earlier epochs; the keys that were shown stay, as evidence."""
        with self.database.writing() as session:
            session.execute(sa.delete(Known).where(Known.epoch < epoch))

    def check_keys(self, found: KeyList) -> None:
        """Remember the keys of a list. Raises CheatingService where one is not what it was before."""
        with self.database.writing() as session:
            for epoch, key in found.keys.items():
                before = session.get(Shown, epoch)
                if before is None:
                    session.add(
                        Shown(epoch=epoch, public_key=key, list=found.text, signature=found.signature)
                    )
                elif before.public_key != key:
                    raise CheatingService(
                        "the service shows another key for an epoch than it showed before; it signed both",
                        where=f"{self.database.shown}, epoch {epoch}: {before.public_key.hex()}, "
                        f"now {key.hex()}",
                        do="keep the file and this message: two signed lists that differ prove it",
                    )

    def close(self) -> None:
        """Give its connections back."""
        self.database.close()


def _digest(one: bytes) -> bytes:
    return hashlib.sha256(one).digest()
