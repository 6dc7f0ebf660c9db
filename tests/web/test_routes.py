"""Every address there is, found by the test: each has its permission, outsiders see nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from observe.coding.assigning import Asking, assign
from observe.coding.models import Observation
from observe.db import Database, now, today
from observe.feedback import rounds, visiting
from observe.feedback.models import Feedback
from observe.ids import new_id
from observe.people import evaluators, importing, inviting, networks, signin
from observe.people.access import Action
from observe.people.models import Child, OutsideAccount, Role, School, SecurityKey, User
from observe.privacy import breaches, certificates, consent, papers, personal_export, requests
from observe.privacy.clocks import RequestKind
from observe.privacy.consent import How
from observe.privacy.kinds import CertificateKind
from observe.privacy.request_models import About
from observe.privacy.request_models import Channel as AskedBy
from observe.privacy.requests import Asked
from observe.privacy.scopes import Channel, Scope
from observe.records import own_list
from observe.settings import Settings
from observe.vault import open_vault
from observe.video.blur import operations as blur_operations
from observe.video.operations import begin_upload
from observe.video.store import Store
from observe.video.timecode import Span
from tests.factories import TODAY, Cast, person
from tests.feedback_cases import published
from tests.web.conftest import OWN_APP, ClientFor

PUBLIC = {
    "assets",
    "outside.back",
    "outside.begin",
    "second_step.ask_for_key",
    "second_step.form",
    "second_step.show_code",
    "second_step.show_key",
    "signin.choose_language",
    "signin.form",
    "signin.link",
    "signin.sign_in",
    "signin.sign_out",
    "signin.use_link",
}
# Places of an address that are no ids; a new kind of place must be told here.
PLAIN = {"kind": ("fortaleza", "prioridad"), "offset": ("0",)}
# What belongs to the whole territory, not to a school: test_rubrics.py says who may do what there.
COMMON = {
    name: str(new_id())
    for name in ("version_id", "other_id", "proposal_id", "draft_id", "focus_id")
} | {"paper": "aviso-de-informacion"}
# What a script sends where a form would not be read at all.
JSON_BODIES = {
    "blur.correct": {"version": 0, "corrections": []},
    "coding.change": {"window": "w", "base_version": 0, "changes": []},
}


@pytest.fixture
def ids(
    database: Database, home: Settings, store: Store, cast: Cast, small_video: Path
) -> dict[str, str]:
    """The ids of one whole path: from a lesson to published feedback, and an upload under way."""
    return path_of(database, home, store, cast, small_video)


def path_of(
    database: Database, home: Settings, store: Store, cast: Cast, film: Path, *, beside: str = ""
) -> dict[str, str]:
    """Make a whole path at the school of `cast`; return its ids, by their names in addresses.

    A second one in a home needs another `beside`: it tells the people and places around it apart.
    """
    feedback_id = published(database, home, store, cast, film)
    with database.write() as session:
        feedback = session.get_one(Feedback, feedback_id)
        upload = begin_upload(session, "otra.mp4", 10, actor=cast.observer)
        recording_id = feedback.observation.recording_id
        blurring = blur_operations.ask(session, recording_id, Span(0, 15_000), actor=cast.observer)
        return {
            "feedback_id": str(feedback_id),
            "observation_id": str(feedback.observation_id),
            "recording_id": str(feedback.observation.recording_id),
            "upload_id": str(upload.id),
            "blurring_id": str(blurring.id),
            "assignment_id": str(_asked(session, cast, feedback.observation, beside)),
            "user_id": str(cast.educator.user_id),
            "class_group_id": str(feedback.observation.recording.class_group_id),
            "round_id": str(_round(session, cast, feedback_id)),
            **_privacy(session, home, store, cast, recording_id),
            "school_id": str(cast.school.id),
            **_people(session, cast, beside),
            **_rights(session, cast),
            **_own(session, cast, beside),
            "view_id": str(_view(session, cast)),
        }


def _privacy(
    session: Session, home: Settings, store: Store, cast: Cast, recording_id: UUID
) -> dict[str, str]:
    """A child with its sealed paper, and a certificate."""
    child = Child(class_group_id=cast.class_group.id, list_number=1, name="Ana")
    session.add(child)
    session.flush()
    everything = {child.id: frozenset(Scope)}
    how = How(Channel.PAPER, "2026-1", TODAY)
    consent.register_class(session, cast.class_group.id, everything, how, actor=cast.observer)
    consent.register_educator(
        session, cast.educator.user_id, frozenset(Scope), how, actor=cast.observer
    )
    subject = consent.child_for(session, child.id, actor=cast.observer)
    paper = papers.keep_paper(
        session, store, open_vault(home), subject, b"%PDF-1.7", actor=cast.observer
    )
    told = certificates.Told(
        CertificateKind.VIDEO_DELETED, "recording", recording_id, cast.school.id, {}, "prueba"
    )
    certificate = certificates.issue(session, told, by_id=cast.observer.user_id)
    return {
        "child_id": str(child.id),
        "paper_id": str(paper.id),
        "certificate_id": str(certificate.id),
    }


def _people(session: Session, cast: Cast, beside: str) -> dict[str, str]:
    """What is on file of people: a role, an invitation, a network, a table, a peer visit."""
    admin, educator = cast.administrator, cast.educator.user_id
    row = session.get_one(User, educator).memberships[0]
    invited = inviting.invite(session, educator, by_mail=False, actor=admin)
    evaluators.note(session, cast.observer.user_id, educator, actor=admin)
    (noted,) = evaluators.evaluated_by(session, cast.observer.user_id, actor=admin)
    content = b"rbd,name,commune\n1-9,Escuela,Lota\n"
    table = importing.Table(importing.Kind.SCHOOLS, "t.csv", content)
    plan = importing.planned(session, table, actor=admin)
    looked = importing.keep(session, table, plan, actor=admin)
    here = cast.school.rbd
    network = networks.write_network(session, None, f"Costa{beside}", here, actor=admin)
    third = School(rbd=f"4{here[:3]}-0", name=f"Escuela El Boldo{beside}", commune="Penco")
    session.add(third)
    session.flush()
    peer = person(session, f"Paz Vidal{beside}", Role.EDUCATOR, third)
    last_day = today() + timedelta(days=30)
    visit = visiting.propose(session, educator, peer.user_id, last_day, actor=cast.network_lead)
    return {
        "membership_id": str(row.id),
        "invitation_id": str(invited.id),
        "evaluator_id": str(noted.id),
        "import_id": str(looked.id),
        "network_id": str(network.id),
        "visit_id": str(visit.id),
    }


def _rights(session: Session, cast: Cast) -> dict[str, str]:
    """Return what was asked about her data, the copy that is made of them, and a breach."""
    person_id, administrator = cast.educator.user_id, cast.administrator
    asked = Asked(RequestKind.ACCESS, About.PERSON, TODAY, AskedBy.LETTER, user_id=person_id)
    request = requests.register(session, asked, today=TODAY, actor=administrator)
    export_id = personal_export.ask(
        session,
        person_id,
        with_videos=False,
        locale="es_CL",
        actor=administrator,
        request_id=request.id,
    )
    breach = breaches.register(session, breaches.Told(now(), "Algo"), actor=administrator)
    return {
        "request_id": str(request.id),
        "export_id": str(export_id),
        "breach_id": str(breach.id),
    }


def _own(session: Session, cast: Cast, beside: str) -> dict[str, str]:
    """What is tied to an account: nobody else closes it or takes it away."""
    user_id = person(session, f"Nora Vidal{beside}", Role.OBSERVER, cast.school).user_id
    opened = signin.open_session(session, session.get_one(User, user_id), hours=1, how="link")
    row = signin.session_row(session, opened.secret)
    assert row is not None
    key = SecurityKey(user_id=user_id, credential_id=b"k" + beside.encode(), public_key=b"p")
    account = OutsideAccount(user_id=user_id, issuer="i", subject=f"s{beside}", provider="Google")
    session.add_all([key, account])
    session.flush()
    return {"session_id": str(row.id), "key_id": str(key.id), "account_id": str(account.id)}


def _view(session: Session, cast: Cast) -> UUID:
    return own_list.save_view(session, "Mis clases", {"texto": "Berta"}, actor=cast.observer).id


def _round(session: Session, cast: Cast, feedback_id: UUID) -> UUID:
    return rounds.ask(session, [feedback_id], locale="es_CL", actor=cast.observer)


def _asked(session: Session, cast: Cast, observation: Observation, beside: str) -> UUID:
    colleague = person(session, f"Julia Paz{beside}", Role.OBSERVER, cast.school)
    return assign(
        session,
        observation.recording_id,
        Asking(colleague.user_id, observation.rubric_version_id, random_order=True),
        actor=cast.observer,
    ).id


@dataclass(frozen=True)
class Address:
    """One way in: a method and a path, and the same path with ids that nothing has."""

    endpoint: str
    method: str
    path: str
    nowhere: str


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint not in PUBLIC]


def addresses(app: Flask, ids: dict[str, str]) -> list[Address]:
    """Return every way in that names a thing."""
    found = []
    for rule in rules(app):
        if not rule.arguments or rule.arguments <= COMMON.keys():
            continue
        unknown = rule.arguments - ids.keys() - PLAIN.keys()
        assert not unknown, f"{rule}: the fixture `ids` needs {unknown}"
        plain = {name: PLAIN[name][0] for name in rule.arguments & PLAIN.keys()}
        real = {name: ids[name] for name in rule.arguments & ids.keys()}
        none = {name: str(new_id()) for name in real}
        assert real, f"{rule} names no thing"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            found.append(
                Address(rule.endpoint, method, fill(rule, real | plain), fill(rule, none | plain))
            )
    return found


def fill(rule: Rule, values: dict[str, str]) -> str:
    return re.sub(r"<(?:[^:>]*:)?(\w+)>", lambda place: values[place.group(1)], rule.rule)


def ask(client: FlaskClient, method: str, path: str, body: object = None) -> TestResponse:
    return client.open(path, method=method, headers={"Accept": "text/html"}, json=body)


def plain(answer: TestResponse) -> str:
    """Return the body without what differs by request: tokens and the ids asked for."""
    body = re.sub(r'(content|value)="I[\w.-]{60,}"', "TOKEN", answer.text)
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}", "ID", body)


def test_every_view_names_its_permission(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if rule.endpoint in PUBLIC:
            assert getattr(view, "public", False), rule.endpoint
        else:
            assert isinstance(getattr(view, "permission", None), Action), rule.endpoint
            assert not hasattr(view, "public"), rule.endpoint


@OWN_APP
def test_a_view_that_names_none_is_refused(app: Flask, client_for: ClientFor, cast: Cast) -> None:
    app.add_url_rule("/olvidada", "forgotten", lambda: "secret")
    assert client_for(cast.administrator).get("/olvidada").status_code == 404


def test_every_id_in_an_address_is_typed(app: Flask) -> None:
    for rule in rules(app):
        assert not re.search(r"<\w+_id>", rule.rule), f"{rule}: write <uuid:…_id>"


def test_nobody_comes_in_without_signing_in(app: Flask, ids: dict[str, str]) -> None:
    client = app.test_client()
    client.get("/entrar")
    for rule in rules(app):
        path = fill(rule, ids | COMMON | {name: values[0] for name, values in PLAIN.items()})
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = ask(client, method, path)
            if method == "GET":
                assert answer.status_code == 302, path
                assert answer.location.startswith("/entrar?"), path
            else:
                assert answer.status_code == 401, path


def test_lists_show_the_outsider_nothing_of_the_school(
    app: Flask, client_for: ClientFor, cast: Cast, ids: dict[str, str]
) -> None:
    secrets = {*ids.values(), "Los Aromos", "Ana Peñailillo", "Berta", str(cast.school.id)}
    for actor in cast.outsiders:
        client = client_for(actor)
        for rule in rules(app):
            if rule.arguments or "GET" not in (rule.methods or set()):
                continue
            answer = client.get(rule.rule, follow_redirects=True)
            assert answer.status_code in (200, 404), rule
            shown = {secret for secret in secrets if secret in answer.text}
            assert not shown, (actor.name, rule)


# What is hers and no lesson: her account, her class, what she or somebody asked about her data.
NO_LESSON = {"user_id", "class_group_id", "school_id", "upload_id", "round_id", "view_id"}
NO_LESSON |= {"request_id", "export_id", "breach_id", "child_id", "paper_id", "certificate_id"}
NO_LESSON |= {"membership_id", "invitation_id", "evaluator_id", "import_id", "network_id"}
NO_LESSON |= {"visit_id", "session_id", "key_id", "account_id"}


def test_what_is_blocked_answers_everybody_as_if_it_were_not_there(
    app: Flask, client_for: ClientFor, database: Database, cast: Cast, ids: dict[str, str]
) -> None:
    lessons = [
        each
        for each in addresses(app, ids)
        if not (_places(app, each) & NO_LESSON) and _places(app, each)
    ]
    assert len(lessons) > 50
    clients = {
        actor.name: client_for(actor) for actor in (cast.observer, cast.educator, cast.utp_head)
    }
    secrets = {ids[name] for name in ("recording_id", "observation_id", "feedback_id")}
    for actor, path, name in (
        (cast.observer, "/videoteca", "recording_id"),
        (cast.utp_head, "/registros.csv", "observation_id"),
        (cast.educator, "/mi-retroalimentacion", "feedback_id"),
    ):
        assert ids[name] in clients[actor.name].get(path).text
    before = _gets(clients, lessons)
    assert sum(status == 200 for status in before.values()) > 25
    with database.write() as session:
        requests.block(session, UUID(ids["request_id"]), actor=cast.administrator)
    for name, client in clients.items():
        for address in lessons:
            body = JSON_BODIES.get(address.endpoint)
            seen = ask(client, address.method, address.path, body)
            nothing = ask(client, address.method, address.nowhere, body)
            assert (seen.status_code, nothing.status_code) == (404, 404), (name, address)
            assert plain(seen) == plain(nothing), (name, address)
        _shows_nothing_of(client, app, secrets)
    with database.write() as session:
        requests.lift(session, UUID(ids["request_id"]), actor=cast.administrator)
    assert _gets(clients, lessons) == before


def _places(app: Flask, address: Address) -> set[str]:
    """Return the names of the ids in an address."""
    rules_of = app.url_map.iter_rules(address.endpoint)
    return set().union(*(rule.arguments for rule in rules_of)) - PLAIN.keys()


def _gets(clients: dict[str, FlaskClient], lessons: list[Address]) -> dict[tuple[str, str], int]:
    return {
        (name, each.path): ask(client, "GET", each.path).status_code
        for name, client in clients.items()
        for each in lessons
        if each.method == "GET"
    }


def _shows_nothing_of(client: FlaskClient, app: Flask, secrets: set[str]) -> None:
    """Ask for every list there is; none of them names a blocked lesson."""
    for rule in rules(app):
        if rule.arguments or "GET" not in (rule.methods or set()):
            continue
        if rule.endpoint in ("own_data.openings",):
            continue  # that is hers to see, whatever is blocked; it leads nowhere
        answer = client.get(rule.rule, follow_redirects=True)
        shown = {secret for secret in secrets if secret in answer.text}
        assert not shown, rule


def test_those_of_the_school_do_come_in(
    client_for: ClientFor, cast: Cast, ids: dict[str, str]
) -> None:
    """The refusals above mean something only if the same addresses open for the right person."""
    observer, educator, head = (
        client_for(actor) for actor in (cast.observer, cast.educator, cast.utp_head)
    )
    assert observer.get(f"/videos/{ids['recording_id']}").status_code == 200
    assert observer.get(f"/videos/{ids['recording_id']}/reproducir").status_code == 200
    assert educator.get(f"/mi-retroalimentacion/{ids['feedback_id']}").status_code == 200
    assert head.get(f"/registros/{ids['observation_id']}").status_code == 200
    # but not the raw video of it
    assert head.get(f"/videos/{ids['recording_id']}/reproducir").status_code == 404


def test_each_role_has_a_first_page(client_for: ClientFor, cast: Cast) -> None:
    for actor, path in (
        (cast.observer, "/videoteca"),
        (cast.educator, "/mi-retroalimentacion"),
        (cast.utp_head, "/registros"),
        (cast.administrator, "/personas"),
        (cast.network_lead, "/personas"),
    ):
        client = client_for(actor)
        assert client.get("/").location == path
        assert client.get(path).status_code == 200
