"""Findings of the linter, and the facts on data and search that it needs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boostreg.penalty.space import Range, Space
from boostreg.penalty.value import SCALED, Penalty, Scale, Units, shown

__all__ = ["Entry", "Facts", "LintFinding", "entries_of"]


@dataclass(frozen=True, slots=True)
class LintFinding:
    """Something in a search that has no effect, or is easily misunderstood.

    Codes are listed in ``boostreg.penalty.linter``; ``where`` is a key of the YAML.
    """

    code: str
    where: str
    text: str
    advice: str

    def __str__(self) -> str:
        return f"{self.code} {self.where}: {self.text} {self.advice}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Facts about the smallest training part of a study, in raw units.

    Sums and extremes are at the intercept, from which all trees start.

    Attributes
    ----------
    units, objective, scale
        Units of one row, name of the objective, and scale of the search.
    constant_hessian : bool
        Whether every row has the same hessian.
    total_hessian : float
        Hessian of all rows, of the class with the largest.
    largest_gradient : float
        Largest ``abs(G)`` on one side of any split of the root.
    largest_gain : float
        Best gain of one split of the root, without penalties.
    largest_weight : float
        Largest absolute weight of a leaf that holds a single row.
    n_features, n_rounds : int
        Columns, and maximum boosting rounds.
    """

    units: Units
    objective: str
    constant_hessian: bool
    total_hessian: float
    largest_gradient: float
    largest_gain: float
    largest_weight: float
    n_features: int
    n_rounds: int
    scale: Scale = "raw"

    @property
    def n_rows(self) -> int:
        """Training rows."""
        return self.units.n_samples

    def in_scale(self, name: str, raw: float) -> float | None:
        """Return a raw value of a penalty in the search's scale, None without unit."""
        if name not in SCALED:
            return raw
        factor = self.units.factors(self.scale)[name]
        return raw / factor if factor > 0 else None

    def of_one_row(self, name: str) -> float | None:
        """Return the value of a scaled penalty for one row, in the search's scale."""
        row = self.units.factors("rows")[name]
        return self.in_scale(name, row) if row > 0 else None


@dataclass(frozen=True, slots=True)
class Entry:
    """A penalty that a study names, with its key in the YAML and its engines.

    ``values`` is its range or its fixed value, infinite for no limit.
    """

    name: str
    where: str
    engines: tuple[str, ...]
    values: Range | float

    @property
    def low(self) -> float:
        """Minimum apart from 0."""
        return self.values.low if isinstance(self.values, Range) else self.values

    @property
    def high(self) -> float:
        """Maximum."""
        return self.values.high if isinstance(self.values, Range) else self.values

    @property
    def is_default(self) -> bool:
        """Whether it is fixed at its default."""
        return bool(self.values == getattr(Penalty(), self.name))

    def share_below(self, limit: float) -> float:
        """Return the share of the values above 0 that lie below ``limit``.

        >>> Entry("reg_alpha", "", (), Range(low=1, high=100, log=True)).share_below(10)
        0.5
        """
        if limit <= self.low:
            return 0.0
        if limit > self.high or not isinstance(self.values, Range):
            return 1.0
        # Whole numbers below 9 are those up to 8, so up to 8.5 where they round.
        entry = self.values
        share = entry.share(limit - 0.5 if entry.whole else limit)
        return (share - entry.zero) / (1 - entry.zero)

    def subject(self, share: float) -> str:
        """Return a share of the values and its verb, the beginning of a sentence.

        >>> Entry("reg_alpha", "", (), 5.0).subject(1.0)
        'The value 5 is'
        """
        if not isinstance(self.values, Range):
            return f"The value {shown(self.values)} is"
        above = " above 0" if self.values.zero else ""
        if share >= 1:
            return f"Every value{above} is"
        return f"{share:.0%} of the values{above} are"


def entries_of(
    space: Space, fixed: Mapping[str, float | int | None], engines: Sequence[str]
) -> tuple[Entry, ...]:
    """Return all penalties that a search names, without those fixed at 0."""
    own = {engine: space.engine_entries.get(engine, {}) for engine in engines}
    found = []
    for name, entry in space.entries.items():
        common = tuple(engine for engine in own if name not in own[engine])
        if common:
            found.append(Entry(name, f"search.space.{name}", common, entry))
    for engine, entries in own.items():
        for name, entry in entries.items():
            where = f"search.space.{engine}.{name}"
            found.append(Entry(name, where, (engine,), entry))
    for name, value in fixed.items():
        if value != 0:
            values = math.inf if value is None else value
            found.append(Entry(name, f"search.fixed.{name}", tuple(engines), values))
    return tuple(found)
