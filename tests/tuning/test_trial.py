"""How folds of different length make one curve, and where it is cut."""

import numpy as np
import pytest

from boostreg.penalty import Penalty
from boostreg.tuning.trial import Setting, Trial, fault, measured_trial, short_folds


def measure(*results, n_rounds=10, patience=2):
    setting = Setting("xgboost", None, Penalty())
    return measured_trial(0, setting, results, n_rounds=n_rounds, patience=patience)


def test_rounds_are_chosen_on_the_mean_curve(result):
    trial = measure(result([9, 1, 5, 6]), result([9, 8, 2, 3]))

    assert trial.n_rounds == 2
    assert trial.loss == 3.5
    assert trial.loss_se == pytest.approx(1.5)
    assert [fold.valid_loss for fold in trial.folds] == [5, 2]


def test_equal_losses_take_fewer_rounds(result):
    assert measure(result([9, 4, 4, 4])).n_rounds == 1


def test_candidates_are_the_prefixes_that_every_fold_reached(result):
    trial = measure(result([9, 5, 5.1, 5.2]), result([9, 5, 4, 3, 2, 3, 4]))

    assert trial.curves.valid_loss.shape == (2, 4)


def test_exhausted_curve_continues_unchanged(result):
    trial = measure(result([9, 5], exhausted=True), result([9, 8, 7, 6, 6.5]))

    assert trial.curves.valid_loss[0].tolist() == [9, 5, 5, 5, 5]
    assert trial.n_rounds == 3
    assert trial.folds[0].size.n_leaves == 3
    assert trial.curves.n_leaves[3] == (3 + 9) / 2


def test_exhausted_everywhere_reaches_the_longest(result):
    trial = measure(result([9, 5], exhausted=True), result([9, 8, 7], exhausted=True))

    assert trial.curves.mean_loss.tolist() == [9, 6.5, 6]


def test_sizes_and_training_loss_are_means_at_the_rounds(result):
    trial = measure(result([9, 1, 2], leaves=4), result([9, 1, 2], leaves=5))

    assert trial.sizes["n_leaves"] == 4.5
    assert trial.sizes["n_trees"] == 1
    assert trial.train_loss == 0.5


def test_short_folds_are_those_that_end_before_the_longest_fold_s_best(result):
    long = result([9, 8, 7, 6, 5, 6, 7])
    short = result([9, 5, 6, 7])

    assert short_folds([long, short, long]) == (4, (1,))


def test_fold_that_reaches_the_best_is_not_short(result):
    assert short_folds([result([9, 8, 7, 8, 9]), result([9, 5, 6])]) == (2, ())


def test_exhausted_fold_is_not_short(result):
    long, ended = result([9, 8, 7, 6, 7]), result([9, 5], exhausted=True)

    assert short_folds([long, ended]) == (3, ())


@pytest.mark.parametrize(
    ("losses", "flagged"),
    [
        ([9, 8, 7, 6, 5, 4], True),
        ([9, 8, 7, 6, 5, 6], True),
        ([9, 8, 7, 6, 7, 8], False),
        ([9, 8, 7, 8, 9], False),
    ],
    ids=["at the limit", "patience not over", "patience over", "stopped before"],
)
def test_pick_is_flagged_where_more_rounds_might_have_helped(result, losses, flagged):
    trial = measure(result(losses), n_rounds=5, patience=2)

    pick = trial.curves.candidate(trial.n_rounds)
    assert pick.rounds_max_reached == flagged


def test_without_patience_only_the_last_round_is_flagged(result):
    late = measure(result([9, 8, 7]), n_rounds=2, patience=None)
    early = measure(result([9, 7, 8]), n_rounds=2, patience=None)

    assert late.curves.stopped_by_max
    assert not early.curves.stopped_by_max


def test_exhausted_at_the_limit_is_not_flagged(result):
    trial = measure(result([9, 8, 7], exhausted=True), n_rounds=2)

    assert not trial.curves.stopped_by_max


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_loss_that_is_no_number_is_a_fault(result, value):
    results = [result([9, 8]), result([9, value, value])]

    assert fault(results) == f"inner fold 1: the loss is {value} at round 1."
    assert fault(results[:1]) is None


def test_single_fold_has_no_standard_error(result):
    assert np.isnan(measure(result([9, 8])).loss_se)


def test_failed_trial_has_no_figures():
    trial = Trial(
        number=0, engine="xgboost", penalty=Penalty(), state="failed", reason="crashed"
    )

    assert np.isnan([trial.loss, trial.loss_se, trial.train_loss]).all()
    assert np.isnan(list(trial.sizes.values())).all()
