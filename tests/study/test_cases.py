"""Inputs that once gave a wrong model in silence: read right, or refused by name."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from boostreg.errors import DataError, StudyError
from boostreg.study.load import load_study, write_study
from boostreg.study.plan import Plan

N = 60
FOLDS = "validation: {outer: {folds: 2}, inner: {folds: 2}}\n"


@pytest.fixture
def rows():
    """Return a table of two numbers, a category and a target."""
    rng = np.random.default_rng(0)
    numbers = {"age": rng.integers(18, 80, N), "income": rng.normal(size=N).round(3)}
    region = rng.choice(["east", "west", "north"], N)
    return pd.DataFrame(numbers | {"region": region, "y": rng.normal(size=N)})


@pytest.fixture
def plan(tmp_path):
    """Return a function that plans a study of a file, with more keys of ``data``."""

    def make(file, more="", target="y"):
        data = f"{{source: {file}, target: {target}{more}}}"
        study = tmp_path / "study.yaml"
        study.write_text(f"name: study\ndata: {data}\n{FOLDS}", "utf-8")
        return Plan(load_study(study)).table

    return make


def names(table):
    return [column.name for column in table.columns]


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("name", ["", "Unnamed: 0", "Unnamed: 0.1"])
def test_index_that_counts_rows_is_left_out_and_reported(
    rows, plan, tmp_path, name, start
):
    counter = np.random.default_rng(1).permutation(N) + start
    rows.insert(0, name, counter)
    rows.to_csv(tmp_path / "d.csv", index=False)

    table = plan("d.csv")

    assert names(table) == ["age", "income", "region"]
    assert f"Not used as features: {name!r} (row numbers)." in table.notes
    assert names(plan("d.csv", f", drop: ['{name}']")) == names(table)


def test_nameless_column_of_values_is_a_feature(rows, plan, tmp_path):
    rows.rename(columns={"income": ""}).to_csv(tmp_path / "d.csv", index=False)

    assert names(plan("d.csv")) == ["age", "", "region"]
    assert names(plan("d.csv", ", drop: ['']")) == ["age", "region"]
    assert plan("d.csv", target="''").target == ""


def test_number_with_a_mark_is_reported_by_column_row_and_key(rows, plan, tmp_path):
    rows.astype({"income": object}).replace({"income": {rows.income[7]: "?"}}).to_csv(
        tmp_path / "d.csv", index=False
    )

    with pytest.raises(
        DataError, match=r"yaml:2:16: data.source: column 'inc"
    ) as error:
        plan("d.csv")

    reported = (
        "'?' in row 7 (the first row is 0). If '?' means missing, set data.missing: "
    )
    assert reported + "['?']" in str(error.value)
    table = plan("d.csv", ", missing: ['?']")
    assert np.flatnonzero(np.isnan(table.X[:, 1])).tolist() == [7]
    assert plan("d.csv", ", types: {income: category}").columns[1].categories


def test_numbers_in_text_of_a_parquet_file_need_the_same_words(rows, plan, tmp_path):
    rows["income"] = rows["income"].map(repr)
    rows["age"] = rows["age"].map(str).mask(rows["age"] == rows["age"][3], "?")
    rows.assign(zip=["01001", "94105"] * 30).to_parquet(tmp_path / "d.parquet")

    with pytest.raises(DataError, match=r"column 'age' .*set data.missing: \['\?'\]"):
        plan("d.parquet")
    columns = plan("d.parquet", ", missing: ['?']").columns

    assert [bool(c.categories) for c in columns] == [False, False, True, True]


def test_very_many_categories_of_numbers_are_not_reported_to_be_dropped(
    rows, plan, tmp_path
):
    rows["income"] = rows["income"].map(repr).astype("category")
    rows.to_parquet(tmp_path / "d.parquet")

    (reported,) = [note for note in plan("d.parquet").notes if "'income'" in note]

    assert reported.endswith("; if they are numbers, set data.types: {income: number}.")
    assert plan("d.parquet", ", types: {income: number}").columns[1].categories is None


def test_named_levels_of_a_parquet_index_are_columns(rows, plan, tmp_path):
    rows.set_index("age").to_parquet(tmp_path / "feature.parquet")
    rows.set_index(["region", "y"]).to_parquet(tmp_path / "target.parquet")
    rows.rename_axis("id").to_parquet(tmp_path / "range.parquet")

    assert set(names(plan("feature.parquet"))) == {"age", "income", "region"}
    assert set(names(plan("target.parquet"))) == {"age", "income", "region"}
    assert "id" in names(plan("range.parquet"))


def test_nameless_parquet_index_of_a_part_is_left_out(rows, plan, tmp_path):
    rows.sample(40, random_state=0).to_parquet(tmp_path / "d.parquet")

    assert names(plan("d.parquet")) == ["age", "income", "region"]


def test_parquet_with_types_that_pandas_lacks_is_read_or_refused(rows, plan, tmp_path):
    table = pa.Table.from_pandas(rows)
    odd = {
        "dict": pa.array(["u", "v"] * 30).dictionary_encode(),
        "list": pa.array([[1], [2]] * 30),
        "day": pa.array([dt.date(2024, 1, 1)] * N),
    }
    for name, column in odd.items():
        table = table.append_column(name, column)
    noted = table.schema.metadata[b"pandas"].replace(b'"int64"', b'"dbdate"')
    pq.write_table(
        table.replace_schema_metadata({b"pandas": noted}), tmp_path / "d.parquet"
    )

    with pytest.raises(DataError, match=r"(?s)'list' has a.*'day' has dates"):
        plan("d.parquet")
    assert names(plan("d.parquet", ", drop: [list, day]"))[-1] == "dict"


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_time_may_be_any_date(rows, plan, tmp_path, suffix):
    when = [dt.date(2200 + k, 1, 1) for k in range(N - 2)]
    rows["when"] = [*when, dt.date(9999, 12, 31), dt.date(1, 1, 1)]
    rows.to_csv(tmp_path / "d.csv", index=False)
    rows.to_parquet(tmp_path / "d.parquet")

    time = plan(f"d.{suffix}", ", time: when").time

    assert np.argsort(time).tolist() == [N - 1, *range(N - 1)]
    assert time[-2] == 253402214400


KEYS = {
    "tilde": ({"sep": "~"}, "separator: '~'", "target: target 'y' is not a column"),
    "latin-1": ({"encoding": "latin-1"}, "encoding: cp1252", "source: .* UTF-8"),
    "utf-16": ({"encoding": "utf-16-le"}, "encoding: utf-16-le", "source: .* UTF-8"),
    "decimal": ({"decimal": ","}, "decimal: ','", "source: column 'income'"),
}


@pytest.mark.parametrize("name", KEYS)
def test_key_that_the_error_names_reads_the_file(rows, plan, tmp_path, name):
    form, key, reported = KEYS[name]
    rows["region"] = rows["region"].replace("east", "übersee")
    rows["y"] = rows["age"] % 7
    rows.to_csv(tmp_path / "plain.csv", index=False)
    rows.to_csv(tmp_path / "d.csv", index=False, **form)

    with pytest.raises(DataError, match=rf"study.yaml:2:\d+: data.{reported}") as error:
        plan("d.csv")

    assert f"data.{key}" in str(error.value) or name == "tilde"
    assert plan("d.csv", f", {key}").fingerprint == plan("plain.csv").fingerprint


def test_decimal_mark_of_the_file_is_kept_for_rows_of_later(rows, tmp_path):
    for decimal in (".", ","):
        rows.to_csv(tmp_path / "d.csv", index=False, sep=";", decimal=decimal)
        study = tmp_path / "study.yaml"
        study.write_text(f"name: s\ndata: {{source: d.csv, target: y}}\n{FOLDS}")

        data = Plan(load_study(study)).spec.data

        assert (data.decimal, data.separator) == (decimal, None)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("missing: '?'", r"data.missing: found '\?'; expected a list of words"),
        ("missing: [null]", "data.missing: .*put null, true and false in quotes"),
        ("decimal: ';'", r"data.decimal: found ';'; expected null, '\.' or ','"),
        (
            "decimal: '.', thousands: '.'",
            "data.thousands: found '.'; expected .* not data.decimal",
        ),
        (
            "separator: ab",
            "data.separator: found 'ab'; expected null, or one",
        ),
        (
            "encoding: utf-99",
            "data.encoding: found 'utf-99'; expected null, or",
        ),
        (
            "types: {age: text}",
            "data.types: .*expected columns with number or category",
        ),
    ],
)
def test_key_that_cannot_be_is_refused_at_its_place(plan, key, words):
    with pytest.raises(StudyError, match=rf"study.yaml:2:\d+: {words}"):
        plan("d.csv", f", {key}")


def test_type_of_a_column_that_is_not_there_is_refused(rows, plan, tmp_path):
    rows.to_csv(tmp_path / "d.csv", index=False)

    with pytest.raises(DataError, match=r"data.types: 'agee' is not a column .* 'age'"):
        plan("d.csv", ", types: {agee: category}")


def test_stated_types_overrule_what_cells_look_like(rows, plan, tmp_path):
    rows["region"] = ["01", "TRUE", "7"] * 20
    rows.to_csv(tmp_path / "d.csv", index=False)

    table = plan("d.csv", ", types: {age: category, region: number}")

    assert set(table.columns[0].categories) == set(map(str, rows["age"]))
    assert table.X[:3, 2].tolist() == [1, 1, 7]


def test_words_that_may_be_labels_are_reported_and_can_be_kept(rows, plan, tmp_path):
    rows["region"] = ["NA", "null", "ZA"] * 20
    rows.to_csv(tmp_path / "d.csv", index=False)

    note = next(note for note in plan("d.csv").notes if "set data.missing: []" in note)

    assert note.startswith("Read as missing in columns of categories: 'NA', 'null' (in")
    kept = plan("d.csv", ", missing: []").columns[2]
    assert kept.categories == ("NA", "ZA", "null")


def test_weights_that_overflow_are_refused(rows, plan, tmp_path):
    rows.assign(w=1e308).to_csv(tmp_path / "d.csv", index=False)

    with pytest.raises(
        DataError, match=r"data.weights: the sum of weights column 'w' is infinite"
    ):
        plan("d.csv", ", weights: w")


def noted(frame, folder, plan, start):
    """Return the note of a table that begins with some words, None without one."""
    frame.to_csv(folder / "d.csv", index=False)
    return next((note for note in plan("d.csv").notes if note.startswith(start)), None)


IDS = "A different whole number in every row, as in an identifier"


def test_whole_number_identifiers_are_noted_and_kept(rows, plan, tmp_path):
    assert noted(rows, tmp_path, plan, IDS) is None

    rows["id"] = np.random.default_rng(2).permutation(N) + 1000

    assert "'id'. If these are identifiers, set data.drop: [id]." in noted(
        rows, tmp_path, plan, IDS
    )
    assert "id" in names(plan("d.csv"))


REVEALING = "Columns that determine the target"


@pytest.mark.parametrize(
    "copy", [lambda y: y, lambda y: 3 * y - 1, np.exp, lambda y: -(y**3)]
)
def test_copy_of_the_target_in_other_units_is_noted(rows, plan, tmp_path, copy):
    assert noted(rows, tmp_path, plan, REVEALING) is None

    rows["leak"] = copy(rows["y"])

    assert ": 'leak'. If they are" in noted(rows, tmp_path, plan, REVEALING)


def test_copy_of_the_classes_in_other_words_is_noted(rows, plan, tmp_path):
    rows["y"] = np.where(rows["age"] > 50, "old", "young")
    rows["status"] = np.where(rows["age"] > 50, "x9", "b2")

    assert ": 'status'. If they are" in noted(rows, tmp_path, plan, REVEALING)


COPIES = "Columns that copy another, possibly in other units"


def test_copy_of_another_feature_is_noted(rows, plan, tmp_path):
    assert noted(rows, tmp_path, plan, COPIES) is None

    rows["inches"] = rows["income"] / -2.54
    rows["area"] = rows["region"].replace({"east": "C", "west": "A", "north": "B"})

    reported = noted(rows, tmp_path, plan, COPIES)
    assert "'inches' of 'income', 'area' of 'region'" in reported
    assert "data.drop: [inches, area]" in reported


def test_total_in_the_last_row_is_noted(rows, plan, tmp_path):
    start = "The last row looks like a total"
    assert noted(rows, tmp_path, plan, start) is None

    sums = rows.sum(numeric_only=True).to_dict()
    blind = pd.concat([rows, pd.DataFrame([sums | {"region": "east"}])])
    named = pd.concat([rows, pd.DataFrame([{"region": "Total", "y": 1.0}])])

    assert "(the sum of the others in 3" in noted(blind, tmp_path, plan, start)
    assert "('Total' in column 'region')" in noted(named, tmp_path, plan, start)


def test_leading_zeros_are_noted(rows, plan, tmp_path):
    rows["zip"] = ["01001", "94105", "10001"] * 20

    reported = noted(
        rows, tmp_path, plan, "Read as numbers, although written with leading"
    )

    assert (
        "such as '01001': 'zip'. If these are codes, set data.types: {zip: category}."
        in reported
    )
    types = plan("d.csv", ", types: {zip: category}").columns[3].categories
    assert types == ("01001", "10001", "94105")


def test_columns_are_kept_and_dropped_by_pattern_in_a_study(rows, plan, tmp_path):
    rows.to_csv(tmp_path / "d.csv", index=False)

    assert names(plan("d.csv", ", keep: ['*e*']")) == ["age", "income", "region"]
    assert names(plan("d.csv", ", keep: ['*e*'], drop: [a*]")) == ["income", "region"]
    with pytest.raises(
        DataError, match=r"yaml:2:\d+: data\.keep: 'agee\*' matches no .* 'age'"
    ):
        plan("d.csv", ", keep: [age, 'agee*']")
    with pytest.raises(StudyError, match=r"data\.keep: found an empty list"):
        plan("d.csv", ", keep: []")


def test_sheet_of_an_excel_file_is_named_in_a_study(rows, plan, tmp_path):
    pytest.importorskip("openpyxl")
    with pd.ExcelWriter(tmp_path / "d.xlsx") as book:
        for name in ("First", "Second"):
            rows.to_excel(book, sheet_name=name, index=False)

    with pytest.raises(DataError, match=r"2:16: data\.source: .*'First', 'Second'; "):
        plan("d.xlsx")
    with pytest.raises(DataError, match=r"2:\d+: data\.sheet: .*no sheet 'Thrid'"):
        plan("d.xlsx", ", sheet: Thrid")
    assert plan("d.xlsx", ", sheet: Second").n_samples == N


def test_study_that_is_written_keeps_the_home_folder_and_variables(
    rows, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PART", "d")
    rows.to_csv(tmp_path / "d.csv", index=False)
    (tmp_path / "run").mkdir()

    for source, kept in [("~/d.csv", "~/d.csv"), ("${PART}.csv", "../${PART}.csv")]:
        path = tmp_path / "study.yaml"
        path.write_text(f"name: s\ndata: {{source: '{source}', target: y}}\n{FOLDS}")
        write_study(load_study(path), tmp_path / "run" / "study.yaml")

        again = load_study(tmp_path / "run" / "study.yaml")

        assert again.spec.data.source == kept
        assert Plan(again).table.n_samples == N
