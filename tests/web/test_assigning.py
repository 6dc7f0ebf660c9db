"""Double coding through the pages: asking, being asked, coding blind, and the opening card."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from observe.coding.assigning import Asking, assign
from observe.coding.models import Observation
from observe.coding.operations import start
from observe.db import Database
from observe.people.access import Actor
from observe.people.models import Role
from observe.rubric.models import RubricVersion
from observe.rubric.operations import load, rubric_of
from observe.video.models import Assignment, Recording
from tests import factories
from tests.feedback_cases import given, submitted
from tests.rubrics import WHOLE
from tests.web.conftest import ClientFor
from tests.web.test_coding import change, send
from tests.web.test_coding import given as brought


@pytest.fixture
def colleague(database: Database, cast: factories.Cast) -> Actor:
    with database.write() as session:
        return factories.person(session, "Julia Paz", Role.OBSERVER, cast.school)


@pytest.fixture
def lesson(database: Database, cast: factories.Cast) -> Recording:
    with database.write() as session:
        return factories.recording(session, cast)


@pytest.fixture
def asked(
    database: Database,
    cast: factories.Cast,
    lesson: Recording,
    colleague: Actor,
    rubric_version: RubricVersion,
) -> Assignment:
    with database.write() as session:
        return assign(
            session,
            lesson.id,
            Asking(colleague.user_id, rubric_version.id, random_order=True, due_on=factories.TODAY),
            actor=cast.observer,
        )


def form(colleague: Actor, rubric: RubricVersion, **more: str) -> dict[str, str]:
    return {"observer": str(colleague.user_id), "rubric": str(rubric.id), **more}


def draft_of(
    database: Database, lesson: Recording, rubric: RubricVersion, who: Actor
) -> Observation:
    with database.write() as session:
        return start(session, lesson.id, rubric.id, actor=who)


def test_a_colleague_is_asked_and_asked_no_more(
    client_for: ClientFor,
    database: Database,
    cast: factories.Cast,
    lesson: Recording,
    colleague: Actor,
    rubric_version: RubricVersion,
) -> None:
    client, page = client_for(cast.observer), f"/videos/{lesson.id}"
    offered = client.get(page).text
    assert "Doble codificación" in offered
    assert "Julia Paz" in offered
    assert "Gina Soto" not in offered
    more = {"blind": "yes", "random": "yes", "due": "2026-06-01"}
    sent = client.post(
        f"{page}/doble-codificacion",
        data=form(colleague, rubric_version, **more),
        follow_redirects=True,
    )
    assert "a ciegas · orden al azar · hasta el 1 jun 2026" in " ".join(sent.text.split())
    assert "Sin empezar" in sent.text
    with database.read() as session:
        (assignment,) = session.get_one(Recording, lesson.id).assignments
    assert assignment.order_seed is not None
    away = client.post(f"/asignaciones/{assignment.id}/retirar", follow_redirects=True)
    assert "Sin empezar" not in away.text


TICK = re.compile(r'<input type="checkbox"\s+id="asked-random"[^>]*>')


@pytest.mark.parametrize("order", ["as_filmed", "random"])
def test_the_order_that_the_rubric_asks_for_is_ticked_already(
    client_for: ClientFor,
    database: Database,
    cast: factories.Cast,
    lesson: Recording,
    colleague: Actor,
    order: str,
) -> None:
    with database.write() as session:  # the rubric of her own coding stands first in the list
        text = WHOLE.replace("order: random", f"order: {order}")
        own = load(session, text, "entera.yaml", actor=None)
        start(session, lesson.id, own.id, actor=cast.observer)
    page = client_for(cast.observer).get(f"/videos/{lesson.id}").text
    tick = TICK.search(page)
    assert tick
    assert ("checked" in tick[0]) == (order == "random")
    assert re.search(rf'value="{own.id}"\s+data-order="{order}"', page)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"observer": ""}, "Elige primero a una o un colega y una pauta."),
        ({"rubric": "x"}, "Elige primero a una o un colega y una pauta."),
        ({"due": "ayer"}, "Eso no es una fecha."),
        ({"observer": "outsider"}, "Esta persona no observa en la escuela de esta clase."),
        ({"observer": "self"}, "ni tú ni la educadora"),
    ],
)
def test_what_hinders_is_told_on_the_page(
    client_for: ClientFor,
    cast: factories.Cast,
    lesson: Recording,
    colleague: Actor,
    rubric_version: RubricVersion,
    change: dict[str, str],
    sentence: str,
) -> None:
    people = {"outsider": cast.outsider_observer, "self": cast.observer}
    typed = form(colleague, rubric_version) | change
    if typed["observer"] in people:
        typed["observer"] = str(people[typed["observer"]].user_id)
    client = client_for(cast.observer)
    sent = client.post(f"/videos/{lesson.id}/doble-codificacion", data=typed, follow_redirects=True)
    assert sentence in sent.text


def test_who_was_asked_finds_the_lesson_first_and_only_what_she_may_do(
    client_for: ClientFor,
    cast: factories.Cast,
    lesson: Recording,
    colleague: Actor,
    asked: Assignment,
) -> None:
    client = client_for(colleague)
    library = client.get("/videoteca").text
    assert "Te pidieron codificar" in library
    assert library.index("Te espera") < library.index("Te pidieron codificar")
    page = client.get(f"/videos/{lesson.id}").text
    assert "Ana Peñailillo pide tu propia codificación" in page
    assert "A ciegas" in page
    for refused in (
        "Doble codificación",
        "Agregar los subtítulos",
        "Difuminar",
        "Clips difuminados",
        "/sonido",
        "/difuminar",
        f"/videos/{lesson.id}/autorizaciones",
        "/preparacion/",
    ):
        assert refused not in page, refused
    for method, path in (
        ("get", f"/videos/{lesson.id}/sonido"),
        ("post", f"/videos/{lesson.id}/autorizaciones"),
        ("post", f"/videos/{lesson.id}/subtitulos"),
        ("post", f"/videos/{lesson.id}/preparacion/detener"),
        ("post", f"/videos/{lesson.id}/doble-codificacion"),
        ("post", f"/asignaciones/{asked.id}/retirar"),
    ):
        data = {"consent": "yes"} if method == "post" else None
        assert getattr(client, method)(path, data=data).status_code == 403, path


def test_who_waits_for_the_consents_is_told_so(
    client_for: ClientFor,
    database: Database,
    lesson: Recording,
    colleague: Actor,
    asked: Assignment,
) -> None:
    with database.write() as session:
        row = session.get_one(Recording, lesson.id)
        row.consent_by_id = row.consent_at = None
    client = client_for(colleague)
    assert "Espera a quien te lo pidió" in client.get("/videoteca").text
    page = client.get(f"/videos/{lesson.id}").text
    assert "bloqueada hasta que tu colega" in page
    assert "Empezar a codificar" not in page


def test_the_screen_says_blind_and_brings_the_order(
    client_for: ClientFor,
    database: Database,
    cast: factories.Cast,
    lesson: Recording,
    colleague: Actor,
    rubric_version: RubricVersion,
    asked: Assignment,
) -> None:
    client = client_for(colleague)
    begun = client.post(f"/videos/{lesson.id}/codificar", data={"rubric": str(rubric_version.id)})
    page = client.get(begun.location).text
    assert "A ciegas" in page
    assert "Orden al azar" in page
    data = brought(page)
    count = len(data["document"]["cycles"])
    assert count == rubric_of(rubric_version).protocol.cycles
    order = [number for number in data["order"] if number <= count]
    assert sorted(order) == list(range(1, count + 1))
    own = draft_of(database, lesson, rubric_version, cast.observer)
    hers = client_for(cast.observer).get(f"/observaciones/{own.id}").text
    assert brought(hers)["order"] is None
    assert "Orden al azar" not in hers
    assert "A ciegas" in hers  # until she has submitted hers she does not see the colleague's


def code_all(client: FlaskClient, draft: Observation, rubric: RubricVersion) -> None:
    """Score each cell of the cycles with which she began, and submit."""
    screen = brought(client.get(f"/observaciones/{draft.id}").text)
    cells = [
        change("score.put", cycle=cycle["id"], dimension=row.id, value=2)
        for cycle in screen["document"]["cycles"]
        for row in rubric_of(rubric).rows()
    ]
    sent = send(client, draft, *cells, base_version=screen["version"]).get_json()
    assert sent["version"] == screen["version"] + len(cells)


def addresses(observation: Observation) -> list[str]:
    """Return every page that tells what was submitted."""
    at = f"/observaciones/{observation.id}"
    return [
        f"/registros/{observation.id}",
        at,
        f"{at}/perfil",
        f"{at}/retroalimentacion",
        f"{at}/documento",
        f"{at}/pasos",
        f"{at}/historia",
    ]


def opened(client: FlaskClient, observation: Observation) -> list[int]:
    return [client.get(path, follow_redirects=True).status_code for path in addresses(observation)]


def test_blind_hides_pages_lists_and_exports_until_both_have_submitted(
    client_for: ClientFor,
    database: Database,
    cast: factories.Cast,
    lesson: Recording,
    colleague: Actor,
    rubric_version: RubricVersion,
    asked: Assignment,
) -> None:
    with database.write() as session:
        other = factories.recording(session, cast)
        other.observer_id = colleague.user_id
        session.flush()
        earlier = submitted(session, cast, other, actor=colleague)
    draft = draft_of(database, lesson, rubric_version, colleague)
    hers, observer = client_for(colleague), client_for(cast.observer)
    assert opened(hers, earlier) == [404] * 7
    assert str(earlier.id) not in hers.get("/registros").text
    assert str(earlier.id) not in hers.get("/registros.csv").text
    assert "Oculta mientras codificas a ciegas" in hers.get("/videoteca").text
    assert f"/observaciones/{earlier.id}" not in hers.get(f"/videos/{other.id}").text

    code_all(hers, draft, rubric_version)
    version = {"version": str(_version(database, draft))}
    done = hers.post(f"/observaciones/{draft.id}/terminar", data=version)
    assert done.location.endswith("/perfil")
    assert opened(hers, earlier) == [200] * 7
    assert str(earlier.id) in hers.get("/registros.csv").text

    page = observer.get(f"/videos/{lesson.id}").text
    assert "La verás cuando hayas terminado la tuya." in page
    assert observer.get(f"/registros/{draft.id}").status_code == 404
    assert str(draft.id) not in observer.get("/registros").text
    with database.write() as session:
        submitted(session, cast, session.get_one(Recording, lesson.id))
    assert f"/registros/{draft.id}" in observer.get(f"/videos/{lesson.id}").text
    assert observer.get(f"/registros/{draft.id}").status_code == 200
    assert str(draft.id) in observer.get("/registros").text


def _version(database: Database, draft: Observation) -> int:
    with database.read() as session:
        return session.get_one(Observation, draft.id).version


def test_submitting_one_of_two_blind_codings_shows_no_profile_yet(
    client_for: ClientFor,
    database: Database,
    cast: factories.Cast,
    lesson: Recording,
    colleague: Actor,
    rubric_version: RubricVersion,
    asked: Assignment,
) -> None:
    with database.write() as session:
        second = factories.recording(session, cast)
        assign(
            session, second.id, Asking(colleague.user_id, rubric_version.id), actor=cast.observer
        )
    draft = draft_of(database, lesson, rubric_version, colleague)
    client = client_for(colleague)
    code_all(client, draft, rubric_version)
    version = {"version": str(_version(database, draft))}
    done = client.post(f"/observaciones/{draft.id}/terminar", data=version, follow_redirects=True)
    assert (done.status_code, done.request.path) == (200, "/videoteca")
    assert "Su perfil aparece cuando termines" in done.text


def test_her_previous_priority_opens_the_screen_and_nothing_else_of_it(
    client_for: ClientFor,
    database: Database,
    lesson: Recording,
    cast: factories.Cast,
    colleague: Actor,
    rubric_version: RubricVersion,
    asked: Assignment,
) -> None:
    with database.write() as session:
        given(session, cast, factories.TODAY - timedelta(days=30), "Pregunta <b>¿por qué?</b>")
    draft = draft_of(database, lesson, rubric_version, colleague)
    page = client_for(colleague).get(f"/observaciones/{draft.id}").text
    assert "Su prioridad anterior" in page
    assert "Pregunta &lt;b&gt;¿por qué?&lt;/b&gt;" in page
    assert "De su clase del 12 abr 2026; próximo paso para el 10 jun 2026." in page
    assert "Aquí cabe otra pregunta." not in page
    assert "Escuchas la respuesta completa." not in page


def test_without_an_earlier_priority_there_is_no_card(
    client_for: ClientFor,
    database: Database,
    cast: factories.Cast,
    lesson: Recording,
    rubric_version: RubricVersion,
) -> None:
    draft = draft_of(database, lesson, rubric_version, cast.observer)
    page = client_for(cast.observer).get(f"/observaciones/{draft.id}").text
    assert "Su prioridad anterior" not in page
