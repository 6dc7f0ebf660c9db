"""Click's own words in the person's language: help, headings and usage errors."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import click

from observe.settings import settings_from
from observe.text import Message, message


def spoken(words: Message) -> str:
    """Return `words` in the language of this command line."""
    return words.in_language(settings_from(os.environ).locale)


class Option(click.Option):
    """An option whose help is a message."""

    def __init__(self, names: Sequence[str], *, about: Message, **attributes: Any) -> None:  # noqa: ANN401  # click's
        super().__init__(names, **attributes)
        self.about = about

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option and its help, translated when it is shown."""
        self.help = spoken(self.about)
        return super().get_help_record(ctx)


option: Final = partial(click.option, cls=Option)


class _Spoken(click.Command):
    """A command whose help is a message."""

    def __init__(self, *args: Any, about: Message, **attributes: Any) -> None:  # noqa: ANN401  # click's
        super().__init__(*args, **attributes)
        self.about = about

    def get_short_help_str(self, limit: int = 100) -> str:
        """Return the one line that a list of commands shows."""
        return spoken(self.about)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does."""
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(spoken(self.about))

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write how the command is called."""
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, prefix=spoken(message("Usage:")) + " ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options."""
        records = (parameter.get_help_record(ctx) for parameter in self.get_params(ctx))
        found = [record for record in records if record is not None]
        if found:
            with formatter.section(spoken(message("Options"))):
                formatter.write_dl(found)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return `--help` with its words translated."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = spoken(message("Shows this help."))
        return option


class Command(_Spoken):
    """A command, in the person's language."""


class Group(_Spoken, click.Group):
    """A group of commands, in the person's language."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, then the commands."""
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands of the group."""
        known = (self.get_command(ctx, name) for name in self.list_commands(ctx))
        shown = [command for command in known if command is not None and not command.hidden]
        with formatter.section(spoken(message("Commands"))):
            formatter.write_dl([(c.name or "", c.get_short_help_str()) for c in shown])


def usage_message(error: click.UsageError) -> Message:
    """Return a usage error as one sentence that says where to look."""
    path = error.ctx.command_path if error.ctx else "observe"
    return message("%(problem)s See: %(command)s --help", problem=_problem(error), command=path)


def _problem(error: click.UsageError) -> Message:
    if isinstance(error, click.MissingParameter):
        return message("%(name)s is missing.", name=_name(error))
    if isinstance(error, click.NoSuchOption):
        return message("There is no option %(name)s.", name=error.option_name)
    if isinstance(error, click.BadParameter):
        return message("The value of %(name)s cannot be used.", name=_name(error))
    return message("That is not how this command is written.")


def _name(error: click.BadParameter) -> str:
    hint = error.param_hint or (error.param.get_error_hint(error.ctx) if error.param else "")
    return hint if isinstance(hint, str) else " ".join(hint)
