"""What a notebook shows, and the same figures on their own, as SVG and as PNG."""

import re
import shutil
import struct
import sys
import xml.etree.ElementTree as ET
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
from sklearn.datasets import load_diabetes

from boostreg import Penalty, open_run, penalty_path, tree_size, tune
from boostreg.errors import DataError, FigureError, MissingExtraError
from boostreg.figures import counts_chart
from boostreg.figures import svg as convert
from boostreg.figures.figure import notebook_table
from boostreg.report.page import render
from boostreg.study.files import read_csv

SHIPPED = Path(__file__).parents[1] / "reports"
SMALL = {"cv": 3, "rounds": 10, "workers": 1}


@pytest.fixture(scope="module")
def tuned():
    X, y = load_diabetes(return_X_y=True)
    return tune(X, y, engine="xgboost", space="default", trials=4, **SMALL)


@pytest.fixture(scope="module")
def path():
    X, y = load_diabetes(return_X_y=True)
    return penalty_path(X, y, "reg_lambda", grid=[0, 1, 100], **SMALL)


@pytest.fixture(scope="module")
def run():
    return open_run(SHIPPED / "quickstart")


@pytest.fixture(scope="module")
def figure(run):
    """Return one of the figures of the run: each reading makes all of them."""
    return run.figure("size")


def svg(figure):
    return ET.fromstring(figure.standalone())  # noqa: S314 - our own markup


def test_tuned_shows_its_picks_and_the_front(tuned):
    html = tuned._repr_html_()

    assert tuned.figure().standalone() in html
    assert f"{tuned.best.loss:.6g}" in html
    assert "4 trials" in tuned.figure().svg


def test_pick_and_its_penalty_say_what_was_chosen(tuned):
    pick = tuned.one_se
    given = {
        name: value
        for name, value in pick.penalty.as_dict().items()
        if value != getattr(Penalty(), name)
    }

    assert f"{pick.n_leaves:,.0f} leaves" in repr(pick)
    assert eval(repr(pick.penalty)) == pick.penalty  # noqa: S307 - our own text
    html = unescape(pick._repr_html_())
    for name, value in given.items():
        assert f">{name}</th><td>{value!r}</td>" in html
    assert repr(Penalty()) == "Penalty()"


def test_front_is_a_frame_by_increasing_leaves(tuned):
    front = tuned.pareto

    assert isinstance(front, pd.DataFrame)
    assert front.n_leaves.is_monotonic_increasing
    assert front.loss.iloc[-1] == tuned.selection.best.loss
    assert {"trial", "n_rounds", "reg_lambda", "max_leaves"} <= set(front)


def test_effect_shows_a_row_per_value(path):
    text, html = repr(path.effect), unescape(path.effect._repr_html_())

    for point in path.effect.points:
        assert f"{point.loss:.6g}" in text
        assert f"{point.size['leaves']:,.0f}" in html
    assert len(text.splitlines()) == len(path.effect.points) + 2


def test_size_shows_its_counts(tuned):
    X, y = load_diabetes(return_X_y=True)
    size = tree_size(tuned.best.estimator().fit(X, y))

    html = size._repr_html_()

    assert size.figure().standalone() in html
    assert f"n_leaves {size.n_leaves:,}" in size.figure().svg


def test_path_is_a_frame_that_draws_itself(path):
    assert isinstance(path, pd.DataFrame)
    for measure in ("leaves", "loss", "gap"):
        assert path.figure(measure).standalone() in path._repr_html_()
    assert "bd x" in path.figure("loss").svg


def test_curve_of_a_path_is_the_mean_over_its_folds(path):
    stopped = path[path["reading"] == "stopped"]

    means = stopped.groupby("value")["loss"].mean()

    assert [p.loss for p in path.effect.points] == pytest.approx(means.tolist())


def test_what_is_made_of_a_path_is_a_plain_frame(path):
    for made in (path.head(2), path[path["value"] > 0], path.copy()):
        assert type(made) is pd.DataFrame


def test_measure_that_is_none_is_refused(path):
    with pytest.raises(FigureError, match="measure must be one of leaves, loss, gap"):
        path.figure("size")


def test_run_shows_its_answer_and_the_figures_of_its_report(run, figure):
    figures = run.figures
    rows = (read_csv(run.folder / f"{name}.csv") for name in ("trials", "paths"))
    page = render(run.results, *rows)

    html = run._repr_html_()

    assert run.results["text"]["answer"][0] in unescape(html)
    assert figure.standalone() in html
    assert len(figures) > 10
    assert all(one.svg in page for one in figures.values())


def test_tables_of_a_run_are_frames(run):
    assert len(run.trials) == 2 * 11 * 20
    assert {"penalty", "value", "loss"} <= set(run.paths.columns)


def test_figure_of_no_such_name_is_refused_with_the_names(run):
    with pytest.raises(FigureError, match=r"name must be the start of one of .*size"):
        run.figure("cloud")


def test_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"has no results\.json, so no run"):
        open_run(tmp_path)


def test_text_in_a_notebook_is_escaped():
    assert "<b>" not in notebook_table("<b>", ["<b>"], {"<b>": ["<b>"]})


def test_saved_figure_has_plain_colours_before_those_that_follow_the_reader(figure):
    style = svg(figure).find("{http://www.w3.org/2000/svg}style").text

    plain, themed = style.split("@supports", 1)

    assert "var(" not in plain
    assert "stroke:#0b4f8f" in plain
    assert "light-dark(" in themed


def test_marks_that_wait_for_a_pointer_are_not_seen_in_a_saved_figure(figure):
    assert ".boostreg .no{display:none}" in figure.standalone()


def test_zero_has_its_place_on_the_axis_of_counts():
    figure = counts_chart({"trees": 3, "splits": 0, "bytes": float("nan")}, title="t")

    assert figure.svg.count('class="dot"') == 2
    assert not re.search(r"\bnan\b", figure.svg)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on the PATH")
def test_browser_makes_a_png_of_twice_the_size(figure, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)

    raw = figure.save(tmp_path / "figure.png").read_bytes()

    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    size = struct.unpack(">II", raw[16:24])
    assert size == (2 * figure.width, 2 * figure.height)


def test_resvg_makes_a_png(figure, tmp_path):
    pytest.importorskip("resvg_py", reason="no resvg_py: pip install boostreg[png]")

    raw = figure.save(tmp_path / "figure.png").read_bytes()

    size = struct.unpack(">II", raw[16:24])
    assert size == (2 * figure.width, 2 * figure.height)


def test_without_a_converter_the_error_says_what_to_install(
    figure, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    monkeypatch.setattr(convert, "BROWSERS", ("no-such-browser",))

    with pytest.raises(MissingExtraError, match=r"pip install boostreg\[png\]"):
        figure.save(tmp_path / "figure.png")


def test_browser_that_fails_is_named(figure, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    monkeypatch.setattr(convert, "BROWSERS", ("false",))

    with pytest.raises(FigureError, match="made no PNG"):
        figure.save(tmp_path / "figure.png")


def test_other_endings_are_refused(figure, tmp_path):
    with pytest.raises(FigureError, match=r"must end in \.svg or \.png, got '\.pdf'"):
        figure.save(tmp_path / "figure.pdf")
