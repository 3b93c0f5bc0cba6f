"""Notes on a table: what was done to it, and what in it is probably not meant so."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boostreg.data.cells import Reading, as_yaml, is_plain_number, quoted
from boostreg.data.columns import Column
from boostreg.data.judging import with_units
from boostreg.data.sources import FileFacts
from boostreg.data.target import Target

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "notes_on_joined",
    "notes_on_last_row",
    "notes_on_types",
    "notes_on_use",
    "notes_on_values",
]

_MANY = 0.5  # a category column with more categories than this share of rows is odd
_FEWEST = 10  # rows from which on a pattern is no chance
_WHOLE = 2.0**53
_SHOWN = 8  # columns named in one note
_CLOSE = 1e-9  # relative; sums of decimals differ by rounding
_TOTALS = ("total", "totals", "sum", "grand total", "overall", "gesamt", "summe")


def notes_on_use(
    drop: Sequence[str],
    named: Mapping[str, str],
    indices: Mapping[str, str],
    read: Mapping[str, NDArray[Any]],
) -> list[str]:
    """Return which columns are no features, and which rows teach nothing."""
    notes = []
    left_out = [f"{name!r} (drop)" for name in drop]
    left_out += [f"{name!r} ({role})" for role, name in named.items()]
    left_out += [f"{name!r} ({why})" for name, why in indices.items()]
    if left_out:
        notes.append(f"Not used as features: {', '.join(left_out)}.")
    if "weights" in read and (unused := int(np.sum(read["weights"] == 0))):
        notes.append(f"{unused} rows have weight 0 and teach nothing.")
    return notes


def notes_on_joined(
    names: Sequence[str], reading: Reading, facts: FileFacts
) -> list[str]:
    """Return notes on classes and groups that the file spells in more than one way."""
    return [
        f"Different cells of {name!r} are one number, so one label: "
        f"{quoted(facts.joined[name])}. To keep them apart write data.types: "
        f"{_types([name], 'category')}."
        for name in names
        if name in facts.joined and name not in reading.types
    ]


def notes_on_types(
    series: "Mapping[str, pd.Series[Any]]",
    columns: Sequence[Column],
    reading: Reading,
    facts: FileFacts,
) -> list[str]:
    """Return how columns were read, where this could be meant in another way."""
    from pandas.api.types import infer_dtype

    labelled = [column for column in columns if column.categories]
    text = [c for c in labelled if series[c.name].dtype.name != "category"]
    open_to = [c for c in text if c.name not in reading.types]
    numeric = {c.name: sum(map(is_plain_number, c.categories or ())) for c in open_to}
    whole = [c.name for c in open_to if numeric[c.name] == len(c.categories or ())]
    mixed = [c.name for c in open_to if numeric[c.name] and c.name not in whole]
    notes = []
    if text:
        notes.append(f"Text read as categories: {quoted(c.name for c in text)}.")
    spelled = [
        c.name
        for c in columns
        if not c.categories
        and c.name not in reading.types
        and infer_dtype(series[c.name]) == "string"
        and series[c.name].notna().any()
    ]
    if spelled:
        notes.append(
            f"Text read as numbers: {quoted(spelled)}. For categories write "
            f"data.types: {_types(spelled, 'category')}."
        )
    if mixed:
        notes.append(
            f"Words among numbers, both read as categories: {quoted(mixed)}. For "
            f"numbers, name the words that are none under data.missing."
        )
    units = [c.name for c in open_to if _all_with_units(c.categories or ())]
    if units:
        notes.append(
            f"Numbers with units or limit signs, read as categories: {quoted(units)}. "
            f"For numbers take these out of the file."
        )
    if whole:
        notes.append(
            f"Numbers kept as text, read as categories: {quoted(whole)}. For numbers "
            f"write data.types: {_types(whole, 'number')}."
        )
    zeros = [c.name for c in columns if c.name in facts.zeros and not c.categories]
    if zeros:
        notes.append(
            f"Read as numbers, though written with leading zeros such as "
            f"{facts.zeros[zeros[0]]!r}: {quoted(zeros)}. For codes write data.types: "
            f"{_types(zeros, 'category')}."
        )
    if beyond := [c.name for c in columns if _is_beyond(series[c.name], c)]:
        notes.append(
            f"Whole numbers beyond 2**53, whose last digits are lost: {quoted(beyond)}."
            f" If they are identifiers, write data.drop: {_listed(beyond)}; for "
            f"categories data.types: {_types(beyond, 'category')}."
        )
    notes += _words_that_may_be_labels(labelled, reading, facts)
    notes += [
        f"Column {c.name!r} has {len(c.categories)} categories in "
        f"{len(series[c.name])} rows; {_meant(c)}."
        for c in labelled
        if c.categories and len(c.categories) > max(2, _MANY * len(series[c.name]))
    ]
    return notes


def _is_beyond(series: "pd.Series[Any]", column: Column) -> bool:
    """Return whether a column of numbers holds whole ones that no double keeps."""
    from pandas.api.types import infer_dtype

    if column.categories or series.dtype.kind not in "iuO":
        return False
    whole = series.dtype.kind != "O" or infer_dtype(series) == "integer"
    return whole and bool((series.abs() > _WHOLE).any())


def _all_with_units(labels: Sequence[str]) -> bool:
    first = with_units(labels[:1])  # most labels end here
    return len(labels) > 1 and bool(first) and len(with_units(labels)) == len(labels)


def _meant(column: Column) -> str:
    """Return what a column of very many categories may be meant as."""
    labels = column.categories or ()
    if sum(map(is_plain_number, labels)) > _MANY * len(labels):
        return (
            f"if they are numbers, write data.types: {_types([column.name], 'number')}"
        )
    return "if it is an identifier, list it under drop"


def _types(names: Sequence[str], kind: str) -> str:
    listed = ", ".join(f"{as_yaml(name)}: {kind}" for name in names[:_SHOWN])
    return f"{{{listed}}}"


def _words_that_may_be_labels(
    columns: Sequence[Column], reading: Reading, facts: FileFacts
) -> list[str]:
    if reading.missing is not None:
        return []
    found = {c.name: facts.words[c.name] for c in columns if facts.words.get(c.name)}
    if not found:
        return []
    words = sorted({word for said in found.values() for word in said})
    note = (
        f"Read as missing in columns of categories: {quoted(words)} (in "
        f"{quoted(found)}). If these are labels, write data.missing: []; or list the "
        f"words that mean missing."
    )
    return [note]


def notes_on_values(
    X: NDArray[np.float64],
    y: NDArray[np.float64],
    columns: Sequence[Column],
    classes: Sequence[str] = (),
) -> list[str]:
    """Return what the numbers of a table tell: idle, repeated and telltale columns."""
    notes = []
    idle = [
        column.name
        for column, values in zip(columns, X.T, strict=True)
        if np.all((values == values[0]) | (np.isnan(values) & np.isnan(values[0])))
    ]
    if idle:
        notes.append(f"No split can use what never varies: {quoted(idle)}.")
    if n_copies := _n_copies(X, y):
        notes.append(
            f"Rows that are copies of an earlier one, target included: {n_copies}. "
            "Where the two fall into different folds, losses look lower than they are."
        )
    if len(y) < _FEWEST:
        return notes
    varied = {p: c for p, c in enumerate(columns) if c.name not in idle}
    return [*notes, *_notes_on_orders(X, _order(y), varied, classes)]


def _notes_on_orders(
    X: NDArray[np.float64],
    answer: NDArray[np.int32],
    columns: Mapping[int, Column],
    classes: Sequence[str],
) -> list[str]:
    """Return notes on columns that tell the target, another column, or only a row."""
    orders = {place: _order(X[:, place]) for place in columns}
    names = {place: column.name for place, column in columns.items()}
    notes = []
    revealing = [
        place
        for place, column in columns.items()
        if _tells(orders[place], answer, any_order=bool(classes or column.categories))
    ]
    if revealing:
        listed = [names[place] for place in revealing]
        notes.append(
            f"These say the target by themselves, one value for each of its values: "
            f"{quoted(listed)}. If they are not known before it, write data.drop: "
            f"{_listed(listed)}."
        )
    if copies := _copies(columns, orders):
        pairs = [f"{names[b]!r} of {names[a]!r}" for b, a in copies.items()]
        more = f" and {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else ""
        notes.append(
            f"Copies, but for their units, so that they add nothing: "
            f"{', '.join(pairs[:_SHOWN])}{more}. To leave them out write data.drop: "
            f"{_listed([names[b] for b in copies])}."
        )
    counted = [
        names[place]
        for place, column in columns.items()
        if not column.categories
        and place not in revealing
        and _is_identifier(X[:, place], orders[place])
    ]
    if counted:
        notes.append(
            f"Another whole number in every row, as identifiers have: "
            f"{quoted(counted)}. If they are, write data.drop: {_listed(counted)}."
        )
    return notes


def _listed(names: Sequence[str]) -> str:
    """Return names as a list of YAML.

    >>> _listed(["id", ""])
    "[id, '']"
    """
    return f"[{', '.join(map(as_yaml, names[:_SHOWN]))}]"


def _order(values: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return the rank of each value among those that differ, -1 where missing."""
    import pandas as pd

    codes, different = pd.factorize(values)
    ranks = np.empty(len(different) + 1, dtype=np.int32)
    ranks[np.argsort(different)] = np.arange(len(different))
    ranks[-1] = -1
    return ranks[codes]


def _tells(
    feature: NDArray[np.int32], answer: NDArray[np.int32], *, any_order: bool
) -> bool:
    """Return whether a feature and the target are the same but for their units."""
    n_values = int(answer.max()) + 1
    if feature.max() + 1 != n_values or feature.min() < 0:
        return False
    if any_order:
        few = 2 * n_values <= len(answer)  # else two identifiers would be the same
        return (
            few
            and len(np.unique(feature.astype(np.int64) * n_values + answer)) == n_values
        )
    return any(np.array_equal(feature, o) for o in (answer, n_values - 1 - answer))


def _copies(
    columns: Mapping[int, Column], orders: Mapping[int, NDArray[np.int32]]
) -> dict[int, int]:
    """Return the places of columns that are an earlier one in other units."""
    first: dict[bytes, int] = {}
    copies = {}
    for place, column in columns.items():
        known = orders[place] >= 0
        ranks = orders[place][known]
        if column.categories:  # by first appearance, whatever the labels are called
            _, at, inverse = np.unique(ranks, return_index=True, return_inverse=True)
            ranks = np.argsort(np.argsort(at))[inverse].astype(np.int32)
        else:  # a column and its negative are one: the first off the middle is low
            reverse = ranks.max() - ranks
            off = int(np.argmax(ranks != reverse))
            ranks = reverse if ranks[off] > reverse[off] else ranks
        digest = hashlib.blake2b(known.tobytes() + bytes([bool(column.categories)]))
        digest.update(ranks.tobytes())
        earlier = first.setdefault(digest.digest(), place)
        if earlier != place:
            copies[place] = earlier
    return copies


def _is_identifier(values: NDArray[np.float64], ranks: NDArray[np.int32]) -> bool:
    if ranks.min() < 0 or ranks.max() + 1 != len(ranks):
        return False
    exact = np.abs(values) < _WHOLE  # beyond it every double is a whole number
    return bool(np.all(exact & (values == np.floor(values))))


def notes_on_last_row(
    series: "Mapping[str, pd.Series[Any]]", X: NDArray[np.float64], answer: Target
) -> list[str]:
    """Return a note where the last row sums up the others."""
    if len(X) < _FEWEST:
        return []
    said = next(
        (
            f"{str(values.iloc[-1])!r} in column {name!r}"
            for name, values in series.items()
            if str(values.iloc[-1]).strip().lower() in _TOTALS
            and (values == values.iloc[-1]).sum() == 1
        ),
        None,
    )
    numbers = X if answer.classes else np.column_stack([X, answer.y])
    last = numbers[-1]
    with np.errstate(over="ignore", invalid="ignore"):
        sums = np.nansum(numbers[:-1], axis=0)
        counted = np.isfinite(last) & np.isfinite(sums) & (last != 0)
        same = counted & (np.abs(last - sums) <= _CLOSE * np.abs(sums))
    if said is None and same.sum() >= max(2, (counted.sum() + 1) // 2):
        said = f"the sum of the others in {int(same.sum())} columns"
    if said is None:
        return []
    return [
        f"The last row looks like a total ({said}); if it is, take it out of the file."
    ]


def _n_copies(X: NDArray[np.float64], y: NDArray[np.float64]) -> int:
    """Return how many rows were there before, by a hash of 64 bits."""
    import pandas as pd

    hashes = pd.util.hash_array(y)
    for values in X.T:  # one column at a time: no second copy of the table
        hashes = hashes * np.uint64(1_000_003) ^ pd.util.hash_array(values)
    return len(hashes) - len(np.unique(hashes))
