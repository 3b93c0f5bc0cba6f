"""Random damage to studies, tables, results and models: nothing but our own errors.

``tests/benchmarks/fuzz.py`` does the same for as long as one likes.
"""

import pytest
from fuzzing import (
    Models,
    Results,
    Studies,
    Tables,
    generator,
    outcome,
    repository,
    small_run,
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return the folder of a small run."""
    return small_run(tmp_path_factory.mktemp("run"))


def answers(attack, count):
    """Return how often an attack was refused in our words, and how often taken."""
    found = [outcome(attack, generator(case)) for case in range(count)]
    return sum(said is not None for said in found), found.count(None)


def test_damaged_studies_and_rows_are_refused_in_plain_words(tmp_path):
    studies = sorted((repository() / "studies").rglob("*.yaml"))

    refused, taken = answers(Studies(tmp_path, studies), 300)

    assert refused > taken > 0


def test_damaged_models_with_a_fitting_card_crash_nothing(tmp_path):
    refused, taken = answers(Models(tmp_path), 1000)

    assert refused > taken > 0


def test_damaged_results_are_one_message(tmp_path, run):
    refused, taken = answers(Results(tmp_path, [run]), 100)

    assert min(refused, taken) > 0


def test_damaged_tables_are_one_message(tmp_path, run):
    refused, taken = answers(Tables(tmp_path, run), 100)

    assert min(refused, taken) > 0
