"""A request that was registered by mistake ends as one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

STATES = ("open", "answered", "refused", "taken_back")


def upgrade() -> None:
    _allow(*STATES, "mistaken")


def _allow(*states: str) -> None:
    check = op.f("ck_rights_request_requeststate")
    with op.batch_alter_table("rights_request") as requests:
        requests.drop_constraint(check, type_="check")
        requests.create_check_constraint(check, sa.column("state").in_(states))


def downgrade() -> None:
    # What was ended stays: where one ended so, this stops at its constraint.
    _allow(*STATES)
