"""People: readers, networks, roles that come back, invitations, who also evaluates, peer visits."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ROLES = ("observer", "utp_head", "educator", "network_lead", "administrator")
TABLES = (
    "peer_visit",
    "table_import",
    "evaluator",
    "invitation",
    "network_school",
    "network",
)
BEFORE = {
    "uq_membership_in_school": (["user_id", "role", "school_id"], "school_id IS NOT NULL"),
    "uq_membership_in_territory": (["user_id", "role"], "school_id IS NULL"),
}
SINCE = {
    "uq_membership_open_in_school": (
        ["user_id", "role", "school_id"],
        "school_id IS NOT NULL AND ends_on IS NULL",
    ),
    "uq_membership_open_in_network": (
        ["user_id", "role", "network_id"],
        "network_id IS NOT NULL AND ends_on IS NULL",
    ),
    "uq_membership_open_in_territory": (
        ["user_id", "role"],
        "school_id IS NULL AND network_id IS NULL AND ends_on IS NULL",
    ),
}


def upgrade() -> None:
    _networks()
    _drop(BEFORE)
    op.execute(
        "UPDATE membership SET ends_on = starts_on"
        " WHERE starts_on IS NOT NULL AND ends_on IS NOT NULL AND ends_on < starts_on"
    )
    with op.batch_alter_table("membership") as membership:
        membership.add_column(sa.Column("network_id", sa.Uuid(), nullable=True))
        membership.create_foreign_key(
            op.f("fk_membership_network_id_network"), "network", ["network_id"], ["id"]
        )
        membership.drop_constraint(op.f("ck_membership_role"), type_="check")
        membership.create_check_constraint(op.f("ck_membership_role"), _among(*ROLES, "reader"))
        membership.create_check_constraint(
            op.f("ck_membership_place"), "school_id IS NULL OR network_id IS NULL"
        )
        membership.create_check_constraint(
            op.f("ck_membership_days"),
            "starts_on IS NULL OR ends_on IS NULL OR starts_on <= ends_on",
        )
    _index(SINCE)
    _coming_in()
    _between_people()


def _networks() -> None:
    op.create_table(
        "network",
        sa.Column("name", sa.Text(), nullable=False),
        *_of("network"),
        sa.UniqueConstraint("name", name=op.f("uq_network_name")),
    )
    op.create_table(
        "network_school",
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        *_foreign("network_school", network_id="network", school_id="school"),
        sa.PrimaryKeyConstraint("network_id", "school_id", name=op.f("pk_network_school")),
    )
    op.create_index(op.f("ix_network_school_school_id"), "network_school", ["school_id"])


def _coming_in() -> None:
    op.create_table(
        "invitation",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        _moment("made_at"),
        sa.Column("sent_to", sa.Text(), nullable=False),
        _moment("sent_at", nullable=True),
        _moment("revoked_at", nullable=True),
        *_of("invitation", user_id="user", link_id="sign_in_link", by_id="user"),
        sa.UniqueConstraint("link_id", name=op.f("uq_invitation_link_id")),
    )
    op.create_index(op.f("ix_invitation_user_id"), "invitation", ["user_id"])
    op.create_table(
        "table_import",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        _moment("at"),
        _moment("done_at", nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        *_of("table_import", by_id="user"),
    )


def _between_people() -> None:
    op.create_table(
        "evaluator",
        sa.Column("evaluator_id", sa.Uuid(), nullable=False),
        sa.Column("educator_id", sa.Uuid(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        _moment("at"),
        _moment("ended_at", nullable=True),
        sa.CheckConstraint("evaluator_id <> educator_id", name=op.f("ck_evaluator_two")),
        *_of("evaluator", evaluator_id="user", educator_id="user", by_id="user"),
    )
    _index(
        {"uq_evaluator_open": (["evaluator_id", "educator_id"], "ended_at IS NULL")}, "evaluator"
    )
    op.create_table(
        "peer_visit",
        sa.Column("one_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        _moment("at"),
        sa.Column("ends_on", sa.Date(), nullable=False),
        _moment("one_agreed_at", nullable=True),
        _moment("other_agreed_at", nullable=True),
        _moment("ended_at", nullable=True),
        sa.CheckConstraint("one_id <> other_id", name=op.f("ck_peer_visit_two")),
        *_of("peer_visit", one_id="user", other_id="user", by_id="user"),
    )
    for column in ("one_id", "other_id"):
        op.create_index(op.f(f"ix_peer_visit_{column}"), "peer_visit", [column])


def downgrade() -> None:
    for table in TABLES[:4]:
        op.drop_table(table)
    _drop(SINCE)
    # What the older schema has no words for goes: it would be more than was given, or refused.
    op.execute("DELETE FROM membership WHERE network_id IS NOT NULL OR role = 'reader'")
    op.execute(
        "DELETE FROM membership WHERE EXISTS (SELECT 1 FROM membership AS later"
        " WHERE later.user_id = membership.user_id AND later.role = membership.role"
        " AND coalesce(later.school_id = membership.school_id,"
        " later.school_id IS NULL AND membership.school_id IS NULL)"
        " AND later.id > membership.id)"
    )
    with op.batch_alter_table("membership") as membership:
        for name in ("role", "place", "days"):
            membership.drop_constraint(op.f(f"ck_membership_{name}"), type_="check")
        membership.create_check_constraint(op.f("ck_membership_role"), _among(*ROLES))
        membership.drop_constraint(op.f("fk_membership_network_id_network"), type_="foreignkey")
        membership.drop_column("network_id")
    _index(BEFORE)
    for table in TABLES[4:]:
        op.drop_table(table)


def _among(*roles: str) -> str:
    return f"role IN ({', '.join(repr(role) for role in roles)})"


def _drop(indexes: dict[str, Any]) -> None:
    for name in indexes:
        op.drop_index(name, table_name="membership")


def _index(indexes: dict[str, tuple[list[str], str]], table: str = "membership") -> None:
    for name, (columns, where) in indexes.items():
        op.create_index(
            name,
            table,
            columns,
            unique=True,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _of(table: str, **to: str) -> list[sa.schema.SchemaItem]:
    """Return the id of a table and what its columns refer to."""
    key = sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))
    return [sa.Column("id", sa.Uuid(), nullable=False), *_foreign(table, **to), key]


def _foreign(table: str, **to: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.ForeignKeyConstraint(
            [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}")
        )
        for column, other in to.items()
    ]
