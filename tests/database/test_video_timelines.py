"""Movement, joints and damage of real and generated videos, and reading the timelines back."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path

import av
import imageio_ffmpeg
import pytest

from observe.db import Database
from observe.errors import ObserveError
from observe.video import derived
from observe.video.derived import Made
from observe.video.media.probe import probe
from observe.video.models import FileKind
from observe.video.store import Store
from observe.video.timecode import Span
from observe.video.timeline import timelines
from observe.video.timeline.activity import Activity, read_activity, write_activity
from observe.video.timeline.voices import Voice
from tests import factories
from tests.films import run_ffmpeg

CUTS_MS = (11_400, 25_320)
SECONDS = 40


def nothing() -> None:
    """Stand for a tick nobody listens to."""


def ffmpeg(*arguments: object) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y"]
    subprocess.run([*command, *map(str, arguments)], check=True, timeout=120)


def watched(folder: Path, source: Path, *, grey: Path | None = None) -> Activity:
    target = folder / "activity.json"
    write_activity(source, probe(source), target, nothing, grey=grey)
    return read_activity(target.read_text())


@pytest.fixture(scope="module")
def cut_lesson(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty seconds with two cuts that are no key frames: a still, one mover, a busy picture."""
    folder = tmp_path_factory.mktemp("cuts")
    target = folder / "lesson.mp4"
    lengths = (CUTS_MS[0], CUTS_MS[1] - CUTS_MS[0], SECONDS * 1000 - CUTS_MS[1])
    still = f"smptebars=size=320x180:rate=25:duration={lengths[0] / 1000}"
    mover = f"testsrc2=size=320x180:rate=25:duration={lengths[1] / 1000}"
    busy = f"mandelbrot=size=320x180:rate=25:start_scale=1,trim=duration={lengths[2] / 1000}"
    graph = f"{still},format=yuv420p[a];{mover},format=yuv420p[b];{busy},format=yuv420p[c];"
    sound = ("-f", "lavfi", "-i", f"sine=frequency=330:duration={SECONDS}")
    ffmpeg(
        *sound, "-filter_complex", graph + "[a][b][c]concat=n=3[v]", "-map", "[v]", "-map", "0:a",
        "-c:v", "libx264", "-preset", "ultrafast", "-g", 50, "-sc_threshold", 0, "-b:v", "900k",
        "-minrate", "900k", "-maxrate", "900k", "-bufsize", "900k", "-nal-hrd", "cbr",
        "-c:a", "aac", "-b:a", "64k", "-movflags", "+faststart", target,
    )  # fmt: skip
    return target


# --- joints and movement -------------------------------------------------------------------------


def exact(found: Sequence[int], within_ms: int) -> bool:
    pairs = zip(found, CUTS_MS, strict=True)
    return len(found) == len(CUTS_MS) and all(abs(a - b) <= within_ms for a, b in pairs)


def test_cuts_between_key_frames_are_found_to_the_frame(tmp_path: Path, cut_lesson: Path) -> None:
    found = watched(tmp_path, cut_lesson)
    assert exact(found.joints_ms, 1)
    assert found.damaged == ()
    assert len(found.energy) == -(-probe(cut_lesson).duration_ms // 1000)


def test_a_cut_and_back_between_two_key_frames_is_found(tmp_path: Path) -> None:
    video = tmp_path / "there-and-back.mp4"
    graph = "smptebars=size=320x180:rate=25:duration=40[a];testsrc2=size=320x180:rate=25[b];"
    graph += "[a][b]overlay=enable='between(t,20.6,21.4)':shortest=1,format=yuv420p"
    ffmpeg(
        "-filter_complex", graph, "-c:v", "libx264", "-preset", "ultrafast", "-g", 100,
        "-sc_threshold", 0, video,
    )  # fmt: skip
    found = watched(tmp_path, video).joints_ms
    assert len(found) == 2
    assert abs(found[0] - 20_600) <= 40
    assert abs(found[1] - 21_440) <= 40


@pytest.mark.parametrize("how", ["rotated", "offset", "uneven"])
def test_cuts_are_told_on_our_clock(tmp_path: Path, cut_lesson: Path, how: str) -> None:
    video = tmp_path / f"{how}.mkv"
    if how == "rotated":
        video = tmp_path / "rotated.mp4"
        ffmpeg("-display_rotation", 90, "-i", cut_lesson, "-c", "copy", video)
    elif how == "offset":
        ffmpeg("-i", cut_lesson, "-c", "copy", "-output_ts_offset", 7.3, video)
    else:  # every third frame away, the rest where it was
        keep = ("-vf", "select='mod(n,3)'", "-fps_mode", "passthrough", "-g", "60")
        ffmpeg("-i", cut_lesson, *keep, "-preset", "ultrafast", "-sc_threshold", 0, video)
    assert exact(watched(tmp_path, video).joints_ms, 41)


def test_from_grey_pictures_the_same_is_told(tmp_path: Path, cut_lesson: Path) -> None:
    grey = tmp_path / "grey"
    shape = ("-vf", "fps=5:start_time=0,scale=160:90,format=gray", "-f", "rawvideo")
    ffmpeg("-i", cut_lesson, "-an", *shape, grey)
    found = watched(tmp_path, cut_lesson, grey=grey)
    assert exact(found.joints_ms, 200)
    still, mover = found.energy[2:10], found.energy[13:24]
    assert max(still) < min(mover)


def test_a_still_picture_moves_less_than_one_that_changes(tmp_path: Path, cut_lesson: Path) -> None:
    energy = watched(tmp_path, cut_lesson).energy
    assert max(energy[2:9]) < min(energy[14:22])


def test_the_scenes_of_a_real_video(tmp_path: Path, real_data: Path) -> None:
    """Its two hard cuts, by the file beside it; what fades in from black is no cut."""
    found = watched(tmp_path, real_data / "videos" / "psd_testvideo.mp4").joints_ms
    rate = 30_000 / 1001
    assert [round(joint / 1000 * rate) for joint in found] == [30, 180]


# --- damage --------------------------------------------------------------------------------------

CONTAINERS = {
    "mp4": ("-c", "copy"),
    "mkv": ("-c", "copy"),
    "ts": ("-c", "copy"),
    "avi": ("-c", "copy", "-bsf:v", "h264_mp4toannexb"),
    "mpeg4.avi": ("-c:v", "mpeg4", "-b:v", "900k", "-g", "50", "-c:a", "mp2"),
    "webm": ("-c:v", "libvpx", "-cpu-used", "8", "-deadline", "realtime", "-b:v", "900k", "-an"),
    "mpg": ("-c:v", "mpeg2video", "-b:v", "900k", "-g", "15", "-c:a", "mp2"),
}
HARM = 300_000


def harmed(video: Path, how: str) -> tuple[Path, Span]:
    """Return a copy with a damaged middle, and when what lay there is shown."""
    content = bytearray(video.read_bytes())
    begin = (len(content) - HARM) // 2
    spoilt = bytes(HARM) if how == "zeros" else random.Random(5).randbytes(HARM)
    content[begin : begin + HARM] = spoilt
    copy = video.with_name(f"{how}-{video.name}")
    copy.write_bytes(content)
    return copy, shown_between(video, begin, begin + HARM)


def shown_between(video: Path, begin: int, end: int) -> Span:
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        packets = [each for each in container.demux(stream) if each.size]
        hit = [each for each in packets if begin - each.size < (each.pos or 0) < end]
        times = [(each.pts if each.pts is not None else each.dts) or 0 for each in hit]
        clock = 1000 * stream.time_base if stream.time_base else 0
    first = probe(video).first_frame_us / 1000
    return Span(int(min(times) * clock - first), int(max(times) * clock - first))


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_damaged_middle_is_told_and_the_rest_is_not(
    tmp_path: Path, cut_lesson: Path, container: str
) -> None:
    video = tmp_path / f"lesson.{container}"
    ffmpeg("-i", cut_lesson, *CONTAINERS[container], video)
    assert watched(tmp_path, video).damaged == ()
    for how in ("zeros", "noise"):
        copy, hit = harmed(video, how)
        (told,) = watched(tmp_path, copy).damaged
        assert told.start_ms <= hit.start_ms
        assert told.end_ms >= hit.end_ms
        group = 5_500 if container == "webm" else 2_100  # from one key frame to the next
        assert hit.start_ms - told.start_ms <= 200
        assert told.end_ms - hit.end_ms <= group


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.vob", "-c:v mpeg2video -b:v 2M -c:a ac3 -f vob"),
        ("a.wmv", "-c:v wmv2 -b:v 2M -c:a wmav2"),
        ("a.ts", "-c:v libx264 -preset ultrafast -g 25 -b:v 2M -c:a aac"),
    ],
)
def test_half_a_second_lost_of_a_broadcast_is_told(tmp_path: Path, name: str, options: str) -> None:
    whole = tmp_path / name
    film = "-f lavfi -i testsrc2=size=640x360:rate=25:duration=12 -f lavfi -i sine=duration=12"
    run_ffmpeg(*film.split(), *options.split(), whole)
    assert watched(tmp_path, whole).damaged == ()
    content = bytearray(whole.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 150_000] = bytes(150_000)  # of 12 s in 3 MB
    whole.write_bytes(content)
    (told,) = watched(tmp_path, whole).damaged
    assert told.start_ms < 6_100 < told.end_ms


def test_a_damaged_key_frame_whose_lengths_add_up_is_found(tmp_path: Path) -> None:
    video = tmp_path / "still.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "mandelbrot=size=1280x720:rate=5:start_scale=1", "-t", 8,
        "-c:v", "libx264", "-preset", "ultrafast", "-qp", 10, "-g", 10, "-pix_fmt", "yuv420p",
        "-sc_threshold", 0, video,
    )  # fmt: skip
    with av.open(str(video)) as opened:
        stream = opened.streams.video[0]
        keys = [each for each in opened.demux(stream) if each.is_keyframe and each.size]
        place, size = keys[2].pos or 0, keys[2].size
    content = bytearray(video.read_bytes())
    middle = place + size // 2
    content[middle : middle + size // 4] = random.Random(5).randbytes(size // 4)
    video.write_bytes(content)
    assert watched(tmp_path, video).damaged == (Span(4_000, 6_000),)


def test_real_files_have_no_damage(tmp_path: Path, real_data: Path) -> None:
    told = {}
    for video in sorted((real_data / "videos").iterdir()):
        if video.is_file() and video.suffix != ".gif":
            found = watched(tmp_path, video)
            told[video.name] = (found.damaged, found.lost_ms)
    assert {name: found for name, found in told.items() if found != ((), 0)} == {}
    assert told


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mkv", "-c:v libx264 -preset ultrafast -g 25 -c:a aac"),
        ("a.mp4", "-c:v libx264 -preset ultrafast -g 25 -c:a aac -movflags +faststart"),
        ("a.avi", "-c:v mpeg4 -g 25 -c:a mp2"),
    ],
)
def test_a_file_cut_short_says_how_much_is_missing(tmp_path: Path, name: str, options: str) -> None:
    whole, cut = tmp_path / name, tmp_path / f"cut-{name}"
    film = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=12 -f lavfi -i sine=duration=12"
    run_ffmpeg(*film.split(), *options.split(), whole)
    assert watched(tmp_path, whole).lost_ms == 0
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    here = probe(cut).duration_ms
    assert here < 8_000
    assert here + watched(tmp_path, cut).lost_ms == pytest.approx(12_000, abs=600)


def test_hostile_files_end_with_an_answer(tmp_path: Path, real_data: Path) -> None:
    for video in sorted((real_data / "hostile").iterdir()):
        try:
            measured = probe(video)
        except ObserveError:
            continue
        write_activity(video, measured, tmp_path / "activity.json", nothing)
        found = read_activity((tmp_path / "activity.json").read_text())
        assert all(span.end_ms <= measured.duration_ms for span in found.damaged)


# --- reading back --------------------------------------------------------------------------------


def test_a_recording_without_timelines_has_none(
    database: Database, store: Store, cast: factories.Cast
) -> None:
    with database.write() as session:
        recording = factories.recording(session, cast)
        assert timelines.voices_of(session, store, recording) is None
        assert timelines.activity_of(session, store, recording) is None
        assert timelines.suggested(session, store, recording) == ()


def test_timelines_are_read_back_and_suggest_boundaries(
    database: Database, store: Store, cast: factories.Cast
) -> None:
    with database.write() as session:
        recording = factories.recording(session, cast)
        recording.duration_ms = 100_000
    heard = {"seconds": "o" * 40 + "n" * 20 + "s" * 40, "loudness_db": [-20.0] * 100}
    moved = {"energy": [1, 2], "joints_ms": [20_000], "damaged": [[5, 9]]}
    for kind, told in ((FileKind.VOICES, heard), (FileKind.ACTIVITY, moved)):
        made = store.temporary()
        made.write_text(json.dumps(told), encoding="ascii")
        derived.keep(database, store, made, Made(recording.id, kind, "test", "application/json"))
    with database.read() as session:
        recording = session.merge(recording, load=True)
        voices = timelines.voices_of(session, store, recording)
        activity = timelines.activity_of(session, store, recording)
        found = timelines.suggested(session, store, recording)
    assert voices is not None
    assert (voices.seconds[0], voices.seconds[50]) == (Voice.ONE, Voice.NONE)
    assert activity == Activity((1, 2), (20_000,), (Span(5, 9),))
    assert [each.at_ms for each in found] == [20_000, 50_000]
