"""`observe mail`: does the mail server of the settings take letters."""

from __future__ import annotations

import click
from email_validator import EmailNotValidError, validate_email

from observe import mail as post_office
from observe.cli.program import noun
from observe.cli.shell import Answer, Shell, verb
from observe.errors import BadInputError
from observe.feedback import letters
from observe.feedback.reminding import LAPTOP_URL
from observe.ids import new_id
from observe.people import access
from observe.people.access import HOME, Action
from observe.text import message

mail = noun("mail", message("Mail: does it work."))


@verb(mail, "test", message("Sends a letter to see whether mail works."))
@click.argument("address")
def test(shell: Shell, *, address: str) -> Answer:
    """Send a letter without content to an address."""
    access.require(shell.actor, Action.HOME_CHECK, HOME)
    settings, to = shell.settings, _address(address)
    if not post_office.is_set_up(settings):
        raise BadInputError(message("No mail server is set: OBSERVE_SMTP_URL is empty."))
    words = letters.trial(settings.public_url or LAPTOP_URL)
    subject, text = words.subject.in_language(settings.locale), words.text(settings.locale)
    with post_office.connected(settings) as post:
        post.send(post_office.Letter(to, subject, text, new_id().hex))
    told = message("Sent to %(address)s. Look whether it arrives, also among the spam.", address=to)
    return Answer({"sent": True, "to": to}, [told])


def _address(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise BadInputError(message("«%(text)s» is no e-mail address.", text=text[:60])) from error
