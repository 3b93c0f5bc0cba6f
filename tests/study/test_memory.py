"""The memory of a run is told before it, with what to do if it is too much."""

from dataclasses import replace

import pytest
from runs import SMALL

from boostreg.data import stored
from boostreg.fits import dataset
from boostreg.study import memory
from boostreg.study import plan as plans
from boostreg.study.load import load_study
from boostreg.study.memory import available_memory, expected_memory, memory_lines
from boostreg.study.plan import Plan

MEMINFO = "MemTotal:       9000 kB\nMemFree:        1000 kB\nMemAvailable:   4000 kB\n"


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return Plan(load_study(path))


@pytest.fixture
def linear(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return Plan(load_study(path, ["baselines=[mean, ridge]"]))


def longer(plan, factor):
    """Return a plan whose table has so many times the rows; its folds stay."""
    rows = list(range(plan.table.n_samples)) * factor
    plan.table = plan.table.rows(rows)
    plan.splits = replace(plan.splits, n_samples=len(rows))
    return plan


def test_all_workers_and_the_main_process_are_counted(plan):
    one, three = (expected_memory(plan, workers) for workers in (1, 3))

    assert (one.main, one.worker) == (three.main, three.worker)
    assert three.total == three.main + 3 * three.worker


def test_more_rows_need_more_memory_in_every_process(plan):
    few = expected_memory(plan, 1)
    many = expected_memory(longer(plan, 100), 1)

    assert many.main > few.main
    assert many.worker > few.worker


@pytest.mark.parametrize("stored", [False, True])
def test_reading_text_needs_more_of_the_main_process(plan, monkeypatch, stored):
    numbers = expected_memory(longer(plan, 100), 1)
    data = plan.spec.data.model_copy(update={"decimal": "."})
    plan.spec = plan.spec.model_copy(update={"data": data})
    monkeypatch.setattr(memory, "MANY_CELLS", 1 if stored else 2**40)
    text = expected_memory(plan, 1)
    names = tuple(map(str, range(plan.table.n_samples)))
    first = replace(plan.table.columns[0], categories=names)
    plan.table = replace(plan.table, columns=(first, *plan.table.columns[1:]))
    labels = expected_memory(plan, 1)

    cells = plan.table.n_samples * plan.table.n_features
    assert numbers.main < text.main < labels.main
    assert (text.main - numbers.main > 50 * cells) == (not stored)


def test_a_table_in_a_file_needs_less_of_the_main_process(plan, monkeypatch):
    in_memory = expected_memory(longer(plan, 100), 1)
    monkeypatch.setattr(memory, "LARGE", 1)

    assert stored.LARGE > 1
    assert expected_memory(plan, 1).main < in_memory.main


def test_the_cache_of_a_worker_is_bounded(plan, monkeypatch):
    whole = expected_memory(longer(plan, 1000), 1)
    monkeypatch.setattr(dataset, "MIN_ROOM", 0)
    monkeypatch.setattr(dataset, "MAX_ROOM", 0)

    assert expected_memory(plan, 1).worker < whole.worker


def test_linear_baselines_need_the_designs_of_all_folds(plan, linear):
    with_ridge, alone = (expected_memory(longer(p, 3000), 1) for p in (linear, plan))

    assert with_ridge.worker > alone.worker
    assert with_ridge.main == pytest.approx(alone.main, rel=0.2)


def test_enough_memory_gives_one_line_without_a_warning(plan):
    need = expected_memory(plan, 2)

    for available in (need.total, None):
        line, warnings = memory_lines(plan, 2, available)
        assert line.startswith("memory: about ")
        assert ", 2 workers of " in line
        assert warnings == ()


def test_too_little_memory_says_how_many_workers_fit(plan):
    need = expected_memory(plan, 4)
    available = need.main + 2 * need.worker + 1

    _, (warning,) = memory_lines(plan, 4, available)

    assert "run with --workers 2, or leave out columns with data.keep" in warning
    assert "baselines" not in warning


def test_linear_baselines_are_the_first_to_leave_out(linear):
    linear.baseline_names = ("mean", "ridge")

    _, (warning,) = memory_lines(linear, 2, 1)

    assert "set baselines: [mean], or leave out columns" in warning
    assert "--workers" not in warning


def test_default_baselines_of_a_large_table_are_the_mean_alone(tmp_path, monkeypatch):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL.replace("baselines: [mean]\n", ""))
    usual = Plan(load_study(path))
    monkeypatch.setattr(plans, "MAX_DESIGN_VALUES", 4000)  # diabetes has 4,420
    large = Plan(load_study(path))
    asked = Plan(load_study(path, ["baselines=[mean, ridge]"]))

    assert usual.baseline_names == ("mean", "ridge", "lasso", "elastic_net")
    assert large.baseline_names == ("mean",)
    assert any("such as baselines: [mean, ridge]" in note for note in large.notes)
    assert asked.baseline_names == ("mean", "ridge")


def test_each_category_counts_as_a_column_of_a_linear_baseline(tmp_path, monkeypatch):
    rows = "\n".join(f"c{k % 30},{k % 7},{k % 11}" for k in range(120))
    (tmp_path / "m.csv").write_text(f"kind,x,y\n{rows}\n")
    path = tmp_path / "m.yaml"
    path.write_text("name: m\ndata: {source: m.csv, target: y, task: regression}\n")

    for most, n_baselines in ((120 * 31, 1), (120 * 31 + 1, 4)):
        monkeypatch.setattr(plans, "MAX_DESIGN_VALUES", most)
        assert len(Plan(load_study(path)).baseline_names) == n_baselines


def test_available_memory_is_that_of_the_machine_and_of_the_container(tmp_path):
    machine, limit = tmp_path / "meminfo", tmp_path / "max"
    machine.write_text(MEMINFO)

    assert available_memory(machine, limit) == 4000 * 1024
    for text, expected in (("max\n", 4000 * 1024), ("1000000\n", 1_000_000)):
        limit.write_text(text)
        assert available_memory(machine, limit) == expected


def test_without_the_files_of_linux_it_is_all_memory_or_unknown(tmp_path, monkeypatch):
    absent = tmp_path / "absent"
    assert available_memory(absent, absent) > 2**20

    monkeypatch.delattr(memory.os, "sysconf_names")
    assert available_memory(absent, absent) is None
