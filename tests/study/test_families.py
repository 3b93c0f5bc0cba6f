"""Each family of models is in one table of one study: loss, interval and size."""

import json

import pytest

from boostreg.baselines import BASELINES, missing_extra
from boostreg.study.runner import run_study

SLOW = ("elastic_net", "mlp")  # a grid of two dimensions; four networks a fold
NAMES = [n for n in BASELINES if n not in SLOW and missing_extra(n) is None]
STUDY = f"""
name: families
data: {{source: synthetic:mixed, target: target, task: binary}}
engines: [lightgbm]
rounds: {{max: 20, patience: 5}}
search: {{trials: 2, racing: false, space: {{max_leaves: {{low: 4, high: 8}}}}}}
validation: {{outer: {{folds: 2}}, inner: {{folds: 2}}}}
paths: {{penalties: [], points: 2}}
effects: {{points: 1}}
baselines: [{", ".join(NAMES)}]
"""


def test_all_families_stand_in_one_table(write, tmp_path):
    folder = run_study(write(STUDY), out=tmp_path, workers=1)

    found = json.loads((folder / "results.json").read_text())["baselines"]
    mean = found.pop("mean")["outer"]["loss"]
    assert set(found) == set(NAMES) - {"mean"}
    for one in found.values():
        assert one["outer"]["low"] < one["outer"]["loss"] < one["outer"]["high"]
        assert one["outer"]["loss"] == pytest.approx(0.41, abs=0.05)
        assert one["outer"]["loss"] < mean
        assert 0 < one["coefficients"] <= one["parameters"]
        assert (one["live_units"] is None) == one["linear"]
        assert one["one_se_strength"] is not None
