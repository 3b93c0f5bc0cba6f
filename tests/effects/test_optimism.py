"""What a search promised, against what can be counted by hand."""

import numpy as np
import pytest

from boostreg.effects.optimism import incumbents, overtuning, ties, winners_bias
from boostreg.penalty import Penalty
from boostreg.tuning import Trial, TrialCurves


def curves(number, losses):
    losses = np.asarray(losses, dtype=float)
    leaves = np.arange(losses.shape[1], dtype=float)
    sizes = dict.fromkeys(("n_leaves", "n_trees", "n_bytes"), leaves)
    return TrialCurves(number=number, valid_loss=losses, **sizes)


def trial(number, losses):
    made = curves(number, losses)
    return Trial(
        number=number,
        penalty=Penalty(),
        state="complete",
        curves=made,
        n_rounds=made.n_rounds,
    )


def test_incumbents_are_the_trials_that_were_best_so_far():
    trials = [
        trial(0, [[9, 5]]),
        trial(1, [[9, 6]]),
        Trial(number=2, penalty=Penalty(), state="failed"),
        trial(3, [[9, 4]]),
        trial(4, [[9, 4]]),
    ]

    assert [(one.trial, one.loss) for one in incumbents(trials)] == [(0, 5), (3, 4)]


def test_curve_has_a_point_wherever_some_fold_s_incumbent_changes():
    first = [(c, 10.0 + c.loss) for c in incumbents([trial(0, [[5]]), trial(2, [[3]])])]
    second = [(c, 20.0) for c in incumbents([trial(1, [[8]]), trial(4, [[2]])])]

    points = overtuning([first, second])

    assert [(p.trial, p.inner, p.outer) for p in points] == [
        (1, (5 + 8) / 2, (15 + 20) / 2),
        (2, (3 + 8) / 2, (13 + 20) / 2),
        (4, (3 + 2) / 2, (13 + 20) / 2),
    ]
    assert overtuning([first, []]) == ()


def test_bias_is_the_mean_of_what_each_fold_could_have_had():
    """Best is trial 1 cut at 1: losses 4 and 5; the folds' own least are 3 and 5."""
    found = winners_bias([curves(0, [[9, 3], [9, 8]]), curves(1, [[9, 4], [9, 5]])])

    assert found == pytest.approx(((4 - 3) + (5 - 5)) / 2)


def test_one_candidate_has_no_bias_and_many_of_noise_have():
    rng = np.random.default_rng(0)
    many = [curves(i, 1 + 0.1 * rng.normal(size=(5, 1))) for i in range(200)]

    assert winners_bias(many[:1]) == 0
    least = min(c.mean_loss.min() for c in many)
    assert winners_bias(many) > 0
    assert abs(least + winners_bias(many) - 1) < abs(least - 1) + 0.1


def test_ties_are_paired_and_hold_the_best():
    # Against trial 1: +0.1 on both folds has no spread; +1 and -0.8 has a lot.
    trials = [
        curves(0, [[9, 5.1], [9, 7.1]]),
        curves(1, [[9, 5.0], [9, 7.0]]),
        curves(2, [[9, 6.0], [9, 6.2]]),
    ]

    assert ties(trials) == (1, 2)
