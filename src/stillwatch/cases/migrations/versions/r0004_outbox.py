"""The outbox: messages about cases, their way to each channel, and what people did with dead letters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from stillwatch.cases.migrations.growing import let_go, let_only_grow

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables, empty: nothing that happened before is told."""
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("uid", sa.String(40), nullable=False),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made", sa.Double(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("uid", name="uq_outbox_uid"),
        sa.UniqueConstraint("key", name="uq_outbox_key"),
    )
    op.create_index("ix_outbox_state", "outbox", ["state", "id"])
    op.create_index("ix_outbox_case_id", "outbox", ["case_id"])
    op.create_table(
        "deliveries",
        sa.Column("message_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", sa.Double(), nullable=False),
        sa.Column("claim", sa.String(32), nullable=False),
        sa.Column("tried", sa.Double(), nullable=True),
        sa.Column("settled", sa.Double(), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "channel", name="pk_deliveries"),
        sa.ForeignKeyConstraint(["message_id"], ["outbox.id"], name="fk_deliveries_message_id"),
    )
    op.create_index("ix_deliveries_state", "deliveries", ["channel", "state", "due"])
    op.create_table(
        "delivery_log",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("did", sa.String(16), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_delivery_log"),
    )
    op.create_index("ix_delivery_log_message_id", "delivery_log", ["message_id"])
    op.create_table(
        "passes",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_passes"),
    )
    let_only_grow("delivery_log")


def downgrade() -> None:
    """Drop the tables, with all that is in them."""
    let_go("delivery_log")
    for table in ("passes", "delivery_log", "deliveries", "outbox"):
        op.drop_table(table)
