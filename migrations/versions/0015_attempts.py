"""How often something was tried lately, where all processes see it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempt_count",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_attempt_count")),
    )
    op.create_index(op.f("ix_attempt_count_ends_at"), "attempt_count", ["ends_at"])


def downgrade() -> None:
    op.drop_table("attempt_count")
