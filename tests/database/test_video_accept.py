"""What cameras make is accepted and measured; what is no lesson is refused and leaves nothing."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
import sqlalchemy as sa

from observe import jobs
from observe.db import Database
from observe.errors import BadInputError, NotFoundError
from observe.people.models import AuditEntry
from observe.video import operations
from observe.video.blur import framing
from observe.video.media import graphs, pictures, tools
from observe.video.media import probe as probe_module
from observe.video.media.graphs import Watch
from observe.video.media.probe import NotMeasuredError, probe
from observe.video.models import Recording, RecordingState, Upload
from observe.video.operations import LessonDetails, OffsetError
from observe.video.store import Store
from observe.video.timeline import watching
from tests.factories import Cast, lesson
from tests.films import Listener, Watchdog, run_ffmpeg

Film = Callable[..., Path]

X264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p"
X265 = "-c:v libx265 -preset ultrafast -x265-params log-level=error"
VP9 = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8"
AMR = "-c:a libopencore_amrnb -ar 8000 -ac 1 -b:a 12.2k"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """Return a maker of two-second videos: picture 160 × 120 at 25 frames a second, and a tone."""
    folder = tmp_path_factory.mktemp("films")

    def make(name: str, options: str, *, seconds: float = 2, inputs: str = "") -> Path:
        target = folder / name
        if not target.exists():
            picture = f"testsrc2=size=160x120:rate=25:duration={seconds}"
            sound = f"sine=frequency=330:duration={seconds}"
            given = inputs or f"-f lavfi -i {picture} -f lavfi -i {sound}"
            run_ffmpeg(*given.split(), *options.split(), target)
        return target

    return make


@pytest.fixture
def details(cast: Cast) -> LessonDetails:
    return LessonDetails(**lesson(cast))  # type: ignore[arg-type]


def files_in(store: Store) -> list[Path]:
    return [path for path in store.root.rglob("*") if path.is_file()]


# --- every container and codec -------------------------------------------------------------------

# name, how it is made, what a browser needs, the codecs; the picture always lasts 2 s
CAMERAS = [
    ("a.mp4", f"{X264} -c:a aac", "play", "h264", "aac"),
    ("a.m4v", f"{X264} -c:a aac -f mp4", "play", "h264", "aac"),
    ("mute.mp4", f"{X264} -an", "play", "h264", None),
    ("mp3.mp4", f"{X264} -c:a libmp3lame", "play", "h264", "mp3"),
    ("fragments.mp4", f"{X264} -g 12 -an -movflags frag_keyframe+empty_moov", "play", "h264", None),
    ("ac3.mp4", f"{X264} -c:a ac3", "remux", "h264", "ac3"),
    ("ten_bit.mp4", "-c:v libx264 -pix_fmt yuv422p10le -c:a aac", "encode", "h264", "aac"),
    ("mpeg4.mp4", "-c:v mpeg4 -c:a aac", "encode", "mpeg4", "aac"),
    ("hevc.mp4", f"{X265} -pix_fmt yuv420p -tag:v hvc1 -c:a aac", "encode", "hevc", "aac"),
    ("hevc10.mov", f"{X265} -pix_fmt yuv420p10le -tag:v hvc1 -c:a aac", "encode", "hevc", "aac"),
    ("vp9.mp4", f"{VP9} -c:a aac", "play", "vp9", "aac"),
    ("av1.mp4", "-c:v libsvtav1 -preset 12 -c:a aac", "play", "av1", "aac"),
    ("pcm.mov", f"{X264} -c:a pcm_s16le", "remux", "h264", "pcm_s16le"),
    ("alac.mov", f"{X264} -c:a alac", "remux", "h264", "alac"),
    ("prores.mov", "-c:v prores_ks -profile:v 1 -c:a pcm_s24le", "encode", "prores", "pcm_s24le"),
    ("mjpeg.mov", "-c:v mjpeg -c:a pcm_mulaw -ar 8000 -ac 1", "encode", "mjpeg", "pcm_mulaw"),
    ("phone.3gp", f"-c:v mpeg4 {AMR}", "encode", "mpeg4", "amr_nb"),
    ("h263.3gp", f"-c:v h263 -s 176x144 -aspect 4:3 {AMR}", "encode", "h263", "amr_nb"),
    ("h264.3gp", f"{X264} -c:a aac", "play", "h264", "aac"),
    ("a.mkv", f"{X264} -c:a libopus", "remux", "h264", "opus"),
    ("ac3.mkv", f"{X264} -c:a ac3", "remux", "h264", "ac3"),
    ("flac.mkv", f"{X264} -c:a flac", "remux", "h264", "flac"),
    ("vp9.mkv", f"{VP9} -c:a libopus", "remux", "vp9", "opus"),
    ("vp8.webm", "-c:v libvpx -deadline realtime -c:a libvorbis", "play", "vp8", "vorbis"),
    ("vp9.webm", f"{VP9} -c:a libopus", "play", "vp9", "opus"),
    ("vp9_10.webm", f"{VP9} -pix_fmt yuv420p10le -profile:v 2 -an", "encode", "vp9", None),
    ("av1.webm", "-c:v libsvtav1 -preset 12 -c:a libopus", "play", "av1", "opus"),
    ("mjpeg.avi", "-c:v mjpeg -pix_fmt yuvj420p -c:a pcm_u8", "encode", "mjpeg", "pcm_u8"),
    ("xvid.avi", "-c:v libxvid -c:a ac3", "encode", "mpeg4", "ac3"),
    ("divx.avi", "-c:v msmpeg4 -c:a libmp3lame", "encode", "msmpeg4v3", "mp3"),
    ("h264.avi", f"{X264} -an", "encode", "h264", None),
    ("mpeg1.mpg", "-c:v mpeg1video -c:a mp2 -f mpeg", "encode", "mpeg1video", "mp2"),
    ("mpeg2.mpg", "-c:v mpeg2video -c:a mp2 -f mpeg", "encode", "mpeg2video", "mp2"),
    ("dvd.vob", "-c:v mpeg2video -c:a ac3 -f vob", "encode", "mpeg2video", "ac3"),
    ("tv.ts", "-c:v mpeg2video -c:a mp2", "encode", "mpeg2video", "mp2"),
    ("h264.ts", f"{X264} -c:a aac", "remux", "h264", "aac"),
    ("hevc.ts", f"{X265} -c:a ac3", "encode", "hevc", "ac3"),
    ("camera.mts", f"{X264} -c:a ac3 -f mpegts -mpegts_m2ts_mode 1", "remux", "h264", "ac3"),
    ("a.wmv", "-c:v wmv2 -c:a wmav2", "encode", "wmv2", "wmav2"),
    ("a.asf", "-c:v wmv1 -c:a wmav1 -f asf", "encode", "wmv1", "wmav1"),
    ("a.ogv", "-c:v libtheora -c:a libvorbis", "encode", "theora", "vorbis"),
    ("a.flv", "-c:v flv -c:a libmp3lame -ar 44100", "encode", "flv1", "mp3"),
    ("h264.flv", f"{X264} -c:a aac", "remux", "h264", "aac"),
]


@pytest.mark.parametrize(
    ("name", "options", "plan", "video", "audio"), CAMERAS, ids=[camera[0] for camera in CAMERAS]
)
def test_what_cameras_make_is_measured(
    film: Film, name: str, options: str, plan: str, video: str, audio: str | None
) -> None:
    measured = probe(film(name, options))
    assert (measured.plan, measured.video_codec, measured.audio_codec) == (plan, video, audio)
    assert measured.duration_ms == pytest.approx(2000, abs=45)  # the sound may end a block later
    assert measured.frame_rate == pytest.approx(25, abs=0.01)
    assert not measured.hdr
    assert not measured.interlaced
    assert measured.vfr is (name == "divx.avi")  # its second frame is missing, as in real ones
    if "h263" not in name:
        assert (measured.width, measured.height) == (160, 120)


def test_a_dv_tape_has_the_rate_of_its_frames(film: Film) -> None:
    tape = "-c:v dvvideo -s 720x576 -pix_fmt yuv420p -c:a pcm_s16le -ar 48000 -ac 2"
    for name in ("tape.dv", "tape.avi"):
        measured = probe(film(name, tape))
        assert (measured.duration_ms, measured.frame_rate, measured.interlaced) == (2000, 25, True)
        assert (measured.width, measured.height) == (768, 576)


# --- how they make it ----------------------------------------------------------------------------


def test_a_turned_phone_is_measured_upright(film: Film) -> None:
    flat = film("flat.mp4", f"{X264} -c:a aac")
    for turn, size in ((90, (120, 160)), (-90, (120, 160)), (180, (160, 120))):
        turned = film(
            f"turned{turn}.mov", "-c copy", inputs=f"-display_rotation:v:0 {turn} -i {flat}"
        )
        measured = probe(turned)
        assert (measured.rotation, measured.plan) == (turn, "play")
        assert (measured.width, measured.height) == size


def test_pixels_that_are_not_square_are_shown_square(film: Film) -> None:
    measured = probe(film("wide.mp4", f"{X264} -vf setsar=16/11 -an"))
    assert (measured.width, measured.height) == (233, 120)
    absurd = probe(film("absurd.mp4", f"{X264} -vf setsar=1/500 -an"))
    assert (absurd.width, absurd.height) == (160, 120)


def test_interlaced_video_says_so(film: Film) -> None:
    fields = f"{X264} -flags +ilme+ildct -vf tinterlace=interleave_top -r 25"
    assert probe(film("fields.mts", f"{fields} -c:a ac3 -f mpegts")).interlaced


def test_a_late_first_frame_is_our_zero(film: Film) -> None:
    for name in ("late.mp4", "late.mkv", "late.ts"):
        late = film(name, f"{X264} -c:a aac -vf setpts=PTS+1.5/TB")
        measured = probe(late)
        assert measured.start_offset_ms - measured.container_start_us // 1000 == pytest.approx(
            1500, abs=50
        )
        assert measured.duration_ms == pytest.approx(2000, abs=30)
        assert measured.plan == "remux"


def test_uneven_frames_and_gaps_are_told(film: Film) -> None:
    uneven = "-vf select='not(eq(mod(n\\,7)\\,3))' -fps_mode passthrough -an"
    gap = "-vf setpts='if(gt(N,24),PTS+4/TB,PTS)' -fps_mode passthrough -an"
    for name in ("uneven.mp4", "uneven.mkv", "uneven.webm"):
        codec = VP9 if name.endswith("webm") else X264
        measured = probe(film(name, f"{codec} {uneven}"))
        assert measured.vfr
        assert measured.duration_ms == pytest.approx(2000, abs=41)
    for name in ("gap.mp4", "gap.mkv"):
        measured = probe(film(name, f"{X264} {gap}"))
        assert (measured.vfr, measured.duration_ms) == (True, 6000)


@pytest.mark.parametrize(
    "name",
    ["clase 1° B.mp4", "l'après-midi «ñandú».mov", '"comillas" %d [x].mkv', "-i.mp4", "日本.webm"],
)
def test_any_name_will_do(
    tmp_path: Path,
    film: Film,
    database: Database,
    store: Store,
    cast: Cast,
    details: LessonDetails,
    name: str,
) -> None:
    made = film("vp9.webm", f"{VP9} -c:a libopus") if name.endswith("webm") else None
    path = tmp_path / name
    shutil.copy(made or film("a.mp4", f"{X264} -c:a aac"), path)
    with database.write() as session:
        added = operations.add_file(session, store, path, details, actor=cast.observer)
    assert (added.state, added.original_name) == (RecordingState.READY, name)


def test_a_name_without_a_folder_is_found_where_we_stand(
    film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = film("a.mp4", f"{X264} -c:a aac")
    monkeypatch.chdir(made.parent)
    assert probe(Path(made.name)).plan == "play"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("six.mp4", f"{X264} -c:a aac -movflags +faststart"),
        ("six.mkv", f"{X264} -c:a aac"),
        ("six.webm", "-c:v libvpx -deadline realtime -c:a libopus"),
        ("six.avi", "-c:v mpeg4 -c:a mp2"),
        ("six.mpg", "-c:v mpeg2video -c:a mp2 -f mpeg"),
        ("six.ts", f"{X264} -c:a aac"),
        ("six.wmv", "-c:v wmv2 -c:a wmav2"),
        ("six.ogv", "-c:v libtheora -c:a libvorbis"),
        ("six.flv", "-c:v flv -c:a libmp3lame -ar 44100"),
    ],
)
def test_a_camera_that_died_leaves_what_it_had_written(
    film: Film, tmp_path: Path, name: str, options: str
) -> None:
    whole = film(name, options, seconds=6)
    cut = written(tmp_path / name, whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    assert probe(whole).duration_ms == pytest.approx(6000, abs=60)
    assert probe(cut).duration_ms == pytest.approx(3600, abs=500)


def test_a_film_sent_as_it_was_made_says_no_length_and_is_measured(film: Film) -> None:
    sent = film("sent.webm", "-c:v libvpx -deadline realtime -c:a libopus -live 1", seconds=6)
    with av.open(str(sent)) as container:
        assert container.duration is None
    assert probe(sent).duration_ms == pytest.approx(6000, abs=60)


def test_a_sound_that_only_begins_late_does_not_end_the_measuring(film: Film) -> None:
    picture = "-f lavfi -i testsrc2=size=640x480:rate=25:duration=14"
    late = f"{picture} -itsoffset 8 -f lavfi -i sine=duration=1"
    path = film("late.vob", "-c:v mpeg2video -g 1 -q:v 1 -c:a mp2 -f vob", inputs=late)
    assert path.stat().st_size > 7_000_000  # more than is looked at to find the streams
    assert probe(path).duration_ms == pytest.approx(14_000, abs=60)


def test_words_in_the_file_that_are_no_unicode_do_not_matter(film: Film) -> None:
    titled = film("titled.avi", "-c:v mpeg4 -an -metadata title=Educacion")
    content = titled.read_bytes()
    spoilt = titled.with_name("latin.avi")
    spoilt.write_bytes(content.replace(b"Educacion", "Educación".encode("latin-1")))
    assert b"Educaci\xf3n" in spoilt.read_bytes()
    measured = probe(spoilt)
    assert measured.duration_ms == 2000
    poster = spoilt.with_suffix(".jpg")
    pictures.draw_poster(spoilt, measured, 0, poster, lambda: None)
    assert poster.stat().st_size > 0


# --- long and large ------------------------------------------------------------------------------


# A child's peak counts what its parent had at the fork: so the reader gets a small parent.
MEASURE = """
import resource, subprocess, sys
answer = subprocess.run([sys.executable, "-I", *sys.argv[1:]], check=True, capture_output=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, b"refused" in answer.stdout)
"""


def cost(path: Path) -> tuple[float, int]:
    """Return the processor's seconds and the most bytes that measuring takes."""
    reader = Path(probe_module.__file__).with_name("probing.py")
    asked = {"path": str(path), "options": tools.reading_options(), "max_pixels": tools.MAX_PIXELS}
    command = [sys.executable, "-c", MEASURE, str(reader), json.dumps(asked)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    seconds, memory, refused = told.stdout.split()
    assert refused == "False"
    return float(seconds), int(memory)


@pytest.mark.parametrize(("kind", "rate"), [("mp4", 25), ("mkv", 5), ("ts", 5)])
def test_five_hours_cost_hardly_more_than_a_minute(film: Film, kind: str, rate: int) -> None:
    options = f"{X264} -s 64x48 -r {rate} -c:a aac -b:a 16k -ar 16000"
    minute = film(f"minute.{kind}", options, seconds=60)
    hours = film(f"hours.{kind}", "-c copy", inputs=f"-stream_loop 299 -i {minute}")
    assert probe(hours).duration_ms == pytest.approx(5 * 3_600_000, rel=0.01)
    (seconds, memory), (_, least) = cost(hours), cost(minute)
    assert seconds < 3
    assert memory - least < 100 * 1024**2
    assert memory < 300 * 1024**2


@pytest.mark.skipif(sys.platform == "win32", reason="files with holes")
def test_eleven_gigabytes_with_the_index_at_the_end(film: Film, tmp_path: Path) -> None:
    content = film("a.mp4", f"{X264} -c:a aac").read_bytes()
    at = content.index(b"moov") - 4
    assert at > content.index(b"mdat")
    large, hole = tmp_path / "large.mp4", 11 * 1024**3
    with large.open("wb") as file:
        file.write(content[:at] + struct.pack(">I4sQ", 1, b"free", hole))
        file.seek(at + hole)
        file.write(content[at:])
    assert large.stat().st_size > 11 * 1024**3
    assert probe(large).duration_ms == pytest.approx(2000, abs=45)
    assert cost(large)[0] < 3


def test_what_grows_beyond_the_limit_later_is_not_decoded(
    film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    red = film("red.ts", X264, inputs=tiny("160x120", "25", 2).replace("color=", "color=red:"))
    blue = f"{X264} -output_ts_offset 2"
    large = film("blue.ts", blue, inputs=tiny("640x480", "25", 2).replace("color=", "color=blue:"))
    path = written(tmp_path / "grows.ts", red.read_bytes() + large.read_bytes())
    measured = probe(path)
    assert measured.duration_ms == pytest.approx(4_000, abs=80)

    def seen() -> tuple[set[int], list[int], bool]:
        question = {
            "path": str(path),
            "options": tools.reading_options(),
            "stream": measured.video_index,
            "first_us": measured.first_frame_us,
            "end_us": measured.end_us,
            "key_frames": True,
        }
        span = {"start_ms": 0, "end_ms": 4_000, "lead_us": 0}
        widths = {shown.frame.width for shown in framing.frames(question | span)}
        poster = tmp_path / "poster.jpg"
        pictures.draw_poster(path, measured, 3_500, poster, lambda: None)
        with av.open(str(poster)) as container:
            drawn = next(container.decode(video=0)).to_ndarray(format="rgb24")
        return widths, watching.watch(question)["joints"], bool(drawn[60, 80, 2] > 128)

    widths, joints, blue_drawn = seen()
    assert (widths, len(joints), blue_drawn) == ({160, 640}, 1, True)
    monkeypatch.setattr(tools, "MAX_PIXELS", 160 * 120 * 4)
    assert seen() == ({160}, [], False)


# --- several streams -----------------------------------------------------------------------------

LEVELS = "-f lavfi -i testsrc2=size=160x120:rate=25:duration=4 " + " ".join(
    f"-f lavfi -i sine=frequency={pitch}:duration=4,volume={level}dB"
    for pitch, level in ((300, -50), (400, -3), (500, -30))
)


def test_of_several_sounds_the_loudest_is_heard(film: Film) -> None:
    maps = f"-map 0 -map 1 -map 2 -map 3 {X264} -c:a aac -disposition:a 0"
    measured = probe(film("three.mkv", maps, inputs=LEVELS))
    assert measured.audio_index == 2
    levels = [track.loudness_db for track in measured.audio_tracks]
    expected = [level - 21 for level in (-50, -3, -30)]  # the generator's sine has 1/8 of the scale
    assert levels == [pytest.approx(level, abs=1.5) for level in expected]
    assert not measured.plain_streams


def test_a_marked_sound_goes_before_a_louder_one(film: Film) -> None:
    marks = "-disposition:a:0 0 -disposition:a:1 0 -disposition:a:2 default"
    words = "-metadata:s:a:2 language=spa -metadata:s:a:2 title=Solapa"
    maps = f"-map 0 -map 1 -map 2 -map 3 {X264} -c:a libopus {marks} {words}"
    measured = probe(film("marked.mkv", maps, inputs=LEVELS))
    assert measured.audio_index == 3
    third = measured.audio_tracks[2]
    assert (third.default, third.language, third.title) == (True, "spa", "Solapa")
    assert [track.default for track in measured.audio_tracks] == [False, False, True]


def test_a_marked_sound_that_is_silent_gives_way(film: Film) -> None:
    sounds = "-f lavfi -i anullsrc -f lavfi -i sine=frequency=300:duration=2"
    inputs = f"-f lavfi -i testsrc2=size=160x120:rate=25:duration=2 {sounds}"
    maps = f"-map 0 -map 1 -map 2 -t 2 {X264} -c:a aac -disposition:a:0 default -disposition:a:1 0"
    measured = probe(film("silent.mp4", maps, inputs=inputs))
    assert (measured.audio_index, measured.plan) == (2, "remux")


def test_of_equal_sounds_the_first_is_heard_and_plays_at_once(film: Film) -> None:
    maps = f"-map 0 -map 1 -map 1 {X264} -c:a aac -disposition:a default"
    measured = probe(film("equal.mp4", maps))
    assert (measured.audio_index, measured.plan) == (1, "play")


def test_a_sound_asked_for_is_taken_where_it_is_there(film: Film) -> None:
    maps = f"-map 0 -map 1 -map 2 -map 3 {X264} -c:a aac"
    path = film("asked.mp4", maps, inputs=LEVELS)
    assert probe(path, audio_track=3).audio_index == 3
    assert probe(path, audio_track=3).plan == "remux"
    assert probe(path, audio_track=0).audio_index == probe(path).audio_index  # that is a picture
    assert probe(path, audio_track=60).audio_index == probe(path).audio_index


def test_what_is_heard_in_a_copy_is_the_sound_asked_for(film: Film, tmp_path: Path) -> None:
    path = film("asked.mp4", f"-map 0 -map 1 -map 2 -map 3 {X264} -c:a aac", inputs=LEVELS)
    made = tmp_path / "made.mp4"
    graphs.encode(path, probe(path, audio_track=3), made, Watch())
    with av.open(str(made)) as container:
        assert len(container.streams.audio) == 1
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].rate
    samples = np.concatenate(frames)
    spectrum = np.abs(np.fft.rfft(samples))
    assert spectrum.argmax() * rate / len(samples) == pytest.approx(500, abs=3)


def test_covers_and_thumbnails_are_no_lesson(film: Film) -> None:
    large, small = (
        f"-f lavfi -i testsrc2=size={size}:rate=25:duration=2" for size in ("320x240", "96x72")
    )
    still = film("cover.png", "-frames:v 1", inputs=small)
    lesson_film = film("plain.mp4", f"{X264} -an", inputs=large)
    covered = film(
        "covered.mp4",
        "-map 1 -map 0 -c copy -disposition:v:0 attached_pic",
        inputs=f"-i {lesson_film} -i {still}",
    )
    thumbed = film(
        "thumbed.mkv",
        f"-map 1 -map 0 {X264} -disposition:v:0 default -an",
        inputs=f"{large} {small}",
    )
    for path in (covered, thumbed):
        measured = probe(path)
        assert (measured.width, measured.height, measured.duration_ms) == (320, 240, 2000)
        assert measured.video_index == 1 or path == covered
    unmarked = film(
        "unmarked.mkv",
        f"-map 1 -map 0 {X264} -disposition:v 0 -an",
        inputs=f"{large} -f lavfi -i testsrc2=size=200x150:rate=25:duration=2",
    )
    assert probe(unmarked).width == 320


def test_a_phones_many_streams_of_measures_are_no_bomb(film: Film, tmp_path: Path) -> None:
    words = tmp_path / "words.srt"
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nHola\n")
    path = film(
        "measures.mkv",
        f"-map 0 -map 1 {'-map 2 ' * 12} {X264} -c:a aac -c:s srt",
        inputs="-f lavfi -i testsrc2=size=160x120:rate=25:duration=2 "
        f"-f lavfi -i sine=duration=2 -i {words}",
    )
    assert probe(path).duration_ms == pytest.approx(2000, abs=30)
    nine = f"-map 0 {'-map 1 ' * 8} {X264} -c:a aac"
    with pytest.raises(BadInputError, match="far more than any camera"):
        probe(film("nine.mp4", nine))


def test_choosing_a_sound_prepares_the_lesson_anew_and_is_on_file(
    film: Film, database: Database, store: Store, cast: Cast, details: LessonDetails
) -> None:
    path = film("asked.mp4", f"-map 0 -map 1 -map 2 -map 3 {X264} -c:a aac", inputs=LEVELS)
    with database.write() as session:
        added = operations.add_file(session, store, path, details, actor=cast.observer)
        first = operations.preparation_of(session, added)
        assert first is not None
        first.state = jobs.JobState.DONE
    for _ in range(2):  # asked twice, done once
        with database.write() as session:
            operations.choose_audio(session, added.id, 3, actor=cast.observer)
    with database.read() as session:
        recording = session.get_one(Recording, added.id)
        job = operations.preparation_of(session, recording)
        actions = session.scalars(sa.select(AuditEntry.action)).all()
    assert job is not None
    assert (recording.audio_track, job.attempt, job.state) == (3, 2, jobs.JobState.WAITING)
    assert actions.count("recording.audio_chosen") == 1
    for actor in (*cast.outsiders, cast.educator, cast.utp_head):
        with database.write() as session, pytest.raises(NotFoundError):
            operations.choose_audio(session, added.id, 2, actor=actor)
    for wrong in (-1, 1000):
        with database.write() as session, pytest.raises(BadInputError):
            operations.choose_audio(session, added.id, wrong, actor=cast.observer)


def test_work_asked_for_again_stops_the_one_that_runs(
    film: Film, database: Database, store: Store, cast: Cast, details: LessonDetails
) -> None:
    path = film("a.mp4", f"{X264} -c:a aac")
    with database.write() as session:
        added = operations.add_file(session, store, path, details, actor=cast.observer)
        running = operations.preparation_of(session, added)
        assert running is not None
        running.state = jobs.JobState.RUNNING
    with database.write() as session:
        assert jobs.enqueue(session, running.kind, added.id) == running.id
        anew = jobs.enqueue(session, running.kind, added.id, again=True)
    with database.read() as session:
        assert session.get_one(jobs.Job, running.id).state is jobs.JobState.CANCELLED
        assert session.get_one(jobs.Job, anew).state is jobs.JobState.WAITING


# --- brighter than a screen ----------------------------------------------------------------------


def hdr_film(film: Film, curve: str) -> Path:
    tags = f"color_primaries=bt2020:color_trc={curve}:colorspace=bt2020nc:range=tv"
    options = f"{X265} -tag:v hvc1 -an"
    return film(f"{curve}.mov", f"-vf format=yuv420p10le,setparams={tags} {options}")


def luma(path: Path) -> float:
    """Return the mean brightness of the picture, 0 to 255."""
    with av.open(str(path)) as container:
        return float(
            np.mean([frame.to_ndarray(format="gray").mean() for frame in container.decode(video=0)])
        )


@pytest.mark.parametrize("curve", ["arib-std-b67", "smpte2084"])
def test_hdr_becomes_what_other_screens_show(film: Film, tmp_path: Path, curve: str) -> None:
    source, made = hdr_film(film, curve), tmp_path / "made.mp4"
    measured = probe(source)
    assert (measured.hdr, measured.plan) == (True, "encode")
    graphs.encode(source, measured, made, Watch())
    copy = probe(made)
    assert (copy.hdr, copy.plan, copy.duration_ms) == (False, "play", 2000)
    assert_bt709(made)
    assert 60 < luma(made) < 140


def assert_bt709(path: Path) -> None:
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    assert frame.format.name == "yuv420p"
    assert (frame.color_primaries, frame.color_trc, frame.colorspace) == (1, 1, 1)


def test_a_real_hdr_film_keeps_its_brightness(real_data: Path, tmp_path: Path) -> None:
    source, made = real_data / "videos" / "nasa_hevc_hdr.mp4", tmp_path / "made.mp4"
    measured = probe(source)
    assert measured.hdr
    graphs.encode(source, measured, made, Watch())
    assert_bt709(made)
    assert 0.6 < luma(made) / luma(source) < 1.6


# --- what is refused -----------------------------------------------------------------------------


def truncated(film: Film, folder: Path) -> Path:
    content = film("a.mp4", f"{X264} -c:a aac").read_bytes()
    return written(folder / "cut.mp4", content[: len(content) * 7 // 10])


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def zipped(_film: Film, folder: Path) -> Path:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("clase.mp4", b"video")
    return written(folder / "clase.mp4", packed.getvalue())


def encrypted(film: Film, _folder: Path) -> Path:
    key = "0123456789abcdef0123456789abcdef"
    how = f"-encryption_scheme cenc-aes-ctr -encryption_key {key} -encryption_kid {key}"
    return film("locked.mp4", f"{X264} -c:a aac {how}")


def covered_sound(film: Film, _folder: Path) -> Path:
    still = film("cover.png", "-frames:v 1 -s 96x72")
    song = film("song.m4a", "-vn -c:a aac")
    return film(
        "cover.m4a",
        "-map 0 -map 1 -c copy -disposition:v:0 attached_pic",
        inputs=f"-i {song} -i {still}",
    )


def lying(film: Film, folder: Path) -> Path:
    """Return a film whose head tells of far fewer pixels than its frames have."""
    content = film("large.mov", LARGE, inputs=tiny("16000x16000", "1", 1)).read_bytes()
    told = struct.pack(">HH", 16000, 16000)
    at = content.index(told, content.index(b"stsd"))
    return written(
        folder / "lying.mov", content[:at] + struct.pack(">HH", 160, 120) + content[at + 4 :]
    )


def tiny(size: str, rate: str, seconds: float) -> str:
    return f"-f lavfi -i color=size={size}:rate={rate}:duration={seconds}"


LARGE = "-c:v mjpeg -pix_fmt yuvj420p"
Maker = Callable[[Film, Path], Path]
REFUSED: dict[str, tuple[Maker, str]] = {
    "cut short": (truncated, "cut off before"),
    "empty": (lambda _film, to: written(to / "a.mp4", b""), "empty"),
    "words": (lambda _film, to: written(to / "a.mp4", b"Querida educadora\n" * 99), "not a video"),
    "noise": (lambda _film, to: written(to / "a.avi", bytes(range(7, 256)) * 99), "not a video"),
    "sound": (lambda film, _to: film("song.m4a", "-vn -c:a aac"), "sound but no picture"),
    "mp3": (lambda film, _to: film("song.mp3", "-vn -c:a libmp3lame"), "sound but no picture"),
    "wav": (lambda film, _to: film("song.wav", "-vn"), "sound but no picture"),
    "sound with a cover": (covered_sound, "sound but no picture"),
    "locked": (encrypted, "protected"),
    "zip": (zipped, "compressed folder"),
    "7z": (lambda _f, to: written(to / "a.mp4", b"7z\xbc\xaf\x27\x1c" + bytes(99)), "compressed"),
    "rar": (lambda _f, to: written(to / "a.avi", b"Rar!\x1a\x07\0" + bytes(99)), "compressed"),
    "png": (lambda film, _to: film("still.png", "-frames:v 1"), "picture, not a video"),
    "jpg": (lambda film, _to: film("still.jpg", "-frames:v 1"), "picture, not a video"),
    "gif": (lambda film, _to: film("moving.gif", "-an"), "picture, not a video"),
    "bmp": (lambda film, _to: film("still.bmp", "-frames:v 1"), "picture, not a video"),
    "webp": (lambda film, _to: film("still.webp", "-frames:v 1"), "picture, not a video"),
    "tiff": (lambda film, _to: film("still.tiff", "-frames:v 1"), "picture, not a video"),
    "avif": (
        lambda film, _to: film("still.avif", "-frames:v 1 -c:v libsvtav1 -preset 12"),
        "picture, not a video",
    ),
    "svg": (
        lambda _f, to: written(to / "a.mp4", b'<?xml version="1.0"?>\n<svg xmlns="x"></svg>'),
        "picture, not a video",
    ),
    "many pixels": (
        lambda film, _to: film("large.mov", LARGE, inputs=tiny("16000x16000", "1", 1)),
        "far more than any camera",
    ),
    "many pixels, not told": (lying, "far more than any camera|Not one frame"),
    "many frames": (
        lambda film, _to: film("fast.mp4", X264, inputs=tiny("64x48", "300", 2)),
        "far more than any camera",
    ),
    "a day": (
        lambda film, _to: film(
            "day.mp4",
            f"{X264} -video_track_timescale 1000",
            inputs=tiny("32x32", "1/5", 6.1 * 3600),
        ),
        "longer than six hours",
    ),
    "raw": (lambda film, _to: film("raw.h264", f"{X264} -an"), "does not say when"),
}


@pytest.mark.parametrize("kind", list(REFUSED))
def test_what_is_no_lesson_is_refused_and_leaves_nothing(
    film: Film,
    tmp_path: Path,
    database: Database,
    store: Store,
    cast: Cast,
    details: LessonDetails,
    kind: str,
) -> None:
    make, sentence = REFUSED[kind]
    path = make(film, tmp_path)
    with pytest.raises(BadInputError, match=sentence), database.write() as session:
        operations.add_file(session, store, path, details, actor=cast.observer)
    assert files_in(store) == []
    with database.read() as session:
        assert session.scalars(sa.select(Recording)).all() == []


# --- files that point elsewhere ------------------------------------------------------------------


POINTERS = {
    "hls.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{canary}\n#EXTINF:5,\n{host}/b.ts\n"
    "#EXT-X-ENDLIST\n",
    "hls.avi": "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\nconcat:{host}/a|file://{canary}\n",
    "concat.mp4": "ffconcat version 1.0\nfile '{canary}'\nfile '{host}/a.mp4'\n",
    "dash.mp4": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT2S" profiles="urn:mpeg:dash:profile:isoff-main:2011"><Period>'
    '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">'
    "<BaseURL>{host}/a.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "session.avi": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "list.wmv": '<asx version="3.0"><entry><ref href="{host}/a.wmv"/></entry></asx>',
    "list.mov": "[Reference]\nRef1={host}/a.mov\n",
    "list.avi": "[playlist]\nFile1={host}/a.avi\nNumberOfEntries=1\n",
    "smil.mov": '<smil><body><video src="{host}/a.mov"/></body></smil>',
}


@pytest.mark.skipif(sys.platform != "linux", reason="watches files with inotify")
@pytest.mark.parametrize("name", list(POINTERS))
def test_a_file_that_points_elsewhere_is_refused_and_nobody_looks_there(
    film: Film, tmp_path: Path, store: Store, name: str
) -> None:
    canary = tmp_path / "canary.mp4"
    shutil.copy(film("a.mp4", f"{X264} -c:a aac"), canary)
    with Listener().open() as listener:
        words = POINTERS[name].format(
            canary=canary, host=listener.address, port=listener.server.server_port
        )
        path = written(tmp_path / name, words.encode())
        dog = Watchdog(canary)
        try:
            with pytest.raises(BadInputError, match="only a list"):
                operations.receive(store, path)
            assert not dog.bitten()
            assert probe(canary).plan == "play"
            assert dog.bitten()  # it does see
        finally:
            dog.close()
        assert listener.asked == []
    assert files_in(store) == []


@pytest.mark.skipif(sys.platform != "linux", reason="watches files with inotify")
def test_a_film_whose_pictures_lie_in_another_file_is_not_followed(
    film: Film, tmp_path: Path
) -> None:
    canary = tmp_path / "canary.mp4"
    shutil.copy(film("a.mp4", f"{X264} -c:a aac"), canary)
    path = written(tmp_path / "pointing.mov", pointing_elsewhere(film, canary))
    dog = Watchdog(canary)
    try:
        with pytest.raises(BadInputError):
            probe(path)
        assert not dog.bitten()
    finally:
        dog.close()


def pointing_elsewhere(film: Film, canary: Path) -> bytes:
    """Return the index of a film that says where else its pictures are."""
    content = film("mute.mov", f"{X264} -an").read_bytes()
    moov = content[content.index(b"moov") - 4 :]
    reference = os.fsencode(f"file://{canary}") + b"\0"
    old = struct.pack(">I4sI", 12, b"url ", 1)
    if old not in moov:
        old = moov[moov.index(b"dref") + 12 : moov.index(b"dref") + 24]
    new = struct.pack(">I4sI", 12 + len(reference), b"url ", 0) + reference
    added = len(new) - len(old)
    changed = bytearray(moov.replace(old, new))
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        at = changed.index(box) - 4
        changed[at : at + 4] = struct.pack(
            ">I", struct.unpack(">I", changed[at : at + 4])[0] + added
        )
    return content[: content.index(b"mdat") - 4] + bytes(changed)


# --- measuring that is cut short -----------------------------------------------------------------


@contextmanager
def measuring_ended(by: signal.Signals) -> Iterator[None]:
    """End the next reader of this process with a signal, as a full machine would."""
    done = threading.Event()

    def end() -> None:
        me = psutil.Process()
        while not done.is_set():
            for child in me.children(recursive=True):
                try:
                    if "probing.py" in " ".join(child.cmdline()):
                        child.send_signal(by)
                        return
                except psutil.Error:
                    continue
            time.sleep(0.002)

    thread = threading.Thread(target=end, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def uploaded(database: Database, store: Store, cast: Cast, content: bytes) -> Upload:
    with database.write() as session:
        upload = operations.begin_upload(session, "clase.mp4", len(content), actor=cast.observer)
    operations.append_upload(database, store, upload.id, 0, content, actor=cast.observer)
    return upload


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_a_measuring_that_is_ended_is_no_fault_of_the_file(
    film: Film,
    database: Database,
    store: Store,
    cast: Cast,
    details: LessonDetails,
    by: signal.Signals,
) -> None:
    content = film("a.mp4", f"{X264} -c:a aac").read_bytes()
    upload = uploaded(database, store, cast, content)
    with measuring_ended(by), pytest.raises(NotMeasuredError, match="Try again"):
        operations.receive_upload(database, store, upload.id, actor=cast.observer)
    assert store.incoming(upload.id.hex).read_bytes() == content
    received = operations.receive_upload(database, store, upload.id, actor=cast.observer)
    with database.write() as session:
        recording = operations.finish_upload(session, received, details, actor=cast.observer)
    assert recording.state is RecordingState.READY


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_measuring_that_takes_too_long_is_no_fault_of_the_file(
    film: Film, database: Database, store: Store, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = uploaded(database, store, cast, film("a.mp4", f"{X264} -c:a aac").read_bytes())
    monkeypatch.setattr(probe_module, "_LIMITS", tools.Limits(wall_seconds=1, cpu_seconds=40))
    with measuring_ended(signal.SIGSTOP), pytest.raises(NotMeasuredError):
        operations.receive_upload(database, store, upload.id, actor=cast.observer)
    assert store.incoming(upload.id.hex).exists()
    with measuring_ended(signal.SIGSTOP), pytest.raises(NotMeasuredError):
        operations.receive(store, store.incoming(upload.id.hex))
    assert len(files_in(store)) == 1  # what was copied in for it is gone


# --- pieces --------------------------------------------------------------------------------------


def test_a_slow_disk_keeps_nobody_from_writing(
    database: Database, store: Store, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        upload = operations.begin_upload(session, "clase.mp4", 100, actor=cast.observer)
    began, go_on = threading.Event(), threading.Event()
    sync = os.fsync

    def slow(descriptor: int) -> None:
        began.set()
        assert go_on.wait(20)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    thread = threading.Thread(
        target=operations.append_upload,
        args=(database, store, upload.id, 0, bytes(60)),
        kwargs={"actor": cast.observer},
    )
    thread.start()
    assert began.wait(20)
    with database.write() as session:  # would wait for as long as the disk does
        operations.begin_upload(session, "otra.mp4", 1, actor=cast.observer)
    assert not go_on.is_set()
    go_on.set()
    thread.join()
    with database.read() as session:
        assert session.get_one(Upload, upload.id).offset == 60


def test_of_two_pieces_for_the_same_place_one_counts_and_stays_whole(
    database: Database, store: Store, cast: Cast
) -> None:
    with database.write() as session:
        upload = operations.begin_upload(session, "clase.mp4", 3_000_000, actor=cast.observer)
    taken: list[bytes] = []
    at_once = threading.Barrier(4)

    def send(sign: bytes) -> None:
        piece = sign * (1_000_000 + 1000 * sign[0])
        at_once.wait()
        try:
            operations.append_upload(database, store, upload.id, 0, piece, actor=cast.observer)
        except OffsetError:
            return
        taken.append(piece)

    threads = [threading.Thread(target=send, args=(sign,)) for sign in (b"a", b"b", b"c", b"d")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1
    assert store.incoming(upload.id.hex).read_bytes() == taken[0]


# --- the same file twice -------------------------------------------------------------------------


def test_the_same_film_of_an_educator_is_found_again(
    film: Film, database: Database, store: Store, cast: Cast, details: LessonDetails
) -> None:
    path = film("a.mp4", f"{X264} -c:a aac")
    with database.write() as session:
        first, second = (
            operations.add_file(session, store, path, details, actor=cast.observer)
            for _ in range(2)
        )
        assert operations.same_content(session, second) == []  # not hashed yet
        first.sha256 = second.sha256 = "0" * 64
    with database.read() as session:
        recording = session.get_one(Recording, second.id)
        assert [row.id for row in operations.same_content(session, recording)] == [first.id]
