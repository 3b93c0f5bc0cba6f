"""Whatever frame, series or sparse matrix comes: the model is the same."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from frames import FRAMES, SERIES, SPARSE
from scipy import sparse

import boostreg
from boostreg import BoostedClassifier, BoostedRegressor, load_model
from boostreg.errors import DataError
from boostreg.tuning.rows import read_dataset

LABELS = {
    "integers": [3, 5, 9] * 20,
    "booleans": [True, False, False] * 20,
    "text": ["no", "yes", "so"] * 20,
}


@pytest.fixture
def plain(frame):
    """Return columns that every library has a type for."""
    return frame.astype({"count": "int64"})


@pytest.fixture
def ensemble(plain, labels):
    """Return a function that fits a small ensemble on a kind of frame."""
    made = BoostedRegressor(engine="lightgbm", n_estimators=5)
    return lambda form: made.fit(FRAMES[form](plain), labels)


@pytest.mark.parametrize("form", FRAMES)
def test_every_frame_teaches_and_is_predicted_as_the_pandas_one(make_some, plain, form):
    target = (plain["category"] == "low").astype(int)
    order = ["number", "gaps", "category", "text", "flag", "count"]
    taught = make_some().fit(plain, target)

    found = make_some().fit(FRAMES[form](plain), target)

    if form != "arrow with an index":  # pandas kept its first column as the last
        assert list(found.feature_names_in_) == order
        np.testing.assert_array_equal(
            found.predict(FRAMES[form](plain)), taught.predict(plain)
        )
    assert found.categories_ == taught.categories_


@pytest.mark.parametrize("form", FRAMES)
def test_a_saved_model_finds_columns_by_name(ensemble, plain, tmp_path, form):
    fitted = ensemble("pandas")
    loaded = load_model(fitted.save_model(tmp_path / "model"))

    found = loaded.predict(FRAMES[form](plain[plain.columns[::-1]]))

    np.testing.assert_array_equal(found, loaded.predict(plain))


@pytest.mark.parametrize("form", FRAMES)
def test_columns_in_another_order_are_refused_by_name(ensemble, plain, form):
    fitted = ensemble("pandas")

    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(FRAMES[form](plain[plain.columns[::-1]]))


def test_columns_named_by_numbers_are_not_taken_by_place(X, y):
    fitted = BoostedRegressor(n_estimators=3).fit(pd.DataFrame(X), y)

    with pytest.raises(
        DataError, match=r"in the same order: '0', '1', .* got '3', '2'"
    ):
        fitted.predict(pd.DataFrame(X).iloc[:, ::-1])


@pytest.mark.parametrize("form", [k for k in FRAMES if k != "arrow with an index"])
def test_tune_reads_every_frame_as_the_pandas_one(plain, labels, form):
    wanted = read_dataset(plain, labels, cv=3, seed=0)

    found = read_dataset(FRAMES[form](plain), labels, cv=3, seed=0)

    assert found.table.fingerprint == wanted.table.fingerprint


@pytest.mark.parametrize("form", SERIES)
def test_tune_reads_every_series_as_a_list(X, form):
    given = {"sample_weight": [1, 2, 0] * 40, "groups": ["a", "b", "c", "d"] * 30}
    y = [False, True, True, False, True, False] * 20
    wanted = read_dataset(X, y, cv=3, seed=0, **given)

    made = {role: SERIES[form](values) for role, values in given.items()}
    if form in ("categories", "dictionary"):  # which are labels, and weights are not
        made["sample_weight"] = given["sample_weight"]
    found = read_dataset(X, SERIES[form](y), cv=3, seed=0, **made)

    assert found.table.fingerprint == wanted.table.fingerprint
    assert [f.fingerprint for f in found.splits.inner[None]] == [
        f.fingerprint for f in wanted.splits.inner[None]
    ]


@pytest.mark.parametrize("form", SERIES)
@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_predicted_classes_have_the_type_of_the_labels(X, form, labels, tmp_path):
    fitted = BoostedClassifier(engine="lightgbm", n_estimators=4)
    fitted.fit(X[:60], SERIES[form](labels), sample_weight=SERIES["polars"]([1] * 60))

    loaded = load_model(fitted.save_model(tmp_path / "model"))

    for model in (fitted, loaded):
        found = model.predict(X[:60]).tolist()
        assert set(map(type, found)) == {type(labels[0])}
        assert set(found) <= set(labels)


@pytest.mark.parametrize("form", SERIES)
def test_judging_rows_are_read_as_those_of_training(make_some, X, y, form):
    given = SERIES[form](y.tolist())

    found = make_some().fit(X, y, eval_set=(X, given))

    judged = make_some().fit(X, y, eval_set=(X, y)).valid_loss_
    np.testing.assert_array_equal(found.valid_loss_, judged)


@pytest.mark.parametrize("form", SPARSE)
def test_sparse_rows_are_zero_where_nothing_is_kept(make_some, X, y, form, tmp_path):
    dense = np.where(np.abs(X) > 1, X, 0.0)  # what is missing is kept as NaN
    thin = SPARSE[form](dense)
    fitted = make_some().fit(thin, y)
    loaded = load_model(fitted.save_model(tmp_path / "model"))

    expected = make_some().fit(dense, y).predict(dense)
    np.testing.assert_array_equal(fitted.predict(thin), expected)
    np.testing.assert_allclose(loaded.predict(thin), expected, atol=1e-6)
    table = read_dataset(thin, y, cv=3, seed=0).table
    assert table.fingerprint == read_dataset(dense, y, cv=3, seed=0).table.fingerprint


@pytest.mark.parametrize(
    "huge",
    [
        sparse.csr_array((100_000, 100_000)),
        sparse.coo_matrix((10, 10**9)),
        sparse.csc_matrix((2**28 + 1, 1)),
        pd.DataFrame.sparse.from_spmatrix(sparse.csr_array((2**24, 17))),
    ],
    ids=["square", "wide", "one value too many", "pandas"],
)
def test_sparse_rows_beyond_the_memory_are_refused(huge, X, y):
    fitted = BoostedRegressor(n_estimators=2).fit(X, y)

    for take in (fitted.predict, lambda X: fitted.fit(X, y)):
        with pytest.raises(DataError, match=r"limit is 2 GiB\. .* or pass X\.\w+"):
            take(huge)
    with pytest.raises(DataError, match=r"GiB as a dense array"):
        read_dataset(huge, y, cv=3, seed=0)


def test_masked_entries_are_missing(make, X, y, tmp_path):
    hidden = np.random.default_rng(3).random(X.shape) < 0.3
    masked, gaps = np.ma.array(X, mask=hidden), np.where(hidden, np.nan, X)
    fitted = make().fit(masked, y)
    loaded = load_model(fitted.save_model(tmp_path / "model"))

    expected = make().fit(gaps, y).predict(gaps)
    np.testing.assert_array_equal(fitted.predict(masked), expected)
    np.testing.assert_allclose(loaded.predict(masked), expected, atol=1e-6)


REFUSED = {
    "lazy": (lambda X: pl.DataFrame(X).lazy(), "X is a lazy frame .* collect it first"),
    "twice": (
        lambda X: pa.table(list(X.T), ["a", "a", "b", "c"]),
        "names must be unique",
    ),
    "dates": (lambda X: X.astype("M8[s]"), "X has dates or times"),
    "lists": (
        lambda X: pl.DataFrame(dict.fromkeys("abcd", [[1]] * len(X))),
        "has a list|hold numbers",
    ),
}


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize(("bad", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_table_is_refused_everywhere(bad, words, X, y):
    rows = bad(np.nan_to_num(X))
    fitted = BoostedRegressor(n_estimators=2).fit(X, y)

    for take in (
        fitted.predict,
        lambda X: fitted.fit(X, y),
        lambda X: read_dataset(X, y, cv=3, seed=0),
    ):
        with pytest.raises(ValueError, match=words):
            take(rows)


@pytest.mark.parametrize("form", [np.asarray, list, pd.Series])
@pytest.mark.parametrize("unit", ["M8[s]", "m8[s]"])
def test_dates_are_no_numbers(X, y, form, unit):
    dates, estimator = form(y.astype(unit)), BoostedRegressor(n_estimators=2)

    with pytest.raises(DataError, match="y has dates or times"):
        estimator.fit(X, dates)
    with pytest.raises(DataError, match="y of eval_set has dates or times"):
        estimator.fit(X, y, eval_set=(X, dates))
    with pytest.raises(DataError, match="sample_weight has dates or times"):
        estimator.fit(X, y, sample_weight=dates)


def test_text_in_an_array_is_no_feature(y):
    rows = [[1, "a"], [2, "b"]] * (len(y) // 2)

    with pytest.raises(DataError, match=r"'a'; pass columns of text .* in a DataFrame"):
        read_dataset(rows, y, cv=3, seed=0)
    with pytest.raises(ValueError, match="could not convert string to float: 'a'"):
        BoostedRegressor().fit(rows, y)


def test_polars_needs_no_pyarrow():
    program = f"""
import sys
sys.modules["pyarrow"] = None
sys.path.insert(0, {str(Path(boostreg.__file__).parents[1])!r})
import polars
from boostreg import BoostedClassifier
rows = polars.DataFrame({{"a": [0, 1, None, 3], "b": ["u", "u", "v", None]}})
model = BoostedClassifier(engine="lightgbm", n_estimators=3)
print(model.fit(rows, polars.Series([0, 0, 1, 1])).predict(rows).tolist())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == ("[0, 0, 1, 1]\n", "")


@pytest.mark.parametrize("values", [[1, 2, 3, 4] * 9, [1, None, 2**100, -3] * 9])
def test_integers_of_128_bits_are_numbers(values):
    wide = pl.DataFrame({"a": pl.Series(values, dtype=pl.Int128)})
    y = np.arange(36.0)

    by_wide = BoostedRegressor().fit(wide, y).predict(wide)

    plain = [[np.nan if v is None else float(v)] for v in values]
    np.testing.assert_array_equal(
        by_wide, BoostedRegressor().fit(plain, y).predict(plain)
    )
