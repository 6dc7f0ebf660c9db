"""A password that somebody would try early is refused, a short sentence of her own is not."""

from __future__ import annotations

import time

import pytest

from observe.people.passwords import LONGEST, SHORTEST, problem_of


@pytest.mark.parametrize(
    "early",
    [
        "password1234",  # the most used ones
        "iloveyou1234",
        "123456789012",
        "qwertyuiop12",  # a row of keys
        "passwordpassword",  # again and again
        "aaaaaaaaaaaaaaa",
        "abcdefghijkl",
        "p4ssw0rd1234",  # digits put for letters
        "contraseña1234",  # what comes to mind here
        "observe20262026",
        "Rosa Tapia 2026",  # herself and where she works
        "Rosa.Tapia.1990",
        "Escuela Boldo",
    ],
)
def test_what_would_be_tried_early_is_refused(early: str) -> None:
    about = ("Rosa Tapia", "rosa.tapia@slep.cl", "Escuela El Boldo", "Penco")
    problem = problem_of(early.ljust(SHORTEST, "1"), about)
    assert problem is not None
    assert "first that somebody would try" in str(problem)


@pytest.mark.parametrize(
    "hers",
    [
        "el patio tiene tres árboles",
        "una frase larga y fácil",
        "tengo un gato gris",
        "X7#kd9!mQ2$w",
        "3141-2718-1618",
    ],
)
def test_a_short_sentence_and_a_made_up_one_pass(hers: str) -> None:
    assert problem_of(hers, ("Rosa Tapia",)) is None


def test_length_is_all_else_that_is_asked() -> None:
    assert problem_of("kq zw pl xv"[: SHORTEST - 1]) is not None
    sentence = "la vecina riega el naranjo cada jueves mientras escucha un bolero y "
    assert len(sentence) > 64
    assert problem_of(sentence) is None
    assert problem_of((sentence * 2).ljust(LONGEST)[:LONGEST]) is None
    assert problem_of((sentence * 2).ljust(LONGEST + 1)[: LONGEST + 1]) is not None


def test_no_password_takes_long_to_judge() -> None:
    began = time.process_time()
    for hard in ("a" * LONGEST, "4@8({3" * 21, "abc123" * 21):
        problem_of(hard)
    assert time.process_time() - began < 5
