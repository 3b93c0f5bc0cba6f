"""Every figure is well-formed SVG that stands alone and shows what it was given."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

from boostreg.errors import FigureError
from boostreg.figures import (
    Bin,
    ClaimLine,
    Cloud,
    ColumnUse,
    Curve,
    Estimate,
    Landmark,
    RatioRow,
    ResultBar,
    SmallTree,
    calibration_chart,
    claim_chart,
    coefficient_paths,
    columns_chart,
    curve_panel,
    difference_chart,
    line_panel,
    measure_scale,
    models_chart,
    promise_chart,
    share_bars,
    size_against_loss,
    small_trees,
    tables_chart,
)
from boostreg.figures.frame import spread
from boostreg.figures.marks import Label, place_labels
from boostreg.figures.svg import element, text

GRID = (0.0, 0.01, 0.1, 1.0)
CURVES = (
    Curve("xgboost", (5.0, 4.0, 3.0, 6.0), (4.5, 3.5, 2.5, 5.5), (5.5, 4.5, 3.5, 6.5),
          pick=0.1, safe=(0.0, 0.1)),
    Curve("lightgbm", (5.0, None, 3.5, float("nan")), pick=0.0),
)  # fmt: skip
DIFFERENCES = {
    "a < b": [Estimate(-0.1, -0.9, 0.1, words=("-10%", "better"), engine="xgboost")],
    "c": [Estimate(None, words=("", "not measured"), filled=False)],
}
MODELS = {
    "best": [
        Estimate(1.0, 0.8, 1.2, words=("1.0", "9 leaves"), engine="xgboost"),
        Estimate(1.05, 0.9, 1.2, words=("1.05", "8 leaves"), engine="lightgbm"),
    ],
    "default": [
        Estimate(1.1, words=("1.1", "99 leaves"), engine="xgboost", filled=False)
    ],
    "ridge": [Estimate(None, words=("", "3 coefficients"))],
    "mean": [Estimate(40.0, 39.0, 41.0, words=("40", "no input"))],
}
FIGURES = {
    "differences": difference_chart(DIFFERENCES, label="change", tolerance=0.01),
    "narrow differences": difference_chart(DIFFERENCES, label="change", narrow=True),
    "no differences": difference_chart({}, label="change"),
    "columns": columns_chart(
        [ColumnUse("a<&", 0.7, 0.2, 0.1, 0.3), ColumnUse("b", 0.0, None)],
        engine="lightgbm",
        title="columns",
    ),
    "no columns": columns_chart([], engine="", title="columns"),
    "calibration": calibration_chart(
        {"xgboost": [Bin(0.1, 0.2, 0.1, 0.4), Bin(0.8, 1.0, 0.7, 1.0)], "a < b": []},
        title="calibration",
    ),
    "shares": share_bars(
        {"xgboost": {"reg_alpha": 1.02}, "lightgbm": {}}, ["reg_alpha"], title="loss"
    ),
    "trees": small_trees(
        [
            SmallTree("0", 3, "(0 -1 (1 2 0.5))"),
            SmallTree("1", 1, "0.1"),
            SmallTree("2", 900, ""),
        ],
        title="<b>",
    ),
    "curves": curve_panel(GRID, CURVES, measure="loss", penalty="reg_alpha"),
    "open curves": curve_panel(
        GRID,
        [
            Curve("xgboost", (0.0, 0.1, 0.2, 9.0), open=(1, 3)),
            Curve(
                "lightgbm",
                (0.0, 0.1, 0.2, -9.0),
                (0.0, 0.0, None, -9.5),
                (0.0, 0.2, 0.3, -8.5),
                lead=False,
            ),
        ],
        measure="change < 0",
        penalty="reg_alpha",
        y_scale=measure_scale([-1.0, 1.0]),
        origin=0.0,
    ),
    "no curves": curve_panel((), (), measure="loss", penalty="reg_alpha"),
    "zero alone": curve_panel(
        (0.0,), [Curve("sklearn", (1.0,))], measure="loss", penalty="reg_alpha"
    ),
    "front": size_against_loss(
        [
            Cloud(
                "xgboost",
                ((10, 3.0), (None, 2.0), (100, 1.0)),
                ((0, 9.0), (5, 2.0)),
                (7, 8, 9),
            ),
            Cloud("sklearn"),
        ],
        [
            Landmark("xgboost", "XGBoost best", 100, 1.0),
            Landmark("xgboost", "XGBoost one_se", 200, 2.0),
        ],
    ),
    "empty front": size_against_loss([]),
    "narrow front": size_against_loss(
        [Cloud("lightgbm", ((0, 3.0), (100, 1.0)), folds=((3.0,), (1.0,)))],
        reach=1000,
        narrow=True,
    ),
    "lines": line_panel(
        (0.0, 0.1, 1.0, 10.0),
        [
            ("ridge", (1.0, 0.5, 0.1, 0.0)),
            ("", (0.5, 0.5, 0.1, 0.1)),
            ("lasso <1>", (1.0, None, float("nan"), 0.2)),
        ],
        title="weights",
        x_label="strength",
        y_label="weight",
        x_log=True,
        y_log=True,
    ),
    "no lines": line_panel((), [], title="none", x_label="x", y_label="y"),
    "claim": claim_chart(
        [
            ClaimLine(
                "L1 <b>",
                (0.0, 1.0, 10.0),
                (1.0, 0.5, None),
                "l1",
                measured=(ResultBar(1.0, 0.5, 0.4, 0.6),),
            ),
            ClaimLine(
                "a name too long for the end",
                (0.0, 1.0),
                (1.0, 2.0),
                "s",
                dash=True,
                peak=True,
            ),
        ],
        title="claim",
        x_label="x " * 40,
        y_label="y",
        x_log=True,
        unit="%",
        reference=1.0,
    ),
    "claim of one line": claim_chart(
        [ClaimLine("L2", (1.0, 2.0), (8.0, 12.0), "l2", fine=True)],
        title="claim",
        x_label="x",
        y_label="y",
        y_log=True,
        reference=1.0,
    ),
    "tables": tables_chart(
        [
            RatioRow("a < b", {"xgboost": (0.5, 0.2, 1.5), "lightgbm": (0.6, 0.0, 9)}),
            RatioRow("mean", {"xgboost": (0.5, 0.4, 0.6)}, mean=True),
            RatioRow("another table", {"xgboost": (None, 0.1, None)}, mean=True),
        ],
        title="tables",
        claimed=(None, 0.8),
    ),
    "models": models_chart(MODELS, ("loss", "size"), loss="loss"),
    "narrow models": models_chart(MODELS, ("loss", "size"), loss="loss", narrow=True),
    "no models": models_chart({}, ("loss", "size"), loss="loss"),
    "coefficients": coefficient_paths(
        (0.1, 1.0, 10.0),
        {"a": (3.0, 1.0, 0.0), "b<&": (None, 1.0, 0.5)},
        name="lasso",
        chosen=1.0,
        one_se=10.0,
    ),
    "narrow coefficients": coefficient_paths(
        (0.1, 1.0), {"a long name of an input": (3.0, 0.0)}, name="lasso", narrow=True
    ),
}


@pytest.fixture(params=FIGURES.values(), ids=FIGURES)
def figure(request):
    return request.param


def test_a_falling_grid_is_drawn_from_its_first_value_at_the_left():
    grid = (0.0, 64.0, 16.0, 4.0)
    drawn = curve_panel(
        grid, [Curve("xgboost", (4.0, 3.0, 2.0, 1.0))], measure="loss",
        penalty="max_delta_step",
    ).svg  # fmt: skip

    (marks,) = re.findall(r'<path d="([^"]+)" class="pt[^>]*data-at', drawn)
    places = [float(x) for x in re.findall(r"M(\S+) ", marks)]
    assert places == sorted(places)
    assert len(places) == 4
    assert "max_delta_step 0, then 64 to 4" in drawn


def test_figure_is_well_formed_and_named(figure):
    root = ET.fromstring(figure.svg)  # noqa: S314 - our own markup

    assert root.get("role") == "img"
    assert figure.title in root.get("aria-label")


def test_figure_needs_no_inline_style_and_no_id(figure):
    assert not re.search(r'\s(style|id|on\w+)="', figure.svg)
    assert not re.search(
        r"(?<![a-z])(nan|inf|None)(?![a-z])", figure.svg.split(">", 1)[1]
    )


def test_figure_that_cannot_be_written_is_an_error(tmp_path):
    with pytest.raises(FigureError, match="could not be written: No such file"):
        FIGURES["front"].save(tmp_path / "none" / "figure.svg")


def test_saved_figure_carries_its_own_stylesheet(figure, tmp_path):
    saved = figure.save(tmp_path / "figure.svg").read_text("utf-8")

    root = ET.fromstring(saved)  # noqa: S314 - our own markup
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg"
    assert "--ink:" in root.find(f"{space}style").text
    assert root.find(f"{space}title").text == figure.title


def test_notebook_shows_what_is_saved(figure):
    assert figure._repr_html_() == figure.standalone()


def test_points_name_their_rows_for_a_script():
    paths = re.findall(
        r'd="([^"]*)" class="pt x faint" [^>]*data-at="([^"]*)"', FIGURES["front"].svg
    )

    ((d, rows),) = paths
    assert rows == "7 9"
    assert d.count("M") == 2


def test_missing_values_leave_a_gap():
    (rows,) = re.findall(
        r'data-engine="lightgbm" data-at="([^"]*)"', FIGURES["curves"].svg
    )

    assert rows == "0 2"


def test_line_does_not_reach_the_separate_zero():
    zero = re.search(r'class="pt x"[^>]*', FIGURES["curves"].svg)
    line = re.search(r'd="M([\d.]+) [^"]*" class="ln x"', FIGURES["curves"].svg)

    assert zero
    assert float(line[1]) == pytest.approx(50 + 6 + 30)


def test_a_further_engine_is_moved_so_that_equal_curves_hide_no_point():
    leads, follows = (
        [float(x) for x in re.findall(r"M([\d.]+) ", d)]
        for d in re.findall(r'd="([^"]*)" class="pt \w"', FIGURES["open curves"].svg)
    )

    assert {b - a for a, b in zip(leads, follows, strict=True)} == {6.0}


def test_hollow_marks_are_those_asked_for():
    svg = FIGURES["open curves"].svg
    (rims,) = re.findall(r'd="([^"]*)" class="pt x open"', svg)
    (marks,) = re.findall(r'd="([^"]*)" class="pt x"', svg)

    placed = re.findall(r"M[^M]+", marks)
    assert re.findall(r"M[^M]+", rims) == [placed[1], placed[3]]


def test_values_outside_the_axis_have_an_arrow_in_their_colour():
    svg = FIGURES["open curves"].svg
    up, down = (re.search(rf'd="([^"]*)" class="bar {c}"', svg)[1] for c in "xl")

    assert up.count("l4-7l4 7z") == 1
    assert down.count("l4 7l4-7z") == 1


def marks_of(svg):
    """Return the places of the marks of a chart of rows, from the top down."""
    found = re.findall(r'd="M(\S+) (\S+?)(?:h0|m[^"]*)" class="pt', svg)
    return [float(x) for x, _ in found]


def test_losses_that_differ_by_a_large_factor_have_a_logarithmic_axis():
    rows = {str(k): [Estimate(10.0**k)] for k in range(3)}

    svg = models_chart(rows, (), loss="loss").svg

    first, second, third = marks_of(svg)
    assert second - first == pytest.approx(third - second, abs=0.2)
    assert "log axis" in svg
    assert "log axis" not in models_chart({"a": [Estimate(1.0)]}, (), loss="").svg


def test_an_interval_far_beyond_the_others_ends_in_an_arrow():
    rows = {"a": [Estimate(-0.1, -0.2, 9.0)], "b": [Estimate(0.1, 0.0, 0.2)]}

    svg = difference_chart(rows, label="change").svg

    arrows = re.findall(r'd="M[^"]*H[\d.]+m-5-4l5 4l-5 4" class="ln', svg)
    assert len(arrows) == 1


def test_both_drawings_of_size_against_loss_put_a_trial_at_the_same_share():
    cloud = Cloud("xgboost", ((10, 3.0), (40, 2.0), (100, 1.0)))
    shares = []
    for narrow in (False, True):
        svg = size_against_loss([cloud], narrow=narrow).svg
        left, top, right, bottom = map(
            float, re.search(r'data-plot="([^"]+)"', svg)[1].split()
        )
        d = re.search(r'd="([^"]*)" class="pt x faint"', svg)[1]
        shares.append(
            [
                ((float(x) - left) / (right - left), (float(y) - top) / (bottom - top))
                for x, y in re.findall(r"M(\S+) ([\d.]+)", d)
            ]
        )

    for wide, narrow in zip(*shares, strict=True):
        assert wide == pytest.approx(narrow, abs=0.03)


def test_trials_above_the_chart_are_counted():
    trials = tuple((10 + k, 1 + 0.01 * k) for k in range(20))

    chart = size_against_loss([Cloud("xgboost", (*trials, (50, 1e6)))])

    assert "1 trial lies above" in chart.svg


def test_shared_scale_makes_panels_comparable():
    scale = measure_scale([1.0, 9.0])

    one, two = (
        curve_panel(
            GRID, [Curve("xgboost", y)], measure="loss", penalty="p", y_scale=scale
        )
        for y in ((1.0, 2.0, 3.0, 4.0), (6.0, 7.0, 8.0, 9.0))
    )

    ticks = [
        re.findall(r'text-anchor="end">([^<]*)<', panel.svg) for panel in (one, two)
    ]
    assert ticks[0] == ticks[1]


def test_labels_of_equal_points_do_not_overlap():
    labels = [Label(f"label {k}", (200.0, 200.0)) for k in range(4)]

    placed = place_labels(labels, (0, 0, 400, 400))

    spots = re.findall(r'<text x="([\d.]+)" y="([\d.]+)"', placed)
    assert len(set(spots)) == 4


def test_spread_keeps_order_and_distance():
    moved = spread([1.0, 2.0, 3.0, 50.0], 10, 0, 60)

    assert all(b - a >= 10 for a, b in pairwise(moved))


def test_text_is_escaped_and_control_characters_are_replaced():
    assert "<b>" not in text(0, 0, "<b>\x00")
    assert "\N{REPLACEMENT CHARACTER}" in text(0, 0, "\x00")
    assert element("g", data_name='a"b') == '<g data-name="a&quot;b"/>'


def test_names_of_a_searchs_lines_are_in_the_order_of_their_ends():
    found = {
        "xgboost": [{"trial": 0, "inner": 3.0, "outer": 4.0}],
        "lightgbm": [{"trial": 0, "inner": 1.0, "outer": 2.0}],
    }

    svg = promise_chart(found).svg

    heights = {
        name: float(y) for y, name in re.findall(r'y="([\d.]+)"[^>]*>(\w+ \w+)<', svg)
    }
    named = ["XGBoost outer", "XGBoost inner", "LightGBM outer", "LightGBM inner"]
    assert sorted(heights, key=lambda name: heights[name]) == named
