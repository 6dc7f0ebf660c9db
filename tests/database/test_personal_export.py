"""What a person's copy holds, what it holds of others (nothing), and who may have it."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from observe import jobs
from observe.coding.models import Correction
from observe.db import Base, Database, now, today
from observe.errors import BadInputError, ConflictError, NotFoundError
from observe.feedback import operations as feedbacks
from observe.feedback import own_look
from observe.feedback.answers import Besides
from observe.feedback.models import Feedback
from observe.people import class_lists
from observe.people.access import Actor
from observe.people.models import Child, Evaluator, PeerVisit, SecurityKey
from observe.privacy import certificates, consent, personal_export, requests
from observe.privacy.certificates import Told
from observe.privacy.clocks import RequestKind
from observe.privacy.consent import REVOKE, How
from observe.privacy.gate import Place
from observe.privacy.kinds import CertificateKind
from observe.privacy.personal_export import Personal
from observe.privacy.request_models import About, Channel, RequestState
from observe.privacy.requests import Asked
from observe.privacy.scopes import FORM_VERSION, Scope
from observe.privacy.scopes import Channel as Way
from observe.records import operations as records
from observe.records.models import Agreement
from observe.records.personal import child, making, person
from observe.settings import Settings
from observe.video import erasing, gate
from observe.video.models import Recording
from observe.video.store import SPARE_BYTES, Store
from tests.factories import Cast, recording
from tests.feedback_cases import drafted, filmed, given_for, submitted

TODAY = today()


@pytest.fixture
def feedback_id(session: Session, cast: Cast) -> UUID:
    """Feedback of hers with a child's name in it, her look, and an answer that she did not send."""
    session.add(Child(class_group_id=cast.class_group.id, list_number=3, name="Sofía M."))
    lesson = recording(session, cast)
    feedback = given_for(session, cast, submitted(session, cast, lesson), "Pregúntale a Sofía.")
    records.comment(session, feedback.observation_id, "Sofía participó.", actor=cast.utp_head)
    first = feedback.focuses[0].dimension
    assert first is not None
    own_look.keep_look(session, feedback.id, {first: 4}, actor=cast.educator)
    feedbacks.save_answer(
        session, feedback.id, "Todavía lo pienso.", Besides(), send=False, actor=cast.educator
    )
    # What is not hers: another educator's lesson, and a draft about her own next one.
    other = recording(session, cast)
    other.educator_id = cast.second_educator.user_id
    session.flush()
    given_for(session, cast, submitted(session, cast, other), "Paso de otra.")
    later = submitted(session, cast, recording(session, cast))
    drafted(session, cast, later)
    return feedback.id


def gathered(session: Session, store: Store, cast: Cast, **more: Any) -> dict[str, Any]:
    found = person.gather(
        session, store, cast.educator.user_id, locale="es_CL", is_own=True, **more
    )
    told: dict[str, Any] = json.loads(personal_export.as_json(found))
    return told


def test_it_holds_what_is_hers_and_nothing_of_others(
    session: Session, store: Store, cast: Cast, feedback_id: UUID
) -> None:
    told = gathered(session, store, cast)
    assert told["account"][0]["name"] == "Berta O'Brien"
    assert [row["school"] for row in told["memberships"]] == ["Escuela Los Aromos"]
    assert len(told["recordings"]) == 2
    assert {row["next_step"] for row in told["feedback"]} == {"", "Pregúntale a —."}
    assert told["answers"][0]["text"] == "Todavía lo pienso."
    assert told["own_look"][0]["value"] == 4
    assert told["comments"][0]["text"] == "— participó."
    assert {row["observer"] for row in told["records"]} == {"Ana Peñailillo"}
    assert len(told["notes"]) == 6
    whole = json.dumps(told, ensure_ascii=False)
    for secret in ("Sofía", "Paso de otra", "Celia", "draft"):
        assert secret not in whole, secret
    drafts = session.scalar(sa.select(sa.func.count(Feedback.id)))
    assert drafts == 3, "there is a draft, and it is not in there"


def test_who_asks_in_her_name_gets_nothing_that_is_hers_alone(
    session: Session, store: Store, cast: Cast, feedback_id: UUID
) -> None:
    found = person.gather(session, store, cast.educator.user_id, locale="es_CL", is_own=False)
    told = json.loads(personal_export.as_json(found))
    assert "own_look" not in told
    assert told["answers"] == []


def test_the_page_says_the_same_and_runs_nothing(
    session: Session, store: Store, cast: Cast, feedback_id: UUID
) -> None:
    feedback = session.get_one(Feedback, feedback_id)
    records.comment(
        session, feedback.observation_id, "<script>alert(1)</script>", actor=cast.utp_head
    )
    found = person.gather(session, store, cast.educator.user_id, locale="es_CL", is_own=True)
    page = personal_export.as_page(found, "es_CL").decode()
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert "Pregúntale a —." in page
    assert "Todo lo que se guarda sobre ti" in page


def test_a_childs_copy_goes_by_list_number_and_holds_no_name(
    session: Session, store: Store, cast: Cast
) -> None:
    class_lists.write_class_list(
        session, cast.class_group.id, "1 Sofía M.\n2 Tomás", actor=cast.observer
    )
    first = session.scalars(sa.select(Child).where(Child.list_number == 1)).one()
    how = How(Way.PAPER, "2026-1", TODAY)
    allowed = frozenset(Scope) - {Scope.RESEARCH}
    consent.register_class(
        session, cast.class_group.id, {first.id: allowed}, how, actor=cast.observer
    )
    consent.register_educator(session, cast.educator.user_id, allowed, how, actor=cast.utp_head)
    film = recording(session, cast)
    second = session.scalars(sa.select(Child).where(Child.list_number == 2)).one()
    gate.count_children(session, film.id, 9, {second.id: Place.UNSEEN}, actor=cast.observer)
    consent.revoke(
        session,
        consent.child_for(session, first.id, actor=cast.utp_head),
        [Scope.TRAINING],
        on=TODAY,
        channel=Way.MAIL,
        actor=cast.utp_head,
    )

    told = _of_child(session, cast, 1)
    by_scope = {row["scope"]: row for row in told["consents"]}
    assert len(by_scope) == len(Scope)
    assert by_scope["Research"]["granted"] is False
    taken = by_scope["Train the school's own team"]
    assert (taken["revoked_by"], taken["revoked_on"]) == ("Dora Müller", TODAY.isoformat())
    assert (taken["text_version"], taken["registered_by"]) == ("2026-1", "Ana Peñailillo")
    assert [row["place"] for row in told["lessons"]] == ["May be seen: nobody noted the contrary"]
    assert told["requests"][0]["kind"] == "Access: know what is held about her"
    beside = _of_child(session, cast, 2)
    assert beside["consents"] == []
    assert beside["lessons"][0]["place"] == "Was there, and is not seen, or is covered"
    for copy in (told, beside):
        whole = json.dumps(copy, ensure_ascii=False)
        assert "Sofía" not in whole
        assert "Tomás" not in whole
    assert _of_child(session, cast, 44)["child"][0]["listed"] is False

    own = person.gather(session, store, cast.educator.user_id, locale="en", is_own=True)
    hers = next(each for each in own.sections if each.name == "consents")
    assert {row["registered_by"] for row in hers.rows} == {"Dora Müller"}


def test_of_who_is_no_more_on_the_list_nothing_of_an_educator_is_told(
    session: Session, cast: Cast
) -> None:
    hers, everything = cast.educator.user_id, frozenset(Scope)
    how = How(Way.PAPER, FORM_VERSION, TODAY)
    consent.register_educator(session, hers, everything, how, actor=cast.observer)
    subject = consent.educator_for(session, hers, actor=cast.observer)
    taken = consent.revoke(
        session, subject, everything, on=TODAY, channel=Way.MAIL, actor=cast.observer
    )
    reached = {"recordings": [{"files": 3}]}
    told = Told(CertificateKind.REVOKED, "revocation", taken.id, None, reached, REVOKE)
    certificates.issue(session, told, by_id=taken.by_id)
    assert _of_child(session, cast, 44)["deleted"] == []


def _of_child(session: Session, cast: Cast, number: int) -> dict[str, Any]:
    asked = Asked(
        RequestKind.ACCESS,
        About.CHILD,
        TODAY,
        Channel.LETTER,
        class_group_id=cast.class_group.id,
        list_number=number,
    )
    made = requests.register(session, asked, today=TODAY, actor=cast.administrator)
    told: dict[str, Any] = json.loads(
        personal_export.as_json(child.gather(session, made.id, locale="en"))
    )
    return told


def test_videos_go_along_when_asked_for_and_allowed(
    database: Database, store: Store, cast: Cast, small_video: Path
) -> None:
    with database.write() as session:
        for name in ("clase.mp4", "clase.html"):
            filmed(session, store, cast, small_video).original_name = name
        locked = filmed(session, store, cast, small_video)
        locked.consent_by_id = locked.consent_at = None
        recording(session, cast)  # its file is not there
    found = _with_videos(database, store, cast)
    day = recording_day(database)
    assert [film.name for film in found.films] == [f"videos/{day}.mp4", f"videos/{day}-2.mp4"]
    assert len([each for each in found.left_out if "%(why)s" in each.source]) == 2
    packed = io.BytesIO()
    target = store.temporary(".zip")
    personal_export.write_zip(target, found, locale="es_CL")
    packed.write(target.read_bytes())
    with zipfile.ZipFile(packed) as opened:
        assert opened.read(f"videos/{day}.mp4") == small_video.read_bytes()
    target.unlink()
    with database.write() as session:
        child = Asked(
            RequestKind.BLOCKING,
            About.CHILD,
            TODAY,
            Channel.LETTER,
            class_group_id=cast.class_group.id,
            list_number=3,
        )
        made = requests.register(session, child, today=TODAY, actor=cast.administrator)
        requests.block(session, made.id, actor=cast.administrator)
    assert _with_videos(database, store, cast).films == ()


def _with_videos(database: Database, store: Store, cast: Cast) -> Personal:
    with database.read() as session:
        return person.gather(
            session,
            store,
            cast.educator.user_id,
            locale="es_CL",
            is_own=True,
            with_videos=True,
        )


def recording_day(database: Database) -> str:
    with database.read() as session:
        return str(session.scalar(sa.select(Recording.recorded_on).limit(1)))


# --- all of it ------------------------------------------------------------------------------------


# Each place where the database names a person: what of it is in her copy, or why it is not.
IN_HER_COPY = {
    *(("membership", "user_id"), ("sign_in_session", "user_id"), ("recording", "educator_id")),
    *(("answer", "user_id"), ("self_assessment", "user_id"), ("reminder", "user_id")),
    *(("rights_request", "user_id"), ("observation", "observer_id"), ("saved_view", "user_id")),
    *(("consent", "educator_id"), ("revocation", "educator_id"), ("peer_visit", "one_id")),
    *(("peer_visit", "other_id"), ("evaluator", "evaluator_id"), ("evaluator", "educator_id")),
    *(("code_app", "user_id"), ("security_key", "user_id"), ("outside_account", "user_id")),
    ("invitation", "user_id"),
}
SECRETS = {("recovery_code", "user_id"), ("sign_in_link", "user_id")}  # hashes
COUNTED = {("lesson_mean", "educator_id")}  # from the records, which are in it
# What she did to what is others' or everybody's: the copy says that it is left out.
DONE = {
    *(("agreement", "user_id"), ("comment", "user_id"), ("upload", "user_id")),
    *(("list_visit", "user_id"), ("recording", "observer_id"), ("assignment", "observer_id")),
}


def test_every_place_that_names_a_person_is_in_her_copy_or_says_why_not() -> None:
    named = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if any(key.target_fullname == "user.id" for key in column.foreign_keys)
    }
    told = IN_HER_COPY | SECRETS | COUNTED | DONE
    assert named >= told
    acts = {place for place in named if place[1].endswith(("by_id", "author_id", "actor_id"))}
    assert named - told - acts == set()


def test_what_is_on_file_besides_her_lessons_is_in_it(
    session: Session, store: Store, cast: Cast, feedback_id: UUID
) -> None:
    hers, head = cast.educator.user_id, cast.utp_head.user_id
    observation_id = session.get_one(Feedback, feedback_id).observation_id
    how = How(Way.PAPER, FORM_VERSION, TODAY)
    consent.register_educator(session, hers, frozenset(Scope), how, actor=cast.observer)
    record = {"observation_id": observation_id, "revision_number": 1}
    session.add_all(
        [
            Agreement(**record, user_id=head),
            Correction(**record, reason="Sofía no estaba.", asked_by_id=head),
            PeerVisit(
                one_id=cast.outsider_educator.user_id, other_id=hers, by_id=head, ends_on=TODAY
            ),
            Evaluator(evaluator_id=head, educator_id=hers, by_id=head),
            SecurityKey(user_id=hers, credential_id=b"1", public_key=b"2", name="Mi llave"),
        ]
    )
    session.flush()
    found = person.gather(session, store, hers, locale="es_CL", is_own=True)
    told = {section.name: section.rows for section in found.sections}
    assert len(told["consents"]) == len(Scope)
    assert [row["who"] for row in told["agreements"]] == ["Dora Müller"]
    assert [row["text"] for row in told["corrections"]] == ["— no estaba."]
    assert [row["peer"] for row in told["visits"]] == ["Hilda Vera"]
    assert [row["evaluator"] for row in told["evaluations"]] == ["Dora Müller"]
    assert [row["name"] for row in told["ways_in"]] == ["Mi llave"]


# --- who may have it ------------------------------------------------------------------------------


def _ask(
    session: Session,
    cast: Cast,
    actor: Actor,
    request_id: UUID | None = None,
    *,
    with_videos: bool = False,
) -> UUID:
    return personal_export.ask(
        session,
        cast.educator.user_id,
        with_videos=with_videos,
        locale="es_CL",
        actor=actor,
        request_id=request_id,
    )


def _request(session: Session, cast: Cast, kind: RequestKind = RequestKind.ACCESS) -> UUID:
    asked = Asked(kind, About.PERSON, TODAY, Channel.LETTER, user_id=cast.educator.user_id)
    return requests.register(session, asked, today=TODAY, actor=cast.administrator).id


def test_only_she_and_who_handles_her_request_for_a_copy(session: Session, cast: Cast) -> None:
    own = _ask(session, cast, cast.educator)
    for actor in (cast.administrator, cast.observer, cast.utp_head, *cast.outsiders):
        with pytest.raises(NotFoundError):
            _ask(session, cast, actor)
        with pytest.raises(NotFoundError):
            personal_export.asked_for(session, own, actor=actor)
    access = _request(session, cast)
    with pytest.raises(ConflictError, match="only she herself"):
        _ask(session, cast, cast.administrator, access, with_videos=True)
    handled = _ask(session, cast, cast.administrator, access)
    with pytest.raises(ConflictError):
        _ask(session, cast, cast.administrator, _request(session, cast, RequestKind.ERASURE))
    for actor in (cast.educator, cast.observer):
        with pytest.raises(NotFoundError):
            personal_export.asked_for(session, handled, actor=actor)
    assert personal_export.last_of(session, actor=cast.administrator, request_id=access) == handled
    assert personal_export.last_of(session, actor=cast.educator) == own
    requests.close(
        session,
        access,
        RequestState.ANSWERED,
        "Listo.",
        on=TODAY,
        today=TODAY,
        actor=cast.administrator,
    )
    with pytest.raises(ConflictError):
        personal_export.asked_for(session, handled, actor=cast.administrator)


def test_the_job_makes_it_and_after_a_day_it_goes(
    database: Database,
    home: Settings,
    store: Store,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with database.write() as session:
        export_id = _ask(session, cast, cast.educator)
        job = personal_export.job_of(session, export_id)
    assert job is not None
    ended = jobs.wait_for(home, job.id, lambda _job: None)
    assert ended.state is jobs.JobState.DONE
    with database.write() as session:
        asked = personal_export.asked_for(session, export_id, actor=cast.educator)
        path = making.take(session, store, asked, actor=cast.educator)
    assert path is not None
    later = now() + timedelta(days=1, seconds=1)
    monkeypatch.setattr(making, "now", lambda: later)
    assert not making.is_ready(store, export_id), "nothing has swept it yet"
    with database.write() as session:
        assert making.take(session, store, asked, actor=cast.educator) is None


def test_what_is_deleted_while_it_is_made_is_not_in_it(
    database: Database,
    home: Settings,
    store: Store,
    cast: Cast,
    small_video: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with database.write() as session:
        film = filmed(session, store, cast, small_video)
        export_id = _ask(session, cast, cast.educator, with_videos=True)
        job = personal_export.job_of(session, export_id)
    assert job is not None
    write, written = personal_export.write_zip, []

    def meanwhile(made: Path, found: Personal, **more: Any) -> None:
        write(made, found, **more)
        written.append(len(found.films))
        if len(written) > 1:
            return
        place = erasing.Place(database, store)
        with database.write() as session:
            erasing.erase_video(session, place, film.id, reason="Así.", actor=cast.observer)

    monkeypatch.setattr(personal_export, "write_zip", meanwhile)
    making.make_zip(jobs.Work(job.id, home, database), export_id)
    with zipfile.ZipFile(store.outgoing(export_id, "zip")) as packed:
        assert not [name for name in packed.namelist() if name.endswith(".mp4")]
    assert written == [1, 0]


def test_a_disk_without_room_for_the_videos_is_told_before_it_is_full(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with database.write() as session:
        filmed(session, store, cast, small_video)
        export_id = _ask(session, cast, cast.educator, with_videos=True)
    room = small_video.stat().st_size + SPARE_BYTES
    for free in (room - 1, room):
        monkeypatch.setattr(Store, "free_bytes", lambda _self, free=free: free)
        try:
            making.make_zip(jobs.Work("none", home, database), export_id)
        except BadInputError as error:
            assert "disk space" in str(error)
        assert making.is_ready(store, export_id) is (free == room)


def test_a_copy_made_before_is_not_given_when_a_film_in_it_may_not_be_any_more(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> None:
    with database.write() as session:
        filmed(session, store, cast, small_video)
        export_id = _ask(session, cast, cast.educator, with_videos=True)
        asked = personal_export.asked_for(session, export_id, actor=cast.educator)
    making.make_zip(jobs.Work("", home, database), export_id)
    with database.write() as session:
        path = making.take(session, store, asked, actor=cast.educator)
        assert path is not None
        (lesson_id,) = personal_export.lessons_in(path)
        session.get_one(Recording, lesson_id).lock = "child"  # as a consent taken back leaves it
    with database.write() as session:
        assert making.take(session, store, asked, actor=cast.educator) is None
    assert not path.exists()
