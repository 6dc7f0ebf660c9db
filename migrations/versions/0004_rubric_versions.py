"""Where rubric versions may be used, what is comparable between them, and proposals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("rubric_stage", "rubric_pilot", "rubric_match", "rubric_proposal", "rubric_reply")


def upgrade() -> None:
    op.create_table(
        "rubric_stage",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("stage", _one_of("stage", "piloted", "published", "retired"), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_of("rubric_stage", version_id="rubric_version", by_id="user"),
    )
    op.create_table(
        "rubric_pilot",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "ends_on IS NULL OR starts_on <= ends_on", name=op.f("ck_rubric_pilot_days")
        ),
        *_of("rubric_pilot", version_id="rubric_version", school_id="school"),
        sa.UniqueConstraint(
            "version_id", "school_id", name=op.f("uq_rubric_pilot_version_id_school_id")
        ),
    )
    op.create_table(
        "rubric_match",
        sa.Column("older_id", sa.Uuid(), nullable=False),
        sa.Column("older_dimension", sa.Text(), nullable=False),
        sa.Column("newer_id", sa.Uuid(), nullable=False),
        sa.Column("newer_dimension", sa.Text(), nullable=False),
        sa.Column("comparable", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("older_id <> newer_id", name=op.f("ck_rubric_match_two_versions")),
        *_of("rubric_match", older_id="rubric_version", newer_id="rubric_version", by_id="user"),
        sa.UniqueConstraint(
            "older_id",
            "older_dimension",
            "newer_id",
            "newer_dimension",
            name=op.f("uq_rubric_match_older_id_older_dimension_newer_id_newer_dimension"),
        ),
    )
    _proposals()
    for table, column in (
        ("rubric_stage", "version_id"),
        ("rubric_pilot", "version_id"),
        ("rubric_match", "older_id"),
        ("rubric_match", "newer_id"),
        ("rubric_proposal", "version_id"),
        ("rubric_reply", "proposal_id"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def _proposals() -> None:
    op.create_table(
        "rubric_proposal",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=True),
        sa.Column("wording", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state", _one_of("proposalstate", "open", "accepted", "declined"), nullable=False
        ),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(part IS NULL) = (wording IS NULL)", name=op.f("ck_rubric_proposal_wording_of_a_part")
        ),
        sa.CheckConstraint(
            "(state = 'open') = (decided_at IS NULL)", name=op.f("ck_rubric_proposal_decided")
        ),
        *_of(
            "rubric_proposal", version_id="rubric_version", author_id="user", decided_by_id="user"
        ),
    )
    op.create_table(
        "rubric_reply",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *_of("rubric_reply", proposal_id="rubric_proposal", author_id="user"),
    )


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _of(table: str, **references: str) -> list[sa.schema.SchemaItem]:
    """Return the id of a table, its key, and what its columns refer to."""
    foreign = [
        sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"))
        for column, to in references.items()
    ]
    key = sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))
    return [sa.Column("id", sa.Uuid(), nullable=False), *foreign, key]


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
