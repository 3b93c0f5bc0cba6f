"""Two runs compared: as plain data, as a page, and as lines for a terminal."""

from boostreg.report.pair.page import render_pair
from boostreg.report.pair.result import JudgedRows, compare_runs, pair_lines

__all__ = ["JudgedRows", "compare_runs", "pair_lines", "render_pair"]
