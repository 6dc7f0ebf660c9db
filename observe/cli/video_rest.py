"""`observe video seal` and `unseal`: how videos lie on this disk when nobody watches them."""

from __future__ import annotations

from collections.abc import Callable

from observe.cli.progress import bar_for
from observe.cli.shell import Answer, Shell, verb
from observe.cli.video import video
from observe.db import Database
from observe.text import Message, message
from observe.video import at_rest
from observe.video.at_rest import Outcome, Tell
from observe.video.store import Store


@verb(
    video,
    "seal",
    message("Seals what is kept of videos, after OBSERVE_SEAL_FILMS was set; goes on when killed."),
)
def seal(shell: Shell) -> Answer:
    """Seal every file that lies plain."""

    def work(database: Database, store: Store, tell: Tell) -> Outcome:
        return at_rest.seal_all(database, store, actor=shell.actor, tell=tell)

    outcome = _run(shell, message("Sealing"), work)
    said = message(
        "Sealed: %(done)s files. They open only with the key file %(file)s: keep a copy of it in "
        "another place.",
        done=outcome.done,
        file=str(shell.settings.key_path),
    )
    return _told(outcome, said)


@verb(video, "unseal", message("Unseals them again, after OBSERVE_SEAL_FILMS was taken away."))
def unseal(shell: Shell) -> Answer:
    """Unseal every file that lies sealed."""

    def work(database: Database, store: Store, tell: Tell) -> Outcome:
        return at_rest.unseal_all(database, store, actor=shell.actor, tell=tell)

    outcome = _run(shell, message("Unsealing"), work)
    return _told(outcome, message("Unsealed: %(done)s files.", done=outcome.done))


def _run(shell: Shell, what: Message, work: Callable[[Database, Store, Tell], Outcome]) -> Outcome:
    with shell.database.read() as session:
        whole = sum(file.size_bytes for file in at_rest.to_change(session, shell.store))
    with bar_for(shell) as bar:
        task = bar.add_task(shell.spoken(what), total=whole)
        return work(shell.database, shell.store, lambda behind: bar.update(task, completed=behind))


def _told(outcome: Outcome, said: Message) -> Answer:
    facts = {"done": outcome.done, "left": outcome.left, "damaged": outcome.damaged}
    lines = [said]
    if outcome.left:
        lines.append(
            message(
                "Left for later: %(count)s files, because work on videos is going on. Give this "
                "command again when it has ended.",
                count=outcome.left,
            )
        )
    if outcome.damaged:
        lines.append(
            message(
                "Damaged, and left as they are: %(count)s files. Run: observe doctor --files",
                count=len(outcome.damaged),
            )
        )
    return Answer(facts, lines, exit_code=0 if not (outcome.left or outcome.damaged) else 1)
