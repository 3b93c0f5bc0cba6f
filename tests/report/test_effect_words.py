"""Sentences on penalties name a few and count many."""

from types import SimpleNamespace

import pytest

from boostreg.report.effect_words import verdicts_sentence


def effects(**verdicts):
    return [SimpleNamespace(penalty=n, verdict=v) for n, v in verdicts.items()]


NONE = "is shown to lower the loss"


@pytest.mark.parametrize(
    ("helping", "unclear", "said"),
    [
        ("", "ab", f"no value of a or b {NONE}"),
        ("", "abcde", f"none of the 5 penalties {NONE}"),
        ("x", "ab", f"x lowers the loss and no value of a or b {NONE}"),
        ("xy", "abcde", f"x and y lower the loss and none of the other 5 {NONE}"),
    ],
)
def test_many_penalties_are_counted(helping, unclear, said):
    verdicts = dict.fromkeys(helping, "helps") | dict.fromkeys(
        unclear, "not determined"
    )

    assert verdicts_sentence(effects(**verdicts)) == said
