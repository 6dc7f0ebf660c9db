"""What a teacher needs to read between two versions of a rubric. Pure.

Two things (domains, dimensions, behaviours, questions and their answers) are the same when their
ids are. What they say is compared field by field, so a field that is added to the rubric language
later is told as well. Not told is what names a version: its id, its number and its notes.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import BaseModel

from observe.rubric.naming import PARTS, WHOLE, Listed, Thing, Words, called, value_of
from observe.rubric.rewording import likeness, marked, segments
from observe.rubric.schema import Bands, Dimension, Rubric, Scale, Text
from observe.text import Message, message

LIKE: Final = 0.5  # entries of a list that share so many of their words are one, reworded


class Kind(enum.StrEnum):
    """What sort of difference it is."""

    ADDED = "added"
    DROPPED = "dropped"
    REWORDED = "reworded"
    MOVED = "moved"
    RESCALED = "rescaled"
    RULES = "rules"


@dataclass(frozen=True)
class Change:
    """One difference: in what (`about`), where in the file (`path`), and the sentence of it.

    `before` and `after` are the words where words differ; None where there were or are none.
    """

    kind: Kind
    about: Message
    path: str
    what: Message
    before: Text | None = None
    after: Text | None = None


def changes(old: Rubric, new: Rubric) -> tuple[Change, ...]:
    """Return every difference that matters to people, in the order of the new version.

    When only one of the two speaks English, the Spanish words are compared: that every text has
    gained or lost its English is one change.
    """
    if set(old.languages) != set(new.languages):
        old, new = _in_spanish(old), _in_spanish(new)
    return tuple(_Comparison(old, new).fields(_Place(WHOLE), old, new))


def told(change: Change, locale: str) -> str:
    """Return a change as a sentence, with the words that differ marked [-so-]{+like this+}."""
    sentence = change.what.in_language(locale)
    before, after = words_of(change, locale)
    if before and after:
        return f"{sentence} {marked(segments(before, after))}"
    words = before or after
    return f"{sentence} «{words}»" if words else sentence


def words_of(change: Change, locale: str) -> tuple[str | None, str | None]:
    """Return the words before and after in `locale`, or in the language in which they differ."""
    old, new = change.before, change.after
    language = locale
    if old and new and old.in_language(locale) == new.in_language(locale):
        language = "en" if old.es == new.es else "es"
    return _words(old, language), _words(new, language)


def _words(text: Text | None, language: str) -> str | None:
    return text.in_language(language) if text else None


def _in_spanish(rubric: Rubric) -> Rubric:
    return Rubric.model_validate(_without_english(rubric.model_dump(exclude_unset=True)))


def _without_english(content: object) -> object:
    if isinstance(content, dict):
        if isinstance(content.get("es"), str):
            return {"es": content["es"]}
        return {name: _without_english(inside) for name, inside in content.items()}
    if isinstance(content, tuple):
        return tuple(_without_english(each) for each in content)
    return content


NOT_TOLD: Final = frozenset({"schema_version", "id", "version", "notes"})
_KINDS: Final[Mapping[str, Kind]] = {
    "code": Kind.REWORDED,
    "licence": Kind.REWORDED,
    "descriptors": Kind.REWORDED,
    "polarity": Kind.RESCALED,
    "scale": Kind.RESCALED,
    "min": Kind.RESCALED,
    "max": Kind.RESCALED,
    "labels": Kind.RESCALED,
    "letters": Kind.RESCALED,
    "bands": Kind.RESCALED,
}


# --- where a change is --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """A thing, or a field of it: as people call the thing, and where both are in the file."""

    about: Message
    path: str = ""
    title: Text | None = None

    def inside(self, name: str) -> _Place:
        """Return the place of a field or of an entry in it."""
        return replace(self, path=f"{self.path}.{name}".lstrip("."))

    def of(self, thing: Thing) -> _Place:
        """Return the place of a thing in it."""
        return replace(self.inside(thing.id), about=called(thing, self.title), title=thing.title)

    def change(
        self, kind: Kind, what: Message, before: Text | None = None, after: Text | None = None
    ) -> Change:
        """Return a change here."""
        return Change(kind, self.about, self.path, what, before, after)

    def rule(self, name: str, before: Words, after: Words) -> Change:
        """Return that the field of this name says something else."""
        part = PARTS[name]
        what = message(
            "%(part)s: before %(before)s, now %(after)s.", part=part, before=before, after=after
        )
        return self.change(_KINDS.get(name, Kind.RULES), what)

    def words(self, part: Message, kind: Kind, before: Text | None, after: Text | None) -> Change:
        """Return that this part has other words, or that it has any, or none, now."""
        return self.change(kind, _reworded(part, before, after), before, after)


def _reworded(part: Message, before: object, after: object) -> Message:
    if before is None:
        return message("%(part)s: added.", part=part)
    if after is None:
        return message("%(part)s: dropped.", part=part)
    if isinstance(before, Text) and isinstance(after, Text):
        if before.es == after.es:
            return message("%(part)s: other words, in English only.", part=part)
        if before.en is not None and before.en == after.en:
            return message("%(part)s: other words, in Spanish only.", part=part)
    return message("%(part)s: other words.", part=part)


# --- comparing ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Comparison:
    """Two versions of a rubric, compared from the whole down to each field of each thing."""

    old: Rubric
    new: Rubric

    def fields(self, place: _Place, before: BaseModel, after: BaseModel) -> Iterator[Change]:
        """Yield what differs in the fields of two things of one type."""
        for name in type(after).model_fields:
            one, other = getattr(before, name), getattr(after, name)
            if one != other and name not in NOT_TOLD:
                yield from self._field(place.inside(name), name, one, other)

    def _field(self, place: _Place, name: str, before: object, after: object) -> Iterator[Change]:
        kind = _KINDS.get(name, Kind.RULES)
        match before, after:
            case _ if name in _IN_ITS_OWN_WAY:
                yield from _IN_ITS_OWN_WAY[name](self, place, before, after)
            case (Text() | None, Text() | None):
                yield place.words(PARTS[name], Kind.REWORDED, before, after)
            case (BaseModel(), BaseModel()):
                yield from self.fields(place, before, after)
            case (BaseModel(), None) | (None, BaseModel()):
                yield place.change(kind, _reworded(PARTS[name], before, after))
            case (dict(), dict()):
                yield from _numbered(place, name, before, after)
            case (tuple(), tuple()) if isinstance((*after, *before)[0], Text):
                yield from _entries(place, PARTS[name], before, after)
            case (tuple(), tuple()) if isinstance((*after, *before)[0], BaseModel):
                yield from _order(place, before, after)
                yield from self._things(place, before, after)
            case _:
                yield place.rule(name, value_of(name, before), value_of(name, after))

    def _things(
        self, place: _Place, old: Sequence[Thing], new: Sequence[Thing]
    ) -> Iterator[Change]:
        """Yield which things are new, what differs in those that stayed, and which are gone."""
        left = {thing.id: thing for thing in old}
        for thing in new:
            before = left.pop(thing.id, None)
            if before is None:
                described = getattr(thing, "description", None)
                yield place.of(thing).change(Kind.ADDED, message("Added."), after=described)
            else:
                yield from self.fields(place.of(thing), before, thing)
        for gone in left.values():
            yield place.of(gone).change(Kind.DROPPED, message("Dropped."))

    def dimensions(
        self, place: _Place, old: Sequence[Dimension], new: Sequence[Dimension]
    ) -> Iterator[Change]:
        """Compare the dimensions; their order counts within a domain, as on the sheet."""
        domains = {dimension.domain: None for dimension in new}
        for domain in domains:
            inside = place
            if domain is not None:
                inside = _Place(WHOLE, "domains").of(self.new.domain(domain))
            yield from _order(
                inside, self.old.dimensions_in(domain), self.new.dimensions_in(domain)
            )
        yield from self._things(place, old, new)

    def domain(self, place: _Place, old: str | None, new: str | None) -> Iterator[Change]:
        """Tell out of which domain, and into which, a dimension moved."""
        before = self.old.domain(old).title if old else None
        after = self.new.domain(new).title if new else None
        if before is None:
            what = message("Moved into «%(after)s»; before, it was in no domain.", after=after)
        elif after is None:
            what = message("Moved out of «%(before)s»: it is in no domain now.", before=before)
        else:
            what = message(
                "Moved to another domain: from «%(before)s» to «%(after)s».",
                before=before,
                after=after,
            )
        yield place.change(Kind.MOVED, what)

    def scale(self, place: _Place, old: str, new: str) -> Iterator[Change]:
        """Tell that something is scored on another scale; another name alone is nothing."""
        before, after = self.old.scales[old], self.new.scales[new]
        if before != after:
            yield place.rule("scale", _span(old, before), _span(new, after))

    def scales(
        self, place: _Place, old: Mapping[str, Scale], new: Mapping[str, Scale]
    ) -> Iterator[Change]:
        """Compare scales of the same name; the others are told with what is scored on them."""
        for name in new:
            if name in old:
                inside = replace(place.inside(name), about=message("Scale «%(name)s»", name=name))
                yield from self.fields(inside, old[name], new[name])

    def bands(self, place: _Place, old: Bands, new: Bands) -> Iterator[Change]:
        """Tell where the ranges of a scale lie now."""
        yield place.rule("bands", _ranges(old), _ranges(new))

    def only_after(
        self, place: _Place, old: tuple[str, str] | None, new: tuple[str, str] | None
    ) -> Iterator[Change]:
        """Tell after which answer a question is asked now."""
        yield place.rule("only_after", _condition(self.old, old), _condition(self.new, new))


_IN_ITS_OWN_WAY: Final[Mapping[str, Callable[..., Iterator[Change]]]] = {
    "scales": _Comparison.scales,
    "bands": _Comparison.bands,
    "dimensions": _Comparison.dimensions,
    "domain": _Comparison.domain,
    "scale": _Comparison.scale,
    "only_after": _Comparison.only_after,
}


def _order(place: _Place, old: Sequence[Thing], new: Sequence[Thing]) -> Iterator[Change]:
    """Tell when the things that are in both stand in another order."""
    known, kept = {thing.id for thing in old}, {thing.id for thing in new}
    before = [thing for thing in old if thing.id in kept]
    after = [thing for thing in new if thing.id in known]
    if [thing.id for thing in before] != [thing.id for thing in after]:
        what = message(
            "In another order: before %(before)s; now %(after)s.",
            before=Listed(tuple(thing.title for thing in before)),
            after=Listed(tuple(thing.title for thing in after)),
        )
        yield place.change(Kind.MOVED, what)


def _entries(
    place: _Place, part: Message, old: Sequence[Text], new: Sequence[Text]
) -> Iterator[Change]:
    """Compare lists of texts, which have no ids: the most alike are one entry, reworded."""
    left = list((Counter(old) - Counter(new)).elements())
    came = list((Counter(new) - Counter(old)).elements())
    for text in came:
        before = max(left, key=lambda each: likeness(each.es, text.es), default=None)
        if before is not None and likeness(before.es, text.es) >= LIKE:
            left.remove(before)
            yield place.words(part, Kind.REWORDED, before, text)
        else:
            yield place.words(part, Kind.REWORDED, None, text)
    for text in left:
        yield place.words(part, Kind.REWORDED, text, None)
    stayed = [text for text in dict.fromkeys(old) if text in new]
    if stayed != [text for text in dict.fromkeys(new) if text in old]:
        yield place.change(Kind.MOVED, message("%(part)s: in another order.", part=part))


def _numbered(
    place: _Place, name: str, old: Mapping[int, Text], new: Mapping[int, Text]
) -> Iterator[Change]:
    """Compare the words, or the letters, of each number of a scale."""
    for number in sorted({*old, *new}):
        before, after = old.get(number), new.get(number)
        if before != after:
            part = message("%(part)s for %(number)s", part=PARTS[name], number=number)
            yield place.inside(str(number)).words(part, Kind.RESCALED, before, after)


def _span(name: str, scale: Scale) -> str:
    return f"«{name}», {scale.min}–{scale.max}"


def _ranges(bands: Bands) -> Message:
    low, mid, high = (f"{band.low}–{band.high}" for band in (bands.low, bands.mid, bands.high))
    return message("low %(low)s, mid %(mid)s, high %(high)s", low=low, mid=mid, high=high)


def _condition(rubric: Rubric, after: tuple[str, str] | None) -> Message:
    """Return in words when a question is asked."""
    if after is None or rubric.protocol.snapshots is None:
        return message("always")
    titles = {
        (question.id, answer.id): answer.title
        for question in rubric.protocol.snapshots.questions
        for answer in question.answers
    }
    return message("only after «%(answer)s»", answer=titles[after])
