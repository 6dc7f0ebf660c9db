"""`observe video`: several files, preparing, clips that leave, blurring, captions, info."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from observe.cli import main
from observe.db import Database
from observe.errors import BadInputError
from observe.people.access import actor_of
from observe.people.directory import find_user
from observe.people.models import AuditEntry
from observe.settings import Settings
from observe.video.blur import operations as blur_operations
from observe.video.media.probe import probe
from observe.video.media.tools import ffmpeg_path
from observe.video.models import Blurring, DerivedFile
from observe.video.store import Store
from tests.cli.conftest import Run, bring_people, running_in
from tests.conftest import MakeVideo
from tests.factories import TODAY

SRT = (
    "1\n00:00:01,000 --> 00:00:02,500\nBuenos días\n\n"
    "2\n00:00:05,000 --> 00:00:06,000\n¿Quién sabe?\n"
)
CONSENT = ("--consent", "confirmed")
ADD = ("--educator", "edu", "--class-group", "1° B", "--date", "2026-05-10", "--as", "obs")


def add(run: Run, *files: Path) -> dict[str, Any]:
    return run("video", "add", *files, *ADD, *CONSENT, "--wait", "--json").facts


@dataclass(frozen=True)
class Homes:
    """Homes that tests get copies of: one with people only, one with a lesson prepared in it."""

    peopled: Path
    ready: Path
    recording: str


@pytest.fixture(scope="module")
def homes(
    tmp_path_factory: pytest.TempPathFactory, migrated_file: Path, make_video: MakeVideo
) -> Homes:
    folder = tmp_path_factory.mktemp("homes")
    peopled, ready = Settings(home=folder / "peopled"), Settings(home=folder / "ready")
    peopled.home.mkdir()
    shutil.copy(migrated_file, peopled.database_path)
    with pytest.MonkeyPatch.context() as patch:
        bring_people(running_in(peopled, patch), folder)
        shutil.copytree(peopled.home, ready.home)
        recording = add(running_in(ready, patch), make_video(8))["recording"]
    return Homes(peopled.home, ready.home, str(recording))


@pytest.fixture
def peopled(homes: Homes, home: Settings, run: Run, request: pytest.FixtureRequest) -> Run:
    """The test's home with people, and with the lesson where the test asks for `recording`."""
    with_lesson = "recording" in request.fixturenames
    shutil.copytree(homes.ready if with_lesson else homes.peopled, home.home, dirs_exist_ok=True)
    return run


@pytest.fixture
def recording(peopled: Run, homes: Homes) -> str:
    """The lesson that is in the home which `peopled` then copies."""
    return homes.recording


def entries(database: Database, action: str) -> list[AuditEntry]:
    with database.read() as session:
        return list(session.scalars(sa.select(AuditEntry).where(AuditEntry.action == action)))


# --- adding and preparing ------------------------------------------------------------------------


def test_several_files_are_one_lesson_in_the_order_given(
    peopled: Run, make_video: MakeVideo
) -> None:
    first, second = make_video(8), make_video(5, name="parte 2'ñ.mp4")
    added = add(peopled, first, second)
    assert added["state"] == "ready"
    assert added["duration_ms"] == pytest.approx(13_000, abs=200)
    told = peopled("video", "info", added["recording"], "--as", "obs", "--json").facts
    (part,) = told["parts"]
    assert part["position"] == 2
    assert part["start_ms"] == pytest.approx(8_000, abs=150)
    assert {"proxy", "poster", "strip"} <= {file["kind"] for file in told["files"]}


def test_when_one_of_several_files_is_refused_none_is_added(
    peopled: Run, make_video: MakeVideo, tmp_path: Path, home: Any
) -> None:
    empty = tmp_path / "vacío.mp4"
    empty.touch()
    refused = peopled("video", "add", make_video(8), empty, *ADD, code=2)
    assert "vacío" in refused.err
    assert peopled("video", "list", "--as", "obs", "--json").facts["videos"] == []
    assert list((home.store_path / "incoming").iterdir()) == []


def test_prepare_waits_and_again_changes_nothing(peopled: Run, make_video: MakeVideo) -> None:
    added = peopled("video", "add", make_video(8), *ADD, "--json").facts
    done = peopled("video", "prepare", added["recording"], "--as", "obs", "--json").facts
    assert (done["state"], done["preparation"]["state"]) == ("ready", "done")
    again = peopled("video", "prepare", added["recording"], "--again", "--as", "obs", "--json")
    assert again.facts["preparation"]["state"] == "done"
    peopled("video", "prepare", added["recording"], "--as", "out", code=4)
    missing = ("video", "prepare", added["recording"], "--audio-track", 7, "--as", "obs")
    assert peopled(*missing, code=2).err.strip().endswith(": 1.")


# --- clips ---------------------------------------------------------------------------------------


def test_an_unblurred_clip_leaves_only_when_confirmed_and_is_on_file(
    peopled: Run, recording: str, database: Database, tmp_path: Path
) -> None:
    out = tmp_path / "clip.mp4"
    command = ["video", "clip", recording, "00:00:01-00:00:03.5", "--out", str(out)]
    command += ["--unblurred", "--as", "obs"]
    refused = CliRunner().invoke(main, command, input="sí\n")
    assert (refused.exit_code, out.exists()) == (2, False)
    silent = CliRunner().invoke(main, command, input="")
    assert (silent.exit_code, out.exists()) == (130, False)
    assert entries(database, "clip.taken_out") == []
    assert CliRunner().invoke(main, command, input="sin difuminar\n").exit_code == 0
    assert probe(out).duration_ms == pytest.approx(2_500, abs=100)
    out.unlink()
    told = peopled(*command, "--yes", "--json").facts
    assert (told["blurred"], told["start_ms"], told["end_ms"]) == (False, 1_000, 3_500)
    assert told["bytes"] == out.stat().st_size
    taken = entries(database, "clip.taken_out")
    assert len(taken) == 2
    assert {str(each.thing_id) for each in taken} == {recording}


def test_nothing_of_an_unblurred_clip_stays_in_the_home(
    peopled: Run, recording: str, database: Database, store: Store, tmp_path: Path
) -> None:
    with database.read() as session:
        before = set(session.scalars(sa.select(DerivedFile.id)))
    blobs = {file.name for file in store.blobs()}
    command = ("video", "clip", recording, "00:00:01-00:00:02", "--unblurred", "--yes")
    peopled(*command, "-o", tmp_path / "clip.mp4", "--as", "obs")
    with database.read() as session:
        assert set(session.scalars(sa.select(DerivedFile.id))) == before
    assert {file.name for file in store.blobs()} == blobs
    assert list(store.leftovers()) == []
    assert [each.name for each in tmp_path.glob(".*")] == []


def test_a_clip_is_made_without_keeping_others_from_writing_and_leaves_once_on_file(
    peopled: Run, recording: str, database: Database, home: Settings, tmp_path: Path
) -> None:
    out, part = tmp_path / "clip.mp4", tmp_path / ".clip.mp4.part"
    command = [sys.executable, "-m", "observe.cli", "video", "clip", recording]
    command += ["00:00:01-00:00:02", "-o", str(out), "--unblurred", "--yes", "--as", "obs"]
    with subprocess.Popen(command, env=os.environ | {"OBSERVE_HOME": str(home.home)}) as taking:
        _wait_until(part.exists, taking)
        with database.write() as session:  # from here on another program writes
            session.execute(sa.text("UPDATE job SET percent = percent"))
            _wait_until(lambda: _playable(part), taking)
            assert not out.exists()
            taking.kill()
    assert not out.exists()
    assert part.exists()
    assert entries(database, "clip.taken_out") == []


def _wait_until(came: Callable[[], bool], running: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not came():
        assert running.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)


def _playable(path: Path) -> bool:
    try:
        return probe(path).duration_ms > 0
    except (BadInputError, FileNotFoundError):
        return False


def test_what_a_person_has_is_not_written_over(
    peopled: Run, recording: str, tmp_path: Path
) -> None:
    command = ("video", "clip", recording, "00:00:01-00:00:02", "--unblurred", "--yes")
    for taken, out in (("a.mp4", "a.mp4"), ("b.vtt", "b.mp4")):
        (tmp_path / taken).write_text("mío")
        refused = peopled(*command, "-o", tmp_path / out, "--as", "obs", code=2)
        assert taken in refused.err
        assert (tmp_path / taken).read_text() == "mío"
    assert not (tmp_path / "b.mp4").exists()
    peopled(*command, "-o", tmp_path / "c.vtt", "--as", "obs", code=2)
    peopled("video", "clip", recording, "00:00:01-00:00:02", "-o", tmp_path / "a.mp4",
            "--as", "obs", code=2)  # fmt: skip
    peopled("video", "blur", recording, "00:00:01-00:00:02", "-o", tmp_path / "a.mp4",
            "--as", "obs", code=2)  # fmt: skip
    assert (tmp_path / "a.mp4").read_text() == "mío"
    assert not (tmp_path / "c.vtt").exists()


def test_without_consent_on_file_no_clip_leaves(
    peopled: Run, make_video: MakeVideo, database: Database, tmp_path: Path
) -> None:
    added = peopled("video", "add", make_video(8), *ADD, "--wait", "--json").facts
    for way in (("--unblurred", "--yes"), ()):
        refused = peopled(
            "video", "clip", added["recording"], "00:00:01-00:00:02", "-o", tmp_path / "clip.mp4",
            *way, "--as", "obs", code=2,
        )  # fmt: skip
        assert "autorizaciones" in refused.err
    assert not (tmp_path / "clip.mp4").exists()
    assert entries(database, "clip.taken_out") == []


def test_nobody_else_takes_clips_out(peopled: Run, recording: str, tmp_path: Path) -> None:
    span = ("00:00:01-00:00:02", "--out", tmp_path / "clip.mp4", "--unblurred", "--yes")
    for who in ("out", "out-edu", "out-utp", "edu", "utp", "red"):
        peopled("video", "clip", recording, *span, "--as", who, code=4)
        peopled("video", "blur", recording, "00:00:01-00:00:02", "--as", who, code=4)
        peopled("video", "captions", recording, "--as", who, code=4)
        peopled("video", "info", recording, "--as", who, code=4)
    assert not (tmp_path / "clip.mp4").exists()


@pytest.mark.parametrize("span", ["00:00:05-00:01:00", "00:00:03-00:00:02", "mañana"])
def test_what_cannot_be_cut_is_a_sentence(
    peopled: Run, recording: str, tmp_path: Path, span: str
) -> None:
    out = tmp_path / "clip.mp4"
    told = peopled(
        "video", "clip", recording, span, "--out", out, "--unblurred", "--yes", "--as", "obs",
        code=2,
    )  # fmt: skip
    assert told.err.count("\n") == 1
    assert not out.exists()


def test_a_blurred_clip_leaves_once_somebody_checked_it(
    peopled: Run, recording: str, database: Database, tmp_path: Path
) -> None:
    out, span = tmp_path / "clip.mp4", "00:00:01-00:00:02"
    refused = peopled("video", "clip", recording, span, "--out", out, "--as", "obs", code=2)
    assert "/difuminados/" in refused.err
    assert not out.exists()
    told = peopled("video", "blur", recording, span, "--as", "obs", "--json").facts
    assert (told["state"], told["style"], told["sound"]) == ("made", "mosaic", "keep")
    with database.write() as session:
        user = find_user(session, "obs")
        assert user is not None
        actor, blurring_id = actor_of(user, TODAY), UUID(told["blurring"])
        blur_operations.watched(session, session.get_one(Blurring, blurring_id), actor=actor)
        row = blur_operations.sign(session, blurring_id, version=0, actor=actor)
        assert row.state == "checked"
    written = peopled("video", "clip", recording, span, "-o", out, "--as", "obs", "--json").facts
    assert written["blurred"] is True
    assert probe(out).duration_ms == pytest.approx(1_000, abs=150)
    other = peopled(
        "video", "blur", recording, span, "--style", "solid", "--sound", "mute", "--as", "obs",
        "--json",
    ).facts  # fmt: skip
    assert (other["state"], other["style"]) == ("made", "solid")  # made anew, and unsigned


# --- captions ------------------------------------------------------------------------------------


def test_captions_are_given_and_written(peopled: Run, recording: str, tmp_path: Path) -> None:
    given, out = tmp_path / "clase.srt", tmp_path / "clase.vtt"
    command = ("video", "captions", recording)
    assert peopled(*command, "--as", "obs", "--json").facts["cues"] == 0
    peopled(*command, "--out", out, "--as", "obs", code=2)
    given.write_text(SRT, encoding="utf-8-sig")
    told = peopled(*command, given, "--out", out, "--as", "obs", "--json").facts
    assert (told["cues"], told["start_ms"], told["end_ms"]) == (2, 1_000, 6_000)
    assert out.read_text(encoding="utf-8").startswith("WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n")
    clip = tmp_path / "clip.mp4"
    taken = peopled(
        "video", "clip", recording, "00:00:02-00:00:04", "-o", clip, "--unblurred", "--yes",
        "--as", "obs", "--json",
    ).facts  # fmt: skip
    assert taken["captions"] == str(clip.with_suffix(".vtt"))
    cut = clip.with_suffix(".vtt").read_text(encoding="utf-8")
    assert cut == "WEBVTT\n\n00:00:00.000 --> 00:00:00.500\nBuenos días\n"
    given.write_text("esto no es", encoding="utf-8")
    peopled(*command, given, "--as", "obs", code=2)
    assert peopled(*command, "--as", "obs", "--json").facts["cues"] == 2


# --- info ----------------------------------------------------------------------------------------

KNOWN: dict[str, dict[str, Any]] = {
    "psd_delayed_start.mp4": {"plan": "encode", "start_offset_ms": 1_075},
    "streamio_sideways_phone_rot.mov": {"plan": "play", "rotation": -90},
    "streamio_webcam_vfr.mov": {"vfr": True},
    "nasa_hevc_hdr.mp4": {"plan": "encode", "hdr": True},
    "tc_vp9.webm": {"plan": "play"},
    "mux_sintel-captions.ts": {"plan": "remux"},
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_real_file_is_told_without_adding_it(peopled: Run, real_data: Path, name: str) -> None:
    path = real_data / "videos" / name
    told = peopled("video", "info", path, "--json").facts
    assert {key: told[key] for key in KNOWN[name]} == KNOWN[name]
    assert told["why"]
    assert str(told["video"]["codec"]) in peopled("video", "info", path).out
    assert peopled("video", "list", "--as", "obs", "--json").facts["videos"] == []


def test_a_hostile_file_is_refused_with_one_sentence(peopled: Run, real_data: Path) -> None:
    for path in sorted((real_data / "hostile").iterdir()):
        if "awesome" not in path.name:
            assert peopled("video", "info", path, code=2).err.count("\n") == 1
    peopled("video", "info", real_data / "nada.mp4", code=2)


def test_everything_known_of_a_recording_is_told(
    peopled: Run, real_data: Path, tmp_path: Path
) -> None:
    source = real_data / "videos" / "nasa_speech_2video_2audio.mp4"
    told = add(peopled, source)
    command = ("video", "info", told["recording"], "--as", "obs")
    facts = peopled(*command, "--json").facts
    assert [track["index"] for track in facts["audio_tracks"]] == [1, 4]
    assert facts["captions"] >= 3  # the text track inside the file
    assert sum(facts["voices"].values()) == pytest.approx(1, abs=0.01)
    assert facts["damaged"] == []
    assert {"voices", "activity", "captions"} <= {file["kind"] for file in facts["files"]}
    assert "→ 1: aac" in peopled(*command).out
    changed = peopled(
        "video", "prepare", told["recording"], "--audio-track", 4, "--as", "obs", "--json"
    ).facts
    assert changed["preparation"]["state"] == "done"
    assert peopled(*command, "--json").facts["audio"] == 4


def test_embedded_captions_stand_where_they_were_said(peopled: Run, tmp_path: Path) -> None:
    """A file that begins late: its captions are on the lesson's own timeline."""
    given, late = tmp_path / "clase.srt", tmp_path / "tarde.mkv"
    given.write_text(SRT, encoding="utf-8")
    command = [ffmpeg_path(), "-v", "error", "-f", "lavfi", "-i", "testsrc=s=96x64:r=10:d=8"]
    command += ["-i", str(given), "-c:v", "libx264", "-c:s", "ass", "-output_ts_offset", "3"]
    subprocess.run([*command, str(late)], check=True, timeout=60)
    told, out = add(peopled, late), tmp_path / "clase.vtt"
    facts = peopled(
        "video", "captions", told["recording"], "--out", out, "--as", "obs", "--json"
    ).facts
    assert facts["cues"] == 2
    assert facts["start_ms"] == pytest.approx(1_000, abs=20)
    assert "¿Quién sabe?" in out.read_text(encoding="utf-8")
