"""How every command works: in whose name, for a person or a script, and how it refuses.

A command parses, calls the operation that the pages call too, and tells its `Answer`. A refusal
is one sentence on standard error and an exit code: 2 bad input, 3 not allowed, 4 not found.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Concatenate, NoReturn, ParamSpec
from uuid import UUID

import click
from rich.console import Console
from rich.table import Table

from observe import schema
from observe.cli.words import Command, Group, Option, usage_message
from observe.db import Database, open_database
from observe.db import today as today
from observe.errors import BadInputError, InvalidError, ObserveError
from observe.ids import parse_id
from observe.log import configure_log
from observe.people.access import Actor, actor_of, not_found
from observe.people.directory import find_user
from observe.people.owner import owner
from observe.settings import Settings, settings_from
from observe.text import Message, message
from observe.video.store import Store, open_store

P = ParamSpec("P")
Words = Message | str


@dataclass(frozen=True)
class Answer:
    """What a command tells: `facts` for scripts, `lines` for people, and its exit code."""

    facts: Mapping[str, object]
    lines: Sequence[Words] = ()
    columns: Sequence[Message] = ()
    rows: Sequence[Sequence[Words]] = ()
    warnings: Sequence[Words] = ()
    exit_code: int = 0


@dataclass
class Shell:
    """One command being run: the home it works on and the person in whose name."""

    settings: Settings
    as_user: str | None = None
    as_json: bool = False
    _opened: list[Database] = field(default_factory=list)

    @cached_property
    def database(self) -> Database:
        """The home's database.

        Raises:
            ObserveError: there is none yet, or its schema is not the one this program needs.
        """
        if self.settings.url.startswith("sqlite") and not self.settings.database_path.exists():
            raise ObserveError(
                message("There is no home in %(home)s yet. Run: observe init", home=self.home)
            )
        schema.check(self.settings)
        self._opened.append(open_database(self.settings.url))
        return self._opened[0]

    @property
    def home(self) -> str:
        """The home's folder, as people write it."""
        return str(self.settings.home)

    @cached_property
    def store(self) -> Store:
        """The home's files."""
        return open_store(self.settings)

    @cached_property
    def actor(self) -> Actor:
        """The person of `--as`, or the laptop's owner.

        Raises:
            NotFoundError: there is no such person.
            ObserveError: nobody was named and this home has no owner.
        """
        if self.as_user:
            return self.person(self.as_user)
        with self.database.read() as session:
            user = owner(session)
            if user is None:
                raise ObserveError(message("Say in whose name, with --as: this home has no owner."))
            return actor_of(user, today())

    def person(self, name: str) -> Actor:
        """Return the person with this reference, e-mail or id, as an actor.

        Raises:
            NotFoundError: there is no such person.
        """
        with self.database.read() as session:
            user = find_user(session, name)
            if user is None:
                raise not_found()
            return actor_of(user, today())

    def say(self, words: Words, *, error: bool = False) -> None:
        """Tell a sentence in the person's language."""
        click.echo(self.spoken(words), err=error)

    def spoken(self, words: Words) -> str:
        """Return a sentence in the person's language."""
        return words if isinstance(words, str) else words.in_language(self.settings.locale)

    def tell(self, answer: Answer) -> None:
        """Tell an answer: one JSON object for scripts, else sentences and a table for people."""
        if self.as_json:
            click.echo(json.dumps(dict(answer.facts), ensure_ascii=False, default=str))
            return
        for warning in answer.warnings:
            self.say(warning, error=True)
        for line in answer.lines:
            self.say(line)
        if answer.columns:
            self._tell_table(answer)

    def _tell_table(self, answer: Answer) -> None:
        table = Table(*(self.spoken(column) for column in answer.columns), box=None, pad_edge=False)
        for row in answer.rows:
            table.add_row(*(self.spoken(cell) for cell in row))
        wide = None if sys.stdout.isatty() else 200
        Console(width=wide, markup=False, highlight=False, emoji=False).print(table)

    def close(self) -> None:
        """Let go of the database."""
        for database in self._opened:
            database.engine.dispose()


def verb(
    group: click.Group, name: str, about: Message, *, hidden: bool = False
) -> Callable[[Callable[Concatenate[Shell, P], Answer | None]], Callable[..., None]]:
    """Make a function the command `name`; it gets the shell first and returns its answer."""

    def decorate(function: Callable[Concatenate[Shell, P], Answer | None]) -> Callable[..., None]:
        @functools.wraps(function)
        def run(*args: Any, as_user: str | None, as_json: bool, **options: Any) -> None:  # noqa: ANN401  # click's
            shell = Shell(settings_from(os.environ), as_user, as_json)
            try:
                answer = function(shell, *args, **options)
            finally:
                shell.close()
            if answer is not None:
                shell.tell(answer)
                if answer.exit_code:
                    click.get_current_context().exit(answer.exit_code)

        params = [*reversed(getattr(function, "__click_params__", [])), *_common()]
        group.add_command(Command(name, callback=run, params=params, about=about, hidden=hidden))
        return run

    return decorate


def _common() -> list[click.Parameter]:
    return [
        Option(
            ["--as", "as_user"],
            metavar="USER",
            about=message("In whose name: reference, e-mail or id. The laptop's owner if absent."),
        ),
        Option(
            ["--json", "as_json"],
            is_flag=True,
            about=message("One JSON object instead of sentences."),
        ),
    ]


def the_id(text: str) -> UUID:
    """Return the id written in `text`; what is no id names nothing.

    Raises:
        NotFoundError: it is no id.
    """
    found = parse_id(text)
    if found is None:
        raise not_found()
    return found


def the_day(text: str) -> date:
    """Return the day written in `text`, like 2026-05-10.

    Raises:
        BadInputError: it is no day.
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise BadInputError(
            message("«%(text)s» is no day. Write it like 2026-05-10.", text=text[:40])
        ) from error


class Program(Group):
    """The whole command line: every refusal ends here, as a sentence and an exit code."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:  # noqa: ANN401  # click's signature
        """Run a command line and exit with its code."""
        configure_log(level=logging.WARNING)
        os.umask(0o077)  # what is written is full of names: nobody else on this computer reads it
        extra["standalone_mode"] = False
        try:
            code = super().main(*args, **extra)
        except ObserveError as error:
            _refuse(error)
        except click.UsageError as error:
            _refuse(ObserveError(usage_message(error)))
        except (click.Abort, KeyboardInterrupt):
            sys.exit(130)
        sys.exit(code if isinstance(code, int) else 0)


def _refuse(error: ObserveError) -> NoReturn:
    shell = Shell(settings_from(os.environ))
    problems = error.problems if isinstance(error, InvalidError) else []
    if len(problems) == 1:
        shell.say(problems[0], error=True)  # one problem is one sentence
    else:
        shell.say(error.message, error=True)
        for problem in problems:
            shell.say("- " + shell.spoken(problem), error=True)
    sys.exit(error.exit_code)
