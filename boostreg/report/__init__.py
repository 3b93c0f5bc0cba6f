"""Reports: results as plain data, and the page that shows them."""

from boostreg.report.page import policy, render

__all__ = ["policy", "render"]
