"""A cohort's mean moves in steps of several educators: what of each lesson is counted in it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("lesson_mean") as table:
        table.add_column(sa.Column("counted", sa.Double(), nullable=True))
        table.alter_column("mean", existing_type=sa.Double(), nullable=True)
    op.execute("UPDATE lesson_mean SET counted = mean")  # the sums were made of all of them


def downgrade() -> None:
    op.execute("DELETE FROM lesson_mean WHERE mean IS NULL")
    with op.batch_alter_table("lesson_mean") as table:
        table.alter_column("mean", existing_type=sa.Double(), nullable=False)
        table.drop_column("counted")
