"""The previous priority is answered in the next observation, once, and frozen with it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.coding import beside
from observe.coding.assigning import Asking, assign
from observe.coding.attaching import attach
from observe.coding.changes import Change
from observe.coding.models import Observation, ObservationState
from observe.coding.operations import SHEET_WINDOW, apply, start, submit
from observe.db import Database, now
from observe.errors import BadInputError, ConflictError, InvalidError, NotFoundError
from observe.feedback import followup
from observe.feedback.models import Feedback, FeedbackState, FocusKind, FollowUp, Outcome
from observe.feedback.operations import open_draft, save_focuses
from observe.feedback.story import story_of
from observe.ids import new_id
from observe.people.models import ClassGroup, Role
from observe.privacy import requests
from observe.privacy.clocks import RequestKind
from observe.privacy.request_models import About, Channel
from observe.privacy.requests import Asked
from observe.records import histories
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of, version_for
from observe.settings import Settings
from observe.video.models import Recording, RecordingState
from tests import factories
from tests.factories import Cast, recording
from tests.feedback_cases import focuses, given, given_for

WHEN = date(2026, 12, 7)
BEFORE = factories.TODAY - timedelta(days=30)


@dataclass
class Next:
    """A lesson after one whose priority was published."""

    session: Session
    cast: Cast
    earlier: Feedback
    draft: Observation

    def answer(self, outcome: str = "moved", note: str = "", **said: object) -> followup.Card:
        options = {"actor": self.cast.observer, **said}
        return followup.answer(self.session, self.draft.id, outcome, note, **options)  # type: ignore[arg-type]

    @property
    def kept(self) -> list[FollowUp]:
        return list(self.session.scalars(sa.select(FollowUp)))


def after_one(session: Session, cast: Cast) -> Next:
    earlier = given(session, cast, BEFORE, "Pregunta «¿por qué?».")
    version = version_for(session, "aprendizaje-profundo")
    draft = start(session, recording(session, cast).id, version.id, actor=cast.observer)
    _code_all(session, draft, version, cast)
    return Next(session, cast, earlier, draft)


def _code_all(
    session: Session, draft: Observation, version: RubricVersion, cast: Cast, window: str = "one"
) -> None:
    scores = [{"dimension": row.id, "value": 2} for row in rubric_of(version).dimensions]
    cycle = {"cycle": str(new_id()), "start_ms": 0, "end_ms": 1_200_000, "scores": scores}
    plan = Change(new_id(), "plan", {"cycles": [cycle]})
    apply(
        session,
        draft.id,
        [plan],
        window=window,
        base_version=draft.version,
        actor=cast.observer,
    )


@pytest.fixture
def after(session: Session, cast: Cast) -> Next:
    return after_one(session, cast)


def test_it_cannot_be_submitted_before_it_is_answered_and_keeps_everything(both: Database) -> None:
    with both.write() as session:
        cast = factories.cast(session)
        after = after_one(session, cast)
        with pytest.raises(InvalidError) as refused:
            submit(session, after.draft.id, actor=cast.observer)
        said = [str(each) for each in refused.value.problems]
        assert said == ["Her previous priority: say what became of it."]
        assert (after.draft.state, len(after.draft.cycles)) == (ObservationState.DRAFT, 1)
        card = after.answer("not_yet", "  Con preguntas cortas. ")
        assert card.answer is not None
        assert (card.answer.outcome, card.answer.note) == (
            Outcome.NOT_YET,
            "Con preguntas cortas.",
        )
        assert card.answer.by_id == cast.observer.user_id
        assert submit(session, after.draft.id, actor=cast.observer).number == 1
        with pytest.raises(ConflictError, match="already submitted"):
            after.answer("moved")
    frozen = "a submitted observation does not change"
    for statement in (
        "UPDATE follow_up SET outcome = 'moved'",
        "DELETE FROM follow_up",
        "INSERT INTO follow_up SELECT * FROM follow_up",
    ):
        with pytest.raises(sa.exc.DBAPIError, match=frozen), both.write() as session:
            session.execute(sa.text(statement))


def test_the_first_lesson_asks_nothing(session: Session, cast: Cast) -> None:
    version = version_for(session, "aprendizaje-profundo")
    draft = start(session, recording(session, cast).id, version.id, actor=cast.observer)
    assert followup.card_of(session, draft, actor=cast.observer) is None
    assert followup.unanswered(session, draft) == ()
    with pytest.raises(ConflictError, match="No earlier priority"):
        followup.answer(session, draft.id, "moved", actor=cast.observer)


def test_an_answer_is_one_and_another_window_does_not_lose_it(after: Next) -> None:
    first = after.answer("moved", "Pregunta más.", seen="")
    again = after.answer("moved", "Pregunta más.", seen="")  # sent twice: the answer was lost
    assert again.mark == first.mark
    with pytest.raises(followup.StaleError) as stale:
        after.answer("not_yet", seen="")
    assert stale.value.card.mark == first.mark
    after.answer("not_yet", seen=first.mark)
    (kept,) = after.kept
    assert (kept.outcome, kept.note) == (Outcome.NOT_YET, "")


@pytest.mark.parametrize(
    ("outcome", "note", "field"), [("", "", "outcome"), ("moved", "x" * 501, "note")]
)
def test_what_cannot_be_kept_is_refused(after: Next, outcome: str, note: str, field: str) -> None:
    with pytest.raises(BadInputError) as refused:
        after.answer(outcome, note)
    assert (refused.value.field, after.kept) == (field, [])


def test_nobody_else_answers(after: Next) -> None:
    cast = after.cast
    others = (cast.educator, cast.utp_head, cast.network_lead, cast.administrator, *cast.outsiders)
    for actor in others:
        with pytest.raises(NotFoundError):
            after.answer(actor=actor)
    assert after.kept == []


def test_a_second_coder_sees_the_card_and_answers_nothing(after: Next) -> None:
    session, cast, lesson = after.session, after.cast, after.draft.recording
    colleague = factories.person(session, "Julia Paz", Role.OBSERVER, cast.school)
    assign(
        session,
        lesson.id,
        Asking(colleague.user_id, after.draft.rubric_version_id),
        actor=cast.observer,
    )
    hers = start(session, lesson.id, after.draft.rubric_version_id, actor=colleague)
    card = followup.card_of(session, hers, actor=colleague)
    assert card is not None
    assert not card.asked
    assert followup.unanswered(session, hers) == ()
    with pytest.raises(ConflictError, match="own observer"):
        followup.answer(session, hers.id, "moved", actor=colleague)


def test_one_that_is_withdrawn_and_corrected_is_asked_again_and_what_was_said_stays(
    after: Next,
) -> None:
    session, cast, earlier = after.session, after.cast, after.earlier
    after.answer("moved")
    earlier.state, earlier.withdrawn_at, earlier.withdrawal_reason = (
        FeedbackState.WITHDRAWN,
        now(),
        "x",
    )
    session.flush()
    assert followup.unanswered(session, after.draft) == ()  # there is no previous one now
    corrected = open_draft(session, earlier.observation_id, actor=cast.observer)
    save_focuses(session, corrected.id, focuses(earlier.observation), actor=cast.observer)
    corrected.state = FeedbackState.PUBLISHING
    session.flush()
    for focus, before in zip(corrected.focuses, earlier.focuses, strict=True):
        focus.clip_id = before.clip_id
    session.flush()
    corrected.state, corrected.published_at = FeedbackState.PUBLISHED, now()
    session.flush()
    assert followup.unanswered(session, after.draft) != ()
    after.answer("changed_focus")
    submit(session, after.draft.id, actor=cast.observer)
    for feedback in (earlier, corrected):
        became = followup.outcomes_of(session, [feedback.id])
        assert became[feedback.id].outcome is Outcome.CHANGED_FOCUS


def test_what_became_of_it_is_told_once_it_is_submitted(after: Next) -> None:
    session, cast = after.session, after.cast
    after.answer("moved", "Esperó tres segundos.")
    assert followup.outcomes_of(session, [after.earlier.id]) == {}
    submit(session, after.draft.id, actor=cast.observer)
    other = given(session, cast, date(2025, 1, 8), "otra")
    found = followup.outcomes_of(session, [after.earlier.id, other.id])
    assert found.keys() == {after.earlier.id}
    became = found[after.earlier.id]
    assert (became.outcome, became.note) == (Outcome.MOVED, "Esperó tres segundos.")
    assert became.lesson_on == after.draft.recording.recorded_on
    said = followup.said_in(session, after.draft)
    assert said is not None
    assert (said.next_step, said.lesson_on) == ("Pregunta «¿por qué?».", BEFORE)
    priority = after.earlier.focus(FocusKind.PRIORITY)
    assert priority is not None
    title = rubric_of(after.draft.rubric_version).dimension(priority.dimension or "").title
    assert said.dimension == title


def test_a_blocked_lesson_is_not_told_of_by_its_neighbour(after: Next) -> None:
    session, cast, earlier = after.session, after.cast, after.earlier
    after.answer("moved", "Esperó tres segundos.")
    submit(session, after.draft.id, actor=cast.observer)
    given_for(session, cast, after.draft)
    before, later = earlier.observation.recording, after.draft.recording

    def told() -> tuple[bool, bool, bool, int]:
        session.expire_all()
        chapters = story_of(session, actor=cast.educator, locale="es_CL")
        return (
            followup.said_in(session, after.draft) is not None,
            earlier.id in followup.outcomes_of(session, [earlier.id]),
            any(each.outcome for each in chapters),
            len(histories.own_history(session, allowed=True, actor=cast.educator).observation_ids),
        )

    assert told() == (True, True, True, 2)
    apart = ClassGroup(school_id=cast.school.id, name="9° Z", year=2026)
    session.add(apart)
    session.flush()
    for lesson, left in ((later, (True, False, False, 1)), (before, (False, True, False, 1))):
        lesson.class_group_id = apart.id
        session.flush()
        request = requests.register(session, of_child(lesson), today=WHEN, actor=cast.administrator)
        requests.block(session, request.id, actor=cast.administrator)
        assert told() == left
        requests.lift(session, request.id, actor=cast.administrator)
        lesson.class_group_id = cast.class_group.id
        session.flush()


def of_child(lesson: Recording) -> Asked:
    return Asked(
        RequestKind.BLOCKING,
        About.CHILD,
        WHEN,
        Channel.LETTER,
        class_group_id=lesson.class_group_id,
        list_number=3,
    )


def test_who_brings_a_colleagues_sheet_answers_for_her(session: Session, cast: Cast) -> None:
    given(session, cast, BEFORE, "Pregunta «¿por qué?».")
    version = version_for(session, "aprendizaje-profundo")
    lesson = recording(session, cast)
    draft = start(session, lesson.id, version.id, actor=cast.observer)
    draft.begun_by_id = cast.administrator.user_id
    clerk = factories.person(session, "Olga Ruiz", Role.OBSERVER, cast.school)
    draft.begun_by_id = clerk.user_id
    _code_all(session, draft, version, cast, window=SHEET_WINDOW)
    with pytest.raises(InvalidError):
        submit(session, draft.id, actor=clerk)
    card = followup.answer(session, draft.id, "moved", actor=clerk)
    assert card.answer is not None
    assert card.answer.by_id == clerk.user_id
    submit(session, draft.id, actor=clerk)


def test_a_draft_that_makes_way_leaves_its_answer(session: Session, cast: Cast) -> None:
    given(session, cast, BEFORE, "Pregunta «¿por qué?».")
    version = version_for(session, "aprendizaje-profundo")
    live = recording(session, cast, consent=False)
    live.state, live.live_started_at, live.sha256 = RecordingState.LIVE, now(), None
    film = recording(session, cast)
    in_room = start(session, live.id, version.id, actor=cast.observer)
    untouched = start(session, film.id, version.id, actor=cast.observer)
    followup.answer(session, untouched.id, "moved", "Se nota.", actor=cast.observer)
    attach(session, in_room.id, film.id, 0, actor=cast.observer)
    (kept,) = session.scalars(sa.select(FollowUp))
    assert (kept.observation_id, kept.note) == (in_room.id, "Se nota.")
    assert session.get(Observation, untouched.id) is None


# --- every way in asks ----------------------------------------------------------------------------

_SUBMIT = """
import sys
from uuid import UUID
{loads}
import observe.feedback.models, observe.records.models
from observe.coding.models import Observation
from observe.coding.operations import submit
from observe.db import open_database
from observe.people.access import actor_of
from observe.people.models import User
from datetime import date
database = open_database(sys.argv[1])
with database.write() as session:
    observer = actor_of(session.get_one(User, UUID(sys.argv[3])), date(2026, 5, 12))
    submit(session, UUID(sys.argv[2]), actor=observer)
"""


@pytest.mark.parametrize(
    ("loads", "said"),
    [
        ("", "NotLoadedError: not loaded: cohort, follow-up"),
        ("import observe.web", "InvalidError"),
        ("import observe.cli", "InvalidError"),
        ("from observe.cli.progress import learn_handlers; learn_handlers()", "InvalidError"),
    ],
    ids=["nothing", "web", "cli", "worker"],
)
def test_a_way_in_that_forgot_the_rule_fails_loudly_and_none_did(
    home: Settings, database: Database, cast: Cast, loads: str, said: str
) -> None:
    with database.write() as session:
        draft = after_one(session, cast).draft
    ran = subprocess.run(
        [
            *(sys.executable, "-c", _SUBMIT.format(loads=loads)),
            *(home.url, str(draft.id), str(cast.observer.user_id)),
        ],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=120,
    )
    assert ran.returncode == 1
    assert said in ran.stderr.splitlines()[-1]
    with database.read() as session:
        assert session.get_one(Observation, draft.id).state is ObservationState.DRAFT


def test_what_nobody_expects_cannot_be_registered() -> None:
    with pytest.raises(ValueError, match="'another'"):
        beside.register("another", beside.Beside(lambda *_: (), lambda *_: None))
