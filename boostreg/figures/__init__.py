"""Figures as SVG from plain data, one function per figure, without a drawing library.

Each function returns a ``Figure``, which displays itself in a notebook, saves itself
with its own stylesheet, and is embedded in a page as markup without any ``style=``.
"""

from boostreg.figures.claims import (
    ClaimLine,
    RatioRow,
    ResultBar,
    claim_chart,
    tables_chart,
)
from boostreg.figures.coefficients import coefficient_paths
from boostreg.figures.curves import (
    Curve,
    curve_panel,
    line_panel,
    measure_scale,
)
from boostreg.figures.figure import Figure, figure_css
from boostreg.figures.forest import PenaltyEffect, PenaltyRow, penalty_forest
from boostreg.figures.front import Cloud, Landmark, size_against_loss
from boostreg.figures.intervals import (
    Estimate,
    difference_chart,
    models_chart,
)
from boostreg.figures.measures import (
    Bin,
    ColumnUse,
    calibration_chart,
    columns_chart,
)
from boostreg.figures.overview import JudgedModel, sizes_and_losses
from boostreg.figures.pairs import Trace, curves_of_two, fronts_of_two
from boostreg.figures.palette import PALETTE, encoding, palette_css
from boostreg.figures.scale import Scale, robust_high
from boostreg.figures.sketch import SmallTree, small_trees
from boostreg.figures.small import (
    counts_chart,
    promise_chart,
    share_bars,
    sparkline,
)

__all__ = [
    "PALETTE",
    "Bin",
    "ClaimLine",
    "Cloud",
    "ColumnUse",
    "Curve",
    "Estimate",
    "Figure",
    "JudgedModel",
    "Landmark",
    "PenaltyEffect",
    "PenaltyRow",
    "RatioRow",
    "ResultBar",
    "Scale",
    "SmallTree",
    "Trace",
    "calibration_chart",
    "claim_chart",
    "coefficient_paths",
    "columns_chart",
    "counts_chart",
    "curve_panel",
    "curves_of_two",
    "difference_chart",
    "encoding",
    "figure_css",
    "fronts_of_two",
    "line_panel",
    "measure_scale",
    "models_chart",
    "palette_css",
    "penalty_forest",
    "promise_chart",
    "robust_high",
    "share_bars",
    "size_against_loss",
    "sizes_and_losses",
    "small_trees",
    "sparkline",
    "tables_chart",
]
