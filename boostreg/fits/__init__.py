"""Fits: what determines one, what it yields, and where it runs."""
