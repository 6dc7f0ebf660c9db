"""`kill -9` of server and worker at random moments of the whole path.

After it every acknowledged change is there, each job has finished, nothing is there twice, and
the check of database against files finds nothing to say. Guards rule 4 (no accepted work is lost).
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from observe.coding.models import Observation, ObservationState, Operation, Revision
from observe.coding.operations import latest_document
from observe.db import Database
from observe.feedback import publishing
from observe.feedback.models import Feedback, FeedbackState
from observe.ids import new_id
from observe.jobs import Job, JobState
from observe.people import audit
from observe.rubric.models import RubricVersion
from observe.rubric.operations import rubric_of
from observe.settings import Settings
from observe.video import check, light
from observe.video.models import DerivedFile, FileKind, Recording, RecordingState
from observe.video.preparing import prepare
from observe.video.store import Store
from tests import factories
from tests.program import PATIENCE, Answer, Program, Visitor

PIECE = 64 * 1024
DIMENSIONS = 4  # scored in each walk; the rest is not observed
ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture
def program(home: Settings, cast: factories.Cast) -> Iterator[Program]:
    """The program running on the test's home."""
    running = Program(home)
    running.start("web")
    running.start("work")
    yield running
    running.stop()


@dataclass
class Walk:
    """One walk over the path, and what the program acknowledged on the way."""

    visitor: Visitor
    cast: factories.Cast
    rubric: RubricVersion
    dimensions: list[str]
    rng: random.Random
    recording: str = ""
    observation: str = ""
    version: int = 0
    acknowledged: set[str] = field(default_factory=set)
    scores: dict[tuple[str, str], int | None] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    cycles: list[str] = field(default_factory=list)

    def all(self, film: Path) -> None:
        """Walk from the file to the published feedback."""
        self.upload(film)
        self.start()
        self.code()
        self.submit()
        self.give_feedback()

    def upload(self, film: Path) -> None:
        """Send the file in pieces, as the page does, and say what lesson it is."""
        content = film.read_bytes()
        begun = self.visitor.send("/subidas", {"filename": film.name, "size": len(content)})
        upload, offset = begun.json["id"], begun.json["offset"]
        while offset < len(content):
            piece = content[offset : offset + PIECE]
            offset = self.visitor.send(f"/subidas/{upload}/{offset}", piece).json["offset"]
        added = self.visitor.post("/videos/nuevo", {"upload": upload, **self._lesson()})
        self.recording = _last_id(added, "videos")

    def _lesson(self) -> dict[str, str]:
        return {
            "school": str(self.cast.school.id),
            "class_group": "1° B",
            "educator": str(self.cast.educator.user_id),
            "subject": "Lenguaje",
            "recorded_on": "2026-05-12",
            "selection": "assigned",
            "consent": "y",
        }

    def start(self) -> None:
        """Begin to code, through the form of the video's page."""
        page = self.visitor.get(f"/videos/{self.recording}")
        found = re.search(r'id="code".*?action="([^"]+)"', page.text, re.DOTALL)
        assert found, page.text
        begun = self.visitor.post(found.group(1), {"rubric": str(self.rubric.id)})
        self.observation = _last_id(begun, "observaciones")

    def code(self) -> None:
        """Cut two cycles, score every dimension, and write notes; each change on its own."""
        for start, end in ((0, 15_000), (15_000, 30_000)):
            cycle = str(new_id())
            self._change("cycle.put", {"cycle": cycle, "start_ms": start, "end_ms": end})
            self.cycles.append(cycle)
        for cycle in self.cycles:
            for dimension in self.dimensions:
                self._score(cycle, dimension)
        for number, dimension in enumerate(self.dimensions[:DIMENSIONS]):
            self._note(number * 3_000, dimension)

    def _score(self, cycle: str, dimension: str) -> None:
        scored = dimension in self.dimensions[:DIMENSIONS]
        value = self.rng.randint(1, 4) if scored else None
        mark = None if scored else "not_observed"
        payload = {"cycle": cycle, "dimension": dimension, "value": value, "mark": mark}
        self._change("score.put", payload)
        self.scores[cycle, dimension] = value

    def _note(self, at_ms: int, dimension: str) -> None:
        note, text = str(new_id()), f"Explica cómo lo sabe ({at_ms})"
        payload = {"note": note, "at_ms": at_ms, "text": text, "dimension": dimension}
        self._change("note.put", {**payload, "polarity": 1})
        self.notes[note] = text

    def _change(self, kind: str, payload: dict[str, Any]) -> None:
        own = str(new_id())
        change = {"id": own, "kind": kind, "payload": payload}
        body = {"window": "walk", "base_version": self.version, "changes": [change]}
        answer = self.visitor.send(f"/observaciones/{self.observation}/cambios", body)
        assert answer.status == 200, answer.text
        assert answer.json["acknowledged"] == [own], answer.text
        self.version = answer.json["version"]
        self.acknowledged.add(own)

    def submit(self) -> None:
        """Submit, once the video is hashed."""
        path = f"/observaciones/{self.observation}/terminar"
        end = time.monotonic() + 5 * PATIENCE  # a worker that is killed anew must come that far
        while True:
            self.visitor.get(path)
            answer = self.visitor.post(path, {"version": str(self.version)})
            if "/perfil" in answer.url:
                return
            assert time.monotonic() < end, answer.text
            time.sleep(0.3)

    def give_feedback(self) -> None:
        """Choose one strength and one priority, and publish them."""
        path = f"/observaciones/{self.observation}/retroalimentacion"
        due = date.today() + timedelta(days=14)  # noqa: DTZ011  # the server's day, here
        form = {
            "strength-dimension": self.dimensions[0],
            "strength-start": "00:00:00",
            "strength-end": "00:00:15",
            "strength-note": "Escuchaste la respuesta completa.",
            "priority-dimension": self.dimensions[1],
            "priority-start": "00:00:10",
            "priority-end": "00:00:28",
            "priority-note": "Preguntaste y respondiste tú.",
            "priority-next_step": "Esperar tres segundos.",
            "priority-due_on": due.isoformat(),
        }
        self.visitor.get(path)
        self.visitor.post(path, form | {"do": "preview"})
        page = self.visitor.get(f"{path}/vista")
        found = re.search(rf"/retroalimentaciones/{ID}/publicar", page.text)
        assert found, page.text
        seen = re.search(r'name="seen" value="([0-9a-f]+)"', page.text)
        assert seen, page.text
        self.visitor.post(found.group(), {"seen": seen[1]})


def _last_id(answer: Answer, noun: str) -> str:
    found = re.search(rf"/{noun}/({ID})", answer.url)
    assert found, f"{answer.status} {answer.url}\n{answer.text[:3000]}"
    return found.group(1)


def _kill_now_and_then(
    program: Program, rng: random.Random, kills: int, over: threading.Event
) -> None:
    for _ in range(kills):
        if over.wait(rng.uniform(0.3, 2.5)):
            return
        for name in rng.choice((["web"], ["work"], ["web", "work"])):
            program.kill(name)
            time.sleep(rng.uniform(0, 0.2))
            program.start(name)
        program.wait_for_pages()


@pytest.mark.parametrize("kills", [4, pytest.param(50, marks=pytest.mark.torture)])
def test_kills_on_the_path_lose_nothing_and_double_nothing(
    program: Program,
    database: Database,
    store: Store,
    cast: factories.Cast,
    rubric_version: RubricVersion,
    small_video: Path,
    kills: int,
) -> None:
    rng = random.Random(20260512 + kills)
    visitor = Visitor(program.port)
    visitor.enter(program.settings, cast.observer, cast.administrator)
    over = threading.Event()
    killer = threading.Thread(
        target=_kill_now_and_then, args=(program, rng, kills, over), daemon=True
    )
    killer.start()
    walks: list[Walk] = []
    try:
        while killer.is_alive() or not walks:
            walk = Walk(visitor, cast, rubric_version, _dimensions(rubric_version), rng)
            walks.append(walk)
            walk.all(small_video)
    finally:
        over.set()
        killer.join(3 * PATIENCE)
    _wait_for_quiet(database)
    program.stop()
    for walk in walks:
        _is_whole(database, walk)
    _nothing_twice(database, store, walks)


def _dimensions(version: RubricVersion) -> list[str]:
    return [dimension.id for dimension in rubric_of(version).dimensions]


def _wait_for_quiet(database: Database) -> None:
    end = time.monotonic() + 3 * PATIENCE
    while True:
        with database.read() as session:
            waiting = session.scalars(
                sa.select(Job).where(Job.state.in_([JobState.WAITING, JobState.RUNNING]))
            ).all()
        if not waiting:
            return
        assert time.monotonic() < end, [(job.id, job.step, job.interruptions) for job in waiting]
        time.sleep(0.3)


def _is_whole(database: Database, walk: Walk) -> None:
    with database.read() as session:
        found = session.get_one(Observation, UUID(walk.observation))
        assert found.state is ObservationState.SUBMITTED
        assert len(found.revisions) == 1
        document = latest_document(session, found)
        scores = {
            (str(cycle.id), score.dimension): score.value
            for cycle in document.cycles
            for score in cycle.scores
        }
        assert scores == walk.scores
        assert {str(note.id): note.text for note in document.notes} == walk.notes
        stored = session.scalars(
            sa.select(Operation.id).where(Operation.observation_id == found.id)
        ).all()
        assert {str(each) for each in stored} >= walk.acknowledged
        feedbacks = session.scalars(
            sa.select(Feedback).where(Feedback.observation_id == found.id)
        ).all()
        assert [each.state for each in feedbacks] == [FeedbackState.PUBLISHED]
        assert all(focus.clip_id for focus in feedbacks[0].focuses)


def _nothing_twice(database: Database, store: Store, walks: list[Walk]) -> None:
    with database.read() as session:
        recordings = session.scalars(sa.select(Recording)).all()
        assert {str(each.id) for each in recordings} == {walk.recording for walk in walks}
        assert {each.state for each in recordings} == {RecordingState.READY}
        assert session.scalar(sa.select(sa.func.count()).select_from(Revision)) == len(walks)
        jobs = session.scalars(sa.select(Job)).all()
        assert {job.state for job in jobs} == {JobState.DONE}
        # A lesson is prepared once and published once; each of its clips has one light copy.
        assert Counter(job.kind for job in jobs) == {
            prepare.KIND: len(walks),
            publishing.KIND: len(walks),
            light.KIND: 2 * len(walks),
        }
        clips = session.scalars(
            sa.select(DerivedFile).where(DerivedFile.kind == FileKind.CLIP)
        ).all()
        assert Counter(clip.recording_id for clip in clips) == {
            recording.id: 4 for recording in recordings
        }
        assert audit.first_broken(session) is None
        assert check.problems(session, store) == []
