"""The pictures of the first screen place marks by their axes, and every label near."""

import math
import re
import xml.etree.ElementTree as ET
from itertools import combinations

import pytest

from boostreg.figures import (
    JudgedModel,
    PenaltyEffect,
    PenaltyRow,
    penalty_forest,
    sizes_and_losses,
)

HOSTILE = "</svg><script>alert(1)</script> & \"'"
ENGINES = ("xgboost", "lightgbm")


def model(name, engine, size, loss, **more):
    return JudgedModel(name, engine, size, loss, 0.9 * loss, 1.1 * loss, **more)


MODELS = [
    model("lasso", "", 9, 3000, unit="coefficients"),
    model("", "", 10, 3010),
    *(model("tuned", e, 260 + k, 3300 + k) for k, e in enumerate(ENGINES)),
    model("defaults", "xgboost", 3500, 4200, filled=False),
    model("defaults", "lightgbm", 900, 3900, filled=False),
]


def texts(figure):
    """Return the texts of a drawing with their places."""
    root = ET.fromstring(figure.svg)  # noqa: S314 - our own markup
    return [(t.text, float(t.get("x")), float(t.get("y"))) for t in root.iter("text")]


def ticks(figure, level):
    """Return the values that an axis marks, by the ordinate of their labels."""
    found = [(w, x) for w, x, y in texts(figure) if y == level]
    return {float(w.replace(",", "")): x for w, x in found if re.match(r"[\d,]+$", w)}


@pytest.mark.parametrize("narrow", [False, True])
def test_a_mark_is_where_the_ticks_put_its_size(narrow):
    figure = sizes_and_losses(MODELS, loss="squared error", narrow=narrow)
    level = {y for w, _, y in texts(figure) if w == "1,000"}.pop()
    at = ticks(figure, level)

    slope = (at[1000] - at[10]) / 2
    own = at[10] + slope * (math.log10(3500) - 1)
    marks = re.findall(r'd="M(\S+) [^"]*" class="pt x hollow"', figure.svg)
    assert [float(x) for x in marks] == [pytest.approx(own, abs=0.2)]


def test_marks_that_would_hide_each_other_stand_side_by_side_under_one_label():
    figure = sizes_and_losses(MODELS, loss="squared error")

    (left,) = re.findall(r'd="M(\S+) [^"]*" class="pt x big"', figure.svg)
    (right,) = re.findall(r'd="M(\S+) [^"]*" class="pt l big"', figure.svg)
    words = [w for w, _, _ in texts(figure)]
    assert float(right) - float(left) == pytest.approx(9)
    assert words.count("tuned") == 1
    assert "260 and 261 leaves" in words


def test_marks_far_apart_have_labels_with_their_engines():
    words = [w for w, _, _ in texts(sizes_and_losses(MODELS, loss="loss"))]

    assert {"XGBoost, defaults", "LightGBM, defaults"} <= set(words)
    assert "9 coefficients" in words
    assert "10 leaves" not in words


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("spread", [0.0, 0.02, 0.3, 2.0])
def test_labels_of_models_keep_apart_however_close_the_models_are(spread, narrow):
    models = [
        model(name, engine, 300 * (1 + spread * k), 3000 * (1 + spread * k / 3))
        for k, (name, engine) in enumerate(
            (n, e) for n in ("defaults", "no penalty", "tuned", "small")
            for e in ENGINES
        )
    ]  # fmt: skip

    figure = sizes_and_losses(models, loss="loss", mean=6000.0, narrow=narrow)

    heads = re.findall(r'<text x="(\S+)" y="(\S+)" class="\w b halo"', figure.svg)
    assert heads
    for (x0, y0), (x1, y1) in combinations(heads, 2):
        assert abs(float(y0) - float(y1)) > 12 or abs(float(x0) - float(x1)) > 30


def test_the_mean_is_a_dashed_line_with_its_loss():
    figure = sizes_and_losses(MODELS, loss="loss", mean=5960.2)

    assert 'class="se"' in figure.svg
    assert "predicting the mean: 5,960" in [w for w, _, _ in texts(figure)]


def test_losses_far_apart_have_a_logarithmic_axis_and_cut_intervals_an_arrow():
    models = [
        JudgedModel("tuned", "xgboost", 100, 0.1, 0.001, 0.2),
        JudgedModel("defaults", "xgboost", 1000, 0.9, 0.5, 90.0),
    ]

    figure = sizes_and_losses(models, loss="log loss")

    strokes = re.findall(r'd="([^"]*)" class="ci x"', figure.svg)
    assert [("m-4 6l4-6l4 6" in d, "m-4-6l4 6l4-6" in d) for d in strokes] == [
        (False, True), (True, False),
    ]  # fmt: skip
    words = [w for w, _, _ in texts(figure)]
    assert {"0.1", "1"} <= set(words)


@pytest.mark.parametrize(
    "models",
    [
        [],
        [JudgedModel("tuned", "xgboost", None, None)],
        [JudgedModel("tuned", "xgboost", 0.0, 1.0)],
        [JudgedModel(HOSTILE, "", 3, 1.0, math.nan, None, unit="weights")],
    ],
)
@pytest.mark.parametrize("narrow", [False, True])
def test_missing_numbers_and_hostile_names_still_make_a_picture(models, narrow):
    figure = sizes_and_losses(models, loss=HOSTILE, mean=None, narrow=narrow)

    ET.fromstring(figure.svg)  # noqa: S314 - our own markup
    assert "<script" not in figure.svg
    assert not re.search(r"\b(nan|None)\b", figure.svg)


def row(change, factor, word="not settled", **more):
    effects = tuple(PenaltyEffect(e, change, factor) for e in ENGINES)
    effects += tuple(
        PenaltyEffect(e, change, factor, with_others=False) for e in ENGINES
    )
    return PenaltyRow("reg_lambda", "L2 on leaf weights", word, effects, **more)


@pytest.mark.parametrize("narrow", [False, True])
def test_a_forest_has_filled_marks_with_the_others_tuned_and_hollow_ones_alone(narrow):
    figure = penalty_forest(
        [row((-0.1, -0.2, 0.05), (2.0, 1.5, 3.0))], loss="loss", narrow=narrow
    )

    for class_ in "xl":
        assert len(re.findall(f'class="pt {class_} big"', figure.svg)) == 2
        assert len(re.findall(f'class="pt {class_} hollow"', figure.svg)) == 2


@pytest.mark.parametrize("narrow", [False, True])
def test_a_tick_of_the_forest_is_where_a_change_as_large_has_its_mark(narrow):
    figure = penalty_forest(
        [row((-0.1, -0.2, 0.1), (0.1, 0.1, 1.0))], loss="loss", narrow=narrow
    )

    marks = re.findall(r'd="M(\S+) [^"]*" class="pt x big"', figure.svg)
    place = {w: x for w, x, _ in texts(figure)}
    zero, far = place["0"], place["\N{MINUS SIGN}20%"]
    assert float(marks[0]) == pytest.approx((zero + far) / 2, abs=4)
    assert place["\N{DIVISION SIGN}10"] == pytest.approx(float(marks[1]), abs=7)


def test_intervals_beyond_an_axis_of_the_forest_end_in_an_arrow():
    figure = penalty_forest([row((-0.1, -0.9, 25.0), (2.0, 0.01, 300.0))], loss="loss")

    strokes = re.findall(r'd="([^"]*)" class="ci x"', figure.svg)
    assert len(strokes) == 2
    for d in strokes:
        assert "m-5-4l5 4l-5 4" in d
        assert "m5-4l-5 4l5 4" in d


def test_effects_that_are_not_rated_say_so_once():
    figure = penalty_forest(
        [row((None, None, None), (2.0, None, None), note="20 trees, same size")],
        loss="loss",
    )

    words = [w for w, _, _ in texts(figure)]
    assert words.count("not rated") == 1
    assert "20 trees, same size" in words
    assert "reg_lambda not settled: XGBoost not rated loss" in figure.svg


def test_only_words_that_claim_an_effect_are_bold():
    svg = {
        word: penalty_forest(
            [row((-0.1, -0.2, -0.05), (1.0, 1.0, 1.0), word)], loss="loss"
        ).svg
        for word in ("helps", "not settled")
    }

    assert 'class="k">helps<' in svg["helps"]
    assert 'class="k">not settled<' not in svg["not settled"]
