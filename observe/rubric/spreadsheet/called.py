"""How a domain or a dimension is called in the cells of other rows. Pure."""

from __future__ import annotations

from observe.rubric import content as contents
from observe.rubric.content import Group
from observe.rubric.spreadsheet.columns import bare
from observe.rubric.yamltext import Content


def find(word: str, things: list[Group]) -> Group | None:
    """Return what is called so: by its title, or else by its code or id; None: none, or several."""
    for names in (("title", "es"), ("code",)):
        found = [each for each in things if _bare(contents.inside(each, names)) == bare(word)]
        if len(found) == 1:
            return found[0]
    # As it is written: «Convivir», typed as a new name, is no other domain with the id «convivir».
    return next((each for each in things if each.get("id") == word), None)


def are_several(word: str, things: list[Group]) -> bool:
    """Tell whether more than one has this title."""
    titles = [_bare(contents.inside(each, ("title", "es"))) for each in things]
    return titles.count(bare(word)) > 1


def word_for(thing: Group, things: list[Group]) -> str:
    """Return what finds `thing` again: its title, or its code or id where others share that."""
    names = (contents.inside(thing, path) for path in (("title", "es"), ("code",)))
    words = (each for each in names if isinstance(each, str) and each)
    return next((each for each in words if find(each, things) is thing), str(thing.get("id")))


def _bare(said: Content) -> str | None:
    return bare(said) if isinstance(said, str) and said else None
