"""Reminders: what goes to whom, once each, even where the worker is killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from observe import daily, jobs
from observe.db import Database, now
from observe.feedback import openings, reminding
from observe.feedback.models import Answer, Feedback, FeedbackState, Reminder
from observe.jobs import Job, JobState
from observe.mail import MailError
from observe.people.models import Role, User
from observe.settings import Settings
from tests import factories
from tests.factories import TODAY, Cast, recording
from tests.feedback_cases import DUE, given, submitted
from tests.mailbox import Mailbox, serving
from tests.program import child

URL = "https://observe.test"


@dataclass
class Post:
    """A home with a mail server, and what waits in it."""

    settings: Settings
    database: Database
    cast: Cast
    box: Mailbox

    def send(self, on: date = DUE) -> int:
        return reminding.send_all(self.settings, self.database, on)

    @property
    def to(self) -> list[str]:
        return [letter["To"].split("-")[0] for letter in self.box.letters]

    def reminded(self) -> int:
        with self.database.read() as session:
            return session.scalar(sa.select(sa.func.count()).select_from(Reminder)) or 0


@pytest.fixture
def post(home: Settings, database: Database, cast: Cast) -> Iterator[Post]:
    with serving() as box:
        settings = replace(
            home,
            smtp_url=f"smtp://localhost:{box.port}",
            mail_from="observe@escuela.test",
            public_url=URL,
        )
        yield Post(settings, database, cast, box)


@pytest.fixture
def feedback_id(post: Post) -> UUID:
    """Published feedback with a next step for DUE, and a lesson of another that waits for its."""
    with post.database.write() as session:
        feedback = given(session, post.cast, TODAY, "Pregunta «¿por qué?».")
        other = recording(session, post.cast)
        other.educator_id = post.cast.second_educator.user_id
        session.flush()
        submitted(session, post.cast, other)
        return feedback.id


def test_where_nothing_waits_nobody_is_written_to(post: Post) -> None:
    assert post.send() == 0
    assert post.box.letters == []


def test_an_observer_gets_counts_and_an_educator_one_kind_line(
    post: Post, feedback_id: UUID
) -> None:
    assert post.send() == 2
    digest, ready = post.box.texts()
    assert post.to == ["observer", "educator"]
    assert digest.splitlines() == [
        *("Hola, Ana. Esto te espera:", "", "- 1 retroalimentación por entregar", ""),
        *("- 1 próximo paso por revisar", ""),
        *("Retroalimentaciones que ya pasaron su fecha: 1", ""),
        *(f"Está todo aquí: {URL}/seguimiento", ""),
        "Este correo llega a lo más una vez al día, y solo cuando hay algo nuevo por atender.",
    ]
    assert f"Están aquí: {URL}/mi-retroalimentacion" in ready
    assert ready.startswith("Hola, Berta:")
    for said in (digest, ready):
        for private in ("O'Brien", "Celia", "¿por qué?", "1° B", "Lenguaje"):
            assert private not in said
    for blame in ("fecha", "días", "atras", "venc", "pendiente"):
        assert blame not in ready


def test_each_thing_is_told_once_and_what_is_new_the_next_day(
    post: Post, feedback_id: UUID
) -> None:
    assert [post.send(), post.send(), post.send(DUE + timedelta(days=1))] == [2, 0, 0]
    with post.database.write() as session:
        answer = Answer(
            feedback_id=feedback_id,
            user_id=post.cast.educator.user_id,
            text="Lo probé.",
            sent_at=now(),
        )
        session.add(answer)
    assert post.send() == 0  # one a day at most
    assert post.send(DUE + timedelta(days=1)) == 1
    assert "- 1 respuesta o conversación" in post.box.texts()[-1]
    assert "Lo probé" not in post.box.texts()[-1]


def test_what_she_opened_or_cannot_see_is_no_news(post: Post, feedback_id: UUID) -> None:
    with post.database.write() as session:
        feedback = session.get_one(Feedback, feedback_id)
        openings.opened(session, feedback, actor=post.cast.educator)
        again = given(session, post.cast, TODAY - timedelta(days=1), "x")
        again.state, again.withdrawn_at, again.withdrawal_reason = (
            FeedbackState.WITHDRAWN,
            now(),
            "x",
        )
    assert post.send() == 1
    assert post.to == ["observer"]


@pytest.mark.parametrize(
    "change", [{"active": False}, {"email": None}, {"email": ""}], ids=["gone", "none", "empty"]
)
def test_who_cannot_be_reached_is_left_out(
    post: Post, feedback_id: UUID, change: dict[str, object]
) -> None:
    with post.database.write() as session:
        session.execute(
            sa.update(User).where(User.id == post.cast.observer.user_id).values(**change)
        )
    assert post.send() == 1
    assert post.to == ["educator"]


def test_without_an_address_of_the_pages_only_observers_are_written_to(
    post: Post, feedback_id: UUID
) -> None:
    post.settings = replace(post.settings, public_url="")
    assert post.send() == 1
    assert "http://127.0.0.1:5000/seguimiento" in post.box.texts()[0]


def test_one_that_is_refused_keeps_nobody_else_and_is_tried_again(
    post: Post, feedback_id: UUID
) -> None:
    with post.database.read() as session:
        user = session.get_one(User, post.cast.observer.user_id)
    post.box.refused = {user.email or ""}
    assert post.send() == 1
    assert post.to == ["educator"]
    post.box.refused, post.box.answer = set(), "451 later"
    assert post.send() == 0
    assert post.reminded() == 1  # only the educator's
    post.box.answer = "250 OK"
    assert post.send() == 1
    assert post.to == ["educator", "observer"]


def test_a_server_that_is_down_is_told_and_loses_nothing(post: Post, feedback_id: UUID) -> None:
    right = post.settings
    post.settings = replace(right, smtp_url="smtp://localhost:9")
    with pytest.raises(MailError):
        post.send()
    assert post.reminded() == 0
    post.settings = right
    assert post.send() == 2


def test_one_observer_is_not_told_of_what_waits_for_another(post: Post, feedback_id: UUID) -> None:
    with post.database.write() as session:
        factories.person(session, "Julia Paz", Role.OBSERVER, post.cast.school)
    post.send()
    assert post.to == ["observer", "educator"]
    assert all("julia" not in letter["To"] for letter in post.box.letters)


# --- once a day, whatever happens -----------------------------------------------------------------


def test_the_day_asks_once_from_its_hour_on_and_only_with_a_server(
    post: Post, home: Settings
) -> None:
    at = now().astimezone().replace(year=2026, month=6, day=10, minute=0)
    early, late = at.replace(hour=reminding.HOUR - 1), at.replace(hour=reminding.HOUR)
    assert daily.ask_for_daily(home, post.database, late) == []
    assert daily.ask_for_daily(post.settings, post.database, early) == []
    (first,) = daily.ask_for_daily(post.settings, post.database, late)
    assert daily.ask_for_daily(post.settings, post.database, late) == [first]
    (next_day,) = daily.ask_for_daily(post.settings, post.database, late + timedelta(days=1))
    assert next_day != first
    with post.database.write() as session:
        job = session.get_one(Job, first)
        job.state, job.updated_at = JobState.FAILED, late
    soon = late + timedelta(minutes=59)
    assert daily.ask_for_daily(post.settings, post.database, soon) == []
    (again,) = daily.ask_for_daily(post.settings, post.database, late + timedelta(hours=1))
    assert again not in (first, next_day)


@pytest.mark.parametrize("stage", ["EHLO", "RCPT", "DATA"])
def test_a_killed_worker_sends_each_letter_once(post: Post, feedback_id: UUID, stage: str) -> None:
    """Killed before it is known, at its address, and when the letter is taken but not said so."""
    victims: list[int] = []

    def kill(now_at: str) -> None:
        if now_at == stage and victims:
            os.kill(victims.pop(), signal.SIGKILL)

    post.box.on = kill
    with post.database.write() as session:
        job_id = jobs.enqueue(session, reminding.KIND, daily.day_id(DUE))
    with worker(post.settings) as process:
        victims.append(process.pid)
        until(lambda: process.poll() is not None)
    assert process.returncode == -signal.SIGKILL
    with worker(post.settings):
        until(lambda: state(post.database, job_id) is JobState.DONE)
    assert sorted(post.to) == ["educator", "observer"]
    assert post.reminded() == 4  # the digest and its two things, and the educator's


def test_on_a_day_without_school_nobody_is_reminded(post: Post, feedback_id: UUID) -> None:
    with post.database.write() as session:
        job_id = jobs.enqueue(session, reminding.KIND, daily.day_id(DUE))
    with worker(post.settings, on=date(2026, 9, 18)):
        until(lambda: state(post.database, job_id) is JobState.DONE)
    assert post.box.letters == []


@contextmanager
def worker(settings: Settings, on: date = DUE) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker as on a day; where one was killed, the next goes on."""
    environ = {
        "OBSERVE_HOME": str(settings.home),
        "OBSERVE_SMTP_URL": settings.smtp_url,
        "OBSERVE_MAIL_FROM": settings.mail_from,
        "OBSERVE_URL": settings.public_url,
    }
    with child("tests.database.mail_program", on.isoformat(), **environ) as process:
        yield process


def until(check: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def state(database: Database, job_id: str) -> JobState:
    with database.read() as session:
        return session.get_one(Job, job_id).state
