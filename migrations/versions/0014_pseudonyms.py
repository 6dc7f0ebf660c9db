"""A pseudonym in the place of an educator's name: since when, its rule and its certificate."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

KEPT = ("video", "unused_video", "clips", "names", "copies")
CERTIFIED = ("revoked", "video_deleted", "clips_deleted", "copies_deleted", "names_deleted")


def upgrade() -> None:
    op.add_column("user", sa.Column("pseudonymised_at", sa.DateTime(timezone=True), nullable=True))
    _kinds("retention_rule", "kept", *KEPT, "educators")
    _kinds("certificate", "certificatekind", *CERTIFIED, "pseudonymised")


def _kinds(table: str, name: str, *kinds: str) -> None:
    """Let the column `kind` hold these values alone."""
    check = op.f(f"ck_{table}_{name}")
    among = f"kind IN ({', '.join(repr(kind) for kind in kinds)})"
    with op.batch_alter_table(table) as changed:
        changed.drop_constraint(check, type_="check")
        changed.create_check_constraint(check, among)


def downgrade() -> None:
    # Certificates are never deleted: where one tells of a pseudonym, this stops at its constraint.
    op.execute("DELETE FROM retention_rule WHERE kind = 'educators'")
    if op.get_bind().dialect.name == "postgresql":  # on SQLite no trigger is there meanwhile
        op.execute('DROP TRIGGER IF EXISTS user_stays_pseudonymised ON "user"')
    _kinds("certificate", "certificatekind", *CERTIFIED)
    _kinds("retention_rule", "kept", *KEPT)
    op.drop_column("user", "pseudonymised_at")
