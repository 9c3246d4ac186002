"""Labels: what decisions teach later searches. They follow from the events, which are kept either way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table; its rows are made anew from the events after that."""
    op.create_table(
        "labels",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("label", sa.String(32), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("expires", sa.Double(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "place", name="pk_labels"),
        sa.ForeignKeyConstraint(["seq"], ["events.seq"], name="fk_labels_seq"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_labels_case_id"),
    )
    op.create_index("ix_labels_case_id", "labels", ["case_id"])
    op.create_index("ix_labels_scope", "labels", ["scope", "subject"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("labels")
