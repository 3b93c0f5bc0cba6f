"""What a network counts, what its penalties do, and what Keras may touch."""

import os
import sys

import numpy as np
import pytest

from boostreg.baselines import missing_extra, names
from boostreg.baselines import network as network_module
from boostreg.baselines.keras_network import keras_grid, keras_path
from boostreg.baselines.names import KERAS
from boostreg.baselines.network import Layers, mlp_path, network_grid
from boostreg.errors import MissingExtraError
from boostreg.study.load import load_study

STUDY = "name: x\ndata: {source: a.csv, target: y}\nbaselines: [mean, keras_l1]\n"

with_keras = pytest.mark.skipif(
    missing_extra("keras_l1") is not None, reason="the extra boostreg[keras] is missing"
)


def test_units_that_nobody_hears_or_that_never_answer_are_dead():
    network = Layers(
        hidden=np.array([[1.0, 1.0, 0.0]]),
        hidden_bias=np.array([0.0, 0.0, -1.0]),
        output=np.array([[2.0], [0.0005], [3.0]]),
        output_bias=np.zeros(1),
    )

    assert network.n_nonzero == 4
    assert network.n_live(np.array([[1.0], [-1.0]])) == 1


@pytest.mark.parametrize("kind", ["squared_error", "logistic", "softmax"])
def test_mlp_scores_are_those_of_its_penalised_loss(make_design, kind):
    """Along falling strengths the training loss falls and the weights grow."""
    design, strengths = make_design(kind), np.array([1.0, 0.01, 1e-4])

    path = mlp_path(design, strengths, seed=0, n_rows=80)

    loss = [design.objective.loss(design.y, path.raw(design.X, k)) for k in range(3)]
    assert loss == sorted(loss, reverse=True)
    assert list(path.nonzero) == sorted(path.nonzero)
    assert path.raw(design.X, 0).shape == (80, len(design.intercept))


def test_large_data_take_adam_with_the_same_penalty(make_design, monkeypatch):
    """Many epochs of Adam and L-BFGS shrink to about the same loss."""
    monkeypatch.setattr(network_module, "_EPOCHS", 500)
    design, strengths = make_design("logistic"), np.array([0.03])

    small = mlp_path(design, strengths, seed=0, n_rows=80)
    large = mlp_path(design, strengths, seed=0, n_rows=10_000)

    losses = [
        design.objective.loss(design.y, path.raw(design.X, 0))
        for path in (small, large)
    ]
    assert losses[1] == pytest.approx(losses[0], rel=0.1)


def test_without_keras_a_study_says_what_to_install(write, monkeypatch, make_design):
    monkeypatch.setattr(names, "find_spec", lambda _: None)

    with pytest.raises(ValueError, match=r"baselines: keras_l1 needs keras and jax"):
        load_study(write(STUDY))
    with pytest.raises(MissingExtraError, match=r"pip install 'boostreg\[keras\]'"):
        keras_path("keras_l1", make_design("logistic"), network_grid(), 0, 80)


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a study file."""

    def write_file(content):
        path = tmp_path / "study.yaml"
        path.write_text(content)
        return path

    return write_file


@with_keras
@pytest.mark.parametrize("name", KERAS)
def test_keras_penalties_take_weights_away(make_design, name):
    design, strengths = make_design("logistic"), keras_grid(name)[[0, -1]]

    path = keras_path(name, design, strengths, seed=0, n_rows=80)

    norms = [np.abs(one.hidden).sum() for one in path.networks]
    assert norms[0] < 0.5 * norms[1]
    if name in {"keras_l1", "keras_l1l2"}:
        assert path.nonzero[0] < 0.1 * path.nonzero[1]


@with_keras
@pytest.mark.parametrize("kind", ["squared_error", "softmax"])
def test_keras_repeats_its_bits_in_any_folds_size(make_design, kind):
    design, strengths = make_design(kind), np.array([0.01])

    one, two, other = (
        keras_path("keras_l2", design, strengths, seed, 80).raw(design.X, 0)
        for seed in (0, 0, 1)
    )

    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)
    mean = design.objective.loss(design.y, np.tile(design.intercept, (80, 1)))
    assert design.objective.loss(design.y, one) < mean


@with_keras
def test_keras_leaves_the_environment_as_it_was(make_design):
    before = dict(os.environ)

    keras_path("keras_l2", make_design("logistic"), np.array([0.01]), 0, 80)

    assert dict(os.environ) == before
    assert sys.modules["keras"].backend.backend() == "jax"
