"""Sentences on penalties name a few and count many."""

from types import SimpleNamespace

import pytest

from boostreg.report.sentences import effect_sentence, verdicts_sentence
from boostreg.statistics import Interval


def effects(**verdicts):
    return [SimpleNamespace(penalty=n, verdict=v) for n, v in verdicts.items()]


NONE = "is shown to lower the loss"


@pytest.mark.parametrize(
    ("helping", "unclear", "sentence"),
    [
        ("", "ab", f"no value of a or b {NONE}"),
        ("", "abcde", f"none of the 5 penalties {NONE}"),
        ("x", "ab", f"x lowers the loss and no value of a or b {NONE}"),
        ("xy", "abcde", f"x and y lower the loss and none of the other 5 {NONE}"),
    ],
)
def test_many_penalties_are_counted(helping, unclear, sentence):
    verdicts = dict.fromkeys(helping, "helps") | dict.fromkeys(
        unclear, "not determined"
    )

    assert verdicts_sentence(effects(**verdicts)) == sentence


def moved(low, high, *, verdict):
    """Return a path of three points, whose second has this interval of the loss."""

    def point(value, ends):
        return SimpleNamespace(
            value=value,
            loss=1.0,
            size={"leaves": 9.0},
            difference=Interval(sum(ends) / 2, *ends, 0.04, 5, "t"),
            leaves_ratio=Interval(1.0, 0.5, 2.0, 1.0, 5, "t"),
        )

    points = [point(0.0, (0.0, 0.0)), point(1.0, (low, high)), point(2.0, (0.0, 1.0))]
    return SimpleNamespace(
        penalty="reg_alpha", points=points, lowest=points[1], verdict=verdict
    )


@pytest.mark.parametrize(
    ("ends", "verdict", "explained"),
    [
        ((-0.3, -0.1), "helps", False),
        ((-0.3, -0.1), "not determined", True),
        ((-0.3, 0.1), "not determined", False),
    ],
)
def test_an_interval_that_the_verdict_does_not_follow_is_explained(
    ends, verdict, explained
):
    sentence = effect_sentence(moved(*ends, verdict=verdict))

    assert ("though not once adjusted for the 2 values tried" in sentence) is explained
