"""Preparation: what is read how, and what is refused in which words."""

import datetime as dt
import decimal
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boostreg.data import Column, Reading, prepare_table
from boostreg.errors import DataError

Y = [1.5, 2.0, 3.25, 4.0]


def prepared(values, **roles):
    """Return the table of one feature column ``a`` and a numeric target."""
    return prepare_table(pd.DataFrame({"a": values, "y": Y}), target="y", **roles)


NUMBERS = {
    "integers": [1, 2, 3, 4],
    "booleans": [True, False, True, True],
    "nullable integers": pd.array([1, None, 3, 4], dtype="Int64"),
    "nullable booleans": pd.array([True, None, False, True], dtype="boolean"),
    "booleans with gaps": [True, None, False, True],
    "decimals": [decimal.Decimal("0.5"), None, decimal.Decimal(2), decimal.Decimal(4)],
    "sparse": pd.arrays.SparseArray([0.0, 0.0, 2.0, np.nan]),
    "nothing": [None, None, None, None],
    "empty category": pd.Categorical([None] * 4),
    "empty text": pd.array([None] * 4, dtype="string"),
}


@pytest.mark.parametrize("values", NUMBERS.values(), ids=NUMBERS)
def test_numbers_and_booleans_stay_numbers(values):
    table = prepared(values)

    expected = [np.nan if pd.isna(value) else float(value) for value in values]
    assert table.columns == (Column("a"),)
    np.testing.assert_array_equal(table.X[:, 0], expected)


LABELS = {
    "text": ["b", "a", None, "b"],
    "string dtype": pd.array(["b", "a", None, "b"], dtype="string"),
    "category": pd.Categorical(["b", "a", None, "b"], categories=["z", "b", "a"]),
    "bytes": [b"b", b"a", None, b"b"],
}


@pytest.mark.parametrize("values", LABELS.values(), ids=LABELS)
def test_text_and_categories_become_codes_in_alphabetical_order(values):
    table = prepared(values)

    assert table.columns == (Column("a", ("a", "b")),)
    np.testing.assert_array_equal(table.X[:, 0], [1, 0, np.nan, 1])
    assert table.X.flags.c_contiguous


def test_categories_are_ordered_by_number_before_text():
    table = prepared(pd.Categorical(["x", 10, 9, 2.5]))

    assert table.columns[0].categories == ("2.5", "9", "10", "x")


def test_text_columns_are_noted_and_category_columns_are_not():
    frame = pd.DataFrame({"a": list("uvuv"), "b": pd.Categorical(list("uvuv")), "y": Y})

    notes = prepare_table(frame, target="y", task="regression").notes

    assert notes == ("Text read as categories: 'a'.",)


def test_identifier_like_text_is_noted():
    (_, note) = prepared(["p", "q", "r", "s"], task="regression").notes

    assert note.startswith("Column 'a' has 4 categories in 4 rows")


REFUSED = {
    "infinite": (
        [1.0, np.inf, 2.0, -np.inf],
        "infinite in 2 of 4 rows, first in row 1",
    ),
    "dates": (pd.date_range("2024", periods=4), "dates or times .* convert it to numb"),
    "date objects": ([dt.date(2024, 1, day) for day in (1, 2, 3, 4)], "dates or"),
    "durations": (pd.to_timedelta([1, 2, 3, 4], unit="s"), "dates or times"),
    "complex": ([1j, 2j, 3j, 4j], "has complex values"),
    "lists": ([[1], [2], [3], [4]], "has a list in row 0"),
    "huge": (pd.Series([10**400, 1, 2, 3], dtype=object), "not all numbers"),
}


@pytest.mark.parametrize(("values", "words"), REFUSED.values(), ids=REFUSED)
def test_feature_that_is_no_number_or_label_is_refused_by_name(values, words):
    with pytest.raises(DataError, match=f"column 'a'.*{words}"):
        prepared(values)


def test_all_columns_at_fault_are_named_at_once():
    frame = pd.DataFrame({"a": [np.inf] * 4, "b": [np.inf] * 4, "y": Y})

    with pytest.raises(DataError, match=r"(?s)column 'a'.*column 'b'"):
        prepare_table(frame, target="y")


@pytest.mark.parametrize("role", ["target", "groups", "time", "weights"])
def test_column_that_is_not_there_is_answered_with_close_names(role):
    frame = pd.DataFrame({"price": Y, "y": Y})

    with pytest.raises(DataError, match=f"{role}.* 'Prise' is not .* 'price'"):
        prepare_table(frame, **{"target": "y", role: "Prise"})


def test_dropped_column_that_is_not_there_is_refused():
    with pytest.raises(
        DataError, match=r"drop: 'zzz' is not a column .* available: 'a'"
    ):
        prepared(Y, drop=["zzz"])


def test_target_in_another_role_is_refused():
    with pytest.raises(DataError, match="target 'y' must not be in drop"):
        prepared(Y, drop=["y"])
    with pytest.raises(DataError, match="weights must be a column other than target"):
        prepared(Y, weights="y")


def test_columns_with_a_role_are_no_features_with_a_note():
    frame = pd.DataFrame({c: [1.0, 2.0, 3.0, 4.0] for c in "abcdw"} | {"y": Y})

    table = prepare_table(
        frame, target="y", task="regression", drop=["b"], groups="c", time="d",
        weights="w",
    )  # fmt: skip

    assert [column.name for column in table.columns] == ["a"]
    assert table.notes == (
        "Not used as features: 'b' (drop), 'c' (groups), 'd' (time), 'w' (weights).",
    )


BAD_WEIGHTS = {
    "negative": ([1.0, -2.0, 1.0, 1.0], "negative in 1 of 4 rows, first in row 1"),
    "missing": ([1.0, None, 1.0, 1.0], "missing .* first in row 1"),
    "infinite": ([1.0, np.inf, 1.0, 1.0], "infinite in 1 of 4 rows"),
    "zero": ([0.0] * 4, "is 0 in all 4 rows"),
    "text": (["a"] * 4, "must hold numbers"),
}


@pytest.mark.parametrize(("weights", "words"), BAD_WEIGHTS.values(), ids=BAD_WEIGHTS)
def test_weights_that_weigh_nothing_are_refused(weights, words):
    frame = pd.DataFrame({"a": Y, "y": Y, "w": weights})

    with pytest.raises(DataError, match=f"column 'w'.*{words}"):
        prepare_table(frame, target="y", weights="w")


def test_rows_of_weight_zero_are_noted():
    frame = pd.DataFrame({"a": Y, "y": Y, "w": [0, 1, 0, 2]})

    assert (
        "2 rows have weight 0"
        in prepare_table(frame, target="y", weights="w").notes[-1]
    )


TIMES = {
    "numbers": [3, 1, 2, 2],
    "dates": pd.to_datetime(["2024-01-03", "2024-01-01", "2024-01-02", "2024-01-02"]),
    "zoned": pd.to_datetime(
        ["2024-01-03", "2024-01-01", "2024-01-02", "2024-01-02"]
    ).tz_localize("Asia/Tokyo"),
    "text": ["2024-01-03", "2024-01-01", "2024-01-02T00:00", "2024-01-02"],
    "objects": [dt.date(2024, 1, day) for day in (3, 1, 2, 2)],
    "periods": pd.PeriodIndex(["2024-03", "2024-01", "2024-02", "2024-02"], freq="M"),
}


@pytest.mark.parametrize("times", TIMES.values(), ids=TIMES)
def test_time_is_read_from_numbers_dates_and_iso_text(times):
    table = prepare_table(
        pd.DataFrame({"a": Y, "y": Y, "t": times}), target="y", time="t"
    )

    assert np.argsort(table.time, kind="stable").tolist() == [1, 2, 3, 0]
    assert table.time[2] == table.time[3]


@pytest.mark.parametrize("times", [["monday"] * 4, ["2024-01-01", None, "x", "y"]])
def test_time_that_is_no_time_is_refused(times):
    frame = pd.DataFrame({"a": Y, "y": Y, "t": times})

    with pytest.raises(DataError, match="time column 't'"):
        prepare_table(frame, target="y", time="t")


def test_groups_are_numbered_and_must_be_complete():
    frame = pd.DataFrame(
        {"a": Y, "y": Y, "g": ["u", "v", "u", "v"], "h": [1, 2, None, 3]}
    )

    table = prepare_table(frame, target="y", groups="g")

    assert (table.groups.dtype, table.groups.tolist()) == (np.int64, [0, 1, 0, 1])
    with pytest.raises(DataError, match="groups column 'h' is missing"):
        prepare_table(frame, target="y", groups="h")


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({"y": Y}), "there is no feature"),
        (pd.DataFrame({"a": [], "y": []}), "no row"),
        (pd.DataFrame([[1, 2, 3]], columns=["a", "a", "y"]), "rename the repeated 'a'"),
        (pd.DataFrame([[1, 2, 3]], columns=[1, "1", "y"]), "rename the repeated '1'"),
    ],
    ids=["no feature", "no row", "duplicates", "duplicates as text"],
)
def test_frame_without_a_table_in_it_is_refused(frame, words):
    with pytest.raises(DataError, match=words):
        prepare_table(frame, target="y")


HOSTILE = st.text(st.characters(codec=None), max_size=8) | st.sampled_from(
    ["", "\n", "[x]", "<b>", '{"a": 1}', "a b", "a_b", "🌳", "=1+1", "\x00", "\ud800"]
)


@given(st.lists(HOSTILE, min_size=2, max_size=5, unique=True))
def test_any_names_are_carried_unharmed(names):
    values = itertools.cycle([[1.0, 2.0], [4.0, 3.0]])
    frame = pd.DataFrame(
        np.column_stack([next(values) for _ in names]),
        columns=pd.Index(names, dtype=object),
    )

    table = prepare_table(frame, target=names[-1])

    assert [column.name for column in table.columns] == names[:-1]
    assert len(table.fingerprint) == 64


# pandas before 3 takes "\x00" and "" for one label.
LABEL = HOSTILE.filter(lambda label: "\x00" not in label)


@given(st.lists(LABEL, min_size=4, max_size=4))
def test_any_labels_are_carried_unharmed(labels):
    table = prepared(pd.Series(labels, dtype=object))

    categories = table.columns[0].categories
    assert [categories[int(code)] for code in table.X[:, 0]] == labels


def test_rows_that_are_copies_are_counted():
    frame = pd.DataFrame({"a": [1.0, np.nan, 1.0, np.nan], "b": [*"uvuv"]})

    table = prepare_table(frame.assign(y=[1.0, 2.0, 1.0, 3.0]), target="y")

    assert any(
        "an earlier row, including the target: 1." in note for note in table.notes
    )


def test_columns_that_never_vary_are_named():
    frame = pd.DataFrame({"a": Y, "b": [1] * 4, "c": [None] * 4, "d": [1, 1, 1, None]})

    table = prepare_table(frame.assign(y=Y), target="y")

    assert "Constant columns, which no split can use: 'b', 'c'." in table.notes


@given(st.integers(-60_000, 5_000_000), st.sampled_from(["s", "ms", "us"]))
def test_dates_of_any_year_go_forward(day, unit):
    days = np.array([day, day + 1, 0, -1], dtype="datetime64[D]")
    times = pd.Series(days.astype(f"datetime64[{unit}]"))

    table = prepare_table(
        pd.DataFrame({"a": Y, "y": Y, "t": times}), target="y", time="t"
    )

    assert table.time.tolist() == [86400.0 * d for d in (day, day + 1, 0, -1)]


@given(st.datetimes(pd.Timestamp("1700"), pd.Timestamp("2200")))
def test_date_is_one_point_in_time_as_text_and_in_every_unit(when):
    text = pd.Series([when.isoformat()] * 4)
    kept = [text, text.astype("datetime64[us]"), text.astype("datetime64[ns]")]
    kept.append(kept[2].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"))

    frames = [pd.DataFrame({"a": Y, "y": Y, "t": times}) for times in kept]

    found = {prepare_table(f, target="y", time="t").time[0] for f in frames}
    assert len(found) == 1


@pytest.mark.parametrize("form", ["%d%m%Y", "%m%d%Y"])
def test_dates_with_the_year_last_are_no_numbers_of_time(form):
    days = pd.date_range("2019-12-20", periods=60)
    frame = pd.DataFrame({"a": range(60), "y": range(60)})

    with pytest.raises(DataError, match="time column 't' has dates with the year l"):
        prepare_table(
            frame.assign(t=days.strftime(form).astype(int)), target="y", time="t"
        )
    right = frame.assign(t=days.strftime("%Y%m%d").astype(int))
    assert np.all(np.diff(prepare_table(right, target="y", time="t").time) > 0)


@pytest.mark.parametrize("role", ["weights", "time"])
@pytest.mark.parametrize("cell", ["?", "1,5", "5 kg", "TRUE"])
def test_advice_on_a_role_of_numbers_can_be_followed(role, cell):
    frame = pd.DataFrame({"a": range(60), "y": range(60), "c": map(str, range(60))})
    frame.loc[7, "c"] = cell

    with pytest.raises(DataError, match="Every row needs a number") as caught:
        prepare_table(frame, target="y", reading=Reading(), **{role: "c"})

    assert "category" not in str(caught.value)
    assert "data.missing" not in str(caught.value)


@pytest.mark.parametrize(
    ("role", "kind"),
    [("groups", "number"), ("time", "category"), ("weights", "category")],
)
def test_role_has_one_type(role, kind):
    frame = pd.DataFrame({"a": Y, "y": Y, "c": [1, 2, 3, 4]})
    reading = Reading(types={"c": kind})

    with pytest.raises(
        DataError, match=f"'c' is the {role} column, so its type must be"
    ):
        prepare_table(frame, target="y", reading=reading, **{role: "c"})


HUGE = ([2**53 + k for k in range(4)], [-(10**18), 1, 2, 3], [2**70, 1, 2, 3])


@pytest.mark.parametrize("values", HUGE, ids=str)
def test_whole_numbers_that_no_double_keeps_are_noted(values):
    (note,) = [n for n in prepared(values).notes if "beyond 2**53" in n]

    assert "data.drop: [a]; for categories, set data.types: {a: category}" in note
    assert not any("beyond" in n for n in prepared([2**53, 1, 2, 3]).notes)


WIDE = {name: [*range(5), 9] for name in ("id_a", "id_b", "x1", "x2", "y_x", "w[1]")}


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ({"drop": ["id_*"]}, ["x1", "x2", "y_x", "w[1]"]),
        ({"drop": ["id_?", "x[12]", "w[1]"]}, ["y_x"]),
        ({"drop": ["*[!12]"]}, ["x1", "x2"]),
        ({"keep": ["x*"]}, ["x1", "x2"]),
        ({"keep": ["x1", "w[1]", "y"]}, ["x1", "w[1]"]),
        ({"keep": ["*x*"], "drop": ["x1"]}, ["x2", "y_x"]),
        ({"keep": ["*"], "groups": "id_a"}, ["id_b", "x1", "x2", "y_x", "w[1]"]),
    ],
)
def test_columns_are_chosen_by_name_and_by_shell_pattern(keys, names):
    frame = pd.DataFrame(WIDE | {"y": [0.5, 2, 3, 1, 7, 7]})

    table = prepare_table(frame, target="y", task="regression", **keys)

    assert [column.name for column in table.columns] == names


@pytest.mark.parametrize("key", ["drop", "keep"])
@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("id_a_*", "'id_a_.*' matches no column; did you mean 'id_a'"),
        ("y", "'y' matches|must not be in drop"),
        ("Id_a", "'Id_a' is not a column of the data; did you mean 'id_a'"),
        ("[y]", r"'\[y\]' matches no column; available: 'id_a'"),
    ],
)
def test_choice_of_no_column_is_rejected_with_the_nearest(key, entry, words):
    frame = pd.DataFrame(WIDE | {"y": [0.5, 2, 3, 1, 7, 7]})
    if (key, entry) == ("keep", "y"):
        words = "there is no feature"

    with pytest.raises(DataError, match=words) as caught:
        prepare_table(frame, target="y", **{key: [entry]})

    assert entry == "y" or caught.value.loc == (key,)


def test_columns_that_are_not_kept_are_reported_and_need_no_reading():
    frame = pd.DataFrame(WIDE | {"y": [0.5, 2, 3, 1, 7, 7]})
    frame["date"] = pd.Timestamp("2024-01-01")

    table = prepare_table(frame, target="y", keep=["x1", "x2"])

    (note,) = [note for note in table.notes if "keep" in note]
    assert note.startswith("2 columns are used as features; 5 are not in keep: 'id_a'")
