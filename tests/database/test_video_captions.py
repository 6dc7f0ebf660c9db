"""Captions inside a film: one bad track hides no other, and an interrupted look is no answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from observe.errors import BadInputError, ObserveError
from observe.video import captions
from observe.video.media import tools
from observe.video.media.probe import probe
from observe.video.media.tools import ToolError
from tests.films import run_ffmpeg

SAID = "1\n00:00:01,000 --> 00:00:02,000\n¿Por qué?\n"
ENDLESS = SAID + "y dijo\n" * captions.MOST_LINES  # more than a cue may hold


def two_tracks(target: Path, first: str) -> Path:
    """Write a film of 4 s with the text track `first`, the default one, and one that is `SAID`."""
    given: list[str | Path] = ["-f", "lavfi", "-i", "testsrc=s=96x64:r=10:d=4"]
    for number, text in enumerate((first, SAID)):
        path = target.with_name(f"{number}.srt")
        path.write_text(text, encoding="utf-8")
        given += ["-i", path]
    marks = ["-disposition:s:0", "default", "-disposition:s:1", "0"]
    run_ffmpeg(*given, "-map", "0", "-map", "1", "-map", "2", "-c:s", "srt", *marks, target)
    return target


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A film of whose two text tracks the default one cannot be read."""
    return two_tracks(tmp_path / "two.mkv", ENDLESS)


def extracted(film: Path) -> str | None:
    target = film.with_suffix(".vtt")
    found = captions.extract(film, probe(film), target, None)
    assert target.exists() is found
    return target.read_text(encoding="utf-8") if found else None


def test_a_track_that_cannot_be_read_hides_no_other(film: Path) -> None:
    assert "¿Por qué?" in (extracted(film) or "")


@pytest.mark.parametrize("program", ["run_reader", "run_ffmpeg"])
@pytest.mark.parametrize("told", ["", "Traceback (most recent call last)\nMemoryError"])
def test_an_end_by_force_is_told_and_not_taken_for_no_captions(
    film: Path, monkeypatch: pytest.MonkeyPatch, program: str, told: str
) -> None:
    measured = probe(film)

    def ended(*_arguments: object, **_options: object) -> None:
        raise ToolError(1 if told else -9, told)

    monkeypatch.setattr(tools, program, ended)
    with pytest.raises(ObserveError, match="interrupted") as refused:
        captions.extract(film, measured, film.with_suffix(".vtt"), None)
    assert not isinstance(refused.value, BadInputError)


def test_a_film_that_breaks_the_reader_has_no_captions(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = probe(film)

    def broken(*_arguments: object, **_options: object) -> None:
        raise ToolError(1, "Traceback (most recent call last)\nav.error.InvalidDataError")

    monkeypatch.setattr(tools, "run_reader", broken)
    assert captions.extract(film, measured, film.with_suffix(".vtt"), None) is False


def test_a_text_far_too_long_is_no_captions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program that writes it out stops by itself: nothing ends it by force."""
    long = "\n".join(SAID.replace("Por", f"Por {number}") for number in range(8_000))
    film = two_tracks(tmp_path / "long.mkv", long)
    monkeypatch.setattr(captions, "LONGEST", 100)
    monkeypatch.setattr(captions, "_STOP_BYTES", 100_000)
    assert len(long) > 2 * 100_000
    assert "¿Por qué?" in (extracted(film) or "")
