"""Taking the changes of one request one by one: each is applied, in conflict, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from observe.coding import changes as kinds
from observe.coding.changes import Change
from observe.coding.edits import Desk, edit
from observe.coding.models import ObservationState, Operation
from observe.errors import BadInputError, ConflictError
from observe.text import Message, message


@dataclass(frozen=True)
class Told:
    """A change that was not applied, and the sentence that says why."""

    id: UUID
    message: Message


@dataclass(frozen=True)
class Applied:
    """What became of a batch: `version` after it, and each change's id in exactly one of three.

    `elsewhere` counts the changes of other windows since the version this window knew; when it is
    not zero the window has to read the document again.
    """

    version: int
    acknowledged: tuple[UUID, ...]
    conflicts: tuple[Told, ...]
    refused: tuple[Told, ...]
    elsewhere: int


class Batch:
    """The changes of one request while they are applied one by one."""

    def __init__(self, desk: Desk, window: str, elsewhere: tuple[str, ...], actor_id: UUID) -> None:
        self.desk = desk
        self.actor_id = actor_id
        self.window = window
        self.elsewhere = elsewhere
        self.acknowledged: list[UUID] = []
        self.conflicts: list[Told] = []
        self.refused: list[Told] = []

    def take(self, change: Change) -> None:
        """Apply `change`, or note why not."""
        try:
            payload = kinds.payload_of(change)
            if isinstance(payload, kinds.Watched):
                self._keep_watched(payload)
                self.acknowledged.append(change.id)
                return
            self._check_open()
            if any(kinds.hits(payload, target) for target in self.elsewhere):
                self.conflicts.append(Told(change.id, _CHANGED_ELSEWHERE))
                return
            with self.desk.session.begin_nested():
                self._store(change, payload)
        except (BadInputError, ConflictError) as refusal:
            self.refused.append(Told(change.id, refusal.message))
        else:
            self.acknowledged.append(change.id)

    def repeat(self, change: Change, *, own: bool) -> None:
        """Say again what became of a change that came before; ids of elsewhere are refused."""
        if not own:
            told = message("This change belongs to another observation.")
            self.refused.append(Told(change.id, told))
        elif change.id not in {told.id for told in (*self.conflicts, *self.refused)}:
            self.acknowledged.append(change.id)

    def _keep_watched(self, watched: kinds.Watched) -> None:
        """Keep a fact about the coder beside the log: it changes nothing of what she says.

        So it has no version, no other window hears of it, and what comes after submitting, which
        the revision could not tell any more, is let go without a word.
        """
        if self.desk.observation.state is ObservationState.DRAFT:
            with self.desk.session.begin_nested():
                edit(self.desk, watched)

    def _check_open(self) -> None:
        if self.desk.observation.state is not ObservationState.DRAFT:
            raise ConflictError(
                message("This observation was submitted: it does not change any more.")
            )

    def _store(self, change: Change, payload: kinds.Payload) -> None:
        before = edit(self.desk, payload)
        observation = self.desk.observation
        observation.version += 1
        self.desk.session.add(
            Operation(
                id=change.id,
                observation_id=observation.id,
                number=observation.version,
                window=self.window,
                kind=change.kind,
                target=payload.target,
                payload=payload.model_dump(mode="json"),
                before=before,
                step=change.step,
                role=change.role,
                actor_id=self.actor_id,
            )
        )

    def applied(self) -> Applied:
        """Return what became of all of them."""
        return Applied(
            self.desk.observation.version,
            tuple(self.acknowledged),
            tuple(self.conflicts),
            tuple(self.refused),
            len(self.elsewhere),
        )


_CHANGED_ELSEWHERE = message("It was changed in another window in the meantime.")
