"""Captions: real files, the dirt they come in, and that nothing is lost on the way."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observe.errors import BadInputError
from observe.video.captions import Cue, cut, plain, read_captions, shifted, write_vtt
from observe.video.timecode import Span

DAY_MS = 86_400_000
texts = st.text(min_size=1, max_size=40).map(plain).filter(bool)
times = st.integers(0, DAY_MS)


@st.composite
def cues(draw: st.DrawFn) -> Cue:
    start = draw(times)
    return Cue(start, start + draw(st.integers(1, 60_000)), draw(texts))


@st.composite
def spans(draw: st.DrawFn) -> Span:
    start = draw(times)
    return Span(start, start + draw(st.integers(1, DAY_MS)))


@given(st.lists(cues(), max_size=8))
def test_what_is_written_reads_back(some: list[Cue]) -> None:
    assert read_captions(write_vtt(some)) == tuple(sorted(some))


@given(st.lists(cues(), max_size=8), spans())
def test_a_cut_shows_at_each_moment_what_was_shown_there(some: list[Cue], span: Span) -> None:
    there = cut(some, span)
    assert all(0 <= cue.start_ms < cue.end_ms <= span.length_ms for cue in there)
    edges = {cue.start_ms for cue in there} | {cue.end_ms - 1 for cue in there} | {0}
    for at in edges:
        before = [cue.text for cue in some if cue.start_ms <= at + span.start_ms < cue.end_ms]
        assert [cue.text for cue in there if cue.start_ms <= at < cue.end_ms] == before


@given(st.lists(cues(), max_size=8), spans(), spans())
def test_a_cut_of_a_cut_is_one_cut(some: list[Cue], outer: Span, inner: Span) -> None:
    if inner.end_ms <= outer.length_ms:
        whole = Span(outer.start_ms + inner.start_ms, outer.start_ms + inner.end_ms)
        assert cut(cut(some, outer), inner) == cut(some, whole)


@given(st.lists(cues(), max_size=8), st.integers(-DAY_MS, DAY_MS))
def test_moved_there_and_back_is_the_same(some: list[Cue], by: int) -> None:
    forth = shifted(some, max(0, by), 10 * DAY_MS)
    assert shifted(forth, -max(0, by), 10 * DAY_MS) == tuple(some)


@given(st.text(max_size=300))
def test_any_text_is_captions_or_refused_with_a_sentence(text: str) -> None:
    for given_ in (text, "WEBVTT\n\n" + text, "1\n00:00:01,000 --> 00:00:02,000\n" + text):
        try:
            found = read_captions(given_)
        except BadInputError:
            continue
        assert all(cue.start_ms < cue.end_ms and cue.text for cue in found)


def test_subrip_as_players_and_people_write_it() -> None:
    text = (
        "\ufeff1\r\n0:00:01,5 --> 0:00:03,000 X1:10 X2:20\r\n{\\an8}<i>Buenos</i> d&iacute;as\r\n"
        '<font color="#fff">niños</font>\r\n\r\n\r\n'
        "2\r\n00:04.000 --> 00:05,250\r\n3 < 4 y 5 > 4\r\n"
        "3\r\n61:00,000 --> 61:01,000\r\n- ¿Y?\r\n   \r\n"
        "4\r\n00:00:99,000 --> 00:01:41,000\r\nno hay segundo 99\r\n"
    )
    assert read_captions(text) == (
        Cue(1_500, 3_000, "Buenos días\nniños"),
        Cue(4_000, 5_250, "3 < 4 y 5 > 4"),
        Cue(3_660_000, 3_661_000, "- ¿Y?"),
    )


def test_webvtt_with_styles_voices_and_settings() -> None:
    text = (
        "WEBVTT - clase\nKind: captions\n\nSTYLE\n::cue { color: red }\n\n"
        "NOTE 00:00:00.000 --> 00:00:09.000 no se muestra\n\n"
        "tía-1\n00:01.000 --> 00:02.000 line:90% align:start\n<v Berta><c.loud>¡Ya!</c></v>\n\n"
        "00:02.000 --> 00:03.000\n<00:02.500>uno &lt;dos&gt;\n"
    )
    assert read_captions(text) == (Cue(1_000, 2_000, "¡Ya!"), Cue(2_000, 3_000, "uno <dos>"))


@pytest.mark.parametrize("text", ["", "  \n", "hola", "{\\rtf1}", "<?xml version='1.0'?><tt/>"])
def test_what_is_no_captions_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="SRT or WebVTT"):
        read_captions(text)


def test_a_text_far_too_long_is_refused() -> None:
    with pytest.raises(BadInputError, match="too long"):
        read_captions("WEBVTT\n\n" + "a" * 5_000_000)


def test_long_files_are_read_in_a_moment() -> None:
    spoken = [Cue(at * 1_000, at * 1_000 + 900, f"frase {at}") for at in range(10_000)]
    assert len(read_captions(write_vtt(spoken))) == 10_000
    assert plain("<" * 1_000_000) == "<" * 1_000_000


CUE = "1\n00:00:01,000 --> 00:00:02,000\n"
TOO_MUCH = {
    "lines": (CUE + "a\n" * 200_000, "00:00:01"),
    "characters": (CUE + "a" * 1_000_000, "00:00:01"),
    "cues": ((CUE + "a\n\n") * 60_000, "far too long"),
}


@pytest.mark.parametrize("what", TOO_MUCH)
@pytest.mark.parametrize("header", ["", "WEBVTT\n\n"])
def test_what_nobody_could_read_is_refused_in_a_moment(header: str, what: str) -> None:
    text, told = TOO_MUCH[what]
    began = time.process_time()
    with pytest.raises(BadInputError, match="too long") as refused:
        read_captions(header + (text.replace(",", ".") if header else text))
    assert told in str(refused.value.message)
    assert time.process_time() - began < 5


def test_real_files_read_as_their_reference_says(real_data: Path) -> None:
    folder = real_data / "annotations" / "webvtt"
    compared = 0
    for path in sorted(folder.rglob("*.vtt")):
        expected = _expected(path)
        if expected is not None:
            compared += 1
            assert _read(path) == expected, path.name
    assert compared >= 10


def _read(path: Path) -> list[tuple[int, int, str]]:
    try:
        found = read_captions(path.read_text(encoding="utf-8"))
    except BadInputError:
        return []
    return [(cue.start_ms, cue.end_ms, cue.text) for cue in found]


def _expected(path: Path) -> list[tuple[int, int, str]] | None:
    """Return what the file shows: without the cues that show nothing, or for no time at all.

    The shared answers are named by what they are; a file whose rendering is empty has no cue.
    """
    own, drawn = path.with_suffix(".json"), path.with_name(f"{path.stem}-proc.json")
    if own.exists():
        cues = json.loads(own.read_text(encoding="utf-8"))["cues"]
        times = [(round(c["startTime"] * 1000), round(c["endTime"] * 1000)) for c in cues]
        shown = [(*time, cue["text"]) for time, cue in zip(times, cues, strict=True)]
        return [each for each in shown if each[2] and each[0] < each[1]]
    if not drawn.exists():
        return None
    if not json.loads(drawn.read_text(encoding="utf-8")):
        return []
    shared = json.loads((path.parent / "with-data.json").read_text(encoding="utf-8"))["cues"][0]
    return [(shared["startTime"] * 1000, shared["endTime"] * 1000, shared["text"])]
