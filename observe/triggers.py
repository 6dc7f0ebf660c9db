"""What the database itself refuses, whoever asks: the last guard behind the operations.

Batch migrations rebuild tables on SQLite and lose their triggers, so all of them are made anew
after each upgrade. Each rule is written once; the two databases differ only in the wrapping.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

Event = Literal["INSERT", "UPDATE", "DELETE"]


@dataclass(frozen=True)
class Rule:
    """Refuse `event` on `table` when `when` holds for the OLD and NEW row."""

    name: str
    table: str
    event: Event
    when: str
    sentence: str


_CHANGES: tuple[Event, ...] = ("UPDATE", "DELETE")
_COMPLETE = """
  (SELECT count(*) FROM focus f
    WHERE f.feedback_id = NEW.id AND f.dimension IS NOT NULL AND trim(f.note) <> ''
      AND f.end_ms - f.start_ms BETWEEN 15000 AND 120000
      AND (f.kind = 'strength' OR (trim(f.next_step) <> '' AND f.due_on IS NOT NULL))
      AND ({extra})) <> 2
"""
# Of the educator's own lesson; a blurred one of just this moment, as a person signed it.
_OWN_CLIP = """
  EXISTS (SELECT 1 FROM derived_file d JOIN observation o ON o.recording_id = d.recording_id
    WHERE d.id = f.clip_id AND d.kind = 'clip' AND o.id = NEW.observation_id)
  OR EXISTS (SELECT 1 FROM blurring b JOIN observation o ON o.recording_id = b.recording_id
    WHERE b.id = f.blurring_id AND b.state = 'checked' AND o.id = NEW.observation_id
      AND b.start_ms = f.start_ms AND b.end_ms = f.end_ms)
"""
# Nobody stated them, or by its answers child by child the film is locked (kept by `video.gate`).
_NO_CONSENTS = """
  EXISTS (SELECT 1 FROM recording r JOIN observation o ON o.recording_id = r.id
    WHERE o.id = NEW.observation_id AND (r.consent_at IS NULL OR r.lock IS NOT NULL))
"""
_FROZEN = "(SELECT state FROM feedback WHERE id = {row}.feedback_id) <> 'draft'"
_SUBMITTED = "(SELECT state FROM observation WHERE id = {observation}) = 'submitted'"
# Publishing gives the clip; deleting it, with its certificate, takes it away; nothing else does.
_ONLY_CLIP = """
  ((SELECT state FROM feedback WHERE id = OLD.feedback_id) = 'publishing'
    OR (NEW.clip_id IS NULL AND NEW.blurring_id IS NULL AND EXISTS (
      SELECT 1 FROM certificate c
        JOIN observation o ON o.recording_id = c.thing_id
        JOIN feedback f ON f.observation_id = o.id
       WHERE f.id = OLD.feedback_id AND c.kind IN ('clips_deleted', 'video_deleted'))))
  AND NEW.feedback_id = OLD.feedback_id AND NEW.kind = OLD.kind
  AND NEW.dimension = OLD.dimension AND NEW.start_ms = OLD.start_ms AND NEW.end_ms = OLD.end_ms
  AND NEW.note = OLD.note AND NEW.next_step = OLD.next_step
  AND NEW.phrase = OLD.phrase AND NEW.questions = OLD.questions AND NEW.why = OLD.why
  AND coalesce(NEW.due_on = OLD.due_on, NEW.due_on IS NULL AND OLD.due_on IS NULL)
"""


def _append_only(table: str) -> list[Rule]:
    sentence = f"{table} is append-only"
    return [
        Rule(f"{table}_not_changed", table, "UPDATE", "1 = 1", sentence),
        Rule(f"{table}_not_deleted", table, "DELETE", "1 = 1", sentence),
    ]


def _frozen_when_submitted(table: str, column: str, *, owner: str = "") -> list[Rule]:
    observation = f"({owner})" if owner else f"{{row}}.{column}"
    events: dict[Event, str] = {"INSERT": "NEW", "UPDATE": "OLD", "DELETE": "OLD"}
    return [
        Rule(
            f"{table}_{event.lower()}_before_submitted",
            table,
            event,
            _SUBMITTED.format(observation=observation.format(row=row)),
            "a submitted observation does not change",
        )
        for event, row in events.items()
    ]


RULES = [
    *_append_only("audit_entry"),
    *_append_only("revision"),
    *_append_only("rubric_version"),
    *_append_only("rubric_stage"),
    *_append_only("average_release"),
    Rule(
        "correction_answered_once",
        "correction",
        "UPDATE",
        "OLD.answered_at IS NOT NULL",
        "an answered correction stays as it is",
    ),
    Rule(
        "rubric_proposal_decided_once",
        "rubric_proposal",
        "UPDATE",
        "OLD.state <> 'open'",
        "a decided proposal stays as it is",
    ),
    *(
        Rule(
            f"rubric_draft_{event.lower()}_before_frozen",
            "rubric_draft",
            event,
            "OLD.frozen_id IS NOT NULL",
            "a draft that became a version stays as it is",
        )
        for event in _CHANGES
    ),
    Rule(
        "feedback_begins_as_draft",
        "feedback",
        "INSERT",
        "NEW.state <> 'draft'",
        "feedback begins as a draft",
    ),
    Rule(
        "feedback_goes_forward",
        "feedback",
        "UPDATE",
        "NEW.state <> OLD.state AND NOT ("
        " (OLD.state = 'draft' AND NEW.state = 'publishing')"
        " OR (OLD.state = 'publishing' AND NEW.state IN ('draft', 'published'))"
        " OR (OLD.state = 'published' AND NEW.state = 'withdrawn'))",
        "feedback goes from draft over publishing to published, and can then be withdrawn",
    ),
    Rule(
        "feedback_is_complete",
        "feedback",
        "UPDATE",
        "NEW.state IN ('publishing', 'published') AND " + _COMPLETE.format(extra="1 = 1"),
        "feedback needs one strength and one priority, each with its moment and note",
    ),
    Rule(
        "feedback_has_clips",
        "feedback",
        "UPDATE",
        "OLD.state = 'publishing' AND NEW.state = 'published' AND "
        + _COMPLETE.format(extra=_OWN_CLIP),
        "published feedback needs its two clips",
    ),
    Rule(
        "feedback_has_consents",
        "feedback",
        "UPDATE",
        "NEW.state <> OLD.state AND NEW.state IN ('publishing', 'published') AND " + _NO_CONSENTS,
        "nothing of a lesson without its consents is published",
    ),
    Rule(
        "feedback_withdrawn_for_a_reason",
        "feedback",
        "UPDATE",
        "NEW.state = 'withdrawn'"
        " AND (NEW.withdrawn_at IS NULL OR trim(coalesce(NEW.withdrawal_reason, '')) = '')",
        "feedback is withdrawn on a day and for a reason",
    ),
    Rule(
        "feedback_not_deleted",
        "feedback",
        "DELETE",
        "OLD.state IN ('published', 'withdrawn')",
        "published feedback is kept",
    ),
    Rule(
        "feedback_keeps_its_act",
        "feedback",
        "UPDATE",
        "OLD.state IN ('published', 'withdrawn') AND (NEW.observation_id <> OLD.observation_id"
        " OR NEW.revision_number <> OLD.revision_number OR NEW.published_at <> OLD.published_at)",
        "publishing is a dated act and stays as it was",
    ),
    *_frozen_when_submitted("cycle", "observation_id"),
    *_frozen_when_submitted("note", "observation_id"),
    *_frozen_when_submitted("uncodable_stretch", "observation_id"),
    *_frozen_when_submitted("clip_mark", "observation_id"),
    *_frozen_when_submitted("played_stretch", "observation_id"),
    *_frozen_when_submitted("follow_up", "observation_id"),
    *_frozen_when_submitted(
        "snapshot", "cycle_id", owner="SELECT observation_id FROM cycle WHERE id = {row}.cycle_id"
    ),
    *_frozen_when_submitted(
        "score", "cycle_id", owner="SELECT observation_id FROM cycle WHERE id = {row}.cycle_id"
    ),
    Rule(
        "focus_not_added",
        "focus",
        "INSERT",
        _FROZEN.format(row="NEW"),
        "the feedback is published or being published",
    ),
    Rule(
        "focus_not_deleted",
        "focus",
        "DELETE",
        _FROZEN.format(row="OLD"),
        "the feedback is published or being published",
    ),
    Rule(
        "focus_not_changed",
        "focus",
        "UPDATE",
        # Compared with an empty field the condition is neither true nor false: refuse that too.
        f"{_FROZEN.format(row='OLD')} AND NOT coalesce(({_ONLY_CLIP}), 1 = 0)",
        "the feedback is published or being published",
    ),
    Rule(
        "answer_sent_stays",
        "answer",
        "UPDATE",
        "OLD.sent_at IS NOT NULL",
        "an answer that was sent stays as it is",
    ),
    *_append_only("certificate"),
    *_append_only("revocation"),
    Rule("consent_not_deleted", "consent", "DELETE", "1 = 1", "what was answered stays on file"),
    Rule(
        "consent_only_revoked",
        "consent",
        "UPDATE",
        "NEW.granted <> OLD.granted OR NEW.scope <> OLD.scope OR NEW.given_on <> OLD.given_on"
        " OR NEW.text_version <> OLD.text_version OR NEW.channel <> OLD.channel"
        " OR NEW.registered_by_id <> OLD.registered_by_id"
        " OR coalesce(NEW.revocation_id <> OLD.revocation_id, OLD.revocation_id IS NOT NULL)",
        "an answer on file does not change: it can be revoked once",
    ),
    Rule(
        "user_stays_pseudonymised",
        '"user"',
        "UPDATE",
        "OLD.pseudonymised_at IS NOT NULL AND (NEW.pseudonymised_at IS NULL OR NEW.active"
        " OR NEW.name <> OLD.name OR NEW.email IS NOT NULL OR NEW.reference IS NOT NULL"
        " OR NEW.password_hash IS NOT NULL)",
        "a person who was pseudonymised stays so",
    ),
    Rule(
        "rights_request_ended_stays",
        "rights_request",
        "UPDATE",
        "OLD.state <> 'open' AND (NEW.state <> OLD.state OR NEW.answer <> OLD.answer"
        " OR NEW.answered_on <> OLD.answered_on OR NEW.received_on <> OLD.received_on)",
        "a request that was ended stays as it is",
    ),
    *(
        Rule(f"{table}_kept", table, "DELETE", "1 = 1", f"the register of {table} is kept")
        for table in ("rights_request", "breach", "breach_notice")
    ),
    Rule(
        "blurring_signed_as_it_is",
        "blurring",
        "UPDATE",
        "OLD.state = 'checked' AND NEW.state = 'checked' AND ("
        "NEW.made <> OLD.made OR NEW.corrections <> OLD.corrections)",
        "a signed blurred clip does not change while its signature stands",
    ),
]


def create_triggers(connection: sa.Connection) -> None:
    """Make all triggers anew on `connection`, in its transaction."""
    write = _sqlite if connection.dialect.name == "sqlite" else _postgresql
    for rule in RULES:
        for statement in write(rule):
            connection.exec_driver_sql(statement)


def missing_triggers(connection: sa.Connection) -> list[str]:
    """Return the names of the rules that the database does not keep any more; PostgreSQL: none."""
    if connection.dialect.name != "sqlite":
        return []
    names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    kept = set(names.scalars())
    return [rule.name for rule in RULES if rule.name not in kept]


def drop_triggers(connection: sa.Connection) -> None:
    """Drop all triggers, also those of an older program, where migrations rebuild whole tables.

    A trigger speaks of other tables, and SQLite refuses to rename any of them under it.
    """
    if connection.dialect.name != "sqlite":
        return
    names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for name in names.scalars().all():
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')


def _sqlite(rule: Rule) -> list[str]:
    return [
        f"DROP TRIGGER IF EXISTS {rule.name}",
        f"CREATE TRIGGER {rule.name} BEFORE {rule.event} ON {rule.table} WHEN {rule.when}"
        f" BEGIN SELECT RAISE(ABORT, '{rule.sentence}'); END",
    ]


def _postgresql(rule: Rule) -> list[str]:
    result = "OLD" if rule.event == "DELETE" else "NEW"
    statements = [
        f"CREATE OR REPLACE FUNCTION {rule.name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF {rule.when} THEN RAISE EXCEPTION '{rule.sentence}'"
        f" USING ERRCODE = 'check_violation'; END IF; RETURN {result}; END $$",
        f"DROP TRIGGER IF EXISTS {rule.name} ON {rule.table}",
        f"CREATE TRIGGER {rule.name} BEFORE {rule.event} ON {rule.table}"
        f" FOR EACH ROW EXECUTE FUNCTION {rule.name}()",
    ]
    if rule.event == "DELETE" and rule.when == "1 = 1":
        statements += [
            f"DROP TRIGGER IF EXISTS {rule.table}_not_truncated ON {rule.table}",
            f"CREATE TRIGGER {rule.table}_not_truncated BEFORE TRUNCATE ON {rule.table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {rule.name}()",
        ]
    return statements
