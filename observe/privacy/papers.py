"""Scans of signed papers: sealed before they touch the disk, shown to who may register answers.

What a file is, is read from its own first bytes: a name or a type that somebody sends is nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe.db import files_come
from observe.errors import BadInputError
from observe.ids import new_id
from observe.people import access, audit
from observe.people.access import Actor
from observe.privacy import consent
from observe.privacy.consent import Subject
from observe.privacy.models import Consent, ConsentPaper
from observe.text import message
from observe.vault import Vault

SEEN: Final = "paper.seen"
LARGEST: Final = 8 * 1024**2
_STARTS: Final = {
    b"%PDF-": "application/pdf",
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
}
_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
ENDINGS: Final = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}


class KeptBlob(Protocol):
    """A file that the store keeps."""

    @property
    def sha256(self) -> str:
        """The hash that names it."""


class Readable(Protocol):
    """A file of the store, whatever form it lies there in."""

    def read_bytes(self) -> bytes:
        """Return its whole content."""


class Files(Protocol):
    """What is needed of the store, which is a room above."""

    def temporary(self, suffix: str = "") -> Path:
        """Return a new unique path to make something at."""

    def put(self, made: Path) -> KeptBlob:
        """Keep the finished temporary file."""

    def settle(self, sha256: str) -> None:
        """Say that the database knows of it."""

    def kept(self, sha256: str) -> Readable:
        """Return it, to be read."""


def kind_of(content: bytes) -> str:
    """Return what a scan is by its first bytes.

    Raises:
        BadInputError: it is empty, too large, or none of the kinds that are taken.
    """
    if len(content) > LARGEST:
        raise BadInputError(
            message("A scan has at most %(limit)s MB.", limit=LARGEST // 1024**2), field="paper"
        )
    for start, media_type in _STARTS.items():
        if content.startswith(start):
            return media_type
    if _is_heic(content):
        raise BadInputError(_HEIC, field="paper")
    raise BadInputError(message("Choose a scan: a PDF, or a picture (JPG or PNG)."), field="paper")


def _is_heic(content: bytes) -> bool:
    """Tell whether it is a picture as an iPhone takes it; see docs/decisions/0021."""
    return content[4:8] == b"ftyp" and content[8:12] in _BRANDS


_HEIC: Final = message(
    "This picture is in the iPhone's own format (HEIC), which is not taken here. Scan the paper"
    " with the iPhone's Notes or Files app: it becomes a PDF. Or choose Settings, Camera, Formats,"
    " Most Compatible, and take the picture again: it becomes a JPG."
)


def keep_paper(  # what, where, whose
    session: Session,
    files: Files,
    vault: Vault,
    subject: Subject,
    content: bytes,
    *,
    actor: Actor,
) -> ConsentPaper:
    """Keep the scan of the paper that the last answers of `subject` came on.

    `subject` comes from `consent.child_for` or `educator_for`. It takes the place of an earlier
    scan, which `drop_replaced` lets go.

    Raises:
        BadInputError: it is no scan, or there is no answer that it could prove.
        KeyMissingError: the key that seals it is gone.
    """
    media_type = kind_of(content)
    latest = consent.standing_of(session, subject).latest
    if latest is None:
        raise BadInputError(
            message("Register the answer first: the scan is kept with it."), field="paper"
        )
    files_come(session)
    paper_id, made = new_id(), files.temporary(".sealed")
    sealed = vault.seal(content, purpose=_purpose(paper_id))
    try:
        made.write_bytes(sealed)
        kept = files.put(made)
    finally:
        made.unlink(missing_ok=True)
    row = ConsentPaper(
        id=paper_id,
        sha256=kept.sha256,
        media_type=media_type,
        size_bytes=len(sealed),
        added_by_id=actor.user_id,
    )
    session.add(row)
    session.flush()
    for each in _together(session, subject, latest):
        each.paper_id = row.id
    _on_file(session, "paper.kept", row, actor.user_id)
    return row


def drop_replaced(session: Session) -> list[dict[str, Any]]:
    """Let go of every scan that no answer names any more; return them, whose files go too.

    Nobody could open one, and no rule would ever find it.
    """
    named = sa.select(Consent.id).where(Consent.paper_id == ConsentPaper.id)
    rows = session.scalars(sa.select(ConsentPaper).where(~named.exists())).all()
    for row in rows:
        _on_file(session, "paper.replaced", row, None)
        session.delete(row)
    session.flush()
    return [told(row) for row in rows]


def told(row: ConsentPaper) -> dict[str, Any]:
    """Return what a certificate says of a scan that went."""
    return {"kind": "paper", "sha256": row.sha256, "size_bytes": row.size_bytes}


def _together(session: Session, subject: Subject, latest: Consent) -> list[Consent]:
    """Return the answers that came on one paper with the latest."""
    history = consent.history_of(session, subject)
    return [
        row
        for row in history
        if (row.given_on, row.text_version, row.channel)
        == (latest.given_on, latest.text_version, latest.channel)
    ]


def read_paper(
    session: Session, files: Files, vault: Vault, paper_id: UUID, *, actor: Actor
) -> tuple[ConsentPaper, bytes]:
    """Return a scan, opened; that `actor` looked at it is put on file.

    Raises:
        NotFoundError, NotAllowedError: it is not hers to see.
        KeyMissingError, UnsealError: it cannot be opened.
    """
    row = session.get(ConsentPaper, paper_id)
    owner = session.scalars(sa.select(Consent).where(Consent.paper_id == paper_id)).first()
    if row is None or owner is None:
        raise access.not_found()
    if owner.child_id is not None:
        consent.child_for(session, owner.child_id, actor=actor)
    elif owner.educator_id is not None:
        consent.educator_for(session, owner.educator_id, actor=actor)
    try:
        sealed = files.kept(row.sha256).read_bytes()
    except FileNotFoundError as error:
        raise access.not_found() from error
    content = vault.unseal(sealed, purpose=_purpose(paper_id))
    # An educator is told who saw hers also when another has taken its place since.
    whose = {"educator": owner.educator_id} if owner.educator_id is not None else {}
    _on_file(session, SEEN, row, actor.user_id, **whose)
    return row, content


def _purpose(paper_id: UUID) -> str:
    return f"consent paper {paper_id}"


def _on_file(
    session: Session, action: str, row: ConsentPaper, actor_id: UUID | None, **details: object
) -> None:
    audit.record(
        session,
        action,
        actor_id=actor_id,
        thing_kind="consent_paper",
        thing_id=row.id,
        sha256=row.sha256,
        **details,
    )
