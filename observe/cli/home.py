"""`observe init`: a home made, brought up to date and furnished; again changes nothing."""

from __future__ import annotations

import getpass
from uuid import UUID

from observe import schema
from observe.cli.places import unsuitable
from observe.cli.program import main
from observe.cli.shell import Answer, Shell, Words, verb
from observe.cli.words import option
from observe.demo import home as demo
from observe.errors import BadInputError
from observe.people.owner import make_owner, owner
from observe.rubric.operations import load_shipped
from observe.text import message

with_demo = option(
    "--demo", "demo_too", is_flag=True, about=message("Adds invented people and a lesson.")
)


@verb(main, "init", message("Makes the home, or brings it up to date; again changes nothing."))
@with_demo
def init(shell: Shell, *, demo_too: bool) -> Answer:
    """Make the home; with `--demo` also people of every role and a drawn lesson."""
    lines = furnish(shell)
    facts: dict[str, object] = {"home": shell.home, "schema": schema.head()}
    if demo_too:
        facts["recording"] = furnish_demo(shell)
    ready = message("The home in %(home)s is ready. Start it with: observe serve", home=shell.home)
    return Answer(facts, [*lines, ready])


def furnish_demo(shell: Shell) -> UUID:
    """Add the demo's people and lesson where they are not there yet; return the lesson's id."""
    if not shell.as_json:
        shell.say(message("Preparing the demo; drawing its lesson takes some seconds."))
    return demo.make(shell.database, shell.store)


def furnish(shell: Shell) -> list[Words]:
    """Bring the schema up to date and load what every home has; return what is worth telling.

    At a hub nothing is changed: an outdated schema is refused with the command to run.
    """
    settings = shell.settings
    if settings.mode == "hub" and schema.current(settings.url) is not None:
        schema.check(settings)
    if settings.mode == "laptop" and (why := unsuitable(settings.home)) is not None:
        raise BadInputError(why)
    copy = schema.upgrade(settings)
    with shell.database.write() as session:
        load_shipped(session)
        if settings.mode == "laptop" and owner(session) is None:
            make_owner(session, getpass.getuser())
    if copy is None:
        return []
    return [
        message(
            "The database was copied to %(copy)s before it was brought up to date.", copy=str(copy)
        )
    ]
