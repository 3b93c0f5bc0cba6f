"""What a TreeEnsemble can do, and what it refuses."""

import contextlib
import io
import re
import zipfile
from dataclasses import astuple, fields

import numpy as np
import pytest

from boostreg.errors import ModelError
from boostreg.trees import TreeEnsemble, tree_size


@pytest.fixture(scope="module")
def trees(grow):
    """Return the trees of a small XGBoost model."""
    booster, _ = grow.xgboost(objective="multi:softprob", num_class=3)
    return TreeEnsemble.from_model(booster, learning_rate=0.15)


def test_file_of_ours_gives_the_same_trees(xgboost_case, tmp_path):
    booster, X = xgboost_case
    before = TreeEnsemble.from_model(booster)

    before.to_npz(tmp_path / "model.npz")
    after = TreeEnsemble.from_npz(tmp_path / "model.npz")

    for field in fields(TreeEnsemble):
        np.testing.assert_array_equal(
            getattr(after, field.name), getattr(before, field.name)
        )
    np.testing.assert_array_equal(after.predict(X), before.predict(X))


def test_every_format_is_known_by_its_content(grow, tmp_path):
    booster, _ = grow.xgboost()
    light, _ = grow.lightgbm()
    booster.save_model(tmp_path / "model.ubj")
    booster.save_model(tmp_path / "model.json")
    TreeEnsemble.from_model(booster).to_npz(tmp_path / "model.npz")
    light.save_model(tmp_path / "model.txt")

    for name in ("model.ubj", "model.json", "model.npz"):
        size, live = tree_size(str(tmp_path / name)), tree_size(booster)
        np.testing.assert_allclose(astuple(size), astuple(live), rtol=1e-4)
    assert tree_size(tmp_path / "model.txt") == tree_size(light)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must be XGBoost's UBJ or JSON"),
        (b"binf\x00", "must be XGBoost's UBJ or JSON"),
        (b"{", "must be valid JSON"),
        (b'{"learner": 1}', "must have 'learner' as dict, got int"),
        (b'{"learner": {"gradient_booster": {"name": "x"}}}', "'gbtree' or 'dart'"),
        (b"{" + b'"a":{' * 50_000, "must be valid JSON"),
        (b"PK\x03\x04", "must be an .npz of trees"),
        (b"tree\nversion=v4\n", "must start with 'tree' and hold 'end of trees'"),
        (
            b"tree\n\nend of trees",
            "whole number of 32 bits as 'max_feature_idx', got 'None'",
        ),
    ],
)
def test_damaged_files_are_refused_with_the_reason(tmp_path, content, message):
    path = tmp_path / "model"
    path.write_bytes(content)

    with pytest.raises(ModelError, match=re.escape(message)):
        tree_size(path)


def test_missing_file_and_foreign_object_are_refused(tmp_path):
    with pytest.raises(ModelError, match="must be a model file: it does"):
        tree_size(tmp_path / "nothing")
    with pytest.raises(ModelError, match="or a model file, got int"):
        tree_size(3)


def shape_of(member, shape):
    return re.sub(rb"'shape': \(\d+,\)", b"'shape': (%d,)" % shape, member)


ARRAYS = {
    "bomb": (lambda member: member + bytes(2**27), "would unpack to 12"),
    "endless": (lambda member: shape_of(member, 10**14), "100000000000000 entries"),
    "code": (
        lambda member: member.replace(b"<f8", b"|O8"),
        "numpy writes it|must hold",
    ),
    "other kind": (lambda member: member.replace(b"<f8", b"<f4"), "must hold <f8"),
    "cut": (lambda member: member[:-1], "which its size belies"),
}


@pytest.mark.parametrize(("damage", "message"), ARRAYS.values(), ids=ARRAYS)
def test_archives_are_checked_before_they_are_unpacked(
    trees, tmp_path, damage, message
):
    path = tmp_path / "model.npz"
    trees.to_npz(path)
    content = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(path, "w", 8) as new:
        for name in old.namelist():
            member = old.read(name)
            new.writestr(name, damage(member) if name == "value.npy" else member)

    with pytest.raises(ModelError, match=message):
        tree_size(path)


def test_predictions_do_not_depend_on_how_many_rows_are_asked(trees):
    X = np.random.default_rng(0).normal(size=(70_000, trees.n_features))

    whole = trees.predict(X)

    np.testing.assert_array_equal(trees.predict(X[-9:]), whole[-9:])
    assert trees.predict(X[:0]).shape == (0, 3)


@pytest.mark.parametrize("n_rounds", [8, 9, 40, 200])
def test_prediction_of_a_row_is_the_sum_of_its_leaves_in_order(grow, n_rounds):
    booster, X = grow.lightgbm(n_rounds)
    trees = TreeEnsemble.from_model(booster)
    expected = [[sum(row)] for row in trees.value[trees.leaf_indices(X)]]

    for size in (1, 2, 7, len(X)):
        parts = [trees.predict(X[k : k + size]) for k in range(0, len(X), size)]
        np.testing.assert_array_equal(np.concatenate(parts), expected)


def mutated(whole, seed):
    """Return a text of which some signs are others; of every third, the end is cut."""
    rng, text = np.random.default_rng(seed), list(whole)
    for place in rng.integers(0, len(text), rng.choice([1, 1, 4, 40])):
        text[place] = rng.choice(list("0123456789-. =\nex"))
    if seed % 3 == 0:
        del text[int(rng.integers(0, len(text))) :]
    return "".join(text)


def test_mutated_texts_give_trees_or_the_error(grow):
    booster, _ = grow.lightgbm(3)
    whole = booster.model_to_string().partition("feature_importances")[0]

    for seed in range(200):
        with contextlib.suppress(ModelError), np.errstate(all="ignore"):
            trees = TreeEnsemble.from_lightgbm_text(mutated(whole, seed))
            assert trees.size().n_trees == trees.n_trees, seed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("left_child=1", "left_child=0"), "one parent and a root none"),
        (("left_child=1", "left_child=99"), "must be one of its nodes"),
        (("split_feature=0", "split_feature=77"), "must test one of 4 features"),
        (("leaf_value=", "leaf_value=x "), "'leaf_value' must be numbers"),
        (
            ("leaf_value=", "leaf_value=1 "),
            "'leaf_value' must have one number per node",
        ),
        (("num_leaves=7", "num_leaves=-7"), "must have a leaf; one has none"),
        (("num_leaves=7", f"num_leaves={10**20}"), "whole number of 32 bits"),
    ],
)
def test_texts_that_are_no_trees_are_refused(grow, change, message):
    booster, _ = grow.lightgbm(1)
    text = booster.model_to_string()
    assert change[0] in text

    with pytest.raises(ModelError, match=message):
        TreeEnsemble.from_lightgbm_text(text.replace(*change, 1))


def test_truncated_trees_predict_as_the_first_rounds(trees, grow):
    X, _ = grow.table()

    short = trees.truncate(3)

    assert (short.n_rounds, short.n_trees) == (3, 9)
    np.testing.assert_array_equal(short.predict(X), trees.predict(X, 3))
    assert short.size(1.0) == trees.size_at(3, 1.0)


@pytest.mark.parametrize("exponent", [-30, -1, 7, 30])
def test_scaling_by_a_power_of_two_is_exact(trees, grow, exponent):
    X, _ = grow.table()
    factor = 2.0**exponent

    scaled = trees.scaled(factor, hessian=4.0)

    np.testing.assert_array_equal(scaled.predict(X), factor * trees.predict(X))
    np.testing.assert_array_equal(scaled.intercept, factor * trees.intercept)
    np.testing.assert_array_equal(scaled.hessian, 4 * trees.hessian)
    np.testing.assert_array_equal(scaled.gain, 4 * factor**2 * trees.gain)
    assert scaled.size(4.0).shrinkage == trees.size(1.0).shrinkage


def test_intercept_is_replaced_alone(trees):
    other = trees.with_intercept(2.0)

    np.testing.assert_array_equal(other.intercept, [2.0, 2.0, 2.0])
    assert other.value is trees.value
    with pytest.raises(ModelError, match="intercept must have 1 or 3 numbers, got 2"):
        trees.with_intercept([1.0, 2.0])


@pytest.mark.parametrize("shape", [(5, 3), (4,), (5, 5)])
def test_rows_of_another_width_are_refused(trees, shape):
    with pytest.raises(ModelError, match=r"X must be \(n_samples, 4\)"):
        trees.predict(np.zeros(shape))


def test_no_rows_and_no_rounds_predict_nothing(trees):
    assert trees.predict(np.zeros((0, 4))).shape == (0, 3)
    np.testing.assert_array_equal(trees.predict(np.zeros((2, 4)), 0), np.zeros((2, 3)))


def test_trees_of_an_estimator_of_ours_are_taken_as_they_are(trees):
    class Fitted:
        trees_ = trees

    assert TreeEnsemble.from_model(Fitted()) is trees
    assert TreeEnsemble.from_model(trees) is trees
