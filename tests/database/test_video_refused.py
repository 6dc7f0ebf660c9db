"""What is no lesson is refused, leaves nothing, and is not followed to where it points."""

from __future__ import annotations

import io
import os
import shutil
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from observe.db import Database
from observe.errors import BadInputError
from observe.video import operations
from observe.video.media.probe import probe
from observe.video.models import Recording
from observe.video.operations import LessonDetails
from observe.video.store import Store
from tests.factories import Cast
from tests.films import X264, Film, Listener, Watchdog, tiny, written
from tests.kept import files_in

# --- what is refused -----------------------------------------------------------------------------


def truncated(film: Film, folder: Path) -> Path:
    content = film("a.mp4", f"{X264} -c:a aac").read_bytes()
    return written(folder / "cut.mp4", content[: len(content) * 7 // 10])


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
