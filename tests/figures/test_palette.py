"""Colours can be told from the ground, by everybody, in light and dark."""

import pytest

from boostreg.figures import PALETTE, encoding, palette_css

TEXT = ("ink", "ink2", "x", "lt", "s", "n", "l1", "l2")
MARKS = ("x", "l", "s", "n", "l1", "l2", "focus")


def luminance(colour):
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("name", TEXT)
def test_text_has_contrast(name, theme):
    assert contrast(PALETTE[name][theme], PALETTE["bg"][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("name", MARKS)
def test_marks_have_contrast(name, theme):
    assert contrast(PALETTE[name][theme], PALETTE["bg"][theme]) >= 3


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), [("warnink", "warnbg"), ("ink", "hl")])
def test_text_on_coloured_ground_has_contrast(text, ground, theme):
    assert contrast(PALETTE[text][theme], PALETTE[ground][theme]) >= 4.5


def test_every_engine_has_a_hue_and_a_shape_of_its_own():
    drawn = [encoding(name) for name in ("xgboost", "lightgbm", "sklearn", "ridge")]

    assert len({d.class_ for d in drawn}) == len({d.shape for d in drawn}) == 4


def test_every_colour_has_a_forced_counterpart():
    forced = palette_css(":root").split("forced-colors:active")[1]

    assert all(f"--{name}:" in forced for name in PALETTE)
