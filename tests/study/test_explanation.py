"""What ``boostreg explain`` prints about a penalty."""

import pytest
import xgboost
from lightgbm import LGBMRegressor
from sklearn.ensemble import HistGradientBoostingRegressor

from boostreg.errors import PenaltyError
from boostreg.penalty import PENALTIES, Penalty
from boostreg.study.explanation import explain_penalty


def lines(name):
    """Return what is printed on each head, continued lines joined."""
    found, head = {}, ""
    for line in list(explain_penalty(name))[1:]:
        head = line[:24].strip() or head
        found[head] = f"{found.get(head, '')} {line[24:]}".strip()
    return found


@pytest.mark.parametrize("name", PENALTIES)
def test_every_penalty_is_explained(name):
    printed = list(explain_penalty(name))

    assert printed[0].startswith(f"{name}: ")
    assert max(map(len, printed)) <= 88
    assert {"values", "default", "XGBoost", "LightGBM"} <= set(lines(name))


@pytest.mark.parametrize(
    "name", ["reg_lambda", "min_child_samples", "max_leaves", "learning_rate"]
)
def test_defaults_are_those_of_the_libraries(name):
    by_lightgbm = LGBMRegressor().get_params()
    ours = {"max_leaves": "num_leaves"}.get(name, name)

    assert lines(name)["LightGBM"].endswith(f"default {by_lightgbm[ours]:.10g}")
    assert lines(name)["default"] == f"{getattr(Penalty(), name):g}"


def test_names_are_those_of_the_libraries():
    assert lines("min_split_gain")["XGBoost"] == "gamma, default 0"
    assert "gamma" in xgboost.XGBRegressor().get_params()
    assert lines("reg_lambda")["HistGradientBoosting"] == "l2_regularization, default 0"
    assert HistGradientBoostingRegressor().l2_regularization == 0
    assert "min_child_weight" not in HistGradientBoostingRegressor().get_params()
    absent = lines("min_child_weight")["HistGradientBoosting"]
    assert absent == "has no such parameter"


@pytest.mark.parametrize(
    ("other", "name"),
    [("lambda_l1", "reg_alpha"), ("gamma", "min_split_gain"),
     ("max_leaf_nodes", "max_leaves"), ("bagging_fraction", "subsample")],
)  # fmt: skip
def test_name_of_a_library_is_understood(other, name):
    assert list(explain_penalty(other)) == list(explain_penalty(name))


def test_trap_is_printed_without_the_sentences_on_other_penalties():
    trap = lines("reg_lambda")["P111"]

    assert "reg_lambda below 1% of h" in trap
    assert "min_child_weight" not in trap
    assert "stricter than elsewhere" in lines("min_split_gain")["P202"]


def test_unknown_penalty_is_reported_with_the_nearest():
    with pytest.raises(
        PenaltyError, match="got 'reg_lamda'; did you mean 'reg_lambda'"
    ):
        list(explain_penalty("reg_lamda"))
