"""Notes on a table say the same, however many of its rows are looked at first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boostreg.data import notes
from boostreg.data.columns import Column
from boostreg.data.notes import notes_on_values

N_ROWS = 120


def made(rng, kind, X, y):
    """Return a column of some kind, beside earlier ones and the target."""
    earlier = X[int(rng.integers(len(X)))] if X else y
    missing = np.where(rng.random(N_ROWS) < 0.5, np.nan, y)
    rare = np.zeros(N_ROWS)
    rare[int(rng.integers(N_ROWS))] = 1
    return {
        "noise": lambda: rng.normal(size=N_ROWS),
        "few": lambda: rng.integers(0, 3, N_ROWS).astype(float),
        "rare": lambda: rare,
        "count": lambda: rng.permutation(N_ROWS) * 3.0,
        "copy": lambda: 2 * earlier + 1,
        "negative": lambda: -earlier,
        "target": lambda: np.exp(y),
        "almost": lambda: np.where(np.arange(N_ROWS) == 7, y.max() + 1, y),
        "missing": lambda: missing,
        "empty": lambda: np.full(N_ROWS, np.nan),
    }[kind]()


KINDS = ("noise", "few", "rare", "count", "copy", "negative", "target", "almost",
         "missing", "empty")  # fmt: skip


@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.sampled_from(KINDS), min_size=1, max_size=6),
    st.sampled_from([0, 2, 5]),
)
def test_notes_are_those_of_all_rows(seed, kinds, n_classes):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, N_ROWS) if n_classes else rng.normal(size=N_ROWS)
    y = y.astype(float)
    X = []
    for kind in kinds:
        X.append(made(rng, kind, X, y))
    columns = [Column(f"{kind}-{place}") for place, kind in enumerate(kinds)]
    classes = [str(code) for code in range(n_classes)]
    found = []
    for few in (6, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(notes, "_FEW_ROWS", few)
            found.append(notes_on_values(np.column_stack(X), y, columns, classes))

    assert found[0] == found[1]
    if "target" in kinds and not n_classes:
        assert any("determine the target" in note for note in found[0])
