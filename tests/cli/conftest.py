"""Commands run as a person runs them, in this process, on a home of the test's own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner

from observe.cli import main
from observe.settings import Settings

SCHOOLS = "rbd,name,commune\n1234-5,Escuela Los Aromos,Concepción\n6789-K,Escuela O'Higgins,Penco\n"
PEOPLE = """id,name,email,role,rbd
obs,Ana Peñailillo,ana@escuela.test,observer,1234-5
edu,Berta O'Brien,berta@escuela.test,educator,1234-5
utp,Dora Müller,dora@escuela.test,utp_head,1234-5
red,Elsa Rojas,elsa@escuela.test,network_lead,
out,Gina Soto,gina@escuela.test,observer,6789-K
out-edu,Hilda Vera,hilda@escuela.test,educator,6789-K
out-utp,Irma Lagos,irma@escuela.test,utp_head,6789-K
"""


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def facts(self) -> dict[str, Any]:
        """What it told a script: one JSON object and nothing else."""
        told = json.loads(self.out)
        assert isinstance(told, dict)
        return told


Run = Callable[..., Ran]


os.umask(_UMASK := os.umask(0))  # it cannot be asked for without being set


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """Take back what a command changes for the whole of its own process."""
    yield
    structlog.reset_defaults()
    os.umask(_UMASK)


@pytest.fixture
def run(home: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what runs a command in the test's home and expects its exit code."""
    return running_in(home, monkeypatch)


def running_in(home: Settings, patch: pytest.MonkeyPatch) -> Run:
    """Return what runs a command in `home` and expects its exit code."""
    patch.setenv("OBSERVE_HOME", str(home.home))
    patch.setenv("OBSERVE_KEY_FILE", str(home.key_path))
    patch.delenv("OBSERVE_LOCALE", raising=False)

    def command(*arguments: object, code: int = 0) -> Ran:
        result = CliRunner().invoke(main, [str(each) for each in arguments], prog_name="observe")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        ran = Ran(result.exit_code, result.stdout, result.stderr)
        assert ran.code == code, ran
        return ran

    return command


@pytest.fixture
def peopled(run: Run, tmp_path: Path) -> Run:
    """A home with its owner, two schools and the cast."""
    bring_people(run, tmp_path)
    return run


def bring_people(run: Run, folder: Path) -> None:
    """Bring owner, schools and cast into a home; `folder` is for the tables."""
    (folder / "schools.csv").write_text(SCHOOLS, encoding="utf-8")
    (folder / "people.csv").write_text(PEOPLE, encoding="utf-8")
    run("init")
    run("schools", "import", folder / "schools.csv")
    run("people", "import", folder / "people.csv")
