"""The demo home: drawn the same each time, made once, and everybody in her place."""

from __future__ import annotations

from pathlib import Path

import pytest

from observe.db import Database
from observe.demo import home as demo
from observe.demo.lesson import make_lesson
from observe.demo.script import LESSON, SECONDS, moment_at
from observe.people.models import Role
from observe.settings import Settings
from observe.video.media.probe import probe
from tests.cli.conftest import Run


def test_the_script_leaves_no_gap() -> None:
    ends = [0, *(moment.end for moment in LESSON)]
    assert [moment.start for moment in LESSON] == ends[:-1]
    assert {len(moment.speakers) for moment in LESSON} >= {0, 1, 6}  # silence, one, many
    assert moment_at(0.0)[0] is LESSON[0]
    assert moment_at(SECONDS - 0.01)[0] is LESSON[-1]


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lesson, made once."""
    path = tmp_path_factory.mktemp("lesson") / "lesson.mp4"
    make_lesson(path)
    return path


def test_the_lesson_is_one_that_browsers_play(lesson: Path) -> None:
    found = probe(lesson)
    assert found.plan == "play"
    assert found.duration_ms == pytest.approx(SECONDS * 1000, abs=50)
    assert (found.width, found.height, found.rotation, found.vfr) == (854, 480, 0, False)
    assert found.audio_codec == "aac"


def test_the_lesson_is_the_same_each_time(lesson: Path, tmp_path: Path) -> None:
    make_lesson(tmp_path / "again.mp4")
    assert (tmp_path / "again.mp4").read_bytes() == lesson.read_bytes()


def test_the_demo_is_made_once(
    run: Run, home: Settings, database: Database, monkeypatch: pytest.MonkeyPatch, lesson: Path
) -> None:
    monkeypatch.setattr(demo, "make_lesson", lambda target: target.write_bytes(lesson.read_bytes()))
    first = run("init", "--demo", "--json").facts
    assert run("init", "--demo", "--json").facts == first
    (video,) = run("video", "list", "--as", "demo-asesora", "--json").facts["videos"]
    assert video["recording"] == first["recording"]
    assert (video["state"], video["consent"]) == ("ready", True)
    with database.read() as session:
        people = demo.people(session)
        roles = [membership.role for user in people for membership in user.memberships]
    assert set(roles) == set(Role)
    assert len({user.reference for user in people}) == len(people) == len(Role) + 2
    run("video", "show", first["recording"], "--as", "demo-utp-externa", code=4)
    run("doctor")
