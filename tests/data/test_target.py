"""The target: which task it asks for, and what cannot be learnt."""

import numpy as np
import pandas as pd
import pytest

from boostreg.data import Reading, Table, prepare_table
from boostreg.data.target import read_target
from boostreg.errors import DataError

Y = [1.5, 2.0, 3.25, 4.0]

INFERRED = {
    "text": (["no", "yes", "no", "yes"], "binary", ("no", "yes")),
    "booleans": ([True, False, True, False], "binary", ("False", "True")),
    "nullable booleans": (pd.array([True, False] * 2, "boolean"), "binary", ...),
    "categories": (pd.Categorical([10, 9, 10, 2]), "multiclass", ("2", "9", "10")),
    "two integers": ([-1, 1, 1, -1], "binary", ("-1", "1")),
    "two whole floats": ([0.0, 1.0, 1.0, 0.0], "binary", ("0", "1")),
    "three integers": ([0, 1, 2, 0], "regression", ()),
    "two fractions": ([0.0, 0.5, 0.5, 0.0], "regression", ()),
    "numbers": ([0.1, 0.2, 3.0, 4.0], "regression", ()),
}


@pytest.mark.parametrize(("target", "task", "classes"), INFERRED.values(), ids=INFERRED)
def test_task_is_inferred_from_the_target_with_a_note(target, task, classes):
    table = prepare_table(pd.DataFrame({"a": Y, "y": target}), target="y")

    assert (table.task, table.task_inferred) == (task, True)
    assert classes in (table.classes, ...)
    assert table.notes[0].startswith(f"The task was inferred from target 'y' as {task}")


def test_class_codes_follow_the_order_of_classes():
    frame = pd.DataFrame({"a": Y, "y": [10, 9, 2, 10]})

    table = prepare_table(frame, target="y", task="multiclass")

    assert table.classes == ("2", "9", "10")
    assert table.y.tolist() == [2.0, 1.0, 0.0, 2.0]
    assert (table.task_inferred, table.notes) == (False, ())


def test_stated_regression_takes_two_integers_and_booleans_as_numbers():
    for target in ([0, 1, 0, 1], [False, True, False, True]):
        frame = pd.DataFrame({"a": Y, "y": target})

        table = prepare_table(frame, target="y", task="regression")

        assert (table.y.tolist(), table.classes) == ([0.0, 1.0, 0.0, 1.0], ())


BAD_TARGETS = {
    "missing value": (
        [1.0, None, 2.0, None],
        None,
        "missing .* in 2 of 4 rows, fi.* 1",
    ),
    "missing label": (
        ["a", "b", "a", None],
        None,
        "missing .* in 1 of 4 rows, fir.* 3",
    ),
    "infinite": ([1.0, 2.0, np.inf, 3.0], "regression", "infinite in 1 of 4 rows"),
    "text": (["1", "x", "2", "y"], "regression", "needs numbers: found 'x' in row 1"),
    "digits": (["1", "2", "3", "4"], "regression", "needs numbers: found '1' in row 0"),
    "single class": (["a"] * 4, None, "single class, 'a', in all 4 rows"),
    "single code": ([1] * 4, "binary", "single class, '1'"),
    "constant": ([3] * 4, None, "is 3.0 in all 4 rows"),
    "three for binary": ([1, 2, 3, 3], "binary", "has 3 classes .* exactly 2"),
    "two for multiclass": (
        [1, 2, 1, 2],
        "multiclass",
        "needs at least 3; set task: bi",
    ),
    "dates": (pd.date_range("2024", periods=4), None, "dates or times"),
    "task": (Y, "ranking", "task must be one of 'regression', .* got 'ranking'"),
}


@pytest.mark.parametrize(
    ("target", "task", "words"), BAD_TARGETS.values(), ids=BAD_TARGETS
)
def test_target_that_cannot_be_learnt_is_refused(target, task, words):
    frame = pd.DataFrame({"a": Y, "y": target})

    with pytest.raises(DataError, match=words):
        prepare_table(frame, target="y", task=task)


LABELS = {
    "booleans": ([True, False], (False, True)),
    "nullable booleans": (pd.array([True, False], "boolean"), (False, True)),
    "categories of numbers": (pd.Categorical([10, 9]), (9, 10)),
    "whole floats": ([1.0, 0.0], (0.0, 1.0)),
    "text": (["b", "a"], ("a", "b")),
    "text of numbers": (["10", "9"], ("9", "10")),
    "numbers and text": ([1, "a"], ("1", "a")),
}


@pytest.mark.parametrize(("target", "labels"), LABELS.values(), ids=LABELS)
def test_labels_are_as_the_target_holds_them(target, labels, tmp_path):
    frame = pd.DataFrame({"a": [1.5, 2.0], "y": target})

    table = prepare_table(frame, target="y")

    table.save(tmp_path)
    for found in (table.labels, Table.load(tmp_path).labels):
        assert found == labels
        assert list(map(type, found)) == list(map(type, labels))


def test_classes_spelled_as_whole_numbers_are_whole_numbers():
    reading = Reading(types={"y": "number"})
    series = pd.Series(["0", "1", "2"] * 4, name="y")

    target = read_target(series, "y", "multiclass", reading)

    assert target.labels == (0, 1, 2)
    assert {type(label) for label in target.labels} == {int}
