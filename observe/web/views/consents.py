"""Consents: a class entered from its papers in one table, one child's answers, the educator's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask import url_for as url
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from observe.errors import BadInputError, ConflictError, InvalidError
from observe.people import class_lists
from observe.people.access import Action
from observe.people.models import Child
from observe.privacy import consent, consent_form, consent_import, papers, rules
from observe.privacy.consent import How, Standing, Subject
from observe.privacy.kinds import Kept
from observe.privacy.scopes import CHANNELS, FORM_VERSION, SCOPES, SHORT, TO_CODE, Channel, Scope
from observe.text import Message, message
from observe.vault import open_vault
from observe.video import erasing
from observe.web.guards import current_actor, home, permission, reading, today, writing
from observe.web.responses import as_download
from observe.web.words import language, say

blueprint = Blueprint("consents", __name__)


@dataclass(frozen=True)
class Row:
    """A child of the table, with what counts for it today."""

    child: Child
    standing: Standing

    @property
    def word(self) -> Message:
        """Where its consent stands, in words."""
        return word_of(self.standing)


def word_of(standing: Standing) -> Message:
    """Return where a consent stands, in words."""
    if not standing.registered:
        return message("No paper yet")
    allowed = [scope for scope in Scope if standing.state(scope)]
    if len(allowed) == len(Scope):
        return message("Allows everything")
    if not allowed:
        return message("Revoked") if standing.revocation else message("Does not allow it")
    if standing.allows(TO_CODE):
        return message("Allows a part")
    return message("Does not allow filming and observing")


def _shared(**more: object) -> dict[str, object]:
    return {
        "scopes": SCOPES,
        "short": SHORT,
        "channels": CHANNELS,
        "version": FORM_VERSION,
        "today": today(),
        **more,
    }


# --- a whole class -------------------------------------------------------------------------------


@blueprint.get("/cursos/<uuid:class_group_id>/autorizaciones")
@permission(Action.CONSENT_REGISTER)
def show(class_group_id: UUID) -> ResponseReturnValue:
    """Show the table of a class, to enter the papers that came in."""
    return _table(class_group_id)


def _table(class_group_id: UUID, problem: Message | None = None) -> str:
    with reading() as session:
        group = consent.group_for(session, class_group_id, actor=current_actor())
        rows = _rows(session, class_group_id)
        return render_template(
            "privacy/class.html",
            group=group,
            rows=rows,
            allowed=sum(row.standing.allows(TO_CODE) for row in rows),
            problem=problem,
            promised=_promised(session),
            typed=request.form,
            **_shared(),
        )


def _promised(session: Session) -> bool:
    """Tell whether what the paper promises is done: both rules are switched on."""
    by_kind = {rule.kind: rule for rule in rules.rules_of(session)}
    return by_kind[Kept.VIDEO].applied and by_kind[Kept.CLIPS].applied


def _rows(session: Session, class_group_id: UUID) -> list[Row]:
    standings = consent.standings_of(session, [class_group_id])
    children = class_lists.class_list(session, class_group_id, actor=current_actor())
    return [Row(child, standings[child.id]) for child in children]


@blueprint.post("/cursos/<uuid:class_group_id>/autorizaciones")
@permission(Action.CONSENT_REGISTER)
def register(class_group_id: UUID) -> ResponseReturnValue:
    """Register the rows that were answered; what cannot be taken comes back as it was typed."""
    try:
        how = _how(request.form)
        with writing() as session:
            rows = _rows(session, class_group_id)
            answers = _answers(request.form, [row.child for row in rows])
            if not answers:
                raise BadInputError(message("Mark at least one child: that is what is registered."))
            count = consent.register_class(
                session,
                class_group_id,
                answers,
                how,
                actor=current_actor(),
                shown={child_id: request.form.get(f"n-{child_id}", "") for child_id in answers},
            )
    except BadInputError as error:
        return _table(class_group_id, error.message), error.status
    flash(say(message("Registered: %(count)s children.", count=count)), "done")
    return redirect(url("consents.show", class_group_id=class_group_id))


def _how(form: Mapping[str, str]) -> How:
    channel = form.get("channel", "")
    if channel not in set(Channel):
        raise BadInputError(message("Choose by which way it came."), field="channel")
    return How(Channel(channel), form.get("text_version", ""), _day(form.get("given_on", "")))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise BadInputError(message("Write the date on the paper."), field="given_on") from error


def _answers(form: Mapping[str, str], children: list[Child]) -> dict[UUID, frozenset[Scope]]:
    """Return what is allowed for each child that was answered; «no» allows nothing."""
    told = {child.id: form.get(f"a-{child.id}", "") for child in children}
    return {
        child_id: _ticked(f"s-{child_id}") if answer == "yes" else frozenset()
        for child_id, answer in told.items()
        if answer in ("yes", "no")
    }


def _ticked(name: str) -> frozenset[Scope]:
    return frozenset(Scope(each) for each in request.form.getlist(name) if each in set(Scope))


@blueprint.get("/cursos/<uuid:class_group_id>/autorizaciones/hojas.pdf")
@permission(Action.CONSENT_REGISTER)
def sheets(class_group_id: UUID) -> ResponseReturnValue:
    """Send the papers to be signed, one a child, with the list numbers printed."""
    with reading() as session:
        group = consent.group_for(session, class_group_id, actor=current_actor())
        rows = _rows(session, class_group_id)
        only_missing = request.args.get("cuales") == "faltan"
        children = [row.child for row in rows if not (only_missing and row.standing.registered)]
        written = consent_form.pdf(group, children, rules.rules_of(session), locale=language())
        name = f"autorizaciones-{group.name}-{group.year}.pdf"
    return as_download(Response(written, mimetype="application/pdf"), name)


# --- from a table --------------------------------------------------------------------------------


@blueprint.get("/cursos/<uuid:class_group_id>/autorizaciones/importar")
@permission(Action.CONSENT_REGISTER)
def import_form(class_group_id: UUID) -> ResponseReturnValue:
    """Ask for a table with the answers."""
    return _import_page(class_group_id)


def _import_page(class_group_id: UUID, **more: object) -> str:
    with reading() as session:
        group = consent.group_for(session, class_group_id, actor=current_actor())
        return render_template(
            "privacy/import.html", group=group, columns=consent_import.COLUMNS, **_shared(**more)
        )


@blueprint.post("/cursos/<uuid:class_group_id>/autorizaciones/importar")
@permission(Action.CONSENT_REGISTER)
def take(class_group_id: UUID) -> ResponseReturnValue:
    """Show what a table would register; register it when that was looked at."""
    looked_at = request.form.get("do") == "register"
    file = request.files.get("file")
    content = request.form.get("content", "") if looked_at else (file.read() if file else b"")
    try:
        if not content:
            raise BadInputError(message("Choose a file first; an empty one cannot be imported."))
        with writing() as session:
            text, found = consent_import.read(
                session, class_group_id, content, actor=current_actor()
            )
            if looked_at:
                shown = {
                    line.child.list_number: request.form.get(f"n-{line.child.list_number}", "")
                    for line in found
                }
                consent_import.register(
                    session, class_group_id, found, actor=current_actor(), shown=shown
                )
    except InvalidError as error:
        told = error.problems or [error.message]
        page = _import_page(class_group_id, problems=told, refused=error.message)
        return page, error.status
    except BadInputError as error:
        return _import_page(class_group_id, problems=[error.message]), error.status
    if not looked_at:
        return _import_page(class_group_id, found=found, content=text)
    flash(say(message("Registered: %(count)s children.", count=len(found))), "done")
    return redirect(url("consents.show", class_group_id=class_group_id))


# --- one child, one educator ---------------------------------------------------------------------


@blueprint.get("/autorizaciones/ninos/<uuid:child_id>")
@permission(Action.CONSENT_REGISTER)
def child(child_id: UUID) -> ResponseReturnValue:
    """Show all answers for one child: its paper, and what can be taken back."""
    return _person(child_id=child_id)


@blueprint.get("/autorizaciones/educadoras/<uuid:user_id>")
@permission(Action.CONSENT_OWN)
def educator(user_id: UUID) -> ResponseReturnValue:
    """Show the educator's own answers."""
    return _person(user_id=user_id)


def _subject(session: Session, child_id: UUID | None, user_id: UUID | None) -> Subject:
    actor = current_actor()
    if child_id is not None:
        return consent.child_for(session, child_id, actor=actor)
    if user_id is not None:
        return consent.educator_for(session, user_id, actor=actor)
    raise ValueError("nobody is named")


def _person(
    child_id: UUID | None = None, user_id: UUID | None = None, problem: Message | None = None
) -> str:
    with reading() as session:
        subject = _subject(session, child_id, user_id)
        group = None
        if subject.child is not None:
            group = consent.group_for(session, subject.child.class_group_id, actor=current_actor())
        standing = consent.standing_of(session, subject)
        return render_template(
            "privacy/person.html",
            subject=subject,
            group=group,
            standing=standing,
            word=word_of(standing),
            history=consent.history_of(session, subject),
            problem=problem,
            typed=request.form,
            largest=papers.LARGEST // 1024**2,
            **_shared(),
        )


def _back(child_id: UUID | None, user_id: UUID | None) -> ResponseReturnValue:
    if child_id is not None:
        return redirect(url("consents.child", child_id=child_id))
    return redirect(url("consents.educator", user_id=user_id))


@blueprint.post("/autorizaciones/educadoras/<uuid:user_id>")
@permission(Action.CONSENT_OWN)
def register_educator(user_id: UUID) -> ResponseReturnValue:
    """Register the educator's own answer."""
    try:
        granted = _ticked("scope") if request.form.get("answer") == "yes" else frozenset()
        if request.form.get("answer") not in ("yes", "no"):
            raise BadInputError(message("Choose what she answered."))
        how = _how(request.form)
        with writing() as session:
            consent.register_educator(session, user_id, granted, how, actor=current_actor())
    except BadInputError as error:
        return _person(user_id=user_id, problem=error.message), error.status
    flash(say(message("Registered.")), "done")
    return _back(None, user_id)


@blueprint.post("/autorizaciones/ninos/<uuid:child_id>/revocar")
@permission(Action.CONSENT_REGISTER)
def revoke_child(child_id: UUID) -> ResponseReturnValue:
    """Take back what was allowed for a child."""
    return _revoke(child_id, None)


@blueprint.post("/autorizaciones/educadoras/<uuid:user_id>/revocar")
@permission(Action.CONSENT_OWN)
def revoke_educator(user_id: UUID) -> ResponseReturnValue:
    """Take back what the educator allowed."""
    return _revoke(None, user_id)


def _revoke(child_id: UUID | None, user_id: UUID | None) -> ResponseReturnValue:
    form = request.form
    try:
        channel = form.get("channel", "")
        if channel not in set(Channel):
            raise BadInputError(message("Choose by which way it came."), field="channel")
        with writing() as session:
            consent.revoke(
                session,
                _subject(session, child_id, user_id),
                _ticked("scope"),
                on=_day(form.get("given_on", "")),
                channel=Channel(channel),
                actor=current_actor(),
            )
    except (BadInputError, ConflictError) as error:
        return _person(child_id, user_id, error.message), error.status
    flash(say(_REVOKED), "done")
    return _back(child_id, user_id)


_REVOKED = message(
    "Revoked. The videos are locked and nobody sees their clips from now on; the files of the "
    "clips are being deleted, and a certificate will say so."
)


# --- papers --------------------------------------------------------------------------------------


@blueprint.post("/autorizaciones/ninos/<uuid:child_id>/papel")
@permission(Action.CONSENT_REGISTER)
def keep_child_paper(child_id: UUID) -> ResponseReturnValue:
    """Keep the scan of a child's paper, sealed."""
    return _keep_paper(child_id, None)


@blueprint.post("/autorizaciones/educadoras/<uuid:user_id>/papel")
@permission(Action.CONSENT_OWN)
def keep_educator_paper(user_id: UUID) -> ResponseReturnValue:
    """Keep the scan of the educator's paper, sealed."""
    return _keep_paper(None, user_id)


def _keep_paper(child_id: UUID | None, user_id: UUID | None) -> ResponseReturnValue:
    sent = request.files.get("paper")
    content = sent.stream.read(papers.LARGEST + 1) if sent else b""
    files, vault = home().store, open_vault(home().settings)
    try:
        with writing() as session:
            subject = _subject(session, child_id, user_id)
            kept = papers.keep_paper(session, files, vault, subject, content, actor=current_actor())
            place = erasing.Place(home().database, files)
            erasing.delete_when_committed(session, place, papers.drop_replaced(session))
    except BadInputError as error:
        return _person(child_id, user_id, error.message), error.status
    files.settle(kept.sha256)
    flash(say(message("The scan is kept, sealed.")), "done")
    return _back(child_id, user_id)


@blueprint.get("/autorizaciones/papeles/<uuid:paper_id>")
@permission(Action.CONSENT_OWN)
def paper(paper_id: UUID) -> ResponseReturnValue:
    """Send a scan, opened, as a file to save; that it was looked at is put on file."""
    files, vault = home().store, open_vault(home().settings)
    with writing() as session:
        row, content = papers.read_paper(session, files, vault, paper_id, actor=current_actor())
    name = f"autorizacion.{papers.ENDINGS[row.media_type]}"
    return as_download(Response(content, mimetype=row.media_type), name)
