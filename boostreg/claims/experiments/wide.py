"""Feature selection by the lasso with fewer rows than features.

A lasso keeps at most as many features as there are rows [1]_, so that with fewer rows
than features it must drop some, and may drop features that matter.

References
----------
.. [1] R. J. Tibshirani. "The Lasso Problem and Uniqueness". Electronic Journal of
   Statistics 7, 2013. doi:10.1214/13-EJS815
"""

from dataclasses import replace

from boostreg.claims.experiments.base import (
    Measured,
    Option,
    Options,
    Sample,
    procedure,
)
from boostreg.claims.experiments.selection import lasso_selection

__all__ = ["wide_selection"]


@procedure(
    {
        name: f"with fewer rows: {words}"
        for name, words in lasso_selection.measures.items()
    },
    options={"rows": Option(30, "training rows", low=10, high=100_000)},
    panels=lasso_selection.panels,
    planted=True,
)
def wide_selection(sample: Sample, options: Options) -> Measured:
    """Compare the features that a lasso keeps with those that matter, on few rows."""
    rows = slice(int(options["rows"]))
    few = replace(sample, X=sample.X[rows], y=sample.y[rows])
    return lasso_selection.run(few, {})
