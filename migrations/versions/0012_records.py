"""Records as people share them: corrections, agreement, saved views, visits, averages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = (
    "correction",
    "agreement",
    "saved_view",
    "list_visit",
    "average_release",
    "released_observation",
)
OPEN = sa.text("state IN ('open', 'begun')")


def upgrade() -> None:
    _review()
    _list()
    _averages()


def _review() -> None:
    states = ("open", "begun", "corrected", "kept", "taken_back")
    op.create_table(
        "correction",
        sa.Column("observation_id", sa.Uuid(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", _one_of("correctionstate", *states), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("new_revision", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(state IN ('open', 'begun')) = (answered_at IS NULL)",
            name=op.f("ck_correction_answered"),
        ),
        *_of("correction", observation_id="observation", asked_by_id="user"),
    )
    op.create_index(op.f("ix_correction_observation_id"), "correction", ["observation_id"])
    op.create_index(
        "uq_correction_open",
        "correction",
        ["observation_id"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_table(
        "agreement",
        sa.Column("observation_id", sa.Uuid(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_of("agreement", observation_id="observation", user_id="user"),
        sa.UniqueConstraint(
            *("observation_id", "revision_number", "user_id"),
            name=op.f("uq_agreement_observation_id_revision_number_user_id"),
        ),
    )


def _list() -> None:
    op.create_table(
        "saved_view",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_of("saved_view", user_id="user"),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_saved_view_user_id_name")),
    )
    op.create_table(
        "list_visit",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        *_foreign("list_visit", {"user_id": "user"}),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_list_visit")),
    )


def _averages() -> None:
    op.create_table(
        "average_release",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        *_of("average_release", by_id="user"),
        sa.UniqueConstraint("number", name=op.f("uq_average_release_number")),
    )
    to = {"observation_id": "observation", "release_id": "average_release"}
    op.create_table(
        "released_observation",
        sa.Column("observation_id", sa.Uuid(), nullable=False),
        sa.Column("release_id", sa.Uuid(), nullable=False),
        *_foreign("released_observation", to),
        sa.PrimaryKeyConstraint("observation_id", name=op.f("pk_released_observation")),
    )


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _of(table: str, **to: str) -> list[sa.schema.SchemaItem]:
    """Return the id of a table and what its columns refer to."""
    key = sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))
    return [sa.Column("id", sa.Uuid(), nullable=False), *_foreign(table, to), key]


def _foreign(table: str, to: dict[str, str]) -> list[sa.schema.SchemaItem]:
    return [
        sa.ForeignKeyConstraint(
            [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}")
        )
        for column, other in to.items()
    ]


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
