"""Cases, their events, and the evidence they were opened on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from stillwatch.cases.migrations.growing import let_go, let_only_grow

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "cases",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("identity", "family")),
        *(sa.Column(name, sa.String(32), nullable=False) for name in ("kind", "state", "outcome")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("assignee", "assigned_by")),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("opened", "updated")),
        *(sa.Column(name, sa.Double(), nullable=True) for name in ("snoozed_until", "deadline")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("proposed_by", "approved_by")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("approved_accounts", "accounts")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("found", "judged")),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
    )
    op.create_index("ix_cases_state", "cases", ["state"])
    op.create_index("ix_cases_assignee", "cases", ["assignee"])
    op.create_table(
        "events",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("actor", "reason", "previous", "new")),
        *(sa.Column(name, sa.String(64), nullable=False) for name in ("before", "hash")),
        sa.PrimaryKeyConstraint("seq", name="pk_events"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_events_case_id"),
        sa.UniqueConstraint("hash", name="uq_events_hash"),
    )
    op.create_index("ix_events_case_id", "events", ["case_id"])
    _evidence()
    _of_cases()
    for table in ("events", "evidence", "checkpoints"):
        let_only_grow(table)


def _evidence() -> None:
    op.create_table(
        "evidence",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "sha256", name="pk_evidence"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_evidence_case_id"),
        sa.ForeignKeyConstraint(["seq"], ["events.seq"], name="fk_evidence_seq"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_checkpoints"),
    )


def _of_cases() -> None:
    op.create_table(
        "identities",
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("identity", name="pk_identities"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_identities_case_id"),
        sa.UniqueConstraint("case_id", "place", name="uq_identities_case_id"),
    )
    op.create_table(
        "tags",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("tag", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "tag", name="pk_tags"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_tags_case_id"),
    )
    op.create_index("ix_tags_tag", "tags", ["tag"])
    op.create_table(
        "links",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("link", sa.String(32), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "link", "other_id", name="pk_links"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_links_case_id"),
        sa.ForeignKeyConstraint(["other_id"], ["cases.id"], name="fk_links_other_id"),
    )
    op.create_index("ix_links_other_id", "links", ["other_id"])
    op.create_table(
        "notes",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_notes"),
        sa.ForeignKeyConstraint(["seq"], ["events.seq"], name="fk_notes_seq"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_notes_case_id"),
    )
    op.create_index("ix_notes_case_id", "notes", ["case_id"])


def downgrade() -> None:
    """Drop the tables, with all that is in them."""
    for table in ("events", "evidence", "checkpoints"):
        let_go(table)
    for table in ("notes", "links", "tags", "identities", "checkpoints", "evidence", "events", "cases"):
        op.drop_table(table)
