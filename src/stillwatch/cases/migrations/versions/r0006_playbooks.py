"""Playbooks that are run, and since when checks are not met."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables; rows of files, runs and steps are made anew from the events after that."""
    op.create_table(
        "playbook_files",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_playbook_files"),
        sa.ForeignKeyConstraint(["seq"], ["events.seq"], name="fk_playbook_files_seq"),
    )
    op.create_table(
        "playbook_runs",
        *(
            sa.Column(name, sa.Integer(), autoincrement=False, nullable=False)
            for name in ("case_id", "number")
        ),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("playbook", "title")),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("begun", sa.Double(), nullable=False),
        sa.Column("begun_by", sa.Text(), nullable=False),
        sa.Column("updated", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "number", name="pk_playbook_runs"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_playbook_runs_case_id"),
    )
    op.create_index("ix_playbook_runs_state", "playbook_runs", ["state"])
    op.create_table(
        "playbook_steps",
        *(
            sa.Column(name, sa.Integer(), autoincrement=False, nullable=False)
            for name in ("case_id", "number")
        ),
        sa.Column("step", sa.String(80), nullable=False),
        sa.Column("stands", sa.String(16), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("actor", "reason")),
        sa.Column("choice", sa.String(250), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "number", "step", name="pk_playbook_steps"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_playbook_steps_case_id"),
    )
    op.create_table(
        "check_failures",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("case_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", "case_id", name="pk_check_failures"),
    )


def downgrade() -> None:
    """Drop the tables; the events tell all that is in them but since when checks are not met."""
    for table in ("check_failures", "playbook_steps", "playbook_runs", "playbook_files"):
        op.drop_table(table)


def _run() -> list[sa.Column[int]]:
    """The columns that name a run."""
    names = ("case_id", "number")
    return [sa.Column(name, sa.Integer(), autoincrement=False, nullable=False) for name in names]
