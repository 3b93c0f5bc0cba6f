"""The answer is the decision that the losses of the outer rows allow, and no more."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from boostreg.changes import Judges, change_of_loss
from boostreg.figures.scale import MINUS
from boostreg.penalty import Penalty, Range
from boostreg.report.answers import answer_lines, short_answers
from boostreg.report.comparisons import Judged, compare_all
from boostreg.report.decision import answer_data, decide
from boostreg.report.sentences import engines_heading
from boostreg.report.wording import format_change

ROWS, FOLDS = 400, 5
MODELS = ("best", "one_se", "default", "unpenalised")
LEAVES = {"best": 300, "one_se": 100, "default": 3000, "unpenalised": 600}
ENGINES = ("xgboost", "lightgbm")
EQUAL = {f"{e} {m}": 1.0 for e in ENGINES for m in MODELS}
TREES = EQUAL | {"mean": 2.0, "lasso": 1.3}


def engine(name, inner, penalty, leaves, delivered):
    """Return as much of an engine's record as the answer reads."""

    def size(n):
        return SimpleNamespace(n_leaves=n)

    pick = SimpleNamespace(loss=inner, n_rounds=41, rounds_max_reached=False)
    tuned = SimpleNamespace(
        selection=SimpleNamespace(best=pick, one_se=pick),
        candidate=lambda _: pick,
        n_rounds=lambda _: pick.n_rounds,
        penalty=lambda _: penalty,
        acting=lambda _: ("max_leaves", "learning_rate"),
    )
    params = {"max_leaves": penalty.max_leaves, "gamma": 280.4, "learning_rate": 0.1}
    params["num_leaves"] = penalty.max_leaves
    model = SimpleNamespace(params=params, size=size(delivered))
    return SimpleNamespace(
        name=name,
        tuned={None: tuned},
        outer={m: [SimpleNamespace(size=size(n))] for m, n in leaves.items()},
        models={"best": model, "one_se": model},
    )


def judged_record(
    levels, *, spread=0.02, tolerance=0.01, delivered=100, lead="xgboost"
):
    """Return a record and what was judged, for models of these mean losses.

    A model's loss is its level times that of the row, and noise of its own; models of
    equal level have equal losses.
    """
    rng = np.random.default_rng(3)
    of_row = rng.gamma(4.0, 0.25, ROWS)
    noise = {level: rng.normal(0, spread, ROWS) for level in sorted(levels.values())}
    rows = tuple(np.arange(fold, ROWS, FOLDS) for fold in range(FOLDS))
    judges = Judges(rows, (None,) * FOLDS)

    def judge(level):
        losses = level * of_row * np.exp(noise[level])
        parts = tuple(losses[r] for r in rows)
        return Judged(np.array([p.mean() for p in parts]), parts)

    judged = {name: judge(level) for name, level in levels.items()}
    penalty = Penalty(max_leaves=4, min_split_gain=0.05, reg_lambda=0.0)
    ranges = {
        "max_leaves": Range(low=4, high=64, log=True),
        "reg_lambda": Range(low=0.001, high=100, log=True, zero=0.1),
        "min_split_gain": Range(low=0.001, high=100, log=True, zero=0.3),
    }
    linear = SimpleNamespace(is_linear=True, n_coefficients=9, inner_loss=1.0)
    names = list(dict.fromkeys(n.split(" ")[0] for n in levels if " " in n))
    record = SimpleNamespace(
        engines={
            name: engine(name, 1.0 + (name != lead), penalty, LEAVES, delivered)
            for name in names
        },
        baselines={
            name: {0: linear, None: linear} for name in levels if " " not in name
        },
        main_tuned=list,
        ranges=dict.fromkeys(names, ranges),
        study={"search": {"fixed": {"learning_rate": 0.1}}, "rounds": {"max": 500}},
        judges=judges,
        tolerance=tolerance,
        searched=True,
    )
    return record, judged


def answered(levels, **options):
    """Return the decision, data and sentences for models of these mean losses."""
    record, judged = judged_record(levels, **options)
    pairs = {(one.a, one.b): one for one in compare_all(record, judged)}
    decision = decide(record, pairs)
    data = answer_data(record, pairs, decision)
    lines = answer_lines(record, pairs, decision)
    assert lines[1:4] == [
        " ".join(one.values()) for one in short_answers(record, pairs, decision)
    ]
    return decision, data, lines


@pytest.mark.parametrize(
    ("levels", "spread", "kind", "use", "opening"),
    [
        (TREES | {"lasso": 0.8}, 0.02, "simple", "lasso", "Use lasso with 9 coeff"),
        (TREES | {"lasso": 1.0}, 0.02, "simple", "lasso", "Use lasso with 9 coeff"),
        (TREES, 0.02, "trees", "lightgbm one_se", "Use LightGBM (num_leaves=4,"),
        (TREES | {"lasso": 1.02}, 0.8, "not settled", "lasso", "These data cannot"),
        (TREES | {"mean": 1.0}, 0.02, "mean", "mean", "No model is shown to"),
        (
            TREES | {f"{e} {m}": 1.1 for e in ENGINES for m in ("best", "one_se")},
            0.02, "defaults", "xgboost default", "Keep XGBoost's defaults: tuning",
        ),
        (
            {n: level for n, level in TREES.items() if n != "lasso"},
            0.02, "trees", "lightgbm one_se", "Use LightGBM (num_leaves=4,",
        ),
    ],
)  # fmt: skip
def test_the_first_sentence_is_the_decision(levels, spread, kind, use, opening):
    decision, data, sentences = answered(levels, spread=spread)

    assert (decision.kind, decision.use) == (data["kind"], data["use"]) == (kind, use)
    assert sentences[0].startswith(opening)
    assert len(sentences[0].split()) <= 35


@pytest.mark.parametrize(
    ("levels", "spread", "heads"),
    [
        (
            TREES | {"lasso": 0.8, "xgboost unpenalised": 1.2}, 0.02,
            ("Yes: less loss in XGBoost.", "9 coefficients instead of 300 leaves.",
             "No: 25% more loss with them."),
        ),
        (
            TREES | {"lasso": 1.0}, 0.02,
            ("No: the loss stays the same.", "9 coefficients instead of 300 leaves.",
             "No: a linear model is enough."),
        ),
        (
            TREES, 0.02,
            ("No: the loss stays the same.", "100 leaves instead of 300.",
             "Yes: 23% less loss with them."),
        ),
        (
            TREES | {"lasso": 1.02}, 0.8,
            ("No: the loss stays the same.",
             "Perhaps 9 coefficients; among trees, 100 leaves.",
             "Not settled: start with the simpler."),
        ),
        (
            TREES | {"mean": 1.0}, 0.02,
            ("No: the loss stays the same.", "A constant: none shown to beat it.",
             "Not shown: start with the mean."),
        ),
        (
            {n: level for n, level in TREES.items() if n != "lasso"}
            | {f"{e} unpenalised": 0.9 for e in ENGINES}, 0.02,
            ("No: more loss with them.", "100 leaves instead of 300.",
             "Yes: 50% less loss than the mean."),
        ),
        (
            EQUAL | {"xgboost unpenalised": 0.9, "lightgbm unpenalised": 1.1}, 0.02,
            ("It depends on the engine.", "100 leaves instead of 300.",
             "Not asked: no simple model was fitted."),
        ),
    ],
)  # fmt: skip
def test_heads_of_the_short_answers_are_the_decision(levels, spread, heads):
    _, _, sentences = answered(levels, spread=spread)

    for head, sentence in zip(heads, sentences[1:4], strict=True):
        assert f"? {head} " in f"{sentence} "
        assert len(head.split()) <= 7


def test_a_simple_model_must_be_as_good_as_every_tuned_ensemble():
    levels = TREES | {"lasso": 1.0, "lightgbm best": 0.9}

    decision, _, sentences = answered(levels)

    assert decision.kind == "trees"
    assert "tuned trees are as good as lasso" in sentences[0]


def test_penalties_are_judged_against_the_same_trees_without_them():
    levels = TREES | {"xgboost unpenalised": 1.2, "xgboost default": 1.5}

    _, data, sentences = answered(levels)

    found = {q["question"]: q for q in data["questions"]}
    assert found["penalties"]["word"] == "by engine"
    assert sentences[1].startswith(
        "Bother with penalties? Yes: less loss in XGBoost. "
        f"XGBoost {MINUS}17% loss (95% CI "
    )
    assert "LightGBM 0% (0% to 0%) against the same trees without." in sentences[1]


@pytest.mark.parametrize("level", [0.8, 1.0, 1.2])
@pytest.mark.parametrize("lead", ENGINES)
def test_engines_are_compared_by_the_best_of_both_on_the_same_rows(level, lead):
    # Other models differ, so that the words of another pair would be seen.
    levels = TREES | {"xgboost best": level, "lightgbm one_se": 2, "xgboost default": 3}
    record, judged = judged_record(levels, lead=lead)
    pairs = {(one.a, one.b): one for one in compare_all(record, judged)}

    heading = engines_heading(record, pairs)

    (other,) = set(ENGINES) - {lead}
    own = change_of_loss(
        judged[f"{other} best"].row_losses,
        judged[f"{lead} best"].row_losses,
        record.judges,
    )
    low, high = map(format_change, (own.low, own.high))
    words = f"{format_change(own.estimate)} loss (95% CI {low} to {high}), both tuned"
    assert heading.endswith(words)
    claims = {"better": " is better than ", "worse": " is worse than "}
    claimed = {word for word, text in claims.items() if text in heading}
    assert claimed == {own.word(record.tolerance)} & set(claims)


def test_intervals_between_all_engines_hold_together():
    levels = TREES | {f"sklearn {model}": 1.0 for model in MODELS}
    levels |= {"sklearn best": 1.1, "lightgbm best": 0.99}
    record, judged = judged_record(levels, spread=0.1)
    pairs = {(one.a, one.b): one for one in compare_all(record, judged)}
    best = [pairs[f"{other} best", "xgboost best"] for other in ("lightgbm", "sklearn")]

    assert [one.family for one in best] == [2, 2]
    assert all(one.ends in engines_heading(record, pairs) for one in best)


@pytest.mark.parametrize("spread", [0.02, 0.5])
@pytest.mark.parametrize(
    ("xgboost", "lightgbm"), [*product([0.9, 1.0, 1.01, 1.2], [1.0, 1.2])]
)
def test_different_words_for_two_engines_claim_no_difference_of_engines(
    xgboost, lightgbm, spread
):
    levels = {"xgboost unpenalised": xgboost, "lightgbm unpenalised": lightgbm}
    _, data, sentences = answered(TREES | levels, spread=spread)

    one, two = next(
        q["changes"] for q in data["questions"] if q["question"] == "penalties"
    )
    overlap = max(one["low"], two["low"]) <= min(one["high"], two["high"])
    disclaimed = "so no difference of engines is shown" in sentences[1]
    assert disclaimed == (one["word"] != two["word"] and overlap)
    for change in (one, two):
        ends = " to ".join(format_change(change[end]) for end in ("low", "high"))
        assert ends in sentences[1]


def test_intervals_of_one_sentence_hold_together():
    _, data, _ = answered(TREES)

    families = {q["question"]: q["changes"][0]["family"] for q in data["questions"]}
    assert families == {
        "mean": 3, "simple": 1, "penalties": 2, "defaults": 2, "smallest": 1,
    }  # fmt: skip


def test_the_smallest_is_sought_until_one_is_not_as_good():
    worse = TREES | {"xgboost one_se": 1.05, "lightgbm one_se": 1.05}

    decision, data, sentences = answered(worse)

    assert decision.smallest == "xgboost best"
    assert data["questions"][-1]["word"] == "none"
    assert "has more loss: +4.9% (95% CI " in sentences[2]


def test_within_the_tolerance_a_larger_loss_is_as_good():
    worse = TREES | {"xgboost one_se": 1.005, "lightgbm one_se": 1.005}

    assert answered(worse, spread=0.001)[0].smallest == "lightgbm one_se"
    assert answered(worse, spread=0.001, tolerance=0.002)[0].smallest != (
        "lightgbm one_se"
    )


def test_only_what_acts_is_named_by_the_name_of_the_library():
    _, data, _ = answered(TREES)

    assert data["settings"]["params"] == {"num_leaves": 4, "learning_rate": 0.1}


def test_it_says_what_to_do_at_the_end_of_a_range_and_for_a_size_not_judged():
    _, data, sentences = answered(TREES, delivered=800)

    assert data["actions"] == sentences[4:]
    assert data["actions"][0].startswith("num_leaves=4 is the lowest tried")
    assert "grows to 800 leaves; those judged had 100" in data["actions"][1]


@pytest.mark.parametrize("level", [0.8, 1.0, 1.02, 1.3])
@pytest.mark.parametrize("spread", [0.02, 0.8])
def test_long_names_leave_the_first_sentence_short(level, spread):
    levels = EQUAL | {"mean": 2.0, "keras_l1l2": level}

    _, _, sentences = answered(levels, spread=spread)

    assert "the Keras network with L1 and L2" in sentences[0]
    assert len(sentences[0].split()) <= 35


@pytest.mark.parametrize(
    ("rated", "words"),
    [
        ((False, False), "Single ones are not rated: rounds.max cut their curves."),
        ((True, False), "No single one is shown to help once the rest is tuned."),
    ],
)
def test_penalties_that_no_curve_can_rate_are_called_not_rated(rated, words):
    record, judged = judged_record(TREES)
    record.main_tuned = lambda: [
        SimpleNamespace(
            penalty=name,
            engine=None,
            against_off=SimpleNamespace(exists=is_rated),
            word=lambda _: "not settled",
        )
        for name, is_rated in zip(("reg_alpha", "reg_lambda"), rated, strict=True)
    ]
    pairs = {(one.a, one.b): one for one in compare_all(record, judged)}

    first, *_ = short_answers(record, pairs, decide(record, pairs))

    assert first["detail"].endswith(words)
