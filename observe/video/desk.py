"""A desk: where sealed films lie open while a program reads them by their path, and no longer.

ffmpeg and the short-lived readers take a path, so a sealed film is opened into a working copy for
them. That lies in the store's work folder, which is emptied when a worker starts, and swept each
day: whoever is killed leaves no open film for longer than that.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from observe.video.hashing import CHUNK_BYTES
from observe.video.kept import KeptFile
from observe.video.sealed import Tick
from observe.video.store import Store


class Desk:
    """Gives a path to each file that is asked for; a working copy is made once and then shared.

    A context: at its end every working copy goes. A file that is not sealed is read where it lies.
    `tick` is called while a copy is made, and may end that: opening a long film takes a while.
    """

    def __init__(self, store: Store, tick: Tick | None = None) -> None:
        self._store = store
        self._tick = tick
        self._open: dict[Path, Path] = {}
        self._one_at_a_time = threading.Lock()  # a job may draw and listen at once

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear()

    def path(self, file: KeptFile) -> Path:
        """Return where a program can read `file`; where nothing lies when it is not there.

        Raises:
            KeyMissingError, UnsealError: it is sealed and cannot be opened.
            BadInputError: the disk has no room for a working copy.
        """
        with self._one_at_a_time:
            if file.plain not in self._open:
                if not file.is_sealed:
                    return file.plain
                self._open[file.plain] = self._copied(file)
            return self._open[file.plain]

    def _copied(self, file: KeptFile) -> Path:
        self._store.make_sure_of_room(file.size() or 0)
        made = self._store.temporary()
        try:
            with file.open() as content, made.open("xb") as copy:
                while chunk := content.read(CHUNK_BYTES):
                    if self._tick is not None:
                        self._tick()
                    copy.write(chunk)
        except BaseException:
            made.unlink(missing_ok=True)
            raise
        return made

    def clear(self) -> None:
        """Remove the working copies; on Windows, what is still held open is swept later."""
        with self._one_at_a_time:
            while self._open:
                _plain, made = self._open.popitem()
                with suppress(PermissionError):
                    made.unlink(missing_ok=True)
