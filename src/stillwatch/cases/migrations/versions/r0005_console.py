"""Who may use the console, and the log of what they did there beside deciding."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from stillwatch.cases.migrations.growing import let_go, let_only_grow

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("name", "folded")),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("made", "changed")),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("folded", name="uq_users_folded"),
    )
    op.create_table(
        "credentials",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("name", "lookup", "secret")),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("made", sa.Double(), nullable=False),
        *(sa.Column(name, sa.Double(), nullable=True) for name in ("used", "expires")),
        sa.PrimaryKeyConstraint("id", name="pk_credentials"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_credentials_user_id"),
        sa.UniqueConstraint("kind", "lookup", name="uq_credentials_kind"),
    )
    op.create_index("ix_credentials_user_id", "credentials", ["user_id"])
    _sessions_and_tokens()
    op.create_table(
        "spent",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("expires", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_spent"),
    )
    op.create_table(
        "access_log",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("subject", "reason", "detail")),
        *(sa.Column(name, sa.String(64), nullable=False) for name in ("before", "hash")),
        sa.PrimaryKeyConstraint("seq", name="pk_access_log"),
        sa.UniqueConstraint("hash", name="uq_access_log_hash"),
    )
    op.create_index("ix_access_log_action", "access_log", ["action"])
    let_only_grow("access_log")


def _sessions_and_tokens() -> None:
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(16), nullable=False),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("made", "used", "proved")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("address", "agent")),
        sa.PrimaryKeyConstraint("hash", name="pk_sessions"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("read_only", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("made", "expires")),
        sa.Column("used", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tokens_user_id"),
        sa.UniqueConstraint("hash", name="uq_tokens_hash"),
    )
    op.create_index("ix_tokens_user_id", "tokens", ["user_id"])


def downgrade() -> None:
    """Drop the tables, with all that is in them: people must be made users anew."""
    let_go("access_log")
    for table in ("access_log", "spent", "tokens", "sessions", "credentials", "users"):
        op.drop_table(table)
