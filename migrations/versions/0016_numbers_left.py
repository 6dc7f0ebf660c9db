"""Since when the list number that a request names is no longer that child's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rights_request", sa.Column("number_left_on", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("rights_request", "number_left_on")
