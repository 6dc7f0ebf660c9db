"""Several files a lesson, the sound heard, timelines, captions, and blurred clips."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BEFORE = ("proxy", "poster", "strip", "waveform", "clip", "clip_poster")
NEW = ("voices", "activity", "captions", "clip_captions", "faces", "blurred", "blurred_poster")


def upgrade() -> None:
    with op.batch_alter_table("recording") as batch_op:
        batch_op.add_column(sa.Column("audio_track", sa.Integer(), nullable=True))
    _recording_part()
    _blurring()
    _kinds(BEFORE + NEW)


def _recording_part() -> None:
    op.create_table(
        "recording_part",
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("original_name", sa.Text(), nullable=False),
        sa.Column("incoming", sa.Text(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("start_ms", sa.Integer(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("duration_ms > 0", name=op.f("ck_recording_part_duration")),
        sa.CheckConstraint("position > 1", name=op.f("ck_recording_part_position")),
        sa.ForeignKeyConstraint(
            ["recording_id"],
            ["recording.id"],
            name=op.f("fk_recording_part_recording_id_recording"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_part")),
        sa.UniqueConstraint("incoming", name=op.f("uq_recording_part_incoming")),
        sa.UniqueConstraint(
            "recording_id", "position", name=op.f("uq_recording_part_recording_id_position")
        ),
    )
    with op.batch_alter_table("recording_part") as batch_op:
        batch_op.create_index(batch_op.f("ix_recording_part_sha256"), ["sha256"], unique=False)


def _blurring() -> None:
    op.create_table(
        "blurring",
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("start_ms", sa.Integer(), nullable=False),
        sa.Column("end_ms", sa.Integer(), nullable=False),
        sa.Column("asked_id", sa.Uuid(), nullable=False),
        sa.Column("style", _choice("blurstyle", "mosaic", "solid"), nullable=False),
        sa.Column("sound", _choice("blursound", "keep", "pitch", "mute"), nullable=False),
        sa.Column("corrections", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", _choice("blurstate", "asked", "made", "checked"), nullable=False),
        sa.Column("detector", sa.Text(), nullable=True),
        sa.Column("made", sa.String(length=64), nullable=True),
        sa.Column("created_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_by_id", sa.Uuid(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("0 <= start_ms AND start_ms < end_ms", name=op.f("ck_blurring_span")),
        sa.CheckConstraint(
            "(state = 'checked') = (checked_by_id IS NOT NULL)",
            name=op.f("ck_blurring_checked_by_someone"),
        ),
        sa.CheckConstraint(
            "(checked_by_id IS NULL) = (checked_at IS NULL)", name=op.f("ck_blurring_checked_at")
        ),
        sa.CheckConstraint("state = 'asked' OR made IS NOT NULL", name=op.f("ck_blurring_made")),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recording.id"], name=op.f("fk_blurring_recording_id_recording")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user.id"], name=op.f("fk_blurring_created_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["checked_by_id"], ["user.id"], name=op.f("fk_blurring_checked_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blurring")),
        sa.UniqueConstraint("asked_id", name=op.f("uq_blurring_asked_id")),
        sa.UniqueConstraint(
            "recording_id",
            "start_ms",
            "end_ms",
            name=op.f("uq_blurring_recording_id_start_ms_end_ms"),
        ),
    )


def _choice(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _kinds(allowed: tuple[str, ...]) -> None:
    """Say which kinds of derived files there are: a CHECK, which no autogeneration sees."""
    listed = ", ".join(f"'{kind}'" for kind in allowed)
    with op.batch_alter_table("derived_file") as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_derived_file_filekind"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_derived_file_filekind"), f"kind IN ({listed})"
        )


def downgrade() -> None:
    listed = ", ".join(f"'{kind}'" for kind in NEW)
    op.execute(f"DELETE FROM derived_file WHERE kind IN ({listed})")  # noqa: S608  # ours
    _kinds(BEFORE)
    op.drop_table("blurring")
    op.drop_table("recording_part")
    with op.batch_alter_table("recording") as batch_op:
        batch_op.drop_column("audio_track")
