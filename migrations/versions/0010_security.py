"""Sessions with their device, a second step, accounts elsewhere."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = ("code_app", "recovery_code", "security_key", "outside_account")
OF_A_SESSION = ("how", "device", "seen_at", "waiting", "second_at")


def upgrade() -> None:
    for name in ("how", "device"):
        op.add_column(
            "sign_in_session", sa.Column(name, sa.Text(), nullable=False, server_default="")
        )
    op.add_column(
        "sign_in_session",
        sa.Column("waiting", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    for name in ("seen_at", "second_at"):
        op.add_column("sign_in_session", sa.Column(name, _moment(), nullable=True))
    _second_step()
    _elsewhere()


def _second_step() -> None:
    op.create_table(
        "code_app",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("confirmed_at", _moment(), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        *_of_a_person("code_app"),
        sa.UniqueConstraint("user_id", name=op.f("uq_code_app_user_id")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("used_at", _moment(), nullable=True),
        *_of_a_person("recovery_code"),
        sa.UniqueConstraint("code_hash", name=op.f("uq_recovery_code_code_hash")),
    )
    op.create_index(op.f("ix_recovery_code_user_id"), "recovery_code", ["user_id"])
    op.create_table(
        "security_key",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("used_at", _moment(), nullable=True),
        *_of_a_person("security_key"),
        sa.UniqueConstraint("credential_id", name=op.f("uq_security_key_credential_id")),
    )
    op.create_index(op.f("ix_security_key_user_id"), "security_key", ["user_id"])


def _elsewhere() -> None:
    op.create_table(
        "outside_account",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("linked_at", _moment(), nullable=False),
        *_of_a_person("outside_account"),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_outside_account_issuer_subject")),
    )
    op.create_index(op.f("ix_outside_account_user_id"), "outside_account", ["user_id"])


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _of_a_person(table: str) -> list[Any]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f(f"fk_{table}_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    # Who still owes the second step is out: the older program does not ask for it.
    op.execute(sa.text("DELETE FROM sign_in_session WHERE waiting"))
    with op.batch_alter_table("sign_in_session") as sessions:
        for name in OF_A_SESSION:
            sessions.drop_column(name)
