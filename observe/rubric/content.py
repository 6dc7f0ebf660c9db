"""The content of a rubric while it is written: groups, lists and words, some still missing. Pure.

A domain or dimension that is added has a passing name (`_1`, `_2`, …) as long as its title is being
written; `finished` names it after its title. No id of a file can look like a passing name.
"""

from __future__ import annotations

import copy
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final, Literal

import yaml

from observe.rubric.schema import Rubric
from observe.rubric.writing import LINE
from observe.rubric.yamltext import Content, FieldPath
from observe.text import message, plain

Group = dict[str, Content]
Kind = Literal["domains", "dimensions"]
KINDS: Final[tuple[Kind, ...]] = ("domains", "dimensions")
LONGEST_ID: Final = 64
_ID: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_PASSING: Final = re.compile(r"_(\d{1,9})")
_UNTITLED: Final = {"domains": "dominio", "dimensions": "dimension"}
_SCALE_WORDS: Final = (
    message("Not yet"),
    message("At times"),
    message("Often"),
    message("Established"),
)
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
    domain = add(content, "domains")
    add(content, "dimensions", domain=domain)
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
    content |= _without_empties(copy.deepcopy(said))
    if "languages" not in said:
        del content["languages"]
    elif isinstance(spoken := content["languages"], str):
        content["languages"] = [*spoken.replace(",", " ").split()]
    called = {
        str(each.get("id")): _called(content, "domains", each)
        for each in things(content, "domains")
    }
    for dimension in things(content, "dimensions"):
        _called(content, "dimensions", dimension)
        if isinstance(domain := dimension.get("domain"), str):
            dimension["domain"] = called.get(domain, domain)
    return content


def _called(content: Group, kind: Kind, thing: Group) -> str:
    """Give `thing` a passing name unless it can be called by its own id; return its name."""
    own = thing.get("id")
    alike = sum(each.get("id") == own for each in things(content, kind))
    if not isinstance(own, str) or not _ID.fullmatch(own) or alike > 1:
        thing["id"] = own = _passing_name(content, ())
    return own


# --- what is in it --------------------------------------------------------------------------------


def things(content: Group, kind: str) -> list[Group]:
    """Return the domains, the dimensions, or the behaviours of a dimension."""
    listed = content.get(kind)
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def thing(content: Group, kind: str, thing_id: str) -> Group | None:
    """Return the thing of this id, or None: it was dropped, or never there."""
    return next((each for each in things(content, kind) if each.get("id") == thing_id), None)


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


def _dimensions(content: Group) -> list[Group]:
    return things(content, "dimensions")


def scale_names(content: Group) -> list[str]:
    """Return the names of the scales, first that of dimensions which name none."""
    said = content.get("scales")
    return sorted(said, key=lambda name: (name != "main", name)) if isinstance(said, dict) else []


# --- adding, dropping, moving ---------------------------------------------------------------------


def add(content: Group, kind: Kind, *, domain: str | None = None, gone: Iterable[str] = ()) -> str:
    """Add an empty domain, or a dimension to `domain`, and return its passing name.

    `gone` are names of things that were dropped and may come back.
    """
    added: Group = {"id": _passing_name(content, gone), "title": {}}
    if kind == "dimensions":
        added |= {"code": _free_code(content), "domain": domain}
    _list(content, kind).append(added)
    return str(added["id"])


def drop(content: Group, kind: Kind, thing_id: str) -> tuple[int, Group] | None:
    """Take a thing out; return where it stood and what it says, or None: it is not there."""
    found = thing(content, kind, thing_id)
    if found is None:
        return None
    listed = _list(content, kind)
    at = listed.index(found)
    del listed[at]
    return at, found


def put_back(content: Group, kind: Kind, at: int, dropped: Group) -> None:
    """Put a thing that was dropped back to where it stood, as far as there is such a place."""
    _list(content, kind).insert(at, dropped)


def move(content: Group, kind: Kind, thing_id: str, by: Literal[-1, 1]) -> None:
    """Let a thing change places with the one before or after it; a dimension within its domain."""
    found, listed = thing(content, kind, thing_id), _list(content, kind)
    if found is None:
        return
    near = [each for each in things(content, kind) if each.get("domain") == found.get("domain")]
    to = near.index(found) + by
    if 0 <= to < len(near):
        one, other = listed.index(found), listed.index(near[to])
        listed[one], listed[other] = listed[other], listed[one]


def _list(content: Group, kind: Kind) -> list[Content]:
    listed = content.get(kind)
    if not isinstance(listed, list):
        content[kind] = listed = []
    return listed


def _passing_name(content: Group, gone: Iterable[str]) -> str:
    names = [str(each.get("id")) for kind in KINDS for each in things(content, kind)]
    numbers = [int(found[1]) for name in (*names, *gone) if (found := _PASSING.fullmatch(name))]
    return f"_{max(numbers, default=0) + 1}"


def _free_code(content: Group) -> str:
    used = {str(each.get("code")).casefold() for each in _dimensions(content)}
    return next(code for n in range(1, len(used) + 2) if (code := f"D{n}").casefold() not in used)


# --- what becomes of it ---------------------------------------------------------------------------


def finished(content: Group) -> Group:
    """Return the content as a file would say it: nothing empty, things named after their titles."""
    whole = _without_empties(copy.deepcopy(content))
    for dimension in _dimensions(whole):
        dimension.setdefault("descriptors", {})  # so that each range that is missing is told
    for kind in KINDS:
        for each in things(whole, kind):
            if _PASSING.fullmatch(str(each.get("id"))):
                _name(whole, kind, each)
    return whole


def _without_empties(content: Group) -> Group:
    kept = {name: _kept(inside) for name, inside in content.items()}
    told = {name: inside for name, inside in kept.items() if inside not in ("", None, {}, [])}
    # A dimension may be in no domain, and a rubric may have none: that is said, not left out.
    return told | {name: kept[name] for name in ("domain", *KINDS) if name in kept}


def _kept(content: Content) -> Content:
    if isinstance(content, dict):
        return _without_empties(content)
    if isinstance(content, list):
        return [kept for each in content if (kept := _kept(each)) not in ("", None, {}, [])]
    return content.strip() if isinstance(content, str) else content


def _name(content: Group, kind: Kind, unnamed: Group) -> None:
    title = inside(unnamed, ("title", "es"))
    words = (slug(title) if isinstance(title, str) else "") or _UNTITLED[kind]
    name = free_id(words, {str(each.get("id")) for each in things(content, kind)})
    for dimension in _dimensions(content) if kind == "domains" else ():
        if dimension.get("domain") == unnamed["id"]:
            dimension["domain"] = name
    unnamed["id"] = name


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
