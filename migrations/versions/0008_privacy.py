"""Consent by child and scope, locks, retention, holds and certificates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = (
    "consent_paper",
    "revocation",
    "consent",
    "headcount",
    "certificate",
    "hold",
    "retention_rule",
)
CHANNELS = ("paper", "digital", "mail", "in_person")
SCOPES = ("record", "code", "feedback", "training", "research")
KEPT = ("video", "unused_video", "clips", "names", "copies")
CERTIFIED = ("revoked", "video_deleted", "clips_deleted", "copies_deleted", "names_deleted")


def upgrade() -> None:
    op.add_column("recording", sa.Column("lock", sa.Text(), nullable=True))
    op.add_column("recording", sa.Column("erased_at", _moment(), nullable=True))
    _answers()
    _keeping()


def _answers() -> None:
    op.create_table(
        "consent_paper",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("added_by_id", sa.Uuid(), nullable=False),
        sa.Column("added_at", _moment(), nullable=False),
        *_of("consent_paper", added_by_id="user"),
    )
    op.create_index(op.f("ix_consent_paper_sha256"), "consent_paper", ["sha256"])
    op.create_table(
        "revocation",
        sa.Column("child_id", sa.Uuid(), nullable=True),
        sa.Column("educator_id", sa.Uuid(), nullable=True),
        sa.Column("revoked_on", sa.Date(), nullable=False),
        sa.Column("channel", _one_of("channel", *CHANNELS), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("at", _moment(), nullable=False),
        _of_one("revocation"),
        *_of("revocation", child_id="child", educator_id="user", by_id="user"),
    )
    op.create_table(
        "consent",
        sa.Column("child_id", sa.Uuid(), nullable=True),
        sa.Column("educator_id", sa.Uuid(), nullable=True),
        sa.Column("scope", _one_of("scope", *SCOPES), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("channel", _one_of("channel", *CHANNELS), nullable=False),
        sa.Column("text_version", sa.Text(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("registered_by_id", sa.Uuid(), nullable=False),
        sa.Column("registered_at", _moment(), nullable=False),
        sa.Column("paper_id", sa.Uuid(), nullable=True),
        sa.Column("revocation_id", sa.Uuid(), nullable=True),
        _of_one("consent"),
        *_of(
            "consent",
            child_id="child",
            educator_id="user",
            registered_by_id="user",
            paper_id="consent_paper",
            revocation_id="revocation",
        ),
    )
    for table, column in (
        ("revocation", "child_id"),
        ("revocation", "educator_id"),
        ("consent", "child_id"),
        ("consent", "educator_id"),
        ("consent", "revocation_id"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.create_table(
        "headcount",
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("visible", sa.Integer(), nullable=False),
        sa.Column("places", sa.JSON(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("at", _moment(), nullable=False),
        sa.CheckConstraint("visible >= 0", name=op.f("ck_headcount_visible")),
        *_of("headcount", recording_id="recording", by_id="user"),
    )
    op.create_index(op.f("ix_headcount_recording_id"), "headcount", ["recording_id"])


def _keeping() -> None:
    op.create_table(
        "certificate",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", _one_of("certificatekind", *CERTIFIED), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("thing_kind", sa.Text(), nullable=False),
        sa.Column("thing_id", sa.Uuid(), nullable=True),
        sa.Column("what", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_at", _moment(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        *_of("certificate", school_id="school", by_id="user"),
        sa.UniqueConstraint("number", name=op.f("uq_certificate_number")),
    )
    op.create_index(op.f("ix_certificate_thing_id"), "certificate", ["thing_id"])
    op.create_table(
        "hold",
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("lifted_by_id", sa.Uuid(), nullable=True),
        sa.Column("lifted_at", _moment(), nullable=True),
        *_of("hold", recording_id="recording", by_id="user", lifted_by_id="user"),
    )
    op.create_index(op.f("ix_hold_recording_id"), "hold", ["recording_id"])
    op.create_table(
        "retention_rule",
        sa.Column("kind", _one_of("kept", *KEPT), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.Column("changed_by_id", sa.Uuid(), nullable=False),
        sa.Column("changed_at", _moment(), nullable=False),
        sa.CheckConstraint("days >= 0", name=op.f("ck_retention_rule_days")),
        *_foreign("retention_rule", {"changed_by_id": "user"}),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_retention_rule")),
    )


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _of_one(table: str) -> sa.CheckConstraint:
    """Return the rule that an answer is either of a child or of an educator."""
    return sa.CheckConstraint(
        "(child_id IS NULL) <> (educator_id IS NULL)", name=op.f(f"ck_{table}_of_one")
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
    op.drop_column("recording", "erased_at")
    op.drop_column("recording", "lock")
