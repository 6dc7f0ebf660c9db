"""What people ask for about their own data, and the register of breaches."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = ("rights_request", "breach", "breach_notice")
KINDS = ("access", "rectification", "erasure", "objection", "portability", "blocking")
CHANNELS = ("in_person", "letter", "email", "phone", "program")
STATES = ("open", "answered", "refused", "taken_back")
NOTICES = ("provider", "csirt", "csirt_update", "agency", "people", "families")


def upgrade() -> None:
    op.create_table(
        "rights_request",
        *_columns(
            kind=_one_of("requestkind", *KINDS),
            about=_one_of("about", "person", "child", "other"),
            who=sa.Text(),
            received_on=sa.Date(),
            channel=_one_of("channel", *CHANNELS),
            words=sa.Text(),
            asks_block=sa.Boolean(),
            registered_by_id=sa.Uuid(),
            registered_at=sa.DateTime(timezone=True),
            state=_one_of("requeststate", *STATES),
            answer=sa.Text(),
        ),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("class_group_id", sa.Uuid(), nullable=True),
        sa.Column("list_number", sa.Integer(), nullable=True),
        sa.Column("extension", sa.Text(), nullable=True),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.Column("answered_by_id", sa.Uuid(), nullable=True),
        sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        *_of(
            "rights_request",
            user_id="user",
            class_group_id="class_group",
            registered_by_id="user",
            answered_by_id="user",
        ),
        *_rules(),
    )
    for column in ("user_id", "class_group_id"):
        op.create_index(op.f(f"ix_rights_request_{column}"), "rights_request", [column])
    _breaches()


def _rules() -> list[sa.CheckConstraint]:
    child = "(about = 'child') = (class_group_id IS NOT NULL AND list_number IS NOT NULL)"
    rules = {
        "person": "(about = 'person') = (user_id IS NOT NULL)",
        "child": child,
        "list_number": "list_number IS NULL OR list_number > 0",
        "answered_on": "(state = 'open') = (answered_on IS NULL)",
        "lifted": "lifted_at IS NULL OR blocked_at IS NOT NULL",
    }
    return [
        sa.CheckConstraint(rule, name=op.f(f"ck_rights_request_{name}"))
        for name, rule in rules.items()
    ]


def _breaches() -> None:
    op.create_table(
        "breach",
        *_columns(
            discovered_at=sa.DateTime(timezone=True),
            happened=sa.Text(),
            whose=sa.Text(),
            measures=sa.Text(),
            risk=sa.Boolean(),
            young_children=sa.Boolean(),
            sensitive=sa.Boolean(),
            of_state=sa.Boolean(),
            registered_by_id=sa.Uuid(),
            registered_at=sa.DateTime(timezone=True),
        ),
        sa.Column("closed_on", sa.Date(), nullable=True),
        *_of("breach", registered_by_id="user"),
    )
    op.create_table(
        "breach_notice",
        *_columns(
            breach_id=sa.Uuid(),
            kind=_one_of("noticekind", *NOTICES),
            done_at=sa.DateTime(timezone=True),
            how=sa.Text(),
            by_id=sa.Uuid(),
        ),
        *_of("breach_notice", breach_id="breach", by_id="user"),
        sa.UniqueConstraint("breach_id", "kind", name=op.f("uq_breach_notice_breach_id_kind")),
    )


def _columns(**types: sa.types.TypeEngine[Any]) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name, kind in types.items()]


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _of(table: str, **to: str) -> list[sa.schema.SchemaItem]:
    """Return the id of a table and what its columns refer to."""
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}")
            )
            for column, other in to.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
