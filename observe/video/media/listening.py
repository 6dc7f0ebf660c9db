"""Measures how loud the sounds of a video are, as a short-lived process: `listening.py QUESTION`.

QUESTION: the path and the options to open it with. The answer: the mean level of each track by its
stream index, in dB below full scale, from a second here and there. Nothing of ours is imported.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import av
from av.audio import AudioStream
from av.container import InputContainer
from av.packet import Packet

MICRO = 1_000_000
LISTENED = (0.1, 0.3, 0.5, 0.7, 0.9)  # of the length; a second is heard at each
PATIENCE = 1_000  # packets read after a jump before what was heard is enough
SILENCE_DB = -70.0
QUIETEST = 10 ** (SILENCE_DB / 10)


def listen(path: str, options: dict[str, str]) -> dict[int, float]:
    """Return the level of each sound track of which anything can be heard."""
    with av.open(f"file:{path}", options=options, metadata_errors="replace") as container:
        sounds = [stream for stream in container.streams.audio if stream.codec_context is not None]
        meters = {stream.index: Meter() for stream in sounds}
        start, length = container.start_time or 0, container.duration or 0
        for number, share in enumerate(LISTENED, 1):
            for packet in _packets(container, sounds, start + int(length * share)):
                meters[packet.stream.index].hear(packet, up_to=number)
                if all(meter.seconds >= number for meter in meters.values()):
                    break
    return {index: meter.level for index, meter in meters.items() if meter.seconds}


def _packets(
    container: InputContainer, sounds: list[AudioStream], moment: int
) -> Iterator[Packet[Any]]:
    """Yield what follows `moment` (microseconds of the container's clock), as far as it goes."""
    try:
        container.seek(moment, backward=True, any_frame=False)
        for packet in islice(container.demux(sounds), PATIENCE):
            if packet.size:
                yield packet
    except (av.error.FFmpegError, IndexError):
        return  # damaged here; or PyAV stumbles over streams that only showed up on the way


@dataclass
class Meter:
    """Measures the mean power of what it is given to hear."""

    seconds: float = 0.0
    energy: float = 0.0  # of full scale, times seconds

    def hear(self, packet: Packet[AudioStream], *, up_to: int) -> None:
        """Add the sound of a packet, unless `up_to` seconds are heard already."""
        if self.seconds >= up_to:
            return
        try:
            for frame in packet.decode():
                # A resampler a frame: the format may change in the middle of a damaged stream.
                for plain in av.AudioResampler(format="flt", layout="mono").resample(frame):
                    length = plain.samples / plain.sample_rate
                    self.seconds += length
                    self.energy += float((plain.to_ndarray() ** 2).mean()) * length
        except av.error.FFmpegError:
            return  # a damaged piece: the next one may be whole

    @property
    def level(self) -> float:
        """The mean level in dB below full scale, never below silence."""
        mean = self.energy / self.seconds
        return round(10 * math.log10(mean), 1) if mean > QUIETEST else SILENCE_DB


def main(given: str) -> None:
    """Answer the question on standard output."""
    question: dict[str, Any] = json.loads(given)
    try:
        levels = listen(**question)
    except (av.error.FFmpegError, EOFError, OSError, ValueError, ArithmeticError):
        levels = {}  # damaged: the choice is made without
    sys.stdout.write(json.dumps({"levels": levels}))


if __name__ == "__main__":
    main(sys.argv[1])
