"""YAML as far as a rubric needs it: groups, lists and words, and the line of each.

Files come from people and from other homes, so they are read as hostile. Nothing in them is ever
constructed or looked up: tags, anchors and aliases are refused, size, depth and number of entries
are limited. A word is a word: `1.10`, `no` and `2026-05-10` stay what was written.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from observe.text import Message, message

LARGEST_FILE: Final = 400_000  # characters; a pauta of 40 rows in two languages has about 150,000
DEEPEST: Final = 12
MOST_ENTRIES: Final = 20_000

FieldPath = tuple[str | int, ...]
Content = str | list["Content"] | dict[str, "Content"] | None


@dataclass(frozen=True)
class Problem:
    """Something wrong in a file: where (line from 1, path of the field), what, and the way out."""

    line: int | None
    path: FieldPath
    what: Message


@dataclass
class Reading:
    """What a file says, the line of each field, and the problems found on the way."""

    content: Content = None
    lines: dict[FieldPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line_of(self, path: FieldPath) -> int | None:
        """Return the line of the field, or of the nearest group around it that is there."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None

    def name_of(self, path: FieldPath) -> str:
        """Return the path as people say it: `dimensions.preguntas.title.es`, entries by id."""
        here, names = self.content, []
        for part in path:
            here = _inside(here, part)
            names.append(_entry_name(here, part) if isinstance(part, int) else part)
        return ".".join(names)


def _inside(content: Content, part: str | int) -> Content:
    if isinstance(part, int):
        return content[part] if isinstance(content, list) and part < len(content) else None
    return content.get(part) if isinstance(content, dict) else None


def _entry_name(entry: Content, index: int) -> str:
    entry_id = entry.get("id") if isinstance(entry, dict) else None
    return entry_id if isinstance(entry_id, str) and entry_id else f"#{index + 1}"


class _UnreadableError(Exception):
    """The rest of the file cannot be read."""


def read_yaml(text: str) -> Reading:
    """Return what `text` says. Without a readable structure, `content` is None."""
    reading = Reading()
    if len(text) > LARGEST_FILE:
        what = message(
            "the file is too large: a rubric has at most %(most)s characters", most=LARGEST_FILE
        )
        reading.problems.append(Problem(None, (), what))
        return reading
    try:
        reading.content = _Builder(unicodedata.normalize("NFC", text), reading).whole()
    except _UnreadableError:
        pass  # what was in the way is in `reading.problems`
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        reading.problems.append(Problem(line, (), _SYNTAX))
    return reading


_SYNTAX = message(
    "the file's structure ends here: look at the indentation, at a missing «:» or quote, and put "
    "text that contains «: » or «#» in quotes"
)


class _Builder:
    """Builds plain groups, lists and words from the events of the parser."""

    def __init__(self, text: str, reading: Reading) -> None:
        self._events: Iterator[Event] = iter(yaml.parse(text, Loader=yaml.SafeLoader))
        self._reading = reading
        self._entries = 0

    def whole(self) -> Content:
        """Return the only document of the file."""
        content: Content = None
        documents = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._stop(
                        event, (), message("one file holds one rubric: delete from «---»")
                    )
                content = self._node(next(self._events), ())
        return content

    def _node(self, event: Event, path: FieldPath) -> Content:
        self._reading.lines.setdefault(path, _line(event))
        self._count(event, path)
        if isinstance(event, AliasEvent):
            self._tell(event, path, message("a reference (*…) is not allowed: write the text out"))
            return None
        self._refuse_extras(event, path)
        if isinstance(event, MappingStartEvent):
            return self._group(path)
        if isinstance(event, SequenceStartEvent):
            return self._list(path)
        return _word(event) if isinstance(event, ScalarEvent) else None

    def _count(self, event: Event, path: FieldPath) -> None:
        self._entries += 1
        if self._entries > MOST_ENTRIES:
            raise self._stop(event, (), message("the file has too many entries to be a rubric"))
        if len(path) > DEEPEST:
            raise self._stop(event, (), message("groups lie too deep inside each other here"))

    def _refuse_extras(self, event: Event, path: FieldPath) -> None:
        if not isinstance(event, NodeEvent):
            return
        if event.anchor:
            self._tell(event, path, message("a mark (&…) is not allowed: delete it"))
        if getattr(event, "tag", None):
            self._tell(event, path, message("a tag (!…) is not allowed: delete it"))

    def _group(self, path: FieldPath) -> dict[str, Content]:
        group: dict[str, Content] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            if not isinstance(event, ScalarEvent):
                raise self._stop(event, path, message("a field's name must be a plain word"))
            self._refuse_extras(event, path)
            name = _name(event)
            here = (*path, name)
            if name in group:
                what = message("is said twice: keep one of the two")
                self._tell(event, here, what)
            self._reading.lines.setdefault(here, _line(event))
            group[name] = self._node(next(self._events), here)
        return group

    def _list(self, path: FieldPath) -> list[Content]:
        entries: list[Content] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            entries.append(self._node(event, (*path, len(entries))))
        return entries

    def _tell(self, event: Event, path: FieldPath, what: Message) -> None:
        self._reading.problems.append(Problem(_line(event), path, what))

    def _stop(self, event: Event, path: FieldPath, what: Message) -> _UnreadableError:
        self._tell(event, path, what)
        return _UnreadableError()


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _word(event: ScalarEvent) -> str | None:
    """Return the word as written; nothing, `~` and `null` (not in quotes) mean: empty."""
    if event.style is None and event.value in {"", "~", "null", "Null", "NULL"}:
        return None
    return str(event.value)


def _name(event: ScalarEvent) -> str:
    """Return a field's name; `1`, `"1"` and `01` are the same step of a scale."""
    name = str(event.value)
    return str(int(name)) if name.isdecimal() and len(name) < 10 else name
