"""The fields in which a person writes a rubric: where each stands in it, and what it shows. Pure.

A field is named by its place (`dimensions.preguntas.title.es`), things by their ids, so that what
another person adds, drops or moves meanwhile does not lead it astray.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from observe.rubric import content as contents
from observe.rubric.content import Group, Place
from observe.rubric.naming import CHOICES, PARTS
from observe.rubric.schema import YES
from observe.rubric.yamltext import Content, FieldPath
from observe.text import Message, message

LANGUAGES: Final = ("es", "en")
MINUTE_MS: Final = 60_000
NUMBERS: Final = range(11)  # of which a scale may be made


class Form(enum.StrEnum):
    """How something is typed."""

    LINE = "line"
    WORDS = "words"
    LINES = "lines"  # each line is an entry of a list
    NUMBER = "number"
    MINUTES = "minutes"
    CHOICE = "choice"
    TIMES = "times"  # minutes, several
    SECONDS = "seconds"
    LANGUAGES = "languages"
    AFTER = "after"  # a question and one of its answers; "" is always
    DOMAIN = "domain"  # "" is none


@dataclass(frozen=True)
class Field:
    """One field; `choices` are values with their words: the first holds where nothing is said."""

    path: Place
    label: Message
    form: Form = Form.LINE
    choices: tuple[tuple[str, Message | str], ...] = ()

    @property
    def name(self) -> str:
        """The place as one word."""
        return ".".join(self.path)

    @property
    def language(self) -> str:
        """The language of its words; empty for what is no words."""
        return self.path[-1] if self.path[-1] in LANGUAGES else ""


Fields = tuple[Field, ...]
MARKS: Final = ("allowed", "note_required", "forbidden")


# --- which there are ------------------------------------------------------------------------------


def fields(content: Group) -> dict[str, Field]:
    """Return every field of a rubric by its name, in the order of the page."""
    found = [*opening(), *protocol(), *snapshots(content), *origin()]
    found += [field for name in contents.scale_names(content) for field in scale(name)]
    for domain, dimensions in contents.grouped(content):
        found += of_domain(str(domain["id"])) if domain else ()
        found += [field for each in dimensions for field in of_dimension(content, each)]
    return {field.name: field for field in found}


def opening() -> Fields:
    """Return what says what the rubric is."""
    version = Field(("version",), message("Version number"))
    spoken = tuple((" ".join(each), word) for each, word in _SPOKEN)
    languages = Field(("languages",), PARTS["languages"], Form.LANGUAGES, spoken)
    words = choice(("names_only",), ("false", YES))
    return (*_texts(("title",)), version, *_texts(("summary",), Form.WORDS), languages, words)


_SPOKEN: Final = (
    (("es", "en"), message("Spanish and English")),
    (("es",), message("Spanish alone")),
)


def protocol() -> Fields:
    """Return how a lesson is observed."""
    place = ("protocol",)
    return (
        Field((*place, "cycles"), PARTS["cycles"], Form.NUMBER),
        Field((*place, "cycle_ms"), message("Minutes of a cycle"), Form.MINUTES),
        Field(
            (*place, "minimum_codable_ms"),
            message("Minutes below which a cycle is short"),
            Form.MINUTES,
        ),
        choice((*place, "playback_policy"), ("free", "pause_allowed", "straight_through")),
        choice((*place, "order"), ("as_filmed", "random")),
        choice(("aggregation",), ("mean_of_means", "holistic")),
        Field(("reports", "minimum_educators"), PARTS["minimum_educators"], Form.NUMBER),
        *_texts((*place, "unit")),
        *_texts((*place, "instructions"), Form.WORDS),
    )


def snapshots(content: Group) -> Fields:
    """Return when the class is looked at, and what is asked then."""
    place, questions = contents.SNAPSHOTS, contents.QUESTIONS
    asked = contents.things(contents.inside(content, place), "questions")
    return (
        Field((*place, "at_ms"), message("At which minutes of a cycle (4; 9; 14)"), Form.TIMES),
        Field((*place, "look_ms"), message("Seconds of each look"), Form.SECONDS),
        *(
            field
            for each in asked
            for field in of_question(content, (*questions, str(each["id"])), each)
        ),
    )


def of_question(content: Group, place: Place, question: Group) -> Fields:
    """Return the words of a question of the snapshots, when it is asked, and its answers."""
    answers = contents.things(question, "answers")
    return (
        *_texts((*place, "title")),
        Field((*place, "only_after"), message("Asked"), Form.AFTER, _answers(content, question)),
        *(
            field
            for each in answers
            for field in _texts((*place, "answers", str(each["id"]), "title"))
        ),
    )


def _answers(content: Group, question: Group) -> tuple[tuple[str, Message | str], ...]:
    """Return the answers to earlier questions, after one of which `question` may be asked."""
    found: list[tuple[str, Message | str]] = [("", message("Always"))]
    for earlier in contents.things(contents.inside(content, contents.SNAPSHOTS), "questions"):
        if earlier is question:
            break
        for answer in contents.things(earlier, "answers"):
            words = message(
                "Only after «%(question)s»: %(answer)s",
                question=_spanish_title(earlier),
                answer=_spanish_title(answer),
            )
            found.append((f"{earlier['id']}.{answer['id']}", words))
    return tuple(found)


def origin() -> Fields:
    """Return where the text comes from and what is new in it."""
    return (
        *_texts(("notes",), Form.WORDS, message("New in this version")),
        *_texts(("source",), Form.WORDS),
        Field(("licence",), PARTS["licence"]),
        *_texts(("credit",), Form.WORDS),
        *_texts(("disclaimers",), Form.LINES, message("Disclaimers, one a line")),
    )


def scale(name: str) -> Fields:
    """Return the ends of a scale, where its ranges end, and the words of each number."""
    place = ("scales", name)
    ends = (
        Field((*place, "min"), PARTS["min"], Form.NUMBER),
        Field((*place, "max"), PARTS["max"], Form.NUMBER),
        Field((*place, "bands", "low", "high"), message("Low goes up to"), Form.NUMBER),
        Field((*place, "bands", "mid", "high"), message("Mid goes up to"), Form.NUMBER),
    )
    return (*ends, *(field for number in NUMBERS for field in _of_number(place, number)))


def _of_number(place: Place, number: int) -> Fields:
    words = message("Words for %(number)s", number=number)
    letter = message("Letter on its button, if any")
    return (
        *_texts((*place, "labels", str(number)), Form.WORDS, words),
        *_texts((*place, "letters", str(number)), Form.LINE, letter),
    )


def of_domain(domain_id: str) -> Fields:
    """Return the words of a domain."""
    place = ("domains", domain_id)
    return (*_texts((*place, "title")), *_texts((*place, "description"), Form.WORDS))


def of_dimension(content: Group, dimension: Group) -> Fields:
    """Return the fields of a dimension, those of its behaviours last."""
    place = ("dimensions", str(dimension["id"]))
    words = _texts((*place, "title")), _texts((*place, "description"), Form.WORDS)
    under = (
        _of_behaviour(content, (*place, "behaviours", str(each["id"])))
        for each in contents.things(dimension, "behaviours")
    )
    return (
        *words[0],
        *words[1],
        *_described(place),
        *_listed(place),
        *_rules(content, place, dimension),
        *(field for each in under for field in each),
    )


def _described(place: Place) -> Iterator[Field]:
    for band in ("low", "mid", "high"):
        yield from _texts((*place, "descriptors", band), Form.WORDS)


def _listed(place: Place) -> Iterator[Field]:
    yield from _texts((*place, "indicators"), Form.LINES, message("Look for, one a line"))
    yield from _texts((*place, "examples"), Form.LINES, message("Examples, one a line"))
    said = (*place, "feedback")
    yield from _texts(
        (*said, "strength"), Form.LINES, message("Phrases for a strength, one a line")
    )
    yield from _texts(
        (*said, "priority"), Form.LINES, message("Phrases for a priority, one a line")
    )
    yield from _texts(
        (*said, "questions"), Form.LINES, message("Questions to think about, one a line")
    )


def _rules(content: Group, place: Place, dimension: Group) -> Iterator[Field]:
    yield Field((*place, "code"), message("Code (at most 6 letters)"))
    yield Field((*place, "domain"), message("Domain"), Form.DOMAIN, _domains(content, dimension))
    yield from _scale_of(content, place)
    yield choice((*place, "polarity"), ("positive", "negative"))
    yield choice((*place, "not_observed"), MARKS)
    yield choice((*place, "not_applicable"), tuple(reversed(MARKS)))


def _scale_of(content: Group, place: Place) -> Iterator[Field]:
    if len(names := contents.scale_names(content)) > 1:
        said = tuple((name, _scale_words(content, name)) for name in names)
        yield Field((*place, "scale"), PARTS["scale"], Form.CHOICE, said)


def _scale_words(content: Group, name: str) -> str:
    """Return a scale as people know it: by its numbers, or their letters."""
    said = [contents.inside(content, (*contents.SCALES, name, end)) for end in ("min", "max")]
    letters = contents.inside(content, (*contents.SCALES, name, "letters"))
    named = [
        str(letter)
        for number in NUMBERS
        if (letter := contents.inside(letters, (str(number), "es"))) is not None
    ]
    return f"{name}: {' · '.join(named) or '–'.join(str(each or '?') for each in said)}"


def _domains(content: Group, dimension: Group) -> tuple[tuple[str, Message | str], ...]:
    found: list[tuple[str, Message | str]] = [("", message("None"))]
    for domain in contents.things(content, "domains"):
        found.append((str(domain["id"]), _spanish_title(domain) or message("(no name yet)")))
    own = dimension.get("domain")
    if isinstance(own, str) and own not in dict(found):
        found.append((own, message("(a domain that was dropped)")))
    return tuple(found)


def _of_behaviour(content: Group, place: Place) -> Iterator[Field]:
    yield from _texts((*place, "title"))
    yield from _texts((*place, "description"), Form.WORDS)
    yield from _described(place)
    yield from _texts((*place, "examples"), Form.LINES, message("Examples, one a line"))
    yield from _scale_of(content, place)
    for mark in ("not_observed", "not_applicable"):
        yield choice((*place, mark), tuple(reversed(MARKS)))


def _spanish_title(thing: Group) -> str:
    title = contents.inside(thing, ("title", "es"))
    return title if isinstance(title, str) else ""


def _texts(path: Place, form: Form = Form.LINE, label: Message | None = None) -> Fields:
    said = label or PARTS[path[-1]]
    return tuple(Field((*path, language), said, form) for language in LANGUAGES)


def choice(path: Place, values: tuple[str, ...]) -> Field:
    """Return a field in which one of some values is chosen."""
    return Field(
        path, PARTS[path[-1]], Form.CHOICE, tuple((each, CHOICES[each]) for each in values)
    )


# --- what is typed in them ------------------------------------------------------------------------


def languages_of(content: Group) -> tuple[str, ...]:
    """Return the languages in which the rubric is written."""
    said = content.get("languages")
    return tuple(str(each) for each in said) if isinstance(said, list) else LANGUAGES


def typed(content: Group, field: Field) -> str:
    """Return what stands in a field."""
    if field.form is Form.LINES:
        lines = (_entry(each, field.language) for each in _entries(content, field))
        return "\n".join(lines).rstrip("\n")
    if field.form is Form.LANGUAGES:
        return " ".join(languages_of(content))
    said = contents.inside(content, field.path)
    if isinstance(said, list) and field.form in _LISTED:
        return _LISTED[field.form].join(_shown(field, str(each)) for each in said)
    if not isinstance(said, str):
        return field.choices[0][0] if field.choices else ""
    if field.form is Form.LINE:
        return " ".join(said.split("\n"))
    return _shown(field, said)


def _entries(content: Group, field: Field) -> list[Content]:
    said = contents.inside(content, field.path[:-1])
    return said if isinstance(said, list) else []


def _entry(entry: Content, language: str) -> str:
    said = entry.get(language) if isinstance(entry, dict) else None
    return " ".join(said.split("\n")) if isinstance(said, str) else ""


# What stands between the entries of a list that is typed in one line.
_LISTED: Final = {Form.TIMES: "; ", Form.AFTER: "."}
_UNITS_MS: Final = {Form.MINUTES: MINUTE_MS, Form.TIMES: MINUTE_MS, Form.SECONDS: 1_000}


def _shown(field: Field, said: str) -> str:
    unit = _UNITS_MS.get(field.form)
    if unit is None or not is_number(said):
        return said
    return f"{int(said) / unit:.9g}".replace(".", ",")


def milliseconds(said: str, unit_ms: int = MINUTE_MS) -> str:
    """Return minutes, or other units, in milliseconds; what is no number stays what it is."""
    whole, _, part = said.strip().replace(",", ".").partition(".")
    if not is_number(whole) or (part and not is_number(part)):
        return said
    return str(round(float(f"{whole}.{part or 0}") * unit_ms))


def is_number(said: str) -> bool:
    """Tell whether something is a whole number of a size that a rubric may need."""
    return said.isascii() and said.isdecimal() and len(said) < 10


def same(field: Field, one: str, other: str) -> bool:
    """Tell whether two people who typed this meant the same: blanks at the ends say nothing."""
    return _said(field, one) == _said(field, other)


def _said(field: Field, words: str) -> str:
    """Return what is kept of what was typed."""
    lines = [line.strip() for line in contents.composed(words).split("\n")]
    if field.form is Form.LINES:  # an empty line is an entry without words in this language
        return "\n".join(lines).rstrip("\n")
    trimmed = "\n".join(lines).strip("\n")
    unit = _UNITS_MS.get(field.form)
    if unit is None:
        return trimmed
    times = trimmed.split(";") if field.form is Form.TIMES else [trimmed]
    return "; ".join(milliseconds(each, unit) for each in times)


def write(content: Group, field: Field, words: str) -> None:
    """Let `content` say what was typed in a field."""
    words = _said(field, words)
    if field.form is Form.LINES:
        _write_lines(content, field, words.split("\n") if words else [])
    elif field.form is Form.LANGUAGES:
        content["languages"] = [*words.split()]
    elif field.form in _LISTED:
        parts = [each.strip() for each in words.split(_LISTED[field.form].strip())]
        contents.group(content, field.path)[field.path[-1]] = [*filter(None, parts)]
    elif field.form is Form.DOMAIN:
        contents.group(content, field.path)["domain"] = words or None
    else:
        _put(contents.group(content, field.path), field.path[-1], words)
    if field.path[0] == "scales":
        join_bands(contents.group(content, (*field.path[:2], "bands")))


def adopt_words(content: Group) -> None:
    """Let words that a file gives without naming their language be Spanish, where words belong."""
    for field in fields(content).values():
        place = field.path[:-1]
        said = contents.inside(content, place)
        if field.language != "es":
            continue
        if field.form is Form.LINES and isinstance(said, list):
            said[:] = [{"es": each} if isinstance(each, str) else each for each in said]
        elif field.form is not Form.LINES and isinstance(said, str):
            contents.group(content, place)[place[-1]] = {"es": said}


def _write_lines(content: Group, field: Field, lines: list[str]) -> None:
    around = contents.group(content, field.path[:-1])
    kept = [dict(each) if isinstance(each, dict) else {} for each in _entries(content, field)]
    kept += [{} for _more in lines[len(kept) :]]
    for number, entry in enumerate(kept):
        _put(entry, field.language, lines[number] if number < len(lines) else "")
    while kept and not any(kept[-1].values()):
        kept.pop()
    around[field.path[-2]] = list[Content](kept)


def _put(group: Group, name: str, words: str) -> None:
    if words:
        group[name] = words
    else:
        group.pop(name, None)


def join_bands(scale: Group) -> None:
    """Let each range begin where the one before it ends, and both ends be those of the scale."""
    bands = contents.group(scale, ("bands", ""))
    low, mid, high = (contents.group(bands, (name, "")) for name in ("low", "mid", "high"))
    for band, end, value in ((low, "low", scale.get("min")), (high, "high", scale.get("max"))):
        _put(band, end, value if isinstance(value, str) else "")
    for before, after in ((low, mid), (mid, high)):
        last = before.get("high")
        _put(after, "low", str(int(last) + 1) if isinstance(last, str) and is_number(last) else "")


# --- which of them a problem is about -------------------------------------------------------------


def at(content: Group, known: Mapping[str, Field], path: FieldPath) -> Field | None:
    """Return the field in which a person mends what is wrong at `path`; None: there is none."""
    names = contents.named(content, path)
    if ".".join(names) in known:
        return known[".".join(names)]
    if len(names) == 1 < len(path):
        return None  # an entry that is no thing at all
    below = _first_in(known, names)
    if below or not names:
        return below
    # Where a range begins is made of where the one before it ends: that is mended.
    return _first_in(known, names[:3]) if names[0] == "scales" else None


def _first_in(known: Mapping[str, Field], names: Place) -> Field | None:
    if not names:
        return None
    return next((each for each in known.values() if each.path[: len(names)] == names), None)
