"""Somebody who tries every address with every id that there is, signed in as each of the cast.

Two schools have done everything in one home (`two_schools`). Whatever is not hers answers as what
was never there: the same status, headers and words, after the same work. Here, in each run, every
kind of place in an address is tried with every kind of id, and every place with the very thing of
the other school; `make torture` tries everything as everybody.
"""

from __future__ import annotations

import io
import random
import re
import shutil
import statistics
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pypdf
import pytest
import sqlalchemy as sa
from flask import Flask, template_rendered
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from observe import web
from observe.db import Database, today
from observe.ids import new_id, parse_id
from observe.people.access import Action, Actor, actor_of
from observe.people.models import PeerVisit, Role, User
from observe.settings import Settings
from observe.video.models import Assignment
from observe.video.store import Store
from observe.web.guards import could
from observe.web.throttle import limiter
from tests import factories
from tests.factories import Cast, person
from tests.web.conftest import served, signed_in
from tests.web.test_attacks import contents
from tests.web.test_policy_matrix import WHOLE
from tests.web.test_routes import COMMON, JSON_BODIES, PLAIN, fill, rules
from tests.web.two_schools import HERE, OTHER, THERE, Known, TwoSchools, mark_of, two_schools

# Who stands at which school; those of the whole territory at none.
PEOPLE = {
    "observer": HERE,
    "asked": HERE,
    "educator": HERE,
    "other educator": HERE,
    "peer": HERE,
    "utp head": HERE,
    "school administrator": HERE,
    "outsider observer": THERE,
    "outsider educator": THERE,
    "outsider utp head": THERE,
    "network lead": "",
    "administrator": "",
    "reader": "",
}
# Of what places in an address are that the paths of the schools have no id for.
ELSEWHERE = {
    "version_id": "rubric_version",
    "other_id": "rubric_version",
    "proposal_id": "rubric_proposal",
    "draft_id": "rubric_draft",
    "focus_id": "network_focus",
}
PAGE, BARE = "text/html", "application/json"
# The rows that tell where a thing belongs. Of no other is anything read before a refusal.
BELONGING = {
    "answer", "assignment", "blurring", "certificate", "child", "class_group", "consent_paper",
    "feedback", "invitation", "membership", "network", "network_school", "observation",
    "peer_visit", "recording", "recording_part", "rights_request", "saved_view", "school",
    "sign_in_session", "table_import", "upload", "user", "evaluator", "hold", "revision",
}  # fmt: skip
# The lesson, its class group, its school, who was asked to code it, a person's roles.
MOST_ROWS_OF_BELONGING = 6
# What a lesson says: nothing of it is for those who see of many only.
OF_LESSONS = ("answer", "child", "clip_mark", "comment", "focus", "follow_up", "note", "recording")
# Where she is told something else than «not found», whatever the id: it was not looked at yet.
REFUSED_BEFORE = {
    ("deeds.correct_lesson", 409),  # the request that is hers asks for no correction
    ("deeds.lesson", 409),
    ("live.align", 409),  # the lesson that is hers waits for no video
    ("live.attach_video", 409),
    ("rubric_drafts.change", 400),  # nothing was sent
}
ASKED_HEADERS_DIFFER = {"X-Request-Id", "Content-Length", "Set-Cookie", "Date"}


@dataclass(frozen=True)
class Place:
    """One place for an id in an address, and the way to ask there."""

    path: str
    method: str
    argument: str
    rule: Rule = field(compare=False, repr=False)


@dataclass
class Crawler:
    """The home, everybody's browser, and what each place answers to an id that nothing has."""

    app: Flask
    two: TwoSchools
    people: dict[str, Actor]
    clients: dict[str, FlaskClient]
    nothing: dict[tuple[Place, str, str], tuple[object, ...]] = field(default_factory=dict)
    otherwise: set[tuple[str, int]] = field(default_factory=set)

    @property
    def database(self) -> Database:
        """What is asked behind all of them."""
        found: Database = self.app.extensions["observe"].database
        return found

    def places(self) -> list[Place]:
        """Return every place for an id in every address, with each method."""
        found = []
        for rule in sorted(rules(self.app), key=lambda each: each.rule):
            for argument in sorted(rule.arguments):
                if argument.endswith("_id"):
                    methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
                    found += [Place(rule.rule, method, argument, rule) for method in methods]
        return found

    def action(self, endpoint: str) -> Action:
        """Return what the view of an address does."""
        found: Action = getattr(self.app.view_functions[endpoint], "permission")  # noqa: B009
        return found

    def opens(self, endpoint: str, name: str) -> bool:
        """Tell whether the outer door of an address is open to her: else nothing is looked at."""
        return could(self.people[name], self.action(endpoint))

    def open_refusals(self) -> set[tuple[str, int]]:
        """Return what was answered otherwise than «not found» to an id that nothing has.

        Who may not do something to anything of the territory is told so, whatever she names.
        """
        return {
            (endpoint, status)
            for endpoint, status in self.otherwise
            if not (status == 403 and self.action(endpoint) in {*WHOLE, Action.RUBRIC_PROPOSE})
        }

    def ask(self, place: Place, name: str, tried: str, accept: str = BARE) -> TestResponse:
        """Ask at `place` as `name` with the id `tried`; other places hold what is her school's."""
        own = self.two.ids[PEOPLE[name] or HERE]
        values = COMMON | own | {each: choices[0] for each, choices in PLAIN.items()}
        path = fill(place.rule, values | {place.argument: quote(tried, safe="%")})
        body = JSON_BODIES.get(place.rule.endpoint)
        return self.clients[name].open(
            path, method=place.method, headers={"Accept": accept}, json=body
        )

    def missing(self, place: Place, name: str, accept: str = BARE) -> tuple[object, ...]:
        """Return what the place answers her to an id that nothing has; asked once."""
        key = (place, name, accept)
        if key not in self.nothing:
            tried = str(new_id())
            answer = self.ask(place, name, tried, accept)
            assert answer.status_code < 500, (place, name)
            if answer.status_code != 404:
                self.otherwise.add((place.rule.endpoint, answer.status_code))
            self.nothing[key] = seen(answer, tried)
        return self.nothing[key]

    def differs(self, place: Place, name: str, tried: Known, accept: str = BARE) -> bool:
        """Tell whether she is answered otherwise than if there were nothing."""
        answer = self.ask(place, name, tried.id, accept)
        if tried.table == "malformed" and parse_id(tried.id) is None:
            return answer.status_code != 404
        return seen(answer, tried.id) != self.missing(place, name, accept)

    def not_hers(self, place: Place, name: str, tried: Known) -> bool:
        """Tell whether an id must answer as missing: it is of another kind, or of the others.

        What she may do with things of her own school: `test_policy_matrix`.
        """
        kind = ELSEWHERE.get(place.argument)
        kinds = {kind} if kind else self.two.tables_of(place.argument)
        if tried.table not in kinds:
            return True
        return bool(tried.side) and tried.side == OTHER.get(PEOPLE[name])


def seen(answer: TestResponse, tried: str) -> tuple[object, ...]:
    """Return all that an answer tells, but for what differs by request: tokens, and the id."""
    body = re.sub(r'(content|value)="I[\w.-]{60,}"', "TOKEN", answer.text.replace(tried, "ID"))
    headers = {name: value for name, value in answer.headers if name not in ASKED_HEADERS_DIFFER}
    return answer.status_code, headers, "Set-Cookie" in answer.headers, body


@pytest.fixture(scope="module")
def crawler(
    tmp_path_factory: pytest.TempPathFactory, migrated_file: Path, small_video: Path
) -> Iterator[Crawler]:
    """One home for all that is asked here: nothing of it changes anything."""
    folder = tmp_path_factory.mktemp("two-schools")
    home = Settings(home=folder / "home", key_file=folder / "keys" / "vault.key")
    home.home.mkdir()
    shutil.copy(migrated_file, home.database_path)
    app = served(home)
    app.config["PROPAGATE_EXCEPTIONS"] = False  # an error of ours is told with its address
    database = app.extensions["observe"].database
    with database.write() as session:
        cast = factories.cast(session)
    two = two_schools(database, home, Store(home.store_path), cast, small_video)
    with database.write() as session:
        people = _people(session, cast, two)
    limiter.enabled = False  # she would be slowed down, not refused
    by = cast.administrator
    clients = {name: signed_in(app, database, each, by=by) for name, each in people.items()}
    yield Crawler(app, two, people, clients)
    limiter.enabled = True
    database.engine.dispose()


def _people(session: Session, cast: Cast, two: TwoSchools) -> dict[str, Actor]:
    visit = session.get_one(PeerVisit, UUID(two.ids[HERE]["visit_id"]))
    assignment = session.get_one(Assignment, UUID(two.ids[HERE]["assignment_id"]))
    return {
        "observer": cast.observer,
        "asked": actor_of(session.get_one(User, assignment.observer_id), today()),
        "educator": cast.educator,
        "other educator": cast.second_educator,
        "peer": actor_of(visit.other, today()),
        "utp head": cast.utp_head,
        "school administrator": person(session, "Mía Sáez", Role.ADMINISTRATOR, cast.school),
        "outsider observer": cast.outsider_observer,
        "outsider educator": cast.outsider_educator,
        "outsider utp head": cast.outsider_utp_head,
        "network lead": cast.network_lead,
        "administrator": cast.administrator,
        "reader": person(session, "Lea Ruiz", Role.READER, None),
    }


def test_every_kind_of_id_in_every_kind_of_place_answers_as_missing(
    crawler: Crawler,
) -> None:
    """Each kind of place with each kind of id: at one address and by one person of those tried."""
    before, tried = contents(crawler.database), 0
    chance, wrong = random.Random(7), []
    places = crawler.places()
    for argument in sorted({place.argument for place in places}):
        there = [place for place in places if place.argument == argument]
        for known in _one_of_each(crawler.two.known, chance):
            place = chance.choice(there)
            names = [name for name in crawler.people if crawler.opens(place.rule.endpoint, name)]
            name = chance.choice(names)
            if crawler.not_hers(place, name, known):
                tried += 1
                if crawler.differs(place, name, known):
                    wrong.append((place.rule.endpoint, place.method, name, known))
    assert wrong == [], "\n".join(map(str, wrong))
    assert tried > 1_000
    assert crawler.open_refusals() <= REFUSED_BEFORE
    assert contents(crawler.database) == before, "a refusal left a trace"


def _one_of_each(known: tuple[Known, ...], chance: random.Random) -> Iterator[Known]:
    """Yield an id of each kind at each school, and every one that is of none."""
    kinds: dict[tuple[str, str], list[Known]] = {}
    for each in known:
        alone = each.id if each.table == "malformed" else each.side
        kinds.setdefault((each.table, alone), []).append(each)
    yield from (chance.choice(kinds[key]) for key in sorted(kinds))


def test_every_place_answers_those_of_the_other_school_as_if_nothing_were_there(
    crawler: Crawler,
) -> None:
    """The outsiders ask for pages; of each other person that may knock there, one, for less."""
    wrong, tried = [], 0
    for number, place in enumerate(crawler.places()):
        inside = [name for name, side in PEOPLE.items() if side == HERE]
        inside = [name for name in inside if crawler.opens(place.rule.endpoint, name)]
        names = [name for name, side in PEOPLE.items() if side == THERE]
        for name in (*names, *inside[number % len(inside) :][:1] * bool(inside)):
            for known in _the_very_thing(crawler, place, name):
                tried += 1
                accept = PAGE if PEOPLE[name] == THERE else BARE
                if crawler.differs(place, name, known, accept):
                    wrong.append((place.rule.endpoint, place.method, name, known))
    assert wrong == [], "\n".join(map(str, wrong))
    assert tried > 400
    assert crawler.open_refusals() <= REFUSED_BEFORE


def _the_very_thing(crawler: Crawler, place: Place, name: str) -> list[Known]:
    """Return the other school's own id for this place: none where it belongs to the territory."""
    other = OTHER[PEOPLE[name]]
    told = crawler.two.ids[other].get(place.argument, "")
    return [Known(told, "", other)] if told else []


@pytest.mark.torture
@pytest.mark.parametrize("name", PEOPLE)
def test_everything_with_every_id_answers_as_missing(crawler: Crawler, name: str) -> None:
    wrong, tried = [], 0
    for place in crawler.places():
        for known in crawler.two.known:
            if crawler.not_hers(place, name, known):
                tried += 1
                if crawler.differs(place, name, known):
                    wrong.append((place.rule.endpoint, place.method, known))
    assert wrong == [], "\n".join(map(str, wrong))
    assert tried > 10_000, tried


# --- what is shown ------------------------------------------------------------------------------


@pytest.mark.parametrize("side", OTHER)
def test_nothing_that_was_written_at_the_other_school_is_on_any_page(
    crawler: Crawler, side: str
) -> None:
    """Each page, file and table that she may have, with the ids of her own school."""
    wrong, own = [], set()
    for name in ("observer", "utp head", "educator", "school administrator"):
        if side == THERE and (name := f"outsider {name}") not in PEOPLE:
            continue
        for endpoint, text in _pages(crawler, name):
            if (at := text.find(mark_of(OTHER[side]))) >= 0:
                wrong.append((name, endpoint, text[at - 60 : at + 60]))
            if mark_of(side) in text:
                own.add(endpoint)
    assert wrong == []
    assert len(own) > 30, own  # else nothing could have been found


@pytest.mark.parametrize("name", ["network lead", "reader"])
def test_who_sees_of_many_only_reads_nothing_of_a_lesson(crawler: Crawler, name: str) -> None:
    wrong = []
    for side in OTHER:
        marks = [f"{mark_of(side)}{table}" for table in OF_LESSONS]
        for endpoint, text in _pages(crawler, name, side):
            wrong += [(endpoint, mark) for mark in marks if mark in text]
    assert wrong == []


def _pages(crawler: Crawler, name: str, side: str = "") -> Iterator[tuple[str, str]]:
    """Yield each answer that is open to her as text: pages, PDF, tables, archives."""
    own = crawler.two.ids[side or PEOPLE[name]]
    values = COMMON | own | {each: choices[0] for each, choices in PLAIN.items()}
    for rule in rules(crawler.app):
        if "GET" in (rule.methods or set()) and crawler.opens(rule.endpoint, name):
            answer = crawler.clients[name].get(fill(rule, values), headers={"Accept": PAGE})
            assert answer.status_code != 500, (name, rule)
            if answer.status_code == 200:
                yield rule.endpoint, _text_of(answer)


def _text_of(answer: TestResponse) -> str:
    body = answer.get_data()
    if body.startswith(b"%PDF") and len(body) > 100:  # a scan of a paper is a stub here
        return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(body)).pages)
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return "".join(
                archive.read(each).decode("utf-8", "replace") for each in archive.namelist()
            )
    return body.decode("utf-8", "replace")


ASKED_BESIDE = re.compile(r'\.get(?:list)?\(\s*"([a-z_]+)"')
INJECTED = ("' OR '1'='1", "%", "\\", "\x00", "{{ 7*7 }}", "9" * 400)


@pytest.mark.parametrize("name", ["utp head", "outsider utp head", "outsider observer"])
def test_no_question_beside_an_address_reaches_the_other_school(
    crawler: Crawler, name: str
) -> None:
    """Every list with all that may be asked of it, being each id of the others, and nonsense."""
    views = Path(web.__file__).parent.rglob("*.py")
    asked = {each for view in views for each in ASKED_BESIDE.findall(view.read_text("utf-8"))}
    assert {"educadora", "establecimiento", "texto"} <= asked
    other = OTHER[PEOPLE[name]]
    kinds = ("user", "school", "class_group", "recording", "observation", "saved_view")
    theirs = [
        next(each.id for each in crawler.two.known if (each.table, each.side) == (kind, other))
        for kind in kinds
    ]
    wrong = []
    for rule in rules(crawler.app):
        if rule.arguments or "GET" not in (rule.methods or set()):
            continue
        if not crawler.opens(rule.endpoint, name):
            continue
        for tried in (*theirs, *INJECTED):
            answer = crawler.clients[name].get(rule.rule, query_string=dict.fromkeys(asked, tried))
            if answer.status_code >= 500 or mark_of(other) in _text_of(answer):
                wrong.append((rule.endpoint, tried, answer.status_code))
    assert wrong == []


# --- in the same time ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Work:
    """What it took to answer: the statements, the templates drawn, and the processor's time."""

    statements: tuple[str, ...]
    templates: tuple[str, ...]
    seconds: float


def test_what_is_anothers_takes_the_same_work_as_what_is_not_there(crawler: Crawler) -> None:
    """The same guard decides before anything but where it belongs is read, drawn or written.

    Whose time a clock can tell apart has done more; so the work is compared, place by place, and
    the time only of all together: each pair one after the other, in the processor's own seconds.
    """
    wrong, ratios = [], []
    for place in crawler.places():
        names = [name for name, side in PEOPLE.items() if side == THERE]
        names = [name for name in names if crawler.opens(place.rule.endpoint, name)]
        for known in (each for name in names[:1] for each in _the_very_thing(crawler, place, name)):
            nothing = _work(crawler, place, names[0], str(new_id()))
            anothers = _work(crawler, place, names[0], known.id)
            ratios.append(anothers.seconds / nothing.seconds)
            if more := _more_than(nothing, anothers):
                wrong.append((place.rule.endpoint, place.method, names[0], more))
    assert wrong == [], "\n".join(map(str, wrong))
    assert len(ratios) > 100
    assert statistics.median(ratios) < 2


def _work(crawler: Crawler, place: Place, name: str, tried: str) -> Work:
    statements: list[str] = []
    templates: list[str] = []

    def told(*given: Any) -> None:
        statements.append(given[2])

    def drawn(_app: Flask, template: Any, **_more: Any) -> None:
        templates.append(template.name)

    engine = crawler.database.engine
    sa.event.listen(engine, "before_cursor_execute", told)
    try:
        with template_rendered.connected_to(drawn, crawler.app):
            began = time.thread_time()
            crawler.ask(place, name, tried)
            seconds = time.thread_time() - began
    finally:
        sa.event.remove(engine, "before_cursor_execute", told)
    return Work(tuple(statements), tuple(templates), seconds)


def _more_than(nothing: Work, anothers: Work) -> list[str]:
    """Return what was done for what is another's that no row of belonging explains."""
    more = [each for each in anothers.statements if each not in nothing.statements]
    strange = [each for each in more if not _tables_of(each) <= BELONGING]
    if len(more) > MOST_ROWS_OF_BELONGING:
        strange.append(f"{len(more)} statements more")
    if anothers.templates != nothing.templates:
        strange.append(f"drawn: {anothers.templates}")
    return strange


def _tables_of(statement: str) -> set[str]:
    """Return the tables that a statement reads; one that writes is of no table that may be read."""
    if not statement.startswith(("SELECT", "BEGIN", "PRAGMA")):
        return {statement.split(" ", 1)[0]}
    return {found.strip('"') for found in re.findall(r'(?:FROM|JOIN) ("?\w+"?)', statement)}
