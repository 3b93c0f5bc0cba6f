"""Planted truths: effects that are there are found, effects that are not are not."""

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from problems import as_table

from boostreg.changes import Judges
from boostreg.data import make_splits
from boostreg.data.synthetic import sparse
from boostreg.effects.effects import TOLERANCE, OuterPoint, penalty_effect
from boostreg.effects.outer import OuterPath, tuned_penalties
from boostreg.effects.paths import path_points, path_rows
from boostreg.engines import Growth, get_engine
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit, run_fit
from boostreg.losses import Objective
from boostreg.penalty import Penalty
from boostreg.study.runner import run_study
from boostreg.tuning import FitSettings
from boostreg.tuning.measuring import Measuring

FREE = Penalty(reg_lambda=0.0, learning_rate=0.3, max_leaves=8)


def measured(X, y, engine, grids, base=FREE, *, outer=2, inner=3, rounds=30):
    """Return data, points and inner fits of the paths of a table, as a study has."""
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
    return dataset, points, measuring


def paths(*args, outer=2, **options):
    """Return the rows of the paths of a table."""
    _, points, measuring = measured(*args, outer=outer, **options)
    return path_rows(points, range(outer), measuring)


def judged(dataset, points, measuring):
    """Return the points on the outer folds by penalty and number, and their judges."""
    outer = range(len(dataset.splits.outer))
    found = {}
    for point in points:
        trials = [measuring.trials[setting] for setting in point.settings(outer)]
        refits = [
            Fit(
                outer=fold,
                inner=None,
                engine=point.engine,
                penalty=trial.penalty,
                n_rounds=trial.n_rounds,
                patience=None,
                seed=0,
            )
            for fold, trial in zip(outer, trials, strict=True)
        ]
        found.setdefault(point.name, {})[point.point] = OuterPoint(
            value=point.value,
            inner=tuple(trial.loss for trial in trials),
            cut=tuple(trial.curves.stopped_by_max for trial in trials),
            results=tuple(run_fit(dataset, fit) for fit in refits),
        )
    judges = Judges(
        rows=tuple(fold.test for fold in dataset.splits.outer),
        weights=(None,) * len(outer),
        ratio=dataset.splits.outer_ratio,
    )
    return found, judges


def effects(*args, inner=3, **options):
    """Return the effects of a table by penalty and reading, and what tuning gains."""
    dataset, points, measuring = measured(*args, inner=inner, **options)
    outer, judges = judged(dataset, points, measuring)
    by_path = {}
    for row in path_rows(points, range(len(dataset.splits.outer)), measuring):
        by_path.setdefault((row.penalty, row.reading), []).append(row)
    made = {
        (name, reading): penalty_effect(
            rows,
            1 / (inner - 1),
            outer[name] if reading == "stopped" else None,
            judges,
        )
        for (name, reading), rows in by_path.items()
    }
    given = [
        OuterPath(points[0].engine, name, tuple(found.values()))
        for name, found in outer.items()
    ]
    tuned = tuned_penalties(given, "fixed", judges)
    return made, {one.penalty: one for one in tuned}


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

    found, tuned = effects(X, X[:, 0] + rng.normal(size=200), engine, {name: grid})

    assert tuned[name].word(TOLERANCE) == "no effect that matters"
    for effect in found.values():
        assert effect.safe() == (grid[0], grid[-1])
        for point in effect.points:
            assert point.change.estimate == point.change.high == 0
            assert point.change.word(TOLERANCE) == "same"


def test_models_of_equal_expected_loss_seldom_differ_detectably():
    """Three columns matter alike and each model sees one, so that none is better."""
    words, apart = [], []
    for seed in range(24):
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
        others = effect.points[1:]
        apart.append(all(point.change.estimate != 0 for point in others))
        words.append({point.change.word(0.0) for point in others})

    assert np.mean(apart) > 0.9
    assert sum(bool(one - {"not settled"}) for one in words) <= 0.05 * len(words)


@pytest.mark.parametrize("seed", range(2))
def test_in_pure_noise_no_penalty_harms(whole_engine, seed):
    rng = np.random.default_rng(seed)
    grids = {"reg_lambda": (0.0, 1.0, 100.0), "min_split_gain": (0.0, 10.0)}

    _, tuned = effects(
        rng.random((100, 5)), rng.normal(size=100), whole_engine.name, grids, outer=5
    )

    assert "harms" not in {one.word(TOLERANCE) for one in tuned.values()}


def test_trees_too_large_for_few_noisy_rows_are_helped(whole_engine):
    """A first tree of 64 leaves and full weight learns noise of variance 4 by heart."""
    rng = np.random.default_rng(0)
    X = rng.random((200, 5))
    y = 4 * (X[:, 0] > 0.5) + 2 * rng.normal(size=200)
    grid = (0.0, 30.0, 100.0)
    large = Penalty(
        reg_lambda=0.0, learning_rate=1.0, max_leaves=64, min_child_weight=0.0
    )

    found, tuned = effects(
        X,
        y,
        whole_engine.name,
        {"reg_lambda": grid, "min_split_gain": grid},
        large,
        outer=5,
        inner=5,
    )

    for name in ("reg_lambda", "min_split_gain"):
        assert tuned[name].word(TOLERANCE) == "helps"
        assert min(tuned[name].values) > 0
        assert found[name, "stopped"].safe() == (0.0, 100.0)


def test_a_penalty_that_harms_when_strong_is_left_off_and_its_safe_range_ends(
    whole_engine,
):
    """Every threshold can be learned exactly, so that only weights can be wrong."""
    X = np.array(list(product(range(6), range(2))) * 20, dtype=float)
    y = 2.0 * (X[:, 0] > 0) + 1.0 * (X[:, 0] > 2) - 3.0 * (X[:, 0] > 4)
    y += 0.3 * np.random.default_rng(0).normal(size=len(y))
    grids = {
        "reg_alpha": (0.0, 1e-6, 100.0),
        "min_split_gain": (0.0, 1e-6, 1000.0),
    }

    found, tuned = effects(X, y, whole_engine.name, grids, outer=5, rounds=60)

    for name in grids:
        effect = found[name, "stopped"]
        assert effect.safe() == (0.0, 1e-6)
        assert effect.points[-1].change.word(TOLERANCE) == "worse"
        assert set(tuned[name].values) <= {0.0, 1e-6}
        assert tuned[name].word(TOLERANCE) == "no effect that matters"


def test_values_that_the_limit_on_rounds_cut_are_flagged_and_never_rated(whole_engine):
    rng = np.random.default_rng(0)
    X = rng.random((200, 2))
    y = 5 * X[:, 0] + rng.normal(size=200)
    slow = replace(FREE, learning_rate=0.5)

    found, tuned = effects(
        X, y, whole_engine.name, {"reg_lambda": (0.0, 1e-6, 1e5)}, slow, outer=5
    )

    effect = found["reg_lambda", "stopped"]
    assert [point.cut for point in effect.points] == [0, 0, 1]
    assert not effect.rated(effect.points[-1])
    assert effect.safe() == effect.safe(1e9) == (0.0, 1e-6)
    assert 1e5 not in tuned["reg_lambda"].values


def test_of_fifty_features_l1_keeps_the_five_that_matter(whole_engine):
    """That is found in the features; of the loss, nothing false is said."""
    frame = sparse(300, seed=0)
    X, y = frame.to_numpy()[:, :-1], frame["target"].to_numpy()
    stumps = replace(FREE, max_leaves=2, learning_rate=0.2)

    found, tuned = effects(
        X, y, whole_engine.name, {"reg_alpha": (0.0, 1.0, 60.0)}, stumps, rounds=60
    )

    effect = found["reg_alpha", "equal"]
    assert effect.points[0].size["features"] > 8
    assert effect.points[-1].differences["features"].high < 0
    assert tuned["reg_alpha"].word(TOLERANCE) != "helps"
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
engines: [lightgbm]
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

    assert {c["a"] for c in against} == {"lightgbm best", "ridge"}
    assert "better" not in {c["word"] for c in against}
    said = noise["text"]["answer"][0]
    assert said.startswith("No model is shown to beat the mean")


def test_the_page_credits_no_penalty_on_noise(noise):
    effects = [effect["reg_lambda"] for effect in noise["effects"].values()]

    assert "helps" not in {e["tuned"]["word"] for e in effects}
    assert not noise["text"]["answers"][0]["head"].startswith("Yes")
