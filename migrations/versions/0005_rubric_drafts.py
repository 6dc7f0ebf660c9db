"""Versions of a rubric while they are written in the browser."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

REFERENCES = {
    "base_id": "rubric_version",
    "begun_by_id": "user",
    "changed_by_id": "user",
    "frozen_id": "rubric_version",
}


def upgrade() -> None:
    foreign = [
        sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_rubric_draft_{column}_{to}"))
        for column, to in REFERENCES.items()
    ]
    op.create_table(
        "rubric_draft",
        sa.Column("rubric_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("dropped", sa.Text(), nullable=False),
        sa.Column("base_id", sa.Uuid(), nullable=True),
        sa.Column("begun_by_id", sa.Uuid(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_id", sa.Uuid(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frozen_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        *foreign,
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rubric_draft")),
    )


def downgrade() -> None:
    op.drop_table("rubric_draft")
