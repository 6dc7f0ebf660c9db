"""The content of a rubric while it is written: groups, lists and words, some still missing. Pure.

A domain or dimension that is added has a passing name (`_1`, `_2`, …) as long as its title is being
written; `finished` names it after its title. No id of a file can look like a passing name.
"""

from __future__ import annotations

import copy
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import yaml

from observe.rubric.schema import (
    MOST_ANSWERS,
    MOST_BEHAVIOURS,
    MOST_DIMENSIONS,
    MOST_DOMAINS,
    MOST_QUESTIONS,
    MOST_SCALES,
    YES,
    Rubric,
)
from observe.rubric.writing import LINE
from observe.rubric.yamltext import Content, FieldPath
from observe.text import message, plain

Group = dict[str, Content]
Place = tuple[str, ...]  # where a list or a thing stands, things by their ids
LONGEST_ID: Final = 64
_ID: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_PASSING: Final = re.compile(r"_(\d{1,9})")


@dataclass(frozen=True)
class Held:
    """What a list of things holds: how many at most, and what one without a title is named."""

    most: int
    untitled: str


DOMAINS: Final = ("domains",)
DIMENSIONS: Final = ("dimensions",)
SCALES: Final = ("scales",)  # each under its name
SNAPSHOTS: Final = ("protocol", "snapshots")
QUESTIONS: Final = (*SNAPSHOTS, "questions")
_ANY: Final = "*"  # the id of a thing
# Those within things after those with the things.
_LISTS: Final[dict[Place, Held]] = {
    DOMAINS: Held(MOST_DOMAINS, "dominio"),
    DIMENSIONS: Held(MOST_DIMENSIONS, "dimension"),
    (*DIMENSIONS, _ANY, "behaviours"): Held(MOST_BEHAVIOURS, "conducta"),
    QUESTIONS: Held(MOST_QUESTIONS, "pregunta"),
    (*QUESTIONS, _ANY, "answers"): Held(MOST_ANSWERS, "respuesta"),
    SCALES: Held(MOST_SCALES, "escala"),
}
_SCALE_WORDS: Final = (
    message("Not yet"),
    message("At times"),
    message("Often"),
    message("Established"),
)
_SAID_EMPTY: Final = ("domain", *DOMAINS, *DIMENSIONS)
_OWN_TEXT: Final = message("Text of our own.")


# --- where it comes from --------------------------------------------------------------------------


def plain_of(rubric: Rubric) -> Group:
    """Return what the file of `rubric` says, every word and number as a word."""
    said = _worded(rubric.model_dump(mode="json", exclude_unset=True))
    return said if isinstance(said, dict) else {}


def _worded(said: object) -> Content:
    if isinstance(said, dict):
        return {str(name): _worded(inside) for name, inside in said.items()}
    if isinstance(said, list):
        return [_worded(inside) for inside in said]
    if isinstance(said, bool):
        return YES if said else "false"
    return None if said is None else str(said)


def blank(rubric_id: str, title: str) -> Group:
    """Return a rubric in which all is decided but its words: one domain, one dimension, 1 to 4."""
    labels: Group = {str(n): _spanish(word) for n, word in enumerate(_SCALE_WORDS, start=1)}
    content: Group = {
        "schema_version": "1",
        "id": rubric_id,
        "version": "1.0",
        "title": {"es": title},
        "summary": {},
        "source": _spanish(_OWN_TEXT),
        "licence": "CC-BY-4.0",
        "languages": ["es"],
        "protocol": {"cycles": "3", "cycle_ms": "900000", "minimum_codable_ms": "600000"},
        "scales": {"main": default_scale() | {"labels": labels}},
        "domains": [],
        "dimensions": [],
    }
    domain = add(content, DOMAINS)
    add(content, DIMENSIONS, domain=domain)
    return content


def default_scale() -> Group:
    """Return the scale from 1 to 4."""
    ranges: Group = {
        "low": {"low": "1", "high": "1"},
        "mid": {"low": "2", "high": "3"},
        "high": {"low": "4", "high": "4"},
    }
    return {"min": "1", "max": "4", "bands": ranges}


def _spanish(word: object) -> Content:
    return {"es": word.in_language("es_CL")} if hasattr(word, "in_language") else None


def adopted(said: Group) -> Group:
    """Return what a file says with what every draft has: things that can be called by their ids."""
    title = inside(said, ("title", "es"))
    words = title if isinstance(title, str) else ""
    content = blank(slug(words) or "pauta", words) | {"domains": [], "dimensions": []}
    content |= without_empties(copy.deepcopy(said))
    if "languages" not in said:
        del content["languages"]
    elif isinstance(spoken := content["languages"], str):
        content["languages"] = [*spoken.replace(",", " ").split()]
    called: dict[str, str] = {}
    for place, listed in lists(content):
        names = {str(each.get("id")): _called(content, each, listed) for each in listed}
        called |= names if place == DOMAINS else {}
    for dimension in things(content, "dimensions"):
        if isinstance(domain := dimension.get("domain"), str):
            dimension["domain"] = called.get(domain, domain)
    return content


def _called(content: Group, thing: Group, listed: list[Group]) -> str:
    """Give `thing` a passing name unless it can be called by its own id; return its name."""
    own = thing.get("id")
    alike = sum(each.get("id") == own for each in listed)
    if not isinstance(own, str) or not _ID.fullmatch(own) or alike > 1:
        thing["id"] = own = _passing_name(content, ())
    return own


# --- what is in it --------------------------------------------------------------------------------


def held_in(place: Place) -> Held | None:
    """Return what a list at `place` holds; None: there is no such list in a rubric."""
    for shape, held in _LISTS.items():
        if len(shape) == len(place) and all(
            part in (_ANY, name) for part, name in zip(shape, place, strict=True)
        ):
            return held
    return None


def lists(content: Group) -> Iterator[tuple[Place, list[Group]]]:
    """Yield every list of things with its place, those within things after those."""
    for shape in _LISTS:
        for place in _places(content, shape):
            listed = inside(content, place)
            if isinstance(listed, list):
                yield place, [each for each in listed if isinstance(each, dict)]


def _places(content: Group, shape: Place) -> Iterator[Place]:
    if _ANY not in shape:
        yield shape
        return
    before, after = shape[: shape.index(_ANY)], shape[shape.index(_ANY) + 1 :]
    around = inside(content, before)
    for each in around if isinstance(around, list) else ():
        if isinstance(each, dict):
            yield from _places(content, (*before, str(each.get("id")), *after))


def things(content: Content, kind: str) -> list[Group]:
    """Return the domains, the dimensions, or the behaviours of a dimension."""
    listed = content.get(kind) if isinstance(content, dict) else None
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def thing(content: Group, place: Place, thing_id: str) -> Group | None:
    """Return the thing of this id in the list at `place`, or None: dropped, or never there."""
    found = inside(content, (*place, thing_id))
    return found if isinstance(found, dict) else None


def inside(content: Content, path: Iterable[str]) -> Content:
    """Return what stands at `path`, entries of lists named by their ids; None: nothing."""
    for part in path:
        if isinstance(content, list):
            found = (each for each in content if isinstance(each, dict) and each.get("id") == part)
            content = next(found, None)
        else:
            content = content.get(part) if isinstance(content, dict) else None
    return content


def named(content: Content, path: FieldPath) -> tuple[str, ...]:
    """Return `path` with things named by their ids, and without the numbers of other entries."""
    names = []
    for part in path:
        if isinstance(part, int):
            content = content[part] if isinstance(content, list) and part < len(content) else None
            if isinstance(content, dict) and isinstance(content.get("id"), str):
                names.append(str(content["id"]))
        else:
            content = content.get(part) if isinstance(content, dict) else None
            names.append(part)
    return tuple(names)


def grouped(content: Group) -> Iterator[tuple[Group | None, list[Group]]]:
    """Yield each domain with its dimensions, as on the sheet; last those of no domain here."""
    known = [domain["id"] for domain in things(content, "domains")]
    for domain in things(content, "domains"):
        yield domain, [each for each in _dimensions(content) if each.get("domain") == domain["id"]]
    outside = [each for each in _dimensions(content) if each.get("domain") not in known]
    if outside:
        yield None, outside


def names_only(content: Group) -> bool:
    """Tell whether the words of the dimensions are in a manual that is not here."""
    return content.get("names_only") == YES


def is_own_text(content: Group) -> bool:
    """Tell whether a rubric says of its words what every new one does: that they are our own."""
    return inside(content, ("source", "es")) == _OWN_TEXT.in_language("es_CL")


def _dimensions(content: Group) -> list[Group]:
    return things(content, "dimensions")


def scale_names(content: Group) -> list[str]:
    """Return the names of the scales, first that of dimensions which name none."""
    said = content.get("scales")
    return sorted(said, key=lambda name: (name != "main", name)) if isinstance(said, dict) else []


# --- adding, dropping, moving ---------------------------------------------------------------------


def add(
    content: Group, place: Place, *, domain: str | None = None, gone: Iterable[str] = ()
) -> str:
    """Add an empty thing to the list at `place`, a dimension to `domain`; return its passing name.

    `gone` are names of things that were dropped and may come back.
    """
    if place == SCALES:
        name = free_id("escala-2", (*scale_names(content), *gone))
        _scales(content)[name] = default_scale()
        return name
    added: Group = {"id": _passing_name(content, gone), "title": {}}
    if place == DIMENSIONS:
        added |= {"code": free_code(content), "domain": domain}
    elif place[-1] == "behaviours":
        added["scale"] = _scale_of_behaviours(content)
    _list(content, place).append(added)
    return str(added["id"])


def drop(content: Group, place: Place, thing_id: str) -> tuple[int, Group] | None:
    """Take a thing out; return where it stood and what it says, or None: it is not there."""
    found = thing(content, place, thing_id)
    if found is None:
        return None
    if place == SCALES:
        del _scales(content)[thing_id]
        return 0, {"id": thing_id} | found
    listed = _list(content, place)
    at = listed.index(found)
    del listed[at]
    return at, found


def put_back(content: Group, place: Place, at: int, dropped: Group) -> None:
    """Put a thing that was dropped back to where it stood, as far as there is such a place."""
    if place == SCALES:
        said = dict(dropped)
        _scales(content)[str(said.pop("id"))] = said
    else:
        _list(content, place).insert(at, dropped)


def move(content: Group, place: Place, thing_id: str, by: Literal[-1, 1]) -> None:
    """Let a thing change places with the one before or after it; a dimension within its domain."""
    found = thing(content, place, thing_id)
    if found is None or place == SCALES:
        return
    listed = _list(content, place)
    near: list[Content] = [
        each
        for each in listed
        if isinstance(each, dict) and each.get("domain") == found.get("domain")
    ]
    to = near.index(found) + by
    if 0 <= to < len(near):
        one, other = listed.index(found), listed.index(near[to])
        listed[one], listed[other] = listed[other], listed[one]


def is_there(content: Group, place: Place) -> bool:
    """Tell whether a list may stand at `place`: the thing that it is of was not dropped."""
    if held_in(place) is None or _ANY in place:
        return False
    return place in _LISTS or inside(content, place[:-1]) is not None


def _list(content: Group, place: Place) -> list[Content]:
    """Return the list at `place`, made where there was none."""
    around = group(content, place)
    listed = around.get(place[-1])
    if not isinstance(listed, list):
        around[place[-1]] = listed = []
    return listed


def group(content: Group, path: Place) -> Group:
    """Return the group in which the last part of `path` stands, made where there was none."""
    here: Content = content
    for part in path[:-1]:
        found = inside(here, (part,))
        if not isinstance(found, dict | list):
            found = {}
            if isinstance(here, dict):
                here[part] = found
        here = found
    return here if isinstance(here, dict) else {}


def _scales(content: Group) -> Group:
    return group(content, (*SCALES, ""))


def _scale_of_behaviours(content: Group) -> str:
    """Return the scale that behaviours have so far, or else one that is not that of dimensions."""
    used = [
        each["scale"]
        for place, listed in lists(content)
        for each in listed
        if place[-1] == "behaviours" and isinstance(each.get("scale"), str)
    ]
    return str(["main", *scale_names(content)[:2], *used][-1])


def _passing_name(content: Group, gone: Iterable[str]) -> str:
    names = [str(each.get("id")) for _place, listed in lists(content) for each in listed]
    numbers = [int(found[1]) for name in (*names, *gone) if (found := _PASSING.fullmatch(name))]
    return f"_{max(numbers, default=0) + 1}"


def free_code(content: Group) -> str:
    """Return the first of D1, D2, D3, … that no dimension has."""
    used = {str(each.get("code")).casefold() for each in _dimensions(content)}
    return next(code for n in range(1, len(used) + 2) if (code := f"D{n}").casefold() not in used)


# --- what becomes of it ---------------------------------------------------------------------------


def finished(content: Group) -> Group:
    """Return the content as a file would say it: nothing empty, things named after their titles."""
    whole = without_empties(copy.deepcopy(content))
    for dimension in () if names_only(whole) else _dimensions(whole):
        dimension.setdefault("descriptors", {})  # so that each range that is missing is told
    looks = inside(whole, SNAPSHOTS)
    if isinstance(looks, dict) and looks.keys().isdisjoint(("at_ms", "questions")):
        del group(whole, SNAPSHOTS)[SNAPSHOTS[-1]]
    _name_all(whole)
    return whole


def _name_all(content: Group) -> None:
    """Name what has a passing name after its title, here and where it is referred to."""
    named: dict[str, str] = {}
    for place, listed in lists(content):
        for each in listed:
            if _PASSING.fullmatch(passing := str(each.get("id"))):
                named[passing] = each["id"] = _own_name(place, each, listed)
    for dimension in _dimensions(content):
        if isinstance(domain := dimension.get("domain"), str):
            dimension["domain"] = named.get(domain, domain)
    for question in things(inside(content, SNAPSHOTS), "questions"):
        if isinstance(after := question.get("only_after"), list):
            question["only_after"] = [named.get(str(each), each) for each in after]


def without_empties(content: Group) -> Group:
    """Return a copy of what a content says, without what is left empty in it."""
    kept = {name: _kept(inside) for name, inside in content.items()}
    told = {name: inside for name, inside in kept.items() if inside not in ("", None, {}, [])}
    # A dimension may be in no domain, and a rubric may have none: that is said, not left out.
    return told | {name: kept[name] for name in _SAID_EMPTY if name in kept}


def _kept(content: Content) -> Content:
    if isinstance(content, dict):
        return without_empties(content)
    if isinstance(content, list):
        return [kept for each in content if (kept := _kept(each)) not in ("", None, {}, [])]
    return content.strip() if isinstance(content, str) else content


def _own_name(place: Place, unnamed: Group, listed: list[Group]) -> str:
    title, held = inside(unnamed, ("title", "es")), held_in(place)
    words = slug(title) if isinstance(title, str) else ""
    return free_id(
        words or (held.untitled if held else ""), {str(each.get("id")) for each in listed}
    )


def free_id(name: str, used: Iterable[str]) -> str:
    """Return `name`, or the first of `name-2`, `name-3`, … that is not used."""
    known = set(used)
    tried, number = name, 1
    while tried in known:
        number += 1
        tried = f"{name[: LONGEST_ID - len(str(number)) - 1]}-{number}"
    return tried


def slug(title: str) -> str:
    """Return a title as an id; empty when it holds no letter.

    >>> slug("¿Por qué? Preguntas del 2° Año")
    'por-que-preguntas-del-2-ano'
    """
    words = "-".join(re.findall(r"[a-z0-9]+", plain(title)))
    return re.sub(r"^[^a-z]+", "", words)[:LONGEST_ID].rstrip("-")


def composed(words: str) -> str:
    """Return words as they are kept: as a file is read, without what no file can hold."""
    sound = words.replace("\r\n", "\n").replace("\0", "").encode(errors="replace").decode()
    return unicodedata.normalize("NFC", sound)


def file_of(content: Group) -> str:
    """Return the text of a file of a rubric that is not complete yet."""
    written: str = yaml.safe_dump(
        finished(content), allow_unicode=True, sort_keys=False, width=LINE
    )
    return written
