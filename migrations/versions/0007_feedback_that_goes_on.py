"""Feedback that goes on: phrases and questions, her own step, what became of it, a cohort."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = (
    "self_assessment",
    "follow_up",
    "network_focus",
    "lesson_mean",
    "cohort_mean",
    "reminder",
)
WORDS = {"focus": ("phrase", "questions", "why"), "answer": ("own_step",)}
FLAGS = {"feedback": ("offers_talk", True), "answer": ("already_tried", False)}
OPTIONAL: list[tuple[str, str, sa.types.TypeEngine[Any]]] = [
    ("answer", "talk_on", sa.Date()),
    ("answer", "wish", sa.Text()),
]


def upgrade() -> None:
    for table, names in WORDS.items():
        for name in names:
            op.add_column(table, sa.Column(name, sa.Text(), nullable=False, server_default=""))
    for table, (name, value) in FLAGS.items():
        default = sa.true() if value else sa.false()
        op.add_column(table, sa.Column(name, sa.Boolean(), nullable=False, server_default=default))
    for table, name, kind in OPTIONAL:
        op.add_column(table, sa.Column(name, kind, nullable=True))
    with op.batch_alter_table("focus") as focus:
        focus.add_column(sa.Column("blurring_id", sa.Uuid(), nullable=True))
        focus.create_foreign_key(
            op.f("fk_focus_blurring_id_blurring"), "blurring", ["blurring_id"], ["id"]
        )
    _hers()
    _network()
    _means()


def _hers() -> None:
    op.create_table(
        "self_assessment",
        sa.Column("feedback_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("before_reading", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        *_of("self_assessment", feedback_id="feedback", user_id="user"),
        sa.UniqueConstraint("feedback_id", name=op.f("uq_self_assessment_feedback_id")),
    )
    outcomes = ("moved", "not_yet", "changed_focus")
    op.create_table(
        "follow_up",
        sa.Column("observation_id", sa.Uuid(), nullable=False),
        sa.Column("focus_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", _one_of("outcome", *outcomes), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_of("follow_up", observation_id="observation", focus_id="focus", by_id="user"),
        sa.UniqueConstraint("observation_id", name=op.f("uq_follow_up_observation_id")),
    )
    op.create_index(op.f("ix_follow_up_focus_id"), "follow_up", ["focus_id"])
    op.create_table(
        "reminder",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("thing_id", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        *_of("reminder", user_id="user"),
        sa.UniqueConstraint(
            *("user_id", "kind", "thing_id", "due_on"),
            name=op.f("uq_reminder_user_id_kind_thing_id_due_on"),
        ),
    )


def _network() -> None:
    op.create_table(
        "network_focus",
        sa.Column("rubric_id", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_of("network_focus", by_id="user"),
    )


def _means() -> None:
    to = {
        "observation_id": "observation",
        "rubric_version_id": "rubric_version",
        "educator_id": "user",
    }
    op.create_table(
        "lesson_mean",
        sa.Column("observation_id", sa.Uuid(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("rubric_version_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("educator_id", sa.Uuid(), nullable=False),
        sa.Column("mean", sa.Double(), nullable=False),
        *_foreign("lesson_mean", to),
        sa.PrimaryKeyConstraint("observation_id", "dimension", name=op.f("pk_lesson_mean")),
    )
    op.create_index(op.f("ix_lesson_mean_educator_id"), "lesson_mean", ["educator_id"])
    cohort = ["rubric_version_id", "level", "dimension", "educator_id", "mean"]
    op.create_index("ix_lesson_mean_cohort", "lesson_mean", cohort)
    op.create_table(
        "cohort_mean",
        sa.Column("rubric_version_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("educators", sa.Integer(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        *_foreign("cohort_mean", {"rubric_version_id": "rubric_version"}),
        sa.PrimaryKeyConstraint(
            "rubric_version_id", "level", "dimension", name=op.f("pk_cohort_mean")
        ),
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
    with op.batch_alter_table("focus") as focus:
        focus.drop_constraint(op.f("fk_focus_blurring_id_blurring"), type_="foreignkey")
        focus.drop_column("blurring_id")
    for table in reversed(TABLES):
        op.drop_table(table)
    for table, name, _kind in OPTIONAL:
        op.drop_column(table, name)
    for table, (name, _value) in FLAGS.items():
        op.drop_column(table, name)
    for table, names in WORDS.items():
        for name in names:
            op.drop_column(table, name)
