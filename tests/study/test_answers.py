"""Whole runs whose answer is known, because the truth was planted."""

import json

import numpy as np
import pandas as pd
import pytest

from boostreg.study.runner import run_study

STUDY = """
name: spectra
data: {source: spectra.csv, target: y, task: regression}
engines: [lightgbm]
rounds: {max: 40, patience: 8}
search: {trials: 3, scale: rows}
validation: {outer: {folds: 3}, inner: {folds: 2}}
paths: {penalties: [], points: 2}
baselines: [mean, ridge]
effects: {points: 0}
"""


def spectra(n_rows=90, n_bands=20):
    """Return smooth curves and a target that is linear in a few of their bands."""
    rng = np.random.default_rng(5)
    bands = np.linspace(0, 1, n_bands)
    peaks = np.exp(-(((bands - np.linspace(0, 1, 8)[:, None]) / 0.08) ** 2))
    X = rng.normal(size=(n_rows, 8)) @ peaks + 0.01 * rng.normal(size=(n_rows, n_bands))
    y = 3 * X[:, 2] - 2 * X[:, 10] + X[:, 16] + 0.1 * rng.normal(size=n_rows)
    names = [f"band_{k}" for k in range(n_bands)]
    return pd.DataFrame(X, columns=names).assign(y=y)


@pytest.fixture(scope="module")
def linear(tmp_path_factory):
    """Return the results of a study of a target that is linear in spectra."""
    folder = tmp_path_factory.mktemp("spectra")
    spectra().to_csv(folder / "spectra.csv", index=False)
    (folder / "spectra.yaml").write_text(STUDY)
    run = run_study(folder / "spectra.yaml", out=folder / "out", workers=1)
    return json.loads((run / "results.json").read_text("utf-8"))


def test_spectra_with_a_linear_truth_end_in_the_linear_model(linear):
    answer, first = linear["answer"], linear["text"]["answer"][0]

    assert (answer["kind"], answer["use"]) == ("simple", answer["simple"])
    assert answer["simple"] == "ridge"
    assert first.startswith("Use ridge with ")
    assert len(first.split()) <= 35


def test_no_heading_contradicts_the_answer(linear):
    shown = {(one["a"], one["b"]): one["word"] for one in linear["comparisons"]}

    for question in linear["answer"]["questions"]:
        for one in question["changes"]:
            assert shown.get((one["a"], one["b"]), one["word"]) == one["word"]
    assert "is better than tuned" in linear["text"]["headings"]["baselines"]
