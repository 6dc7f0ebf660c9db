"""`observe feedback due`: what waits for you, as the board shows it."""

from __future__ import annotations

from pathlib import Path

from observe.cli.feedback import feedback
from observe.cli.files import FILE, write_bytes
from observe.cli.shell import Answer, Shell, today, verb
from observe.cli.words import option
from observe.csv_files import for_people
from observe.feedback import waiting
from observe.feedback.board import Board, Row
from observe.text import message

FIELDS = (
    *("list", "waits_for", "due", "due_on", "late", "school_days_since", "educator"),
    *("class_group", "school", "recorded_on", "observer", "recording", "observation"),
)


@verb(feedback, "due", message("Lists what waits for you: lessons, feedback, answers, next steps."))
@option("--all", "everything", is_flag=True, about=message("Also what is not due yet."))
@option("--school", is_flag=True, about=message("As a UTP head: what is late in your school."))
@option("-o", "--output", type=FILE, about=message("Writes it as CSV into this file."))
def due(shell: Shell, *, everything: bool, school: bool, output: Path | None) -> Answer:
    """Tell what is due today, or everything that waits."""
    read = waiting.school_board_of if school else waiting.board_of
    with shell.database.read() as session:
        board = read(session, actor=shell.actor, today=today(), days=shell.settings.feedback_days)
    rows = list(board.rows) if everything or school else board.due
    facts = [_facts(row, board) for row in rows]
    if output is not None:
        write_bytes(output, _csv(facts))
        told = message("Written: %(path)s", path=str(output))
        return Answer({"file": str(output), "rows": len(facts)}, [told])
    if not rows:
        return Answer({"due": facts}, [message("Nothing is due.")])
    return Answer(
        {"due": facts},
        columns=(
            message("Waits for"),
            message("Educator"),
            message("Class"),
            message("Day of the lesson"),
            message("School days since"),
            message("Until"),
        ),
        rows=[
            (
                row.sentence,
                row.lesson.educator,
                row.lesson.class_group,
                row.lesson.recorded_on.isoformat(),
                str(row.days_since(board.today)),
                row.due_on.isoformat() if row.due_on else "",
            )
            for row in rows
        ],
    )


def _facts(row: Row, board: Board) -> dict[str, object]:
    lesson = row.lesson
    return {
        "list": row.column.value,
        "waits_for": row.kind.value,
        "due": row.is_due(board.today),
        "due_on": row.due_on,
        "late": row.is_late(board.today),
        "school_days_since": row.days_since(board.today),
        "educator": lesson.educator,
        "class_group": lesson.class_group,
        "school": lesson.school,
        "recorded_on": lesson.recorded_on,
        "observer": row.observer,
        "recording": lesson.recording_id,
        "observation": row.observation_id,
    }


def _csv(facts: list[dict[str, object]]) -> bytes:
    rows = ([_cell(each[name]) for name in FIELDS] for each in facts)
    return for_people(FIELDS, rows)


def _cell(value: object) -> str:
    return "" if value is None else str(value)
