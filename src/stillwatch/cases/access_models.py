"""The tables of who may use the console. They stand without the chain of events; access_log has its own."""

from __future__ import annotations

from sqlalchemy import BigInteger, Double, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from stillwatch.cases.models import Base


class UserRow(Base):
    """Somebody who may sign in."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(Text, unique=True)
    role: Mapped[str] = mapped_column(String(16))
    disabled: Mapped[bool]
    made: Mapped[float] = mapped_column(Double)
    changed: Mapped[float] = mapped_column(Double)


class CredentialRow(Base):
    """What a user signs in with: password, passkey, oidc, or a link that works once."""

    __tablename__ = "credentials"
    __table_args__ = (UniqueConstraint("kind", "lookup"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(Text)
    lookup: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Text)
    counter: Mapped[int] = mapped_column(BigInteger)
    made: Mapped[float] = mapped_column(Double)
    used: Mapped[float | None] = mapped_column(Double)
    expires: Mapped[float | None] = mapped_column(Double)


class SessionRow(Base):
    """One browser that is signed in; only the hash of its secret is kept."""

    __tablename__ = "sessions"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    method: Mapped[str] = mapped_column(String(16))
    made: Mapped[float] = mapped_column(Double)
    used: Mapped[float] = mapped_column(Double)
    proved: Mapped[float] = mapped_column(Double)
    address: Mapped[str] = mapped_column(Text)
    agent: Mapped[str] = mapped_column(Text)


class TokenRow(Base):
    """A token for programs; only its hash is kept."""

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    read_only: Mapped[bool]
    made: Mapped[float] = mapped_column(Double)
    expires: Mapped[float] = mapped_column(Double)
    used: Mapped[float | None] = mapped_column(Double)


class SpentRow(Base):
    """The hash of an answer that must not be taken a second time, until it expires."""

    __tablename__ = "spent"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires: Mapped[float] = mapped_column(Double)


class AccessRow(Base):
    """One entry of the access log."""

    __tablename__ = "access_log"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time: Mapped[float] = mapped_column(Double)
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(32), index=True)
    subject: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    before: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
