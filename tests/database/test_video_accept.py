"""What cameras make is accepted and measured, also where it is long and large."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import av
import pytest

from observe.db import Database
from observe.video import operations
from observe.video.blur import framing
from observe.video.media import pictures, tools
from observe.video.media import probe as probe_module
from observe.video.media.probe import probe
from observe.video.models import RecordingState
from observe.video.operations import LessonDetails
from observe.video.store import Store
from observe.video.timeline import watching
from tests.factories import Cast
from tests.films import VP9, X264, X265, Film, tiny, written

AMR = "-c:a libopencore_amrnb -ar 8000 -ac 1 -b:a 12.2k"


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
