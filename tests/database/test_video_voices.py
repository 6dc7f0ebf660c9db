"""Who is heard when: lessons of known truth, from real speech and from sung vowels."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray

from observe.video.timeline import peaks, voices
from observe.video.timeline.voices import Voice, Voices

RATE = voices.RATE
SECONDS = 30  # of each stretch of a made lesson
SILENT, SINGLE, MANY = Voice.NONE, Voice.ONE, Voice.SEVERAL
Samples = NDArray[np.float32]


def nothing() -> None:
    """Stand for a tick nobody listens to."""


def heard(folder: Path, samples: Samples) -> Voices:
    """Return the voice timeline of samples within ±1."""
    sound, target = folder / "sound", folder / "voices.json"
    sound.write_bytes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    voices.write_voices(sound, target, nothing)
    return voices.read_voices(target.read_text())


def balanced(truth: Sequence[Voice], told: Sequence[Voice]) -> float:
    """Return the mean, over the kinds, of the share of seconds told right."""
    pairs = list(zip(truth, told, strict=True))
    kinds = {kind: [told is kind for real, told in pairs if real is kind] for kind in set(truth)}
    return float(np.mean([np.mean(right) for right in kinds.values()]))


# --- lessons of known truth ----------------------------------------------------------------------


def loaded(path: Path) -> Samples:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-i", str(path)]
    command += ["-ac", "1", "-ar", str(RATE), "-f", "s16le", "-"]
    raw = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    samples: Samples = np.frombuffer(raw, "<i2").astype(np.float32) / np.float32(32768)
    return samples


def pitched(samples: Samples, factor: float) -> Samples:
    at = np.arange(int(len(samples) / factor)) * factor
    higher: Samples = np.interp(at, np.arange(len(samples)), samples).astype(np.float32)
    return higher


def spoken(sources: Sequence[Samples], gain: float, random: np.random.Generator) -> Samples:
    """Return pieces of speech with breaths between them."""
    out, at = np.zeros(SECONDS * RATE, np.float32), 0
    while at < len(out):
        source = sources[int(random.integers(len(sources)))]
        begin = int(random.integers(0, max(1, len(source) - 2 * RATE)))
        piece = source[begin : begin + int(random.uniform(1.5, 5) * RATE)][: len(out) - at]
        out[at : at + len(piece)] = piece * gain
        at += len(piece) + int(random.uniform(0.15, 0.9) * RATE)
    return out


def lesson(
    single: Callable[[np.random.Generator], Samples],
    order: Sequence[Voice],
    *,
    noise: float,
    seed: int,
) -> tuple[Samples, list[Voice]]:
    """Return a lesson over the noise of a room, and who is heard in each of its seconds."""
    random = np.random.default_rng(seed)
    parts: list[Samples] = []
    for kind in order:
        count = {SILENT: 0, SINGLE: 1, MANY: 9}[kind]
        each = [single(random) * (1.0 if count == 1 else 0.5) for _ in range(count)]
        parts.append(np.sum(each, axis=0) if each else np.zeros(SECONDS * RATE, np.float32))
    samples = np.concatenate(parts)
    room = random.standard_normal(len(samples), np.float32) * noise
    return samples + room, [kind for kind in order for _ in range(SECONDS)]


def gain_controlled(samples: Samples) -> Samples:
    """Return what a phone makes of it: quick to turn down, slow to turn up, up to 30 times."""
    out, gain, block = np.empty_like(samples), 1.0, RATE // 10
    for start in range(0, len(samples), block):
        piece = samples[start : start + block]
        wanted = min(30.0, 0.1 / (float(np.sqrt(np.mean(piece**2))) + 1e-6))
        gain += (wanted - gain) * (0.5 if wanted < gain else 0.03)
        out[start : start + block] = piece * gain
    return out


ORDER = (SILENT, SINGLE, MANY, SINGLE, SILENT, MANY, SINGLE, SILENT, MANY)


@pytest.mark.parametrize("noise", [0.003, 0.01])
@pytest.mark.parametrize("phone", [False, True])
def test_real_speech_alone_together_and_none_are_told_apart(
    tmp_path: Path, real_data: Path, noise: float, *, phone: bool
) -> None:
    audio = real_data / "videos" / "audio"
    sources = [loaded(audio / "librispeech_116.m4a")[: 8 * RATE], loaded(audio / "nasa_13013.mp3")]
    sources[1] = sources[1][: 12 * RATE]

    def single(random: np.random.Generator) -> Samples:
        factor = random.uniform(0.8, 1.4)
        return spoken([pitched(each, factor) for each in sources], random.uniform(0.4, 1), random)

    samples, truth = lesson(single, ORDER, noise=noise, seed=3)
    told = heard(tmp_path, gain_controlled(samples) if phone else samples)
    assert balanced(truth, told.seconds) >= 0.9


def sung(random: np.random.Generator) -> Samples:
    """Return sung vowels with breaths between the phrases."""
    pitch, out = random.uniform(110, 260), np.zeros(SECONDS * RATE, np.float32)
    formants = np.array([[800, 1300, 2600], [480, 2000, 2700], [300, 2400, 3100], [500, 950, 2500]])
    at = int(random.uniform(0, 1) * RATE)
    while at < len(out):
        for number in range(int(random.integers(5, 12))):
            length = int(random.uniform(0.12, 0.25) * RATE)
            sweep = pitch * (1.15 - 0.3 * number / 12) * (1 + 0.05 * np.linspace(-1, 1, length))
            phase = 2 * np.pi * np.cumsum(sweep) / RATE
            harmonics = np.arange(1, int(3500 / pitch))[:, None]
            near = ((harmonics * pitch - formants[random.integers(4)]) / [90, 120, 170]) ** 2
            strength = (1 / (1 + near)).sum(axis=1) / harmonics[:, 0] ** 0.5
            wave = (strength[:, None] * np.sin(harmonics * phase)).sum(axis=0)
            wave *= np.sin(np.pi * np.linspace(0, 1, length)) ** 0.6 * 0.2 / np.abs(wave).max()
            end = min(len(out), at + length)
            out[at:end] = wave[: max(0, end - at)]
            at = end
        at += int(random.uniform(0.4, 0.9) * RATE)
    return out


def test_sung_vowels_are_heard_and_the_noise_of_a_room_is_not(tmp_path: Path) -> None:
    samples, truth = lesson(sung, (SILENT, SINGLE, SILENT, SINGLE), noise=0.001, seed=5)
    told = heard(tmp_path, samples).seconds
    spoken_seconds = [voice is not SILENT for voice in told]
    assert (
        np.mean([a is (b is not SILENT) for a, b in zip(spoken_seconds, truth, strict=True)]) > 0.9
    )


# --- edges ---------------------------------------------------------------------------------------


def test_silence_is_no_voice_at_the_floor(tmp_path: Path) -> None:
    told = heard(tmp_path, np.zeros(5 * RATE, np.float32))
    assert told == Voices((SILENT,) * 5, (voices.QUIETEST_DB,) * 5)


def test_no_sound_at_all_has_no_seconds(tmp_path: Path) -> None:
    told = heard(tmp_path, np.zeros(0, np.float32))
    assert told == Voices((), ())


def test_sound_shorter_than_a_second_has_one(tmp_path: Path) -> None:
    told = heard(tmp_path, np.full(RATE // 4, 0.5, np.float32))
    assert told.seconds == (SILENT,)
    assert told.loudness_db == (-6.0,)


def test_an_odd_byte_at_the_end_is_no_sample(tmp_path: Path) -> None:
    sound, target = tmp_path / "sound", tmp_path / "voices.json"
    sound.write_bytes(bytes(2 * RATE + 1))
    voices.write_voices(sound, target, nothing)
    assert len(voices.read_voices(target.read_text()).seconds) == 1


def test_loudness_is_the_root_mean_square_of_each_second(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    samples = (
        random.standard_normal(70 * RATE + 123)
        * np.repeat(random.uniform(0.001, 0.3, 71), RATE)[: 70 * RATE + 123]
    )
    told = heard(tmp_path, samples.astype(np.float32)).loudness_db
    kept = (np.clip(samples.astype(np.float32), -1, 1) * 32767).astype(np.int16) / 32768
    for second in range(71):
        power = np.mean(kept[second * RATE : (second + 1) * RATE] ** 2)
        assert told[second] == round(max(-90.0, 10 * np.log10(power)), 1)


def test_peaks_are_twenty_a_second_of_the_same_sound(tmp_path: Path) -> None:
    sound, target = tmp_path / "sound", tmp_path / "peaks"
    samples = np.zeros(RATE, np.int16)
    samples[RATE // 2] = -32768
    sound.write_bytes(samples.astype("<i2").tobytes())
    peaks.write_peaks(sound, target)
    assert list(target.read_bytes()) == [0] * 10 + [255] + [0] * 9
