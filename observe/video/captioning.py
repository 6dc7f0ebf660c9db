"""Names the captions inside a video file, as a short-lived process: `captioning.py QUESTION`.

QUESTION: the path and the options to open it with. The answer lists the streams that are captions
in text. Nothing of ours is imported here.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import av
from av.stream import Disposition, Stream

TEXT = frozenset({"mov_text", "subrip", "srt", "webvtt", "ass", "ssa", "text"})


def tracks(question: dict[str, Any]) -> list[dict[str, Any]]:
    """Return index, codec, language and default mark of each text track."""
    with av.open(
        f"file:{question['path']}", options=question["options"], metadata_errors="replace"
    ) as container:
        return [_track(stream) for stream in container.streams.subtitles if _codec(stream) in TEXT]


def _codec(stream: Stream) -> str:
    context = stream.codec_context
    return "" if context is None else str(context.codec.canonical_name)


def _track(stream: Stream) -> dict[str, Any]:
    return {
        "index": stream.index,
        "codec": _codec(stream),
        "language": stream.metadata.get("language", ""),
        "default": bool(stream.disposition & Disposition.default),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"tracks": tracks(json.loads(sys.argv[1]))}))
