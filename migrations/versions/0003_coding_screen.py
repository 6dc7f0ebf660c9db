"""Clips, snapshots, what was played, steps of undo, live lessons, assignments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATES = ("received", "ready", "refused")
LIVE_BEGAN = "(state = 'live') = (live_started_at IS NOT NULL)"


def upgrade() -> None:
    _states((*STATES, "live"))
    with op.batch_alter_table("recording") as batch_op:
        batch_op.add_column(sa.Column("live_started_at", sa.DateTime(timezone=True)))
        batch_op.create_check_constraint(batch_op.f("ck_recording_live_began"), LIVE_BEGAN)
    _assignment()
    with op.batch_alter_table("observation") as batch_op:
        batch_op.add_column(sa.Column("assignment_id", sa.Uuid()))
        batch_op.create_foreign_key(
            batch_op.f("fk_observation_assignment_id_assignment"),
            "assignment",
            ["assignment_id"],
            ["id"],
        )
    _steps()
    _of_observation()
    op.create_table(
        "child",
        sa.Column("class_group_id", sa.Uuid(), nullable=False),
        sa.Column("list_number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("list_number > 0", name=op.f("ck_child_list_number")),
        *_foreign("child", "class_group_id", "class_group"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_child")),
        sa.UniqueConstraint(
            "class_group_id", "list_number", name=op.f("uq_child_class_group_id_list_number")
        ),
    )
    op.create_table(
        "snapshot",
        sa.Column("cycle_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cycle_id"], ["cycle.id"], name=op.f("fk_snapshot_cycle_id_cycle"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("cycle_id", "number", name=op.f("pk_snapshot")),
    )


def _states(allowed: tuple[str, ...]) -> None:
    """Say which states a recording may have: a CHECK, which no autogeneration sees."""
    listed = ", ".join(f"'{state}'" for state in allowed)
    with op.batch_alter_table("recording") as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_recording_recordingstate"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_recording_recordingstate"), f"state IN ({listed})"
        )


def _assignment() -> None:
    op.create_table(
        "assignment",
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("observer_id", sa.Uuid(), nullable=False),
        sa.Column("rubric_version_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("order_seed", sa.Integer(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        *_foreign("assignment", "recording_id", "recording"),
        *_foreign("assignment", "observer_id", "user"),
        *_foreign("assignment", "rubric_version_id", "rubric_version"),
        *_foreign("assignment", "asked_by_id", "user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
        sa.UniqueConstraint(
            "recording_id",
            "observer_id",
            "rubric_version_id",
            name=op.f("uq_assignment_recording_id_observer_id_rubric_version_id"),
        ),
    )
    for column in ("recording_id", "observer_id"):
        op.create_index(op.f(f"ix_assignment_{column}"), "assignment", [column])


def _foreign(table: str, column: str, to: str) -> tuple[sa.ForeignKeyConstraint]:
    name = op.f(f"fk_{table}_{column}_{to}")
    return (sa.ForeignKeyConstraint([column], [f"{to}.id"], name=name),)


def _steps() -> None:
    role = sa.Enum(
        *("do", "undo", "redo"),
        name="steprole",
        native_enum=False,
        create_constraint=True,
        length=32,
    )
    with op.batch_alter_table("operation") as batch_op:
        batch_op.add_column(sa.Column("step", sa.Uuid()))
        batch_op.add_column(sa.Column("role", role, nullable=False, server_default="do"))
        batch_op.add_column(sa.Column("actor_id", sa.Uuid()))
        batch_op.create_foreign_key(
            batch_op.f("fk_operation_actor_id_user"), "user", ["actor_id"], ["id"]
        )
    with op.batch_alter_table("operation") as batch_op:
        batch_op.alter_column("role", server_default=None)


def _of_observation() -> None:
    op.create_table(
        "clip_mark",
        sa.Column("observation_id", sa.Uuid(), nullable=False),
        sa.Column("start_ms", sa.Integer(), nullable=False),
        sa.Column("end_ms", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("0 <= start_ms AND start_ms < end_ms", name=op.f("ck_clip_mark_span")),
        sa.CheckConstraint(
            "purpose IN ('strength', 'priority')", name=op.f("ck_clip_mark_purpose")
        ),
        *_foreign("clip_mark", "observation_id", "observation"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clip_mark")),
    )
    op.create_table(
        "played_stretch",
        sa.Column("observation_id", sa.Uuid(), nullable=False),
        sa.Column("start_ms", sa.Integer(), nullable=False),
        sa.Column("end_ms", sa.Integer(), nullable=False),
        sa.Column("rate", sa.Double(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "0 <= start_ms AND start_ms <= end_ms", name=op.f("ck_played_stretch_span")
        ),
        *_foreign("played_stretch", "observation_id", "observation"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_played_stretch")),
    )
    for table in ("clip_mark", "played_stretch"):
        op.create_index(op.f(f"ix_{table}_observation_id"), table, ["observation_id"])


def downgrade() -> None:
    for table in ("child", "snapshot", "played_stretch", "clip_mark"):
        op.drop_table(table)
    with op.batch_alter_table("operation") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_operation_actor_id_user"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("ck_operation_steprole"), type_="check")
        for column in ("actor_id", "role", "step"):
            batch_op.drop_column(column)
    with op.batch_alter_table("observation") as batch_op:
        name = batch_op.f("fk_observation_assignment_id_assignment")
        batch_op.drop_constraint(name, type_="foreignkey")
        batch_op.drop_column("assignment_id")
    op.drop_table("assignment")
    # A lesson without a film means nothing to the older program, nor what was coded of it.
    with op.batch_alter_table("recording") as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_recording_live_began"), type_="check")
        batch_op.drop_column("live_started_at")
    op.execute("UPDATE recording SET state = 'refused' WHERE state = 'live'")
    _states(STATES)
