"""What is done about cases: plans, steps, letters, notices, appeals. All but the words of appeals follow from
the events, which are kept either way.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = ("plans", "crowds", "steps", "letters", "notices", "appeals", "measures")


def upgrade() -> None:
    """Make the tables; their rows are made anew from the events after that."""
    _table("plans", [_word("state", 16)], indexed=["state"])
    _table("crowds", [_word("plan_id", 64)], indexed=["plan_id"])
    _table("steps", [_word("plan_id", 64), _word("state", 16)], indexed=["plan_id", "state"])
    _table("letters", [_word("state", 16)], indexed=["state"])
    _table(
        "notices",
        [_word("letter_id", 64), _text("account"), _word("token_hash", 64)],
        indexed=["letter_id", "account"],
        unique=["token_hash"],
    )
    _table(
        "appeals",
        [
            _word("notice_id", 64),
            _text("account"),
            _word("state", 16),
            sa.Column("opened", sa.Double(), nullable=False),
            sa.Column("due", sa.Double(), nullable=False),
            _word("restoration", 16),
        ],
        indexed=["notice_id", "account", "state", "opened"],
    )
    _table("measures", [])
    op.create_table(
        "appeal_texts",
        _word("appeal_id", 64),
        _text("text"),
        sa.PrimaryKeyConstraint("appeal_id", name="pk_appeal_texts"),
    )


def downgrade() -> None:
    """Drop the tables, and the words of appeals with them."""
    for table in ("appeal_texts", *reversed(TABLES)):
        op.drop_table(table)


def _table(
    name: str, columns: Sequence[sa.Column[str]], indexed: Sequence[str] = (), unique: Sequence[str] = ()
) -> None:
    op.create_table(
        name,
        _word("id", 64),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        *columns,
        _text("data"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=f"fk_{name}_case_id"),
        *(sa.UniqueConstraint(column, name=f"uq_{name}_{column}") for column in unique),
    )
    for column in ("case_id", *indexed):
        op.create_index(f"ix_{name}_{column}", name, [column])


def _word(name: str, longest: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(longest), nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)
