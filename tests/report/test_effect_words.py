"""Sentences on penalties follow the intervals, and no two contradict each other."""

import re
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from boostreg.changes import LossChange
from boostreg.effects.outer import TunedPenalty
from boostreg.report.sentences import (
    alone_sentences,
    effect_sentence,
    effects_heading,
    flat_sentences,
    of_all_engines,
    verdicts_sentence,
)
from boostreg.statistics import Interval

TOLERANCE = 0.01
CHANGES = {
    "helps": LossChange(-0.1, -0.2, -0.05, "t"),
    "harms": LossChange(0.1, 0.05, 0.2, "t"),
    "no effect that matters": LossChange(0.0, -0.005, 0.005, "t"),
    "does no harm": LossChange(-0.1, -0.2, 0.005, "t"),
    "not settled": LossChange(-0.1, -0.3, 0.2, "t"),
}


def tuned(penalty, word, engine=None, **changes):
    ratio = Interval(2.0, 1.0, 4.0, 0.1, 5, "t")
    given = {
        "engine": engine,
        "penalty": penalty,
        "anchor": "tuned",
        "off": 0.0,
        "default": None,
        "values": (1.0, 3.0),
        "against_off": CHANGES[word],
        "against_default": None,
        "factors": dict.fromkeys(("trees", "leaves_per_tree", "leaves"), ratio),
        "trees": (28.0, 104.0),
        "cut": 0.0,
    }
    return TunedPenalty(**given | changes)


@pytest.mark.parametrize("word", CHANGES)
def test_the_word_is_read_off_the_interval(word):
    assert tuned("a", word).word(TOLERANCE) == word


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"helps": "a"}, "a lowers the loss"),
        ({"helps": "ab"}, "a and b lower the loss"),
        (
            {"helps": "x", "not settled": "ab"},
            "x lowers the loss and the effect of a and b is not settled",
        ),
        (
            {"helps": "x", "not settled": "abcde"},
            "x lowers the loss and the effect of 5 others is not settled",
        ),
        (
            {"no effect that matters": "ab", "does no harm": "c"},
            "a and b change the loss by less than 1% and c does no harm",
        ),
        (
            {"helps": "x", "harms": "y", "not settled": "a"},
            (
                "x lowers the loss, tuning y raises the loss and the effect of a is "
                "not settled"
            ),
        ),
    ],
)
def test_words_are_listed_and_many_penalties_counted(words, sentence):
    found = {n: tuned(n, word) for word, names in words.items() for n in names}

    assert verdicts_sentence(found, TOLERANCE) == sentence


def test_a_sentence_has_values_both_references_and_the_size_in_factors():
    one = tuned(
        "reg_lambda",
        "helps",
        "xgboost",
        default=1.0,
        against_default=CHANGES["not settled"],
    )

    assert effect_sentence(one).replace("\N{MINUS SIGN}", "-") == (
        "With the others tuned, at reg_lambda 1 to 3 as the inner folds chose: -10% "
        "(-20% to -5%) loss on unseen rows against reg_lambda 0. Against XGBoost's own "
        "reg_lambda 1: -10% (-30% to +20%) loss. Trees \N{MULTIPLICATION SIGN}2 (28 to "
        "104), leaves per tree \N{MULTIPLICATION SIGN}2."
    )


def test_a_penalty_that_is_not_rated_has_no_number():
    nan = float("nan")
    why = "no interval: rounds.max ended the curves while their loss still fell"
    change = LossChange(nan, nan, nan, why)

    sentence = effect_sentence(tuned("a", "helps", "xgboost", against_off=change))

    assert sentence.startswith("With the others tuned, a is not rated: rounds.max")
    assert "%" not in sentence


def test_a_penalty_that_was_never_chosen_is_reported_as_such():
    found = tuned("a", "no effect that matters", "xgboost", values=(0.0, 0.0))

    sentence = effect_sentence(found)
    assert sentence == (
        "With the others tuned, the inner folds never chose another value than a 0."
    )


def a_record(words, flat):
    """Return a record of three penalties, each with a word for both engines together.

    ``flat`` are those whose inner losses are all within one standard error.
    """
    one_by_one = [
        tuned(name, "not settled", engine)
        for name, engine in product("abc", ("xgboost", "lightgbm"))
    ]
    together = [tuned(name, word) for name, word in zip("abc", words, strict=True)]
    effects = [
        SimpleNamespace(
            engine=engine,
            penalty=name,
            points=range(9),
            inside=9 if name in flat else 3,
            flat=(0.0, 5.0),
        )
        for name, engine in product("abc", ("xgboost", "lightgbm"))
    ]
    return SimpleNamespace(
        main_tuned=lambda: [*one_by_one, *together],
        main_effects=effects,
        engines=("xgboost", "lightgbm"),
        anchor="tuned",
        study={},
        tolerance=TOLERANCE,
    )


STATEMENTS = {
    r"((?:[abc](?:, | and )?)+) lowers? the loss": "helps",
    r"tuning ((?:[abc](?:, | and )?)+) raises the loss": "harms",
    r"((?:[abc](?:, | and )?)+) changes? the loss by less": "no effect that matters",
    r"((?:[abc](?:, | and )?)+) do(?:es)? no harm": "does no harm",
    r"the effect of ((?:[abc](?:, | and )?)+) is not settled": "not settled",
}


def stated(sentence):
    """Return what a sentence states of each penalty that it names."""
    return {
        (name, word)
        for pattern, word in STATEMENTS.items()
        for match in re.finditer(rf"\b{pattern}", sentence)
        for name in re.findall(r"\b[abc]\b", match[1])
    }


def test_no_two_sentences_of_a_record_contradict():
    for words in product(CHANGES, repeat=3):
        truth = set(zip("abc", words, strict=True))
        flat = np.random.default_rng(len(words[0])).choice(["a", "b", "c"], 2)
        record = a_record(words, flat)

        heading = effects_heading(record)
        answer = verdicts_sentence(of_all_engines(record), TOLERANCE)
        open_ = " ".join(flat_sentences(record))

        assert stated(answer) == truth
        assert stated(heading) <= truth
        helping = {name for name, word in truth if word == "helps"}
        if "no penalty" in heading:
            assert not helping
        if "no other is shown to" in heading:
            assert len(helping) == 1
        for name in re.findall(r"\b([abc]) is not identified", open_):
            assert (name, "helps") not in truth
            assert (name, "harms") not in truth


def test_a_penalty_of_one_engine_speaks_for_no_other():
    record = a_record(["not settled"] * 3, ())
    found = [*record.main_tuned(), tuned("path_smooth", "helps", "lightgbm")]
    record.main_tuned = lambda: found

    heading = effects_heading(record)
    answer = verdicts_sentence(of_all_engines(record), TOLERANCE)

    assert "path_smooth (LightGBM only) lowers the loss" in heading
    assert answer.startswith("path_smooth (LightGBM only) lowers the loss")


def alone(fixed, effects=(None,)):
    """Return the sentences on what a study of these fixed values leaves on."""
    study = {"search": {"fixed": fixed, "scale": "rows"}}
    record = SimpleNamespace(study=study, main_effects=effects)
    return list(alone_sentences(record))


def test_nothing_stays_on_where_a_penalty_is_judged_alone():
    assert alone({"learning_rate": 0.1, "max_leaves": None, "reg_lambda": 0.0}) == []


def test_penalties_that_the_study_fixes_stay_on_where_another_is_judged_alone():
    fixed = {"reg_lambda": 1.0, "max_depth": 3, "min_child_samples": 20}

    assert alone(fixed, effects=()) == []
    (sentence,) = alone(fixed)
    assert sentence == (
        "Where a penalty is judged alone, the other penalties on leaf weights and "
        "splits are off, except reg_lambda 1 and min_child_samples 20 of search.fixed "
        "(scale: rows)."
    )
