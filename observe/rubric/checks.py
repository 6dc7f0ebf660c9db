"""What the parts of a rubric file must have in common. Pure.

These checks look at what the file says even where some of it is wrong, so that a person learns of
everything at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from observe.rubric.content import is_own_text, names_only
from observe.rubric.schema import Bands, Protocol, Scale
from observe.rubric.yamltext import Content, FieldPath
from observe.text import Message, message

Finding = tuple[FieldPath, Message]
_Part = TypeVar("_Part", bound=BaseModel)
MISSING: Final = message("is missing: add it")
EMPTY: Final = message("is empty: write what belongs here, or delete the line")
_FREE_LICENCES: Final = frozenset({"CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0"})


def findings(content: Content) -> Iterator[Finding]:
    """Yield each contradiction between parts of the file, with the field where it shows."""
    if not isinstance(content, dict):
        return
    yield from _protocol(content)
    yield from _scales(content)
    yield from _said_once(content, "domains", "id")
    yield from _said_once(content, "dimensions", "id")
    yield from _said_once(content, "dimensions", "code")
    yield from _questions(content)
    yield from _behaviours(content)
    yield from _references(content)
    yield from _empty_domains(content)
    yield from _words_elsewhere(content) if names_only(content) else _words_here(content)
    yield from _languages(content)


def _languages(content: dict[str, Content]) -> Iterator[Finding]:
    """Tell where a language lacks that the rubric says it speaks."""
    said = content.get("languages", ["es", "en"])
    if not isinstance(said, list):
        return
    if "es" not in said:
        yield ("languages",), message("must name es: the screens speak Spanish first")
    if "en" in said:
        for path in _texts(content, ()):
            yield (
                (*path, "en"),
                message("is missing: add it, or write «languages: [es]» for the whole rubric"),
            )


def _texts(content: Content, path: FieldPath) -> Iterator[FieldPath]:
    """Yield where words are given in Spanish only."""
    if isinstance(content, dict):
        if set(content) == {"es"}:
            yield path
        for name, inside in content.items():
            yield from _texts(inside, (*path, name))
    elif isinstance(content, list):
        for index, inside in enumerate(content):
            yield from _texts(inside, (*path, index))


def _protocol(content: dict[str, Content]) -> Iterator[Finding]:
    protocol = _part(Protocol, content.get("protocol"))
    if protocol is not None:
        yield from _snapshots(protocol)
    if protocol and protocol.minimum_codable_ms > protocol.cycle_ms:
        yield (
            ("protocol", "minimum_codable_ms"),
            message(
                "is more than the length of a cycle (%(cycle)s): make it that or less",
                cycle=protocol.cycle_ms,
            ),
        )


def _snapshots(protocol: Protocol) -> Iterator[Finding]:
    """Tell which moments lie outside a cycle, and which conditions can never be met."""
    if protocol.snapshots is None:
        return
    path = ("protocol", "snapshots")
    for index, at_ms in enumerate(protocol.snapshots.at_ms):
        if at_ms >= protocol.cycle_ms:
            yield (
                (*path, "at_ms", index),
                message(
                    "lies after the end of a cycle (%(cycle)s): make it less",
                    cycle=protocol.cycle_ms,
                ),
            )
    before: dict[str, set[str]] = {}
    for index, question in enumerate(protocol.snapshots.questions):
        condition = question.only_after
        if condition is not None and condition[1] not in before.get(condition[0], set()):
            yield (
                (*path, "questions", index, "only_after"),
                message("must name an earlier question and one of its answers"),
            )
        before[question.id] = {answer.id for answer in question.answers}


def _questions(content: dict[str, Content]) -> Iterator[Finding]:
    """Tell which ids of questions, or of the answers to one, are taken twice."""
    path = ("protocol", "snapshots")
    snapshots = _group(_group(content.get("protocol")).get("snapshots"))
    for where, what in _said_once(snapshots, "questions", "id"):
        yield (*path, *where), what
    for index, question in _entries(snapshots, "questions"):
        for where, what in _said_once(question, "answers", "id"):
            yield (*path, "questions", index, *where), what


def _behaviours(content: dict[str, Content]) -> Iterator[Finding]:
    scales = list(_group(content.get("scales")))
    for index, dimension in _entries(content, "dimensions"):
        found = (
            (("dimensions", index, *where), what)
            for where, what in _said_once(dimension, "behaviours", "id")
        )
        yield from found
        for number, behaviour in _entries(dimension, "behaviours"):
            scale = behaviour.get("scale")
            if isinstance(scale, str) and scale not in scales:
                yield ("dimensions", index, "behaviours", number, "scale"), _no_scale(scale, scales)


def _no_scale(name: str, known: list[str]) -> Message:
    return message(
        "there is no scale «%(name)s»: write one of %(known)s", name=name, known=_listed(known)
    )


def _scales(content: dict[str, Content]) -> Iterator[Finding]:
    for name, raw in _group(content.get("scales")).items():
        path = ("scales", name)
        scale = _part(Scale, raw)
        if scale is None:
            continue
        if scale.min >= scale.max:
            yield (*path, "max"), message("must be more than the lowest number of the scale")
            continue
        yield from ((path + where, what) for where, what in _bands(scale))
        named = [("labels", value) for value in scale.labels]
        named += [("letters", value) for value in scale.letters]
        for where, value in sorted(set(named)):
            if value in scale.values():
                continue
            yield (
                (*path, where, str(value)),
                message(
                    "is not on the scale, which goes from %(min)s to %(max)s: delete it",
                    min=scale.min,
                    max=scale.max,
                ),
            )


def _bands(scale: Scale) -> Iterator[Finding]:
    """Tell where the three ranges leave a gap, overlap, or do not cover the scale."""
    due = scale.min
    for name in Bands.model_fields:
        band = getattr(scale.bands, name)
        if band.low != due:
            yield ("bands", name, "low"), message("must be %(due)s: no gap, no overlap", due=due)
        if band.high < band.low:
            yield ("bands", name, "high"), message("must not be less than «low»")
        due = band.high + 1
    if due != scale.max + 1:
        yield (
            ("bands", "high", "high"),
            message("must be %(due)s, the highest number of the scale", due=scale.max),
        )


def _said_once(content: dict[str, Content], where: str, key: str) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, entry in _entries(content, where):
        value = entry.get(key)
        if not isinstance(value, str):
            continue
        if value.casefold() in seen:
            yield (
                (where, index, key),
                message("«%(value)s» is already taken: give each its own", value=value),
            )
        seen.add(value.casefold())


def _references(content: dict[str, Content]) -> Iterator[Finding]:
    domains = [entry.get("id") for _, entry in _entries(content, "domains")]
    scales = list(_group(content.get("scales")))
    for index, entry in _entries(content, "dimensions"):
        domain, scale = entry.get("domain"), entry.get("scale", "main")
        if isinstance(domain, str) and domain not in domains:
            yield (
                ("dimensions", index, "domain"),
                message(
                    "there is no domain «%(name)s»: write one of %(known)s, or null for none",
                    name=domain,
                    known=_listed(domains),
                ),
            )
        if isinstance(scale, str) and scale not in scales:
            yield ("dimensions", index, "scale"), _no_scale(scale, scales)


def _empty_domains(content: dict[str, Content]) -> Iterator[Finding]:
    used = [entry.get("domain") for _, entry in _entries(content, "dimensions")]
    for index, entry in _entries(content, "domains"):
        if isinstance(entry.get("id"), str) and entry["id"] not in used:
            yield (
                ("domains", index),
                message("no dimension belongs to it: put one in it or delete it"),
            )


def _words_here(content: dict[str, Content]) -> Iterator[Finding]:
    """Tell which dimension does not say what is looked at, or how its ranges differ."""
    for index, dimension in _entries(content, "dimensions"):
        for name in ("description", "descriptors"):
            if dimension.get(name) is None:
                yield ("dimensions", index, name), EMPTY if name in dimension else MISSING


def _words_elsewhere(content: dict[str, Content]) -> Iterator[Finding]:
    """Tell where a rubric of names alone speaks as if its words were here and free."""
    if is_own_text(content):
        yield ("source", "es"), message("must say in which manual the words are, and whose it is")
    if content.get("licence") in _FREE_LICENCES:
        yield (
            ("licence",),
            message("lets everybody copy the words: write whose the licence of the manual is"),
        )


def _listed(names: list[str] | list[Content]) -> str:
    return ", ".join(dict.fromkeys(name for name in names if isinstance(name, str))) or "–"


def _group(content: Content) -> dict[str, Content]:
    return content if isinstance(content, dict) else {}


def _entries(content: dict[str, Content], where: str) -> Iterator[tuple[int, dict[str, Content]]]:
    entries = content.get(where)
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            yield index, entry


def _part(model: type[_Part], raw: Content) -> _Part | None:
    """Return `raw` as `model`, or None when it is not one; the loader tells why."""
    try:
        return model.model_validate(raw)
    except ValidationError:
        return None
