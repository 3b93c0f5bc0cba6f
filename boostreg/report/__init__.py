"""Reports: results as plain data, and the page that shows them."""

from boostreg.report.page import render

__all__ = ["render"]
