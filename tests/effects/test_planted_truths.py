"""Planted truths: effects that are there are found, effects that are not are not."""

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from problems import as_table

from boostreg.data import make_splits
from boostreg.data.synthetic import sparse
from boostreg.effects.effects import penalty_effect
from boostreg.effects.paths import path_points, path_rows
from boostreg.engines import Growth, get_engine
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import run_fit
from boostreg.losses import Objective
from boostreg.penalty import Penalty
from boostreg.study.runner import run_study
from boostreg.tuning import FitSettings
from boostreg.tuning.measuring import Measuring

FREE = Penalty(reg_lambda=0.0, learning_rate=0.3, max_leaves=8)


def paths(X, y, engine, grids, base=FREE, *, outer=2, inner=3, rounds=30):
    """Return the rows of the paths of a table, as a study measures them."""
    table = as_table(X, y)
    folds = [{"folds": n, "repeats": 1} for n in (outer, inner)]
    splits = make_splits(table, outer=folds[0], inner=folds[1], seed=0)
    dataset = Dataset(table, splits, Objective("squared_error"))
    points = path_points(engine, base, grids)
    limits = FitSettings(n_inner=inner, n_rounds=rounds, patience=5, seed=0)
    settings = [s for point in points for s in point.settings(range(outer))]
    measuring = Measuring(settings, limits, keep=True)
    while not measuring.done:
        for work in measuring.ready():
            measuring.receive(work, run_fit(dataset, work.fit))
    return path_rows(points, range(outer), measuring)


def effects(*args, inner=3, **options):
    """Return the effects of a table, by penalty and reading."""
    by_path = {}
    for row in paths(*args, inner=inner, **options):
        by_path.setdefault((row.penalty, row.reading), []).append(row)
    return {key: penalty_effect(rows, 1 / (inner - 1)) for key, rows in by_path.items()}


@pytest.mark.parametrize(
    ("engine", "name", "grid"),
    [
        ("xgboost", "max_delta_step", (0.0, 1e3, 1e6)),
        ("lightgbm", "max_delta_step", (0.0, 1e3, 1e6)),
        ("lightgbm", "min_child_samples", (1, 5, 20)),
    ],
)
def test_a_penalty_that_changes_no_tree_is_reported_to_do_nothing(engine, name, grid):
    """Leaves weigh far less than 1,000, and each half of the rows is above 20."""
    rng = np.random.default_rng(0)
    X = np.repeat([[0.0], [1.0]], 100, axis=0)

    found = effects(X, X[:, 0] + rng.normal(size=200), engine, {name: grid})

    for effect in found.values():
        assert effect.verdict == "not determined"
        assert effect.safe == (grid[0], grid[-1])
        for point in effect.points:
            assert point.difference.estimate == point.difference.high == 0
            assert point.p_value == 1


def test_models_of_equal_expected_loss_seldom_differ_detectably():
    """Three columns matter alike and each model sees one, so that none is better."""
    verdicts, apart = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        X = rng.random((60, 3))
        y = X.sum(axis=1) + 0.5 * rng.normal(size=60)
        views = [
            replace(row, point=view)
            for view in range(3)
            for row in paths(
                X[:, [view]], y, "lightgbm", {"reg_lambda": (1.0,)}, rounds=8
            )
            if row.reading == "stopped"
        ]
        effect = penalty_effect(views, 1 / 2)
        apart.append(all(point.difference.estimate != 0 for point in effect.points[1:]))
        verdicts.append(effect.verdict)

    assert np.mean(apart) > 0.9
    assert verdicts.count("helps") + verdicts.count("harms") <= 0.05 * len(verdicts)


@pytest.mark.parametrize("seed", range(3))
def test_in_pure_noise_no_penalty_harms(whole_engine, seed):
    rng = np.random.default_rng(seed)
    grids = {"reg_lambda": (0.0, 1.0, 100.0), "min_split_gain": (0.0, 10.0)}

    found = effects(
        rng.random((100, 5)), rng.normal(size=100), whole_engine.name, grids
    )

    assert {effect.verdict for effect in found.values()} <= {"helps", "not determined"}


@pytest.mark.parametrize("seed", range(2))
def test_trees_too_large_for_few_noisy_rows_are_helped(whole_engine, seed):
    """A first tree of 64 leaves and full weight learns noise of variance 4 by heart."""
    rng = np.random.default_rng(seed)
    X = rng.random((200, 5))
    y = 4 * (X[:, 0] > 0.5) + 2 * rng.normal(size=200)
    grid = (0.0, 30.0, 100.0)
    large = Penalty(
        reg_lambda=0.0, learning_rate=1.0, max_leaves=64, min_child_weight=0.0
    )

    found = effects(
        X,
        y,
        whole_engine.name,
        {"reg_lambda": grid, "min_split_gain": grid},
        large,
        outer=4,
        inner=5,
    )

    for name in ("reg_lambda", "min_split_gain"):
        effect = found[name, "stopped"]
        assert effect.verdict == "helps"
        assert effect.safe == (0.0, 100.0)
        assert effect.lowest.difference.high < 0


def test_a_noise_free_step_function_is_harmed(whole_engine):
    """Every threshold can be learned exactly, so that only weights can be wrong."""
    X = np.array(list(product(range(6), range(2))) * 20, dtype=float)
    y = 2.0 * (X[:, 0] > 0) + 1.0 * (X[:, 0] > 2) - 3.0 * (X[:, 0] > 4)
    grids = {
        "reg_alpha": (0.0, 0.01, 10.0),
        "reg_lambda": (0.0, 0.01, 300.0),
        "min_split_gain": (0.0, 0.01, 100.0),
    }

    found = effects(X, y, whole_engine.name, grids, outer=3)

    for name in grids:
        effect = found[name, "stopped"]
        assert effect.verdict == "harms"
        assert effect.lowest is effect.points[0]


def test_of_fifty_features_l1_keeps_the_five_that_matter(whole_engine):
    """That is found in the features; of the loss, nothing false is said."""
    frame = sparse(300, seed=0)
    X, y = frame.to_numpy()[:, :-1], frame["target"].to_numpy()
    stumps = replace(FREE, max_leaves=2, learning_rate=0.2)

    found = effects(
        X, y, whole_engine.name, {"reg_alpha": (0.0, 1.0, 60.0)}, stumps, rounds=60
    )

    effect = found["reg_alpha", "equal"]
    assert effect.points[0].size["features"] > 8
    assert effect.points[-1].differences["features"].high < 0
    assert effect.verdict != "helps"
    assert features_of(whole_engine.name, X, y, replace(stumps, reg_alpha=60.0)) == {
        0, 1, 2, 3, 4,
    }  # fmt: skip


def features_of(name, X, y, penalty):
    """Return the columns that an ensemble grown on all rows splits on."""
    table, engine = as_table(X, y), get_engine(name)
    splits = make_splits(table, outer={"holdout": 0.1}, inner={"holdout": 0.1}, seed=0)
    problem = Dataset(table, splits, Objective("squared_error")).problem(None, None)
    model = engine.fit(engine.bin(problem), penalty, Growth(n_rounds=40)).model
    trees = engine.trees(model)
    return set(trees.feature[trees.left >= 0].tolist())


NOISE = """
name: noise
data: {source: "synthetic:noise", target: target}
rounds: {max: 12, patience: 4}
search: {trials: 4, in_flight: 2}
validation: {outer: {folds: 3}, inner: {folds: 2}}
paths: {penalties: [reg_lambda], points: 3}
effects: {points: 2}
baselines: [mean, ridge]
"""


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    """Return the results of a study on a target that no feature says anything of."""
    folder = tmp_path_factory.mktemp("noise")
    (folder / "noise.yaml").write_text(NOISE)
    run = run_study(folder / "noise.yaml", out=folder / "out", workers=1)
    return json.loads((run / "results.json").read_text())


def test_the_page_says_that_no_model_beats_the_mean(noise):
    against = [c for c in noise["comparisons"] if c["b"] == "mean"]

    assert {c["a"] for c in against} == {"xgboost best", "lightgbm best", "ridge"}
    assert "better" not in {c["word"] for c in against}
    said = noise["text"]["answer"][0]
    assert said.startswith("Predict the mean: no model is shown to beat it")


def test_the_page_blames_no_penalty_for_noise(noise):
    effects = [effect["reg_lambda"] for effect in noise["effects"].values()]

    assert "harms" not in {e["verdict"] for e in effects}
    assert "raise" not in noise["text"]["answer"][1]
