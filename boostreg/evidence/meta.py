"""The effects of many tables together: means, spreads, counts, moderators, advice.

Each table counts once. Means and slopes are those of ``boostreg.pooling``; words are
read off their intervals as for one table (``boostreg.changes``). The content is plain
data that JSON can hold, with six significant digits.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from boostreg.changes import LossChange
from boostreg.evidence.tables import (
    MODELS,
    SIZES,
    TOGETHER,
    Effect,
    PenaltyEvidence,
    TableEvidence,
)
from boostreg.penalty.value import PENALTIES, SCALED
from boostreg.pooling import pool, pool_slope

__all__ = ["CHECKPOINTS", "MIN_TABLES", "MODERATORS", "Evidence", "gather"]

CHECKPOINTS = (10, 30, 100)
"""Numbers of trials for which the evidence says what to tune."""

MIN_TABLES = 3
"""Tables that a mean needs."""

_MIN_FOR_SLOPE, _MIN_OF_A_KIND = 8, 3
_METHOD = "random-effects mean over {} tables (Paule-Mandel, Hartung-Knapp)"

MODERATORS: Mapping[str, str] = {
    "rows": "ten times the rows",
    "columns": "ten times the columns",
    "noise": "noise alone instead of none",
    "classes": "classes instead of numbers",
    "categories": "category columns instead of none",
}
"""Properties of a table that may move an effect: what one unit of each means."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What many tables show together.

    Attributes
    ----------
    tables : tuple of TableEvidence
        Those used, by name.
    left_out : tuple of (str, str)
        Runs that are not used, each with the reason.
    content : dict
        What ``evidence.json`` has: ``tables``, ``left_out``, ``tolerance``,
        ``penalties``, ``models``, ``first``.
    """

    tables: tuple[TableEvidence, ...]
    left_out: tuple[tuple[str, str], ...]
    content: dict[str, Any]


def gather(
    found: Iterable[TableEvidence], left_out: Iterable[tuple[str, str]] = ()
) -> Evidence:
    """Return the evidence of runs; of several runs on one table, one is used.

    That is the run that tunes the most penalties, then the first by name.
    """
    kept: dict[tuple[str, str], TableEvidence] = {}
    skipped = list(left_out)
    for one in sorted(found, key=lambda t: (-len(t.penalties), t.name)):
        first = kept.setdefault((one.fingerprint, one.target), one)
        if first is not one:
            skipped.append((one.name, f"has the same table as {first.name}."))
    tables = tuple(sorted(kept.values(), key=lambda t: t.name))
    tolerance = min((t.tolerance for t in tables), default=0.01)
    names = [p for p in PENALTIES if any(p in t.penalties for t in tables)]
    engines = list(dict.fromkeys(e for t in tables for e in _engines(t)))
    penalties = {
        name: {
            engine: _penalty(tables, name, engine, tolerance)
            for engine in (TOGETHER, *sorted(engines))
        }
        for name in names
    }
    ranked = sorted(names, key=lambda n: _rank(penalties[n][TOGETHER]))
    content = {
        "tables": [_card(t) for t in tables],
        "left_out": [list(one) for one in sorted(skipped)],
        "tolerance": tolerance,
        "order": ranked,
        "penalties": penalties,
        "models": _models(tables, tolerance),
        "moderators": _moderators(tables, names, tolerance),
        "first": _first(tables, ranked, penalties, tolerance),
    }
    return Evidence(tables, tuple(sorted(skipped)), _rounded(content))


def _engines(table: TableEvidence) -> Iterable[str]:
    for by_engine in table.penalties.values():
        yield from (engine for engine in by_engine if engine != TOGETHER)


def _rank(one: Mapping[str, Any]) -> tuple[float, float]:
    """Order by the mean gain, the largest first; unknown means last."""
    gain = one["gain"]
    return (math.inf if gain is None else gain["change"], -one["tables"])


def _card(table: TableEvidence) -> dict[str, Any]:
    return {
        "name": table.name,
        "source": table.source,
        "target": table.target,
        "task": table.task,
        "rows": table.rows,
        "columns": table.features,
        "categories": table.categories,
        "noise": table.noise,
        "trials": table.trials,
    }


def _mean(effects: Sequence[Effect], tolerance: float) -> dict[str, Any] | None:
    """Return the mean change, its interval, the prediction interval, and the word."""
    if len(effects) < MIN_TABLES:
        return None
    found = pool([e.value for e in effects], [e.variance for e in effects])
    low, high, *predicted = map(_share, (found.low, found.high, *found.predicted))
    change = LossChange(_share(found.estimate), low, high, _METHOD.format(len(effects)))
    return {
        "change": change.estimate,
        "low": low,
        "high": high,
        "predicted": predicted,
        "between": found.between,
        "tables": len(effects),
        "word": change.word(tolerance),
    }


def _without_one(effects: Sequence[Effect], tolerance: float) -> dict[str, Any] | None:
    """Return the means without any one table, and whether their word is one."""
    if len(effects) <= MIN_TABLES:
        return None
    found = [
        _mean([*effects[:k], *effects[k + 1 :]], tolerance) for k in range(len(effects))
    ]
    changes = [one["change"] for one in found if one is not None]
    words = {one["word"] for one in found if one is not None}
    return {"lowest": min(changes), "highest": max(changes), "words": sorted(words)}


def _share(log_ratio: float) -> float:
    return math.expm1(min(log_ratio, 700.0))


def _size(effects: Sequence[Effect]) -> dict[str, Any] | None:
    """Return the mean change of a size, which is neither better nor worse."""
    found = _mean(effects, 1.0)
    return None if found is None else {k: v for k, v in found.items() if k != "word"}


def _of(
    tables: Sequence[TableEvidence], penalty: str, engine: str
) -> list[tuple[TableEvidence, PenaltyEvidence]]:
    return [
        (t, t.penalties[penalty][engine])
        for t in tables
        if engine in t.penalties.get(penalty, {})
    ]


def _penalty(
    tables: Sequence[TableEvidence], penalty: str, engine: str, tolerance: float
) -> dict[str, Any]:
    """Return what tuning a penalty does over all tables."""
    pairs = _of(tables, penalty, engine)
    gains = [one.gain for _, one in pairs]
    changes = [_share(gain.value) for gain in gains]
    entry: dict[str, Any] = {
        "tables": len(pairs),
        "gain": _mean(gains, tolerance),
        "without_one": _without_one(gains, tolerance),
        "helps": sum(change < -tolerance for change in changes),
        "harms": sum(change > tolerance for change in changes),
        "shown_to_help": sum(gain.word == "better" for gain in gains),
        "shown_to_harm": sum(gain.word == "worse" for gain in gains),
        "by_table": [{"table": t.name, **_ends(one.gain)} for t, one in pairs],
    }
    if engine == TOGETHER:
        return entry
    alone = [one.alone for _, one in pairs if one.alone is not None]
    weights = [one.leaf_weight for _, one in pairs if one.leaf_weight is not None]
    return entry | {
        "alone": _mean(alone, tolerance),
        "sizes": {
            size: _size([one.sizes[size] for _, one in pairs if size in one.sizes])
            for size in SIZES
        },
        "leaf_weight": _size([Effect(weight, 0.0) for weight in weights]),
        "values": _values(pairs, penalty),
    }


def _ends(effect: Effect) -> dict[str, float]:
    """Return an effect as a change with its 95 % interval."""
    half = 1.96 * math.sqrt(effect.variance)
    ends = (effect.value, effect.value - half, effect.value + half)
    return dict(zip(("change", "low", "high"), map(_share, ends), strict=True))


def _values(
    pairs: Sequence[tuple[TableEvidence, PenaltyEvidence]], penalty: str
) -> dict[str, Any] | None:
    """Return where the chosen values lie, in rows and as shares, and along rows."""
    known = [(t, one) for t, one in pairs if one.values]
    if not known:
        return None
    n_off = sum(len(one.values) - len(one.chosen) for _, one in known)
    n_top = sum(one.values.count(one.highest) for _, one in known)
    n_folds = sum(len(one.values) for _, one in known)
    places = [(t, c) for t, one in known if (c := one.center) is not None]
    centers = [c for _, c in places]
    shares = [c / t.training_rows for t, c in places]
    return {
        "tables": len(known),
        "off": n_off / n_folds,
        "at_the_strongest": n_top / n_folds,
        "rows": _quartiles(centers),
        "share": _quartiles(shares) if penalty in SCALED else None,
        "along_rows": _along_rows(places),
        "by_table": [
            {"table": t.name, "rows": t.rows, "center": c,
             "low": min(one.chosen), "high": max(one.chosen)}
            for t, one in known
            if (c := one.center) is not None
        ],
    }  # fmt: skip


def _quartiles(values: Sequence[float]) -> list[float] | None:
    """Return the lower quartile, the median and the upper quartile."""
    if len(values) < MIN_TABLES:
        return None
    return [float(q) for q in np.quantile(np.asarray(values), (0.25, 0.5, 0.75))]


def _along_rows(places: Sequence[tuple[TableEvidence, float]]) -> dict[str, Any] | None:
    """Return the factor on the good value per tenfold rows: 1 in rows, 10 for shares.

    Also Spearman's rank correlation of the value with the rows.
    """
    x = [math.log10(t.rows) for t, _ in places]
    if len(places) < _MIN_FOR_SLOPE or len(set(x)) < _MIN_FOR_SLOPE / 2:
        return None
    y = [math.log(center) for _, center in places]
    found = pool_slope(y, np.zeros(len(y)), x)
    from scipy.stats import spearmanr

    rank = float(spearmanr(x, y).statistic) if len(set(y)) > 1 else 0.0
    return {
        "factor": math.exp(found.estimate),
        "low": math.exp(found.low),
        "high": math.exp(found.high),
        "rank_correlation": rank,
        "tables": len(places),
    }


def _models(tables: Sequence[TableEvidence], tolerance: float) -> dict[str, Any]:
    """Return the change of loss from other models to the tuned one, by engine."""
    found: dict[str, Any] = {}
    for kind in MODELS:
        engines = sorted({e for t in tables for e in t.models.get(kind, {})})
        for engine in engines:
            effects = [
                t.models[kind][engine]
                for t in tables
                if engine in t.models.get(kind, {})
            ]
            found.setdefault(kind, {})[engine] = _mean(effects, tolerance)
    return found


def _property(table: TableEvidence, name: str) -> float | None:
    return {
        "rows": math.log10(table.rows),
        "columns": math.log10(max(table.features, 1)),
        "noise": table.noise,
        "classes": float(table.task != "regression"),
        "categories": float(table.categories > 0),
    }[name]


def _moderators(
    tables: Sequence[TableEvidence], names: Sequence[str], tolerance: float
) -> list[dict[str, Any]]:
    """Return what each property of a table does to the gain by each penalty.

    The intervals of all together hold 95 times in 100 (Bonferroni).
    """
    asked = []
    for penalty in names:
        pairs = _of(tables, penalty, TOGETHER)
        for name in MODERATORS:
            known = [
                (x, one.gain)
                for t, one in pairs
                if (x := _property(t, name)) is not None
            ]
            if _varies([x for x, _ in known]):
                asked.append((penalty, name, known))
    level = 1 - 0.05 / max(len(asked), 1)
    found = []
    for penalty, name, known in asked:
        gains = [gain for _, gain in known]
        slope = pool_slope(
            [g.value for g in gains],
            [g.variance for g in gains],
            [x for x, _ in known],
            level,
        )
        ends = map(_share, (slope.estimate, slope.low, slope.high))
        change = LossChange(*ends, "")
        found.append(
            {
                "penalty": penalty,
                "moderator": name,
                "change": change.estimate,
                "low": change.low,
                "high": change.high,
                "word": change.word(tolerance),
                "tables": len(known),
            }
        )
    return found


def _varies(values: Sequence[float]) -> bool:
    """Return whether a slope along ``values`` can be estimated."""
    if len(values) < _MIN_FOR_SLOPE:
        return False
    distinct = set(values)
    if distinct <= {0.0, 1.0}:
        return min(values.count(0.0), values.count(1.0)) >= _MIN_OF_A_KIND
    return len(distinct) >= _MIN_FOR_SLOPE / 2


def _first(
    tables: Sequence[TableEvidence],
    ranked: Sequence[str],
    penalties: Mapping[str, Mapping[str, Mapping[str, Any]]],
    tolerance: float,
) -> list[dict[str, Any]]:
    """Return what to tune by the number of trials.

    With the fewest trials: what lowers the mean loss by more than the tolerance and is
    shown to lower it; then all that is shown to lower it; with the most also what is
    not settled. What is shown to change the loss by less than the tolerance, or not to
    lower it, is never tuned.
    """
    gains = {name: penalties[name][TOGETHER]["gain"] for name in ranked}
    known = {name: gain for name, gain in gains.items() if gain is not None}
    shown = [name for name, gain in known.items() if gain["word"] == "better"]
    much = [name for name in shown if known[name]["change"] < -tolerance]
    rest = [n for n, g in known.items() if g["word"] in {"not settled", "as good"}]
    chosen = (much or shown[:1], shown, shown + rest)
    return [
        {
            "trials": trials,
            "tune": list(names),
            "leave": [name for name in known if name not in names],
            "later": _mean(
                [t.later[trials] for t in tables if trials in t.later], tolerance
            ),
        }
        for trials, names in zip(CHECKPOINTS, chosen, strict=True)
    ]


def _rounded(content: Any) -> Any:
    """Return the content with six significant digits, which every machine agrees on."""
    if isinstance(content, Mapping):
        return {key: _rounded(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_rounded(value) for value in content]
    if isinstance(content, float):
        return float(f"{content:.6g}") if math.isfinite(content) else None
    return content
