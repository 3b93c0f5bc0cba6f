"""Notes on a table: how it was read, and what is probably a mistake in it."""

import hashlib
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Array
from boostreg.data.cells import Reading, as_types, as_yaml, is_plain_number, quoted
from boostreg.data.columns import Column
from boostreg.data.files import FileFacts
from boostreg.data.judging import with_units
from boostreg.data.stored import columns_of
from boostreg.data.target import Target

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "notes_on_file",
    "notes_on_joined",
    "notes_on_keep",
    "notes_on_last_row",
    "notes_on_types",
    "notes_on_use",
    "notes_on_values",
]

_MANY = 0.5  # a category column with more categories than this share of rows is odd
_FEWEST = 10  # rows from which on a pattern is no chance
_WHOLE = 2.0**53
_SHOWN = 8  # columns named in one note
_FEW_ROWS = 5000  # rows that show which columns may be the same
_CLOSE = 1e-9  # relative; sums of decimals differ by rounding
_TOTALS = ("total", "totals", "sum", "grand total", "overall", "gesamt", "summe")


def _note(text: str, names: Sequence[str], advice: str = "") -> list[str]:
    return [f"{text}: {quoted(names)}.{advice}"] if names else []


def notes_on_file(facts: FileFacts) -> list[str]:
    """Return how the file was read, if not as most files are."""
    if not facts.recognised:
        return []
    found = ", ".join(facts.recognised)
    return [f"Recognised in the file: {found}. If this is wrong, set the key of data."]


def notes_on_use(
    drop: Sequence[str],
    named: Mapping[str, str],
    indices: Mapping[str, str],
    read: Mapping[str, NDArray[Any]],
) -> list[str]:
    """Return which columns are not features, and how many rows have no weight."""
    notes = []
    left_out = [f"{name!r} (drop)" for name in drop]
    left_out += [f"{name!r} ({role})" for role, name in named.items()]
    left_out += [f"{name!r} ({why})" for name, why in indices.items()]
    if left_out:
        notes.append(f"Not used as features: {', '.join(left_out)}.")
    if "weights" in read and (unused := int(np.sum(read["weights"] == 0))):
        notes.append(f"{unused} rows have weight 0 and are not used in training.")
    return notes


def notes_on_keep(unkept: Sequence[str], n_features: int) -> list[str]:
    """Return a note on columns that are not features because others are kept."""
    if not unkept:
        return []
    left_out = f"{len(unkept)} are not in keep: {quoted(unkept)}."
    return [f"{n_features} columns are used as features; {left_out}"]


def notes_on_joined(
    names: Sequence[str], reading: Reading, facts: FileFacts
) -> list[str]:
    """Return notes on classes and groups that the file spells in more than one way."""
    return [
        f"Different cells of {name!r} are the same number, so the same label: "
        f"{quoted(facts.joined[name])}. To keep them apart, set data.types: "
        f"{as_types([name], 'category')}."
        for name in names
        if name in facts.joined and name not in reading.types
    ]


def notes_on_types(
    series: "Mapping[str, pd.Series[Any]]",
    columns: Sequence[Column],
    reading: Reading,
    facts: FileFacts,
) -> list[str]:
    """Return how columns were read, if they could be read in another way."""
    from pandas.api.types import infer_dtype

    def write(names: Sequence[str], kind: str) -> str:
        return f"set data.types: {as_types(names, kind)}"

    labelled = {c.name: c.categories for c in columns if c.categories}
    plain = [c.name for c in columns if not c.categories]
    text = [name for name in labelled if series[name].dtype.name != "category"]
    notes = _note("Text read as categories", text)
    spelled = [
        name
        for name in plain
        if name not in reading.types
        and infer_dtype(series[name]) == "string"
        and series[name].notna().any()
    ]
    notes += _note(
        "Text read as numbers",
        spelled,
        f" For categories, {write(spelled, 'category')}.",
    )
    open_to = {name: labelled[name] for name in text if name not in reading.types}
    numeric = {n: sum(map(is_plain_number, labels)) for n, labels in open_to.items()}
    whole = [name for name, labels in open_to.items() if numeric[name] == len(labels)]
    notes += _note(
        "Words among numbers, both read as categories",
        [name for name in open_to if numeric[name] and name not in whole],
        " For numbers, list the words that mean missing under data.missing.",
    )
    notes += _note(
        "Numbers with units or limit signs, read as categories",
        [name for name, labels in open_to.items() if _all_with_units(labels)],
        " For numbers, remove the units and signs from the file.",
    )
    notes += _note(
        "Numbers kept as text, read as categories",
        whole,
        f" For numbers, {write(whole, 'number')}.",
    )
    zeros = [name for name in plain if name in facts.zeros]
    example = next(map(facts.zeros.get, zeros), None)
    notes += _note(
        f"Read as numbers, although written with leading zeros, such as {example!r}",
        zeros,
        f" If these are codes, {write(zeros, 'category')}.",
    )
    beyond = [
        name
        for name in plain
        if (kind := series[name].dtype.kind) in "iuO"
        and (kind != "O" or infer_dtype(series[name]) == "integer")
        and (series[name].abs() > _WHOLE).any()
    ]
    notes += _note(
        "Whole numbers beyond 2**53, whose last digits are lost",
        beyond,
        f" If they are identifiers, set data.drop: {_listed(beyond)}; for categories, "
        f"set data.types: {as_types(beyond, 'category')}.",
    )
    missing = {name: facts.words[name] for name in labelled if facts.words.get(name)}
    if missing and reading.missing is None:
        words = sorted({word for counts in missing.values() for word in counts})
        notes.append(
            f"Read as missing in columns of categories: {quoted(words)} (in "
            f"{quoted(missing)}). If these are labels, set data.missing: [], or to the "
            f"list of words that mean missing."
        )
    for name, labels in labelled.items():
        if len(labels) > max(2, _MANY * len(series[name])):
            mostly_numbers = sum(map(is_plain_number, labels)) > _MANY * len(labels)
            advice = (
                f"if they are numbers, {write([name], 'number')}"
                if mostly_numbers
                else "if it is an identifier, list it under data.drop"
            )
            notes.append(
                f"Column {name!r} has {len(labels)} categories in {len(series[name])} "
                f"rows; {advice}."
            )
    return notes


def _all_with_units(labels: Sequence[str]) -> bool:
    first = with_units(labels[:1])  # most labels end here
    return len(labels) > 1 and bool(first) and len(with_units(labels)) == len(labels)


def notes_on_values(
    X: Array, y: Array, columns: Sequence[Column], classes: Sequence[str] = ()
) -> list[str]:
    """Return notes on columns that never vary, repeat, or give away the target."""
    idle = [
        column.name
        for column, values in zip(columns, columns_of(X), strict=True)
        if np.all((values == values[0]) | (np.isnan(values) & np.isnan(values[0])))
    ]
    notes = _note("Constant columns, which no split can use", idle)
    if n_copies := _n_copies(X, y):
        notes.append(
            "Rows that are copies of an earlier row, including the target: "
            f"{n_copies}. If copies are in different folds, losses look lower than "
            "they are."
        )
    if len(y) < _FEWEST:
        return notes
    varied = {p: c for p, c in enumerate(columns) if c.name not in idle}
    answer = _order(y)
    revealing: list[str] = []
    counted: list[str] = []
    first: dict[bytes, int] = {}
    copies: dict[int, int] = {}
    suspects = _suspects(X, y, varied, classes)
    identifies = 2 * (int(answer.max()) + 1) > len(answer)
    for place, values in enumerate(columns_of(X)):
        if place not in suspects:
            continue
        column, order = varied[place], _order(values)
        if (earlier := first.setdefault(_form(order, column), place)) != place:
            copies[place] = earlier
        any_order = bool(classes or column.categories)
        # In any order, two identifiers would be the same.
        may_reveal = not (any_order and identifies)
        if may_reveal and _same_values(order, answer, any_order=any_order):
            revealing.append(column.name)
        elif not column.categories and _counts(values, order):
            counted.append(column.name)
    notes += _note(
        "Columns that determine the target, with one value for each of its values",
        revealing,
        " If they are not known at prediction time, set data.drop: "
        f"{_listed(revealing)}.",
    )
    if copies:
        pairs = [f"{varied[b].name!r} of {varied[a].name!r}" for b, a in copies.items()]
        more = f" and {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else ""
        notes.append(
            f"Columns that copy another, possibly in other units, and so add nothing: "
            f"{', '.join(pairs[:_SHOWN])}{more}. To leave them out, set data.drop: "
            f"{_listed([varied[b].name for b in copies])}."
        )
    text = "A different whole number in every row, as in an identifier"
    advice = f" If these are identifiers, set data.drop: {_listed(counted)}."
    return notes + _note(text, counted, advice)


def _suspects(
    X: Array, y: Array, columns: Mapping[int, Column], classes: Sequence[str]
) -> set[int]:
    """Return the places of columns that may copy another, the target, or a count.

    A column that does so does it on some of the rows as well, and these are ordered in
    less time. On a table of so few rows every column is returned.
    """
    step = max(len(y) // _FEW_ROWS, 1)
    if step == 1:
        return set(columns)
    found: set[int] = set()
    alike: dict[bytes, list[int]] = {}
    answer = _order(y[::step])
    for place, whole in enumerate(columns_of(X)):
        if (column := columns.get(place)) is None:
            continue
        values = whole[::step].copy()
        order = _order(values)
        if order.max() < 0:  # all missing
            found.add(place)
            continue
        alike.setdefault(_form(order, column), []).append(place)
        any_order = bool(classes or column.categories)
        if _same_values(order, answer, any_order=any_order) or _counts(values, order):
            found.add(place)
    for places in alike.values():
        found.update(places if len(places) > 1 else ())
    return found


def _listed(names: Sequence[str]) -> str:
    """Return names as a list of YAML.

    >>> _listed(["id", ""])
    "[id, '']"
    """
    return f"[{', '.join(map(as_yaml, names[:_SHOWN]))}]"


def _order(values: Array) -> NDArray[np.int32]:
    """Return the rank of each value among those that differ, -1 where missing."""
    import pandas as pd

    codes, different = pd.factorize(values)
    ranks = np.empty(len(different) + 1, dtype=np.int32)
    ranks[np.argsort(different)] = np.arange(len(different))
    ranks[-1] = -1
    return ranks[codes]


def _counts(values: Array, order: NDArray[np.int32]) -> bool:
    """Return whether a column has another whole number in each row."""
    if order.min() != 0 or order.max() + 1 != len(values):
        return False
    # Beyond 2**53 every double is a whole number.
    return bool(np.all((np.abs(values) < _WHOLE) & (values % 1 == 0)))


def _same_values(
    feature: NDArray[np.int32], answer: NDArray[np.int32], *, any_order: bool
) -> bool:
    """Return whether a feature and the target are the same, except for their units."""
    n_values = int(answer.max()) + 1
    if feature.max() + 1 != n_values or feature.min() < 0:
        return False
    if not any_order:
        return any(np.array_equal(feature, o) for o in (answer, n_values - 1 - answer))
    return len(np.unique(feature.astype(np.int64) * n_values + answer)) == n_values


def _form(order: NDArray[np.int32], column: Column) -> bytes:
    """Return a digest that two columns share if one is the other in other units."""
    known = order >= 0
    ranks = order[known]
    if column.categories:  # by first appearance, whatever the labels are called
        _, at, inverse = np.unique(ranks, return_index=True, return_inverse=True)
        ranks = np.argsort(np.argsort(at))[inverse].astype(np.int32)
    else:  # a column and its negative are one: the first off the middle is low
        reverse = ranks.max() - ranks
        off = int(np.argmax(ranks != reverse))
        ranks = reverse if ranks[off] > reverse[off] else ranks
    digest = hashlib.blake2b(known.tobytes() + bytes([bool(column.categories)]))
    digest.update(ranks.tobytes())
    return digest.digest()


def notes_on_last_row(
    series: "Mapping[str, pd.Series[Any]]", X: Array, answer: Target
) -> list[str]:
    """Return a note if the last row sums up the others."""
    if len(X) < _FEWEST:
        return []
    found = next(
        (
            f"{str(values.iloc[-1])!r} in column {name!r}"
            for name, values in series.items()
            if str(values.iloc[-1]).strip().lower() in _TOTALS
            and (values == values.iloc[-1]).sum() == 1
        ),
        None,
    )
    numbers = columns_of(X)
    if not answer.classes:
        numbers = chain(numbers, [answer.y])
    with np.errstate(over="ignore", invalid="ignore"):
        ends = [(values[-1], np.nansum(values[:-1])) for values in numbers]
        last, sums = np.array(ends).T
        counted = np.isfinite(last) & np.isfinite(sums) & (last != 0)
        same = counted & (np.abs(last - sums) <= _CLOSE * np.abs(sums))
    if found is None and same.sum() >= max(2, (counted.sum() + 1) // 2):
        found = f"the sum of the others in {int(same.sum())} columns"
    if found is None:
        return []
    return [
        f"The last row looks like a total ({found}); if it is, remove it from the file."
    ]


def _n_copies(X: Array, y: Array) -> int:
    """Return how many rows repeat an earlier one, by a hash of 64 bits."""
    import pandas as pd

    hashes = pd.util.hash_array(y)
    for values in columns_of(X):
        hashes = hashes * np.uint64(1_000_003) ^ pd.util.hash_array(values)
    return len(hashes) - len(np.unique(hashes))
