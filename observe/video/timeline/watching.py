"""Reads the picture of a video once, as a short-lived process of its own: `watching.py QUESTION`.

QUESTION: the path, the stream, its end, and whether to look at key frames. Every packet is checked
for damage; only key frames are decoded, small and grey. Where two of them differ so much that the
picture may have been cut in between, or are far apart, the frames between are decoded too, as far
as an allowance reaches. Memory does not grow with the length. The answer is in microseconds of the
container's own clock.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video import VideoFrame, VideoStream
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from observe.video.timeline.packets import MICRO, Inspector, Ledger, clock_of, packets, time_us

SIZE = (160, 90)
CUT = 10.0  # per cent of the range by which frames at a joint differ, as in ffmpeg's scdet
SUSPECT = 7.0  # what key frames must differ by for the frames between to be looked at
LARGE = 0.6  # of its key frame: another packet so large, and four times the usual, may be a cut
USUAL = 25  # packets over which the usual size is taken
CLOSEST_US = 200_000  # key frames nearer than this to the one before are not decoded
FARTHEST_US = 12 * MICRO  # key frames further apart say too little of what happens between
SHORT_US = 30 * MICRO  # a video no longer than this is decoded as a whole
LEAST_ALLOWANCE_US = 12 * MICRO
ALLOWANCE = 0.03  # of the length: a fifth of what the pass over the key frames takes
HELD = 4  # key frames held back until their order is certain
STEP_US = MICRO  # how far apart frames are whose difference counts as movement there

_smaller = VideoReformatter()  # one for all frames: preparing to scale costs more than scaling
Grey = NDArray[np.int16]
Moved = tuple[int, int, float]  # from, to, energy


# --- key frames ----------------------------------------------------------------------------------


@dataclass
class Motion:
    """How much moves from each key frame to the next, and where more must be looked at."""

    clock: Fraction
    moved: list[Moved] = field(default_factory=list)
    suspects: dict[tuple[int, int], float] = field(default_factory=dict)  # from, to: difference
    held: list[tuple[int, Grey]] = field(default_factory=list)
    shown: tuple[int, Grey] | None = None
    first_us: int | None = None

    def see(self, frame: VideoFrame) -> None:
        """Take a key frame; without those between, decoders let some out in the wrong order."""
        at_us = time_us(frame, self.clock)
        if at_us is not None:
            self.held.append((at_us, _grey(frame)))
            self.held.sort(key=lambda held: held[0])
        if len(self.held) > HELD:
            self._compare(*self.held.pop(0))

    def finish(self, end_us: int) -> None:
        """Compare what is held back; what comes after the last key frame may be looked at too."""
        while self.held:
            self._compare(*self.held.pop(0))
        if self.shown is None or self.first_us is None:
            return
        self._compared(0.0, self.shown[0], end_us)
        if end_us - self.first_us <= SHORT_US:
            self.suspects = {(self.first_us, end_us): 0.0}

    def _compare(self, at_us: int, grey: Grey) -> None:
        if self.shown is None:
            self.first_us = at_us
        elif at_us > self.shown[0]:
            before_us, before = self.shown
            self.moved.append((before_us, at_us, _energy(before, grey)))
            self._compared(_differs(before, grey), before_us, at_us)
        self.shown = at_us, grey

    def _compared(self, differs: float, start: int, end: int) -> None:
        if differs >= SUSPECT or end - start > FARTHEST_US:
            self.suspects[start, end] = differs


def _grey(frame: VideoFrame) -> Grey:
    small = _smaller.reformat(frame, SIZE[0], SIZE[1], "gray", interpolation="AREA")
    return small.to_ndarray().astype(np.int16)


def _differs(one: Grey, other: Grey) -> float:
    """Return how much two pictures differ, in per cent of the range."""
    return float(np.abs(other - one).mean()) / 2.56


def _energy(one: Grey, other: Grey) -> float:
    """Return the mean difference in grey levels, whatever became brighter or darker as a whole."""
    change = (other - one).astype(np.float32)
    return float(np.abs(change - change.mean()).mean())


class KeyFrames:
    """Decodes key frames alone; several at once, so they come out later than they go in."""

    def __init__(self, video: VideoStream, ledger: Ledger, motion: Motion) -> None:
        self._context = video.codec_context
        self._context.thread_type = "AUTO"
        self._context.skip_frame = "NONKEY"
        self._ledger, self._motion = ledger, motion
        self._waiting: list[int] = []
        self._last_us: int | None = None
        self._key_size = self._usual_size = 0.0
        self._large = False

    def take(self, packet: Packet[VideoStream], at_us: int) -> None:
        """Decode a key frame, unless it follows the last too closely; weigh what is none."""
        if not packet.is_keyframe:
            self._weigh(packet.size)
            return
        if self._last_us is not None and 0 <= at_us - self._last_us < CLOSEST_US:
            return
        self.suspect(at_us)
        self._last_us, self._key_size = at_us, packet.size
        self._waiting.append(at_us)
        self._decode(packet)

    def _weigh(self, size: int) -> None:
        """Notice a packet that holds a whole new picture, though it is no key frame."""
        whole_picture = size > LARGE * self._key_size and size > 4 * self._usual_size
        self._large = self._large or (self._usual_size > 0 and whole_picture)
        self._usual_size += (size - self._usual_size) / USUAL

    def suspect(self, at_us: int) -> None:
        """Ask for a closer look at what ends here, when such a packet was in it."""
        if self._large and self._last_us is not None:
            self._motion.suspects.setdefault((self._last_us, at_us), 0.0)
        self._large = False

    def finish(self) -> None:
        """Take what is still in the decoder."""
        self._decode(None)

    def _decode(self, packet: Packet[VideoStream] | None) -> None:
        try:
            frames = self._context.decode(packet)
        except av.error.FFmpegError:
            if self._waiting:
                self._ledger.undecoded(self._waiting.pop(0))
            return
        for frame in frames:
            self._receive(frame)

    def _receive(self, frame: VideoFrame) -> None:
        at_us = time_us(frame, self._motion.clock)
        if at_us in self._waiting:
            self._waiting.remove(at_us)
        if frame.is_corrupt and at_us is not None:
            self._ledger.undecoded(at_us)
        else:
            self._motion.see(frame)


# --- between key frames --------------------------------------------------------------------------


@dataclass
class Closer:
    """What frame after frame tells: joints to the frame, and movement about a second apart."""

    joints: list[int] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    _last: Grey | None = None
    _differed: float = 0.0
    _from: tuple[int, Grey] | None = None

    def see(self, at_us: int, grey: Grey) -> None:
        """Compare a frame with the one before; a joint differs by a cut more than that did."""
        differs = _differs(self._last, grey) if self._last is not None else 0.0
        cut = min(differs, abs(differs - self._differed)) >= CUT
        self._last, self._differed = grey, differs
        if cut:
            self.joints.append(at_us)
        if cut or self._from is None:
            self._from = at_us, grey
        elif at_us - self._from[0] >= STEP_US:
            self.moved.append((self._from[0], at_us, _energy(self._from[1], grey)))
            self._from = at_us, grey


def _look_closer(question: dict[str, Any], motion: Motion) -> Iterator[tuple[bool, Closer]]:
    """Yield what is found where it is worth it, and whether its movement says more."""
    whole = question["end_us"] - (motion.first_us or 0)
    allowance = max(LEAST_ALLOWANCE_US, whole * ALLOWANCE)
    for (start, end), _differs_by in sorted(motion.suspects.items(), key=lambda each: -each[1]):
        far = end - start > FARTHEST_US or whole <= SHORT_US
        if not far and end - start > allowance:
            continue
        allowance -= 0 if far else end - start
        closer = Closer()
        with _opened(question) as container:
            video = _picture(container, question)
            for at_us, grey in _between(container, video, start, end):
                closer.see(at_us, grey)
        yield far, closer


def _between(
    container: InputContainer, video: VideoStream, start: int, end: int
) -> Iterator[tuple[int, Grey]]:
    """Yield the frames from one key frame to the next, both included."""
    video.codec_context.thread_type = "AUTO"
    clock = clock_of(video)
    try:
        container.seek(int(start / MICRO / clock), stream=video, backward=True)
    except av.error.FFmpegError:
        return  # a damaged file may be read through and yet not be entered here
    for packet in packets(container, video):
        for frame in _frames(packet) if packet else ():
            at_us = time_us(frame, clock)
            if at_us is not None and start <= at_us <= end:
                yield at_us, _grey(frame)
            if at_us is not None and at_us >= end:
                return


def _frames(packet: Packet[VideoStream]) -> list[VideoFrame]:
    try:
        return list(packet.decode())
    except av.error.FFmpegError:
        return []


def _movement(coarse: list[Moved], fine: list[Moved], joints: list[int]) -> list[Moved]:
    """Return the finer movement where it is known, and the coarser, except over a joint."""
    kept = [
        (start, end, energy)
        for start, end, energy in coarse
        if not any(start < other_end and other < end for other, other_end, _energy in fine)
        and not any(start < joint <= end for joint in joints)
    ]
    return sorted(kept + fine)


# --- the whole -----------------------------------------------------------------------------------


def watch(question: dict[str, Any]) -> dict[str, Any]:
    """Return movement, joints and damage of the video."""
    ledger = Ledger()
    with _opened(question) as container:
        video = _picture(container, question)
        motion = Motion(clock_of(video))
        frames = KeyFrames(video, ledger, motion) if question["key_frames"] else None
        inspector = Inspector(question["path"], container, video)
        declared_us = inspector.declared_us(container)
        _read(container, inspector, ledger, frames)
        if inspector.ends_early(question["end_us"]):
            ledger.damaged(question["end_us"])
        if frames is not None:
            frames.suspect(question["end_us"])
            frames.finish()
            motion.finish(question["end_us"])
    found = list(_look_closer(question, motion))
    joints = sorted(joint for _finer, closer in found for joint in closer.joints)
    fine = [moved for finer, closer in found if finer for moved in closer.moved]
    return {
        "moved": [(a, b, round(c, 3)) for a, b, c in _movement(motion.moved, fine, joints)],
        "joints": joints,
        "damaged": ledger.spans(question["end_us"]),
        "declared_us": declared_us,
    }


def _opened(question: dict[str, Any]) -> InputContainer:
    return av.open(
        f"file:{question['path']}", options=question["options"], metadata_errors="replace"
    )


def _picture(container: InputContainer, question: dict[str, Any]) -> VideoStream:
    video: VideoStream = container.streams[question["stream"]]
    video.codec_context.options = container.options
    return video


def _read(
    container: InputContainer, inspector: Inspector, ledger: Ledger, frames: KeyFrames | None
) -> None:
    """Read all packets, note damage, and hand on whole key frames."""
    broken = False
    for packet in packets(container, *inspector.streams):
        broken |= packet is None or inspector.passed_over(packet)
        if packet is None or packet.stream.index != inspector.video.index:
            continue
        if broken:
            ledger.damaged(None, inspector.lost_us(packet))
            broken = False
        _inspect(packet, inspector, ledger, frames)
    if broken:
        ledger.damaged(None)


def _inspect(
    packet: Packet[VideoStream], inspector: Inspector, ledger: Ledger, frames: KeyFrames | None
) -> None:
    at_us = time_us(packet, inspector.clock)
    if at_us is None:
        at_us = ledger.last_us or 0
    if inspector.hole(ledger.last_us, at_us):
        ledger.damaged(at_us)
    if not inspector.whole(packet):
        ledger.damaged(at_us)
        return
    ledger.good(at_us, key=packet.is_keyframe)
    if frames is not None:
        frames.take(packet, at_us)


def main(given: str) -> None:
    """Answer the question on standard output."""
    sys.stdout.write(json.dumps(watch(json.loads(given))))


if __name__ == "__main__":
    main(sys.argv[1])
