"""The tables of the outbox. They hold nothing that decides anything, so no event tells of them."""

from __future__ import annotations

from sqlalchemy import Double, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from stillwatch.cases.models import Base


class MessageRow(Base):
    """A message that was queued; its key stays when its body is gone."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_state", "state", "id"), Index("ix_outbox_case_id", "case_id"))

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    uid: Mapped[str] = mapped_column(String(40), unique=True)
    topic: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(200), unique=True)
    case_id: Mapped[int | None]
    body: Mapped[str] = mapped_column(Text)
    made: Mapped[float] = mapped_column(Double)
    state: Mapped[str] = mapped_column(String(16))


class DeliveryRow(Base):
    """A message on its way to one channel."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_state", "channel", "state", "due"),)

    message_id: Mapped[int] = mapped_column(ForeignKey("outbox.id"), primary_key=True, autoincrement=False)
    channel: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int]
    due: Mapped[float] = mapped_column(Double)
    claim: Mapped[str] = mapped_column(String(32))
    tried: Mapped[float | None] = mapped_column(Double)
    settled: Mapped[float | None] = mapped_column(Double)
    said: Mapped[str] = mapped_column(Text)


class DeliveryLogRow(Base):
    """Something that a person did with a message that could not be delivered; rows are only added."""

    __tablename__ = "delivery_log"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time: Mapped[float] = mapped_column(Double)
    message_id: Mapped[int] = mapped_column(index=True)
    channel: Mapped[str] = mapped_column(String(64))
    did: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)


class PassRow(Base):
    """When something that is done again and again was last done."""

    __tablename__ = "passes"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    time: Mapped[float] = mapped_column(Double)
