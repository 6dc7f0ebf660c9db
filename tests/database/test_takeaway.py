"""What is taken away: only what was blurred and signed, put on file, sealed when asked."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from uuid import UUID

import cv2
import numpy as np
import pypdf
import pytest
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from observe.db import Database, now, today
from observe.errors import (
    BadInputError,
    ConflictError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
)
from observe.feedback import openings, rounds, signed, takeaway
from observe.feedback import operations as feedbacks
from observe.feedback.models import Feedback, FeedbackState, FocusKind
from observe.feedback.sealing import Sealed
from observe.ids import new_id
from observe.jobs import JobState, wait_for
from observe.people.access import Actor, actor_of
from observe.people.models import AuditEntry, ClassGroup, Membership, Role, User
from observe.records import verification
from observe.records.operations import RecordFilter
from observe.settings import Settings
from observe.video.blur import operations as blurs
from observe.video.models import Blurring, BlurSound, DerivedFile, FileKind
from observe.video.store import Store
from observe.video.timecode import Span
from tests.factories import TODAY, Cast
from tests.feedback_cases import given, published
from tests.signed_cases import blurred, both_signed, sign
from tests.unit.test_sealing import PASSPHRASE, unsealed


@pytest.fixture
def feedback_id(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> UUID:
    """Published feedback, its clips cut for real."""
    return published(database, home, store, cast, small_video)


def missing(database: Database, store: Store, feedback_id: UUID) -> list[str]:
    with database.read() as session:
        feedback = session.get_one(Feedback, feedback_id)
        return [str(told) for told in signed.missing(session, store, feedback)]


def pictures(database: Database, store: Store, feedback_id: UUID) -> dict[FocusKind, bytes]:
    with database.read() as session:
        return signed.pictures_of(session, store, session.get_one(Feedback, feedback_id))


def carried(database: Database, store: Store, feedback_id: UUID, actor: Actor) -> takeaway.Carried:
    with database.read() as session:
        feedback = session.get_one(Feedback, feedback_id)
        return takeaway.carried(session, store, feedback, actor=actor)


def on_file(database: Database, action: str) -> list[dict[str, object]]:
    with database.read() as session:
        told = sa.select(AuditEntry.details).where(AuditEntry.action == action)
        return [json.loads(each) for each in session.scalars(told)]


def contents(database: Database, store: Store, kind: FileKind) -> set[bytes]:
    with database.read() as session:
        rows = session.scalars(sa.select(DerivedFile).where(DerivedFile.kind == kind))
        return {store.blob(row.sha256).read_bytes() for row in rows}


# --- blurred and signed, or not at all ------------------------------------------------------------


def test_a_moment_is_shown_only_once_it_is_blurred_and_signed(
    database: Database, home: Settings, store: Store, cast: Cast, feedback_id: UUID
) -> None:
    assert missing(database, store, feedback_id) == [
        "Strength: the clip is not blurred yet.",
        "Priority: the clip is not blurred yet.",
    ]
    asked = blurred(database, home, cast, feedback_id, FocusKind.STRENGTH)
    assert missing(database, store, feedback_id)[0] == (
        "Strength: the blurred clip waits for somebody to sign it."
    )
    assert pictures(database, store, feedback_id) == {}
    sign(database, cast, asked)
    assert list(pictures(database, store, feedback_id)) == [FocusKind.STRENGTH]
    with pytest.raises(InvalidError) as refused:
        carried(database, store, feedback_id, cast.observer)
    assert [str(told) for told in refused.value.problems] == [
        "Priority: the clip is not blurred yet."
    ]
    sign(database, cast, blurred(database, home, cast, feedback_id, FocusKind.PRIORITY))
    assert missing(database, store, feedback_id) == []
    assert set(pictures(database, store, feedback_id)) == set(FocusKind)


def test_the_pictures_are_those_of_the_blurred_clips(
    database: Database, home: Settings, store: Store, cast: Cast, feedback_id: UUID
) -> None:
    blurring_id = blurred(database, home, cast, feedback_id, FocusKind.STRENGTH)
    region = {"id": str(new_id()), "kind": "add", "start_ms": 0, "end_ms": 5_000}
    with database.write() as session:
        given_box = [region | {"box": [0.0, 0.0, 1.0, 1.0]}]
        blurs.correct(session, blurring_id, given_box, version=0, actor=cast.observer)
    blurred(database, home, cast, feedback_id, FocusKind.STRENGTH)  # as corrected
    sign(database, cast, blurring_id)
    (shown,) = (drawn(each) for each in pictures(database, store, feedback_id).values())
    (covered,) = (drawn(each) for each in contents(database, store, FileKind.BLURRED_POSTER))
    bare = [drawn(each) for each in contents(database, store, FileKind.CLIP_POSTER)]
    near, far = np.abs(shown - covered).mean(), min(np.abs(shown - each).mean() for each in bare)
    assert near * 3 < far


def drawn(picture: bytes) -> NDArray[np.int16]:
    """Return the pixels of a picture, all at one size."""
    seen = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    assert seen is not None
    return np.asarray(cv2.resize(seen, (160, 90)), np.int16)


def test_a_signature_that_falls_takes_picture_and_file_away(
    database: Database, home: Settings, store: Store, cast: Cast, feedback_id: UUID
) -> None:
    both_signed(database, home, cast, feedback_id)
    with database.write() as session:
        for row in session.scalars(sa.select(Blurring)):
            span = Span(row.start_ms, row.end_ms)
            blurs.ask(session, row.recording_id, span, sound=BlurSound.MUTE, actor=cast.observer)
    assert pictures(database, store, feedback_id) == {}
    assert missing(database, store, feedback_id) == [
        "Strength: the clip is still being blurred.",
        "Priority: the clip is still being blurred.",
    ]


def test_without_the_consents_nothing_of_the_film_leaves(
    database: Database, home: Settings, store: Store, cast: Cast, feedback_id: UUID
) -> None:
    both_signed(database, home, cast, feedback_id)
    with database.write() as session:
        recording = session.get_one(Feedback, feedback_id).observation.recording
        recording.consent_at = recording.consent_by_id = None
    assert pictures(database, store, feedback_id) == {}
    assert missing(database, store, feedback_id) == [
        "Consents are not on file for this video: it cannot be shared."
    ]


def test_a_lost_file_is_told(
    database: Database, home: Settings, store: Store, cast: Cast, feedback_id: UUID
) -> None:
    both_signed(database, home, cast, feedback_id)
    with database.read() as session:
        feedback = session.get_one(Feedback, feedback_id)
        moment = signed.signed_moments(session, feedback)[FocusKind.PRIORITY]
    store.blob(moment.clip.sha256).unlink()
    assert missing(database, store, feedback_id) == [
        "Priority: the file of the blurred clip is gone; blur it again."
    ]


def test_clips_that_are_too_large_for_a_phone_are_told(
    database: Database,
    home: Settings,
    store: Store,
    cast: Cast,
    feedback_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both_signed(database, home, cast, feedback_id)
    monkeypatch.setattr(signed, "LARGEST", 1_000)
    (told,) = missing(database, store, feedback_id)
    assert told.startswith("Both clips together take ")


# --- one file -------------------------------------------------------------------------------------


class _Addresses(HTMLParser):
    """What a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href", "poster", "data", "action"):
                self.found.append(value or "")
            if name == "style" or name.startswith("on"):
                self.inline.append(name)


def test_the_file_holds_both_blurred_clips_and_asks_nothing_of_a_network(
    database: Database, home: Settings, store: Store, cast: Cast, feedback_id: UUID
) -> None:
    both_signed(database, home, cast, feedback_id)
    text = takeaway.written(carried(database, store, feedback_id, cast.educator)).decode()
    page = _Addresses()
    page.feed(text)
    assert page.inline == []
    assert page.found
    assert all(address.startswith("data:") for address in page.found)
    held = {base64.b64decode(address.partition(",")[2]) for address in page.found}
    assert contents(database, store, FileKind.BLURRED) <= held
    assert not contents(database, store, FileKind.CLIP) & held
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy
    assert "default-src &#39;none&#39;" in policy[1]
    assert "unsafe" not in policy[1]
    assert "http" not in policy[1]
    assert "Berta, esto es para ti" in text
    assert "Pregunta «¿por qué?»." in text


def test_what_was_typed_is_no_markup_in_it(
    database: Database, home: Settings, store: Store, cast: Cast, feedback_id: UUID
) -> None:
    both_signed(database, home, cast, feedback_id)
    what = carried(database, store, feedback_id, cast.observer)
    hostile = "</p><script>alert(1)</script><img src=x onerror=alert(1)>"
    page = replace(what.page, next_step=hostile, educator=f"{hostile} O'Brien")
    text = takeaway.written(replace(what, page=page)).decode()
    assert "<script>alert" not in text
    assert "<img" not in text
    assert text.count("<script>") == 1


def test_a_sealed_file_says_nothing_without_its_passphrase(
    database: Database, home: Settings, store: Store, cast: Cast, feedback_id: UUID
) -> None:
    both_signed(database, home, cast, feedback_id)
    what = carried(database, store, feedback_id, cast.observer)
    content = takeaway.written(what, passphrase=PASSPHRASE)
    text = content.decode()
    box = re.search(r'data-salt="([^"]+)" data-nonce="([^"]+)" data-iterations="(\d+)"', text)
    body = re.search(r'data-label="[^"]+">([^<]+)</script>', text)
    assert box
    assert body
    # Of what is sealed, any four letters may be found by chance; of the rest none of these may.
    open_text = text.replace(body[1], "")
    for said in (
        "Berta",
        "Peñailillo",
        "Lenguaje",
        "1° B",
        "Escuchas",
        "mayo",
        "video/mp4",
        "ftyp",
        PASSPHRASE,
    ):
        assert said not in open_text
    salt, nonce, sealed = (base64.b64decode(each) for each in (box[1], box[2], body[1]))
    assert b"Berta, esto es para ti" not in sealed
    for clip in contents(database, store, FileKind.BLURRED):
        assert clip[1_000:1_064] not in sealed
    plain = unsealed(Sealed(salt, nonce, int(box[3]), sealed), PASSPHRASE)
    assert b"Berta, esto es para ti" in plain
    assert all(clip in plain for clip in contents(database, store, FileKind.BLURRED))


def test_who_may_carry_it_and_what_is_on_file(
    database: Database, home: Settings, store: Store, cast: Cast, feedback_id: UUID
) -> None:
    both_signed(database, home, cast, feedback_id)
    for actor in (*cast.outsiders, cast.second_educator, cast.utp_head, cast.network_lead):
        with pytest.raises(NotFoundError):
            carried(database, store, feedback_id, actor)
    what = carried(database, store, feedback_id, cast.educator)
    with database.write() as session:
        feedback = session.get_one(Feedback, feedback_id)
        takeaway.taken(session, feedback, what, sealed=True, actor=cast.educator)
    (told,) = on_file(database, openings.DOWNLOAD)
    assert (told["form"], told["sealed"]) == ("html", True)
    assert set(told["clips"]) == set(what.clips)  # type: ignore[call-overload]


def test_what_is_withdrawn_is_carried_no_more(
    database: Database, home: Settings, store: Store, cast: Cast, feedback_id: UUID
) -> None:
    both_signed(database, home, cast, feedback_id)
    with database.write() as session:
        feedbacks.withdraw(session, feedback_id, "Otro niño", actor=cast.observer)
    with pytest.raises(NotFoundError):
        carried(database, store, feedback_id, cast.educator)
    with pytest.raises(InvalidError):
        carried(database, store, feedback_id, cast.observer)


# --- a round --------------------------------------------------------------------------------------


@pytest.fixture
def three(database: Database, cast: Cast) -> list[UUID]:
    """Three published feedbacks of one educator, two of them on one day."""
    with database.write() as session:
        days = (TODAY, TODAY, TODAY + timedelta(days=1))
        return [given(session, cast, day, f"Paso {number}").id for number, day in enumerate(days)]


def asked(database: Database, cast: Cast, ids: list[UUID]) -> UUID:
    with database.write() as session:
        return rounds.ask(session, ids, locale="es_CL", actor=cast.observer)


def done(database: Database, home: Settings, round_id: UUID) -> JobState:
    with database.read() as session:
        job = rounds.job_of(session, round_id)
    assert job is not None
    return wait_for(home, job.id, lambda _job: None).state


def test_the_worker_makes_the_zip_and_who_takes_it_is_on_file(
    database: Database, home: Settings, store: Store, cast: Cast, three: list[UUID]
) -> None:
    round_id = asked(database, cast, three)
    assert done(database, home, round_id) is JobState.DONE
    with database.write() as session:
        path = rounds.take(session, store, round_id, actor=cast.observer)
    with zipfile.ZipFile(path) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == [
            "2026-05-12-1B-BO.pdf",
            "2026-05-12-1B-BO-2.pdf",
            "2026-05-13-1B-BO.pdf",
        ]
        for number, name in enumerate(packed.namelist()):
            text = pypdf.PdfReader(io.BytesIO(packed.read(name))).pages[0].extract_text()
            assert f"Paso {number}" in text
    told = on_file(database, openings.DOWNLOAD)
    assert [(each["form"], each["of"]) for each in told] == [("pdf", "round")] * 3


def test_a_round_is_its_askers_alone(
    database: Database, home: Settings, store: Store, cast: Cast, three: list[UUID]
) -> None:
    for actor in (*cast.outsiders, cast.utp_head, cast.administrator):
        with pytest.raises(ConflictError), database.write() as session:
            rounds.ask(session, three, locale="es_CL", actor=actor)
    round_id = asked(database, cast, three)
    with database.read() as session:
        for actor in (*cast.outsiders, cast.utp_head, cast.educator):
            with pytest.raises(NotFoundError):
                rounds.round_for(session, round_id, actor=actor)
        with pytest.raises(NotFoundError):
            rounds.round_for(session, new_id(), actor=cast.observer)


def test_what_was_withdrawn_since_does_not_leave_with_the_round(
    database: Database, home: Settings, store: Store, cast: Cast, three: list[UUID]
) -> None:
    round_id = asked(database, cast, three)
    done(database, home, round_id)
    with database.write() as session:
        feedbacks.withdraw(session, three[0], "Otro niño", actor=cast.observer)
    with pytest.raises(ConflictError, match="withdrawn"), database.write() as session:
        rounds.take(session, store, round_id, actor=cast.observer)
    with database.write() as session:
        rounds.again(session, round_id, actor=cast.observer)
    assert done(database, home, round_id) is JobState.DONE
    with database.write() as session:
        path = rounds.take(session, store, round_id, actor=cast.observer)
    with zipfile.ZipFile(path) as packed:
        assert len(packed.namelist()) == 2


def test_a_zip_is_kept_for_a_day(
    database: Database, home: Settings, store: Store, cast: Cast, three: list[UUID]
) -> None:
    round_id = asked(database, cast, three)
    done(database, home, round_id)
    store.clear_outgoing(now() - timedelta(hours=1))
    assert rounds.is_ready(store, round_id)
    store.clear_outgoing(now() + timedelta(seconds=2))
    assert not rounds.is_ready(store, round_id)
    with pytest.raises(ConflictError, match="not kept"), database.write() as session:
        rounds.take(session, store, round_id, actor=cast.observer)


def test_only_what_is_published_belongs_to_a_round(
    database: Database, cast: Cast, three: list[UUID]
) -> None:
    with database.write() as session:
        feedbacks.withdraw(session, three[1], "Otro niño", actor=cast.observer)
        assert session.get_one(Feedback, three[1]).state is FeedbackState.WITHDRAWN
    with database.read() as session:
        planned = rounds.plan(session, three, actor=cast.observer)
    assert [each.feedback_id for each in planned] == [three[0], three[2]]


# --- the proof for the school ---------------------------------------------------------------------


def proof(session: Session, feedback_id: UUID, actor: Actor) -> verification.Verification:
    observation_id = session.get_one(Feedback, feedback_id).observation_id
    return verification.of_one(session, observation_id, actor=actor)


def read(written: verification.Verification) -> str:
    pages = pypdf.PdfReader(io.BytesIO(verification.pdf(written, locale="es_CL"))).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages)


def test_the_proof_says_what_was_done_and_nothing_of_what_it_was_about(
    database: Database, cast: Cast, feedback_id: UUID
) -> None:
    with database.write() as session:
        feedback = session.get_one(Feedback, feedback_id)
        before = proof(session, feedback_id, cast.utp_head)
        openings.opened(session, feedback, actor=cast.educator)
        feedbacks.save_answer(session, feedback_id, "Voy a probar.", send=True, actor=cast.educator)
        after = proof(session, feedback_id, cast.utp_head)
    assert (before.acts[0].read_on, before.acts[0].answered) == (None, False)
    assert (after.acts[0].read_on, after.acts[0].answered) == (after.made_on, True)
    text = read(after)
    for said in (
        "Escuela Los Aromos · RBD 1234-5",
        "Berta O'Brien",
        "Ana Peñailillo",
        "12 de mayo de 2026",
        "Ciclos de observación 2",
        "Respondió sí",
        "Nombre y firma",
    ):
        assert said in text, said
    with database.read() as session:
        feedback = session.get_one(Feedback, feedback_id)
        notes = [focus.note for focus in feedback.focuses]
    for hidden in (*notes, "Pregunta", "Voy a probar", "explica cómo", "2,", "3,"):
        assert hidden not in text, hidden


def test_the_proof_of_a_period_is_one_table_of_one_school(
    database: Database, cast: Cast, three: list[UUID]
) -> None:
    with database.read() as session:
        where = RecordFilter(school_id=cast.school.id, since=TODAY, until=TODAY)
        written = verification.of_period(session, where, actor=cast.utp_head)
        everything = verification.of_period(session, RecordFilter(), actor=cast.observer)
    assert (len(written.acts), len(everything.acts)) == (2, 3)
    text = read(written)
    assert "Clases del 12 de mayo de 2026 al 12 de mayo de 2026" in text
    assert text.count("Berta O'Brien") == 2
    assert "Paso" not in text


def test_the_proof_is_tagged_and_speaks_spanish(
    database: Database, three: list[UUID], cast: Cast
) -> None:
    with database.read() as session:
        written = verification.of_period(session, RecordFilter(), actor=cast.observer)
    content = verification.pdf(written, locale="es_CL")
    root = pypdf.PdfReader(io.BytesIO(content)).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]  # type: ignore[index]
    assert root["/Lang"].startswith("es")  # type: ignore[index]
    assert b"pdfuaid" in content


def test_who_may_take_the_proof(database: Database, cast: Cast, feedback_id: UUID) -> None:
    with database.read() as session:
        for actor in (*cast.outsiders, cast.second_educator, cast.network_lead, cast.educator):
            with pytest.raises((NotFoundError, NotAllowedError)):
                proof(session, feedback_id, actor)
            with pytest.raises(NotFoundError):
                verification.of_period(session, RecordFilter(), actor=actor)
        for actor in (cast.observer, cast.utp_head):
            assert len(proof(session, feedback_id, actor).acts) == 1


def test_a_period_of_two_schools_is_refused(
    database: Database, cast: Cast, three: list[UUID]
) -> None:
    with database.write() as session:
        recording = session.get_one(Feedback, three[0]).observation.recording
        group = ClassGroup(school_id=cast.other_school.id, name="2° A", year=2026)
        session.add(group)
        session.flush()
        recording.class_group_id = group.id
        observer = session.get_one(User, cast.observer.user_id)
        observer.memberships.append(Membership(role=Role.OBSERVER, school_id=cast.other_school.id))
        session.flush()
        of_both = actor_of(observer, today())
    with database.read() as session, pytest.raises(BadInputError):
        verification.of_period(session, RecordFilter(), actor=of_both)
