"""Finds speech in bare sound, as a short-lived process of its own: `hearing.py QUESTION`.

QUESTION: the sound (16 kHz, one channel, signed 16-bit little-endian), the model (Silero VAD as
ONNX), and the target, which gets one byte for each 512 samples: how sure the model is of speech, 0
to 255. The model remembers what it heard, so the sound is cut into streams that run side by side,
each beginning a little early to warm up. Memory does not grow with the length. Nothing of ours is
imported here.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

RATE = 16_000
CHUNK = 512  # samples the model takes at once at this rate
CONTEXT = 64  # samples of the chunk before that it wants to see again
STREAMS = 32
MOST_WORKERS = 2  # threads, each with some of the streams: the film strip is drawn meanwhile
WARM_UP = 3 * RATE // CHUNK
BLOCK = 64  # chunks of each stream read at once: 4 MB of samples in all

Samples = NDArray[np.float32]


def hear(sound: Path, model: Path) -> NDArray[np.uint8]:
    """Return how sure the model is of speech in each chunk of the sound."""
    samples = sound.stat().st_size // 2
    chunks = -(-samples // CHUNK)
    if not chunks:
        return np.zeros(0, np.uint8)
    streams = max(1, min(STREAMS, chunks // (4 * WARM_UP)))  # short sound: warming up would rule
    length = -(-chunks // streams)
    starts = np.arange(streams) * length - WARM_UP
    workers = min(streams, os.cpu_count() or 1, MOST_WORKERS)

    def listen(own: NDArray[np.int64]) -> Samples:
        with sound.open("rb") as file:
            steps = _steps(file, own, WARM_UP + length)
            return np.stack(list(_listen(_session(model), steps, len(own))), axis=1)

    with ThreadPoolExecutor(workers) as pool:
        sure = np.concatenate(list(pool.map(listen, np.array_split(starts, workers))))
    # A stream's end is the next one's warm beginning; what lies beyond the sound is cut off.
    told: NDArray[np.uint8] = np.rint(sure[:, WARM_UP:] * 255).astype(np.uint8).ravel()[:chunks]
    return told


def _session(model: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        str(model), sess_options=options, providers=["CPUExecutionProvider"]
    )


def _steps(file: IO[bytes], starts: NDArray[np.int64], count: int) -> Iterator[Samples]:
    """Yield the next chunk of every stream, shape (streams, 512), `count` times."""
    for step in range(0, count, BLOCK):
        wide = min(BLOCK, count - step)
        block = np.stack([_read(file, int(start) + step, wide) for start in starts])
        for number in range(wide):
            yield block[:, number * CHUNK : (number + 1) * CHUNK]


def _read(file: IO[bytes], first: int, count: int) -> Samples:
    """Return `count` chunks from chunk `first` on as ±1; what is not in the file is silence."""
    block = np.zeros(count * CHUNK, np.float32)
    skipped = max(0, -first) * CHUNK
    if skipped < len(block):
        file.seek(max(0, first) * CHUNK * 2)
        read = file.read((len(block) - skipped) * 2)
        heard = np.frombuffer(read[: len(read) // 2 * 2], "<i2")
        block[skipped : skipped + len(heard)] = heard.astype(np.float32) / 32768
    return block


def _listen(
    session: onnxruntime.InferenceSession, steps: Iterator[Samples], streams: int
) -> Iterator[Samples]:
    """Yield for each step how sure the model is of speech in each stream, 0 to 1."""
    state = np.zeros((2, streams, 128), np.float32)
    context = np.zeros((streams, CONTEXT), np.float32)
    rate = np.array(RATE, np.int64)
    for chunk in steps:
        given = {"input": np.hstack([context, chunk]), "state": state, "sr": rate}
        sure, state = session.run(None, given)
        context = chunk[:, -CONTEXT:]
        yield sure[:, 0]


def main(given: str) -> None:
    """Write the bytes and say how many there are."""
    question: dict[str, Any] = json.loads(given)
    sure = hear(Path(question["sound"]), Path(question["model"]))
    Path(question["target"]).write_bytes(sure.tobytes())
    sys.stdout.write(json.dumps({"chunks": len(sure)}))


if __name__ == "__main__":
    main(sys.argv[1])
