"""The effects of many tables together: means, spreads, counts, moderators, advice.

Each table counts once. Means and slopes are those of ``boostreg.pooling``; words are
read off their intervals as for one table (``boostreg.changes``). The content is plain
data that JSON can hold, with six significant digits.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from boostreg.changes import TOLERANCE, LossChange
from boostreg.evidence.spaces import SearchEvidence, compare_spaces, pair_searches
from boostreg.evidence.tables import (
    MODELS,
    READINGS,
    SIZES,
    TOGETHER,
    LogRatio,
    PenaltyEvidence,
    TableEvidence,
)
from boostreg.penalty.value import PENALTIES, PENALTY_FACTS, SCALED
from boostreg.pooling import pool, pool_slope

__all__ = [
    "AFTER",
    "CHECKPOINTS",
    "MIN_TABLES",
    "MODERATORS",
    "Evidence",
    "gather",
]

CHECKPOINTS = (10, 30, 100)
"""Numbers of trials for which the evidence says what to tune."""

AFTER = (1, 2, 4, 6, *CHECKPOINTS)
"""Numbers of trials after which later ones may still lower the loss."""

MIN_TABLES = 3
"""Tables that a mean needs."""

STATEMENTS: Mapping[str, tuple[str, str]] = {
    "L1 shrinks leaf weights": ("reg_alpha", "leaf_weight"),
    "L1 limits the leaves of a tree": ("reg_alpha", "leaves_per_tree"),
    "L2 limits the leaves of a tree": ("reg_lambda", "leaves_per_tree"),
    "L2 penalizes the number of leaves": ("reg_lambda", "leaves"),
    "min_split_gain penalizes the number of leaves": ("min_split_gain", "leaves"),
}
"""What textbooks say of ensembles, with the penalty and the size to check.

The last one is for comparison.
"""

_LITTLE = math.log(1.1)
"""Up to this log factor a size counts as unchanged."""

_MIN_FOR_SLOPE, _MIN_OF_A_KIND = 8, 3
_METHOD = "random-effects mean over tables (Paule-Mandel, Hartung-Knapp)"

_Pair = tuple[TableEvidence, PenaltyEvidence]

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
        ``order``, ``penalties``, ``models``, ``moderators``, ``statements``,
        ``first``, ``later``, ``seeds``, ``spaces``, rounded; and ``runs`` and
        ``searches``, from which all of it can be made again.
    """

    tables: tuple[TableEvidence, ...]
    left_out: tuple[tuple[str, str], ...]
    content: dict[str, Any]


def gather(
    found: Iterable[TableEvidence],
    left_out: Iterable[tuple[str, str]] = (),
    searches: Iterable[SearchEvidence] = (),
) -> Evidence:
    """Return the evidence of runs; of several runs on one table, one is used.

    That is the run that tunes the most penalties, then the one with the lowest seed,
    then the first by name. The first run of the same penalties with another seed shows
    whether it says the same (``seeds``). ``searches`` of the tables that are used
    show what a search in another built-in space changes, see ``pair_searches``.
    """
    searches = list(searches)
    kept: dict[tuple[str, str], TableEvidence] = {}
    again: dict[tuple[str, str], TableEvidence] = {}
    skipped = list(left_out)
    for one in sorted(found, key=lambda t: (-len(t.penalties), t.seed, t.name)):
        place = (one.fingerprint, one.target)
        first = kept.setdefault(place, one)
        if first is one:
            continue
        repeats = one.seed != first.seed and {*one.penalties} == {*first.penalties}
        if not repeats or again.setdefault(place, one) is not one:
            skipped.append((one.name, f"has the same table as {first.name}."))
    tables = tuple(sorted(kept.values(), key=lambda t: t.name))
    many = _Tables(tables, min((t.tolerance for t in tables), default=TOLERANCE))
    pairs = pair_searches([t.name for t in tables], searches)
    paired = {one.name: one for pair in pairs for one in pair}
    skipped = [entry for entry in skipped if entry[0] not in paired]
    penalties = {
        name: {engine: many.penalty(name, engine) for engine in many.engines}
        for name in many.names
    }
    gains = {name: one[TOGETHER]["gain"] for name, one in penalties.items()}
    known = {name: gain for name, gain in gains.items() if gain is not None}
    ranked = sorted(known, key=lambda name: known[name]["change"])
    content = {
        "tables": [t.card for t in tables],
        "left_out": [list(one) for one in sorted(skipped)],
        "tolerance": many.tolerance,
        "order": [*ranked, *(name for name in gains if name not in known)],
        "penalties": penalties,
        "models": many.models,
        "moderators": many.moderators,
        "statements": many.statements,
        "first": many.first({name: penalties[name][TOGETHER] for name in ranked}),
        "later": many.later,
        "seeds": _seeds([(kept[place], one) for place, one in again.items()], many),
        "spaces": compare_spaces(pairs, many.tolerance, many.mean, many.size),
    }
    runs = sorted([*tables, *again.values()], key=lambda t: (t.name, t.seed))
    kept_in_full = {
        "runs": [asdict(table) for table in runs],
        "searches": [
            asdict(one)
            for one in sorted(searches, key=lambda one: one.name)
            if (one.fingerprint, one.target) in kept
        ],
    }
    return Evidence(tables, tuple(sorted(skipped)), _rounded(content) | kept_in_full)


@dataclass(frozen=True, slots=True)
class _Tables:
    """Tables to be summarized, and the change of loss that does not matter."""

    tables: tuple[TableEvidence, ...]
    tolerance: float

    @property
    def names(self) -> list[str]:
        """The penalties that were tuned on some table."""
        return [p for p in PENALTIES if any(p in t.penalties for t in self.tables)]

    @property
    def engines(self) -> list[str]:
        """All engines together, then each."""
        found = {e for t in self.tables for one in t.penalties.values() for e in one}
        return [TOGETHER, *sorted(found - {TOGETHER})]

    def of(self, penalty: str, engine: str = TOGETHER) -> list[_Pair]:
        """Return the tables on which a penalty was tuned, and what it did."""
        return [
            (t, t.penalties[penalty][engine])
            for t in self.tables
            if engine in t.penalties.get(penalty, {})
        ]

    def mean(self, effects: Sequence[LogRatio]) -> dict[str, Any] | None:
        """Return the mean change, its interval, the prediction interval, the word."""
        if len(effects) < MIN_TABLES:
            return None
        found = pool([e.value for e in effects], [e.variance for e in effects])
        ends = (found.estimate, found.low, found.high, *found.predicted)
        change, low, high, *predicted = (LogRatio(end, 0.0).change for end in ends)
        return {
            "change": change,
            "low": low,
            "high": high,
            "predicted": predicted,
            "between": found.between,
            "tables": len(effects),
            "word": LossChange(change, low, high, _METHOD).word(self.tolerance),
        }

    def means_without_one(self, effects: Sequence[LogRatio]) -> list[dict[str, Any]]:
        """Return the means without the first effect, without the second, and so on."""
        some = ([*effects[:k], *effects[k + 1 :]] for k in range(len(effects)))
        return [one for one in map(self.mean, some) if one is not None]

    def size(self, effects: Sequence[LogRatio]) -> dict[str, Any] | None:
        """Return the mean change of a size, which is neither better nor worse.

        ``without_one`` has the range of means without any one table, and whether all
        of their intervals exclude 0.
        """
        found = self.mean(effects)
        if found is None:
            return None
        del found["word"]
        others = self.means_without_one(effects)
        if not others:
            return found | {"without_one": None}
        changes = [one["change"] for one in others]
        apart = all(one["low"] > 0 or one["high"] < 0 for one in others)
        kept = {"lowest": min(changes), "highest": max(changes), "apart": apart}
        return found | {"without_one": kept}

    def without_one(self, effects: Sequence[LogRatio]) -> dict[str, Any] | None:
        """Return the range of means without any one table, and their words."""
        found = self.means_without_one(effects)
        if not found:
            return None
        changes = [one["change"] for one in found]
        words = sorted({one["word"] for one in found})
        return {"lowest": min(changes), "highest": max(changes), "words": words}

    def penalty(self, name: str, engine: str) -> dict[str, Any]:
        """Return what tuning a penalty does over all tables."""
        pairs, limit = self.of(name, engine), self.tolerance
        every = [one for _, one in pairs]
        gains = [one.gain for one in every]
        entry: dict[str, Any] = {
            "tables": len(pairs),
            "gain": self.mean(gains),
            "alone": self.mean([one.alone for one in every if one.alone is not None]),
            "weakest": _weakest(name, every),
            "without_one": self.without_one(gains),
            "helps": sum(gain.change < -limit for gain in gains),
            "harms": sum(gain.change > limit for gain in gains),
            "shown_to_help": sum(gain.word == "better" for gain in gains),
            "shown_to_harm": sum(gain.word == "worse" for gain in gains),
            "by_table": [{"table": t.name, **one.gain.ends} for t, one in pairs],
        }
        if engine == TOGETHER:
            return entry
        sizes = {n: [one.sizes[n] for one in every if n in one.sizes] for n in SIZES}
        weights = [one.leaf_weight for one in every if one.leaf_weight is not None]
        sizes["leaf_weight"] = [LogRatio(weight, 0.0) for weight in weights]
        own = [one.against_own for one in every if one.against_own is not None]
        return entry | {
            "against_own": self.mean(own),
            "sizes": {size: self.size(found) for size, found in sizes.items()},
            "values": _values(pairs, scaled=name in SCALED),
        }

    @property
    def models(self) -> dict[str, dict[str, Any]]:
        """Change of loss from other models to the tuned one, by engine."""
        found: dict[str, dict[str, list[LogRatio]]] = {}
        for kind in MODELS:
            for table in self.tables:
                for engine, effect in sorted(table.models.get(kind, {}).items()):
                    found.setdefault(kind, {}).setdefault(engine, []).append(effect)
        return {
            kind: {engine: self.mean(effects) for engine, effects in one.items()}
            for kind, one in found.items()
        }

    @property
    def moderators(self) -> list[dict[str, Any]]:
        """What each property of a table does to the gain by each penalty.

        The intervals of all together hold 95 times in 100 (Bonferroni).
        """
        asked = []
        for penalty in self.names:
            for name in MODERATORS:
                known = [
                    (x, one.gain)
                    for table, one in self.of(penalty)
                    if (x := table.properties[name]) is not None
                ]
                if _varies([x for x, _ in known]):
                    asked.append((penalty, name, known))
        level = 1 - 0.05 / max(len(asked), 1)
        found = []
        for penalty, name, known in asked:
            places, gains = [x for x, _ in known], [gain for _, gain in known]
            variances = [gain.variance for gain in gains]
            values = [gain.value for gain in gains]
            slope = pool_slope(values, variances, places, level)
            ends = (slope.estimate, slope.low, slope.high)
            change, low, high = (LogRatio(end, 0.0).change for end in ends)
            found.append(
                {
                    "penalty": penalty,
                    "moderator": name,
                    "change": change,
                    "low": low,
                    "high": high,
                    "tables": len(known),
                }
            )
        return found

    @property
    def statements(self) -> list[dict[str, Any]]:
        """How often a size follows a statement, at the strongest value of a path.

        By where the path is read and by engine: the number of tables, of those on which
        the size falls or rises by a factor of more than 1.1, and the quartiles of the
        factor.
        """
        found = []
        for words, (penalty, size) in STATEMENTS.items():
            entry: dict[str, Any] = {"statement": words}
            entry |= {"penalty": penalty, "size": size}
            for reading in READINGS:
                entry[reading] = {}
                for engine in self.engines[1:]:
                    every = [one for _, one in self.of(penalty, engine)]
                    changes = [
                        one.strongest.get(reading, {}).get(size) for one in every
                    ]
                    known = [change for change in changes if change is not None]
                    if known:
                        entry[reading][engine] = {
                            "tables": len(known),
                            "falls": sum(change < -_LITTLE for change in known),
                            "rises": sum(change > _LITTLE for change in known),
                            "factor": _quartiles([math.exp(c) for c in known]),
                        }
            if entry[READINGS[0]]:
                found.append(entry)
        return found

    def first(self, penalties: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return what to tune by the number of trials, from what each penalty does.

        With the fewest trials: the penalty that lowers the mean loss most as the only
        one, if it is shown to, and those that are shown to lower it by more than the
        tolerance on top of the others. Then all that are shown to lower it on top of
        them; with the most trials also what is not settled.
        """
        gains = {name: one["gain"] for name, one in penalties.items()}
        alone = {
            name: one["alone"]["change"]
            for name, one in penalties.items()
            if one["alone"] is not None and one["alone"]["word"] == "better"
        }
        best = sorted(alone, key=lambda name: alone[name])[:1]
        shown = [name for name, gain in gains.items() if gain["word"] == "better"]
        much = [name for name in shown if gains[name]["change"] < -self.tolerance]
        open_ = {"not settled", "as good"}
        rest = [name for name, gain in gains.items() if gain["word"] in open_]
        few = list(dict.fromkeys(best + much))
        some = list(dict.fromkeys(few + shown))
        chosen = (few, some, list(dict.fromkeys(some + rest)))
        return [
            {
                "trials": trials,
                "tune": names,
                "leave": [name for name in gains if name not in names],
                "later": self.mean_after(trials),
            }
            for trials, names in zip(CHECKPOINTS, chosen, strict=True)
        ]

    def mean_after(self, trials: int) -> dict[str, Any] | None:
        """Return the mean change of loss by all trials after the first so many."""
        return self.mean([t.later[trials] for t in self.tables if trials in t.later])

    @property
    def later(self) -> list[dict[str, Any]]:
        """The mean change by later trials, after growing numbers of them."""
        found = [(trials, self.mean_after(trials)) for trials in AFTER]
        return [{"trials": trials, "change": mean} for trials, mean in found if mean]


def _weakest(penalty: str, every: Sequence[PenaltyEvidence]) -> float | None:
    """Return the value that ``gain`` compares with, if it is not the idle one.

    None also if it differs between tables or engines.
    """
    values = {one.off for one in every}
    value = values.pop() if len(values) == 1 else None
    return None if value == PENALTY_FACTS[penalty].idle else value


def _seeds(
    pairs: Sequence[tuple[TableEvidence, TableEvidence]], many: _Tables
) -> dict[str, Any]:
    """Return what two runs with different seeds say of the same tables."""
    by_seed = {
        which: replace(many, tables=tuple(pair[k] for pair in pairs))
        for k, which in enumerate(("first", "again"))
    }
    return {
        "tables": [first.name for first, _ in pairs],
        "penalties": {
            name: {
                which: {
                    engine: {key: one[key] for key in ("gain", "sizes") if key in one}
                    for engine in many.engines
                    for one in (own.penalty(name, engine),)
                }
                for which, own in by_seed.items()
            }
            for name in many.names
        },
        "statements": {which: own.statements for which, own in by_seed.items()},
    }


def _values(pairs: Sequence[_Pair], *, scaled: bool) -> dict[str, Any] | None:
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
        "share": _quartiles(shares) if scaled else None,
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
    x = [math.log10(max(t.rows, 1)) for t, _ in places]
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


def _varies(values: Sequence[float]) -> bool:
    """Return whether a slope along ``values`` can be estimated."""
    if len(values) < _MIN_FOR_SLOPE:
        return False
    distinct = set(values)
    if distinct <= {0.0, 1.0}:
        return min(values.count(0.0), values.count(1.0)) >= _MIN_OF_A_KIND
    return len(distinct) >= _MIN_FOR_SLOPE / 2


def _rounded(content: Any) -> Any:
    """Return the content with six significant digits, which every machine agrees on."""
    if isinstance(content, Mapping):
        return {key: _rounded(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_rounded(value) for value in content]
    if isinstance(content, float):
        return float(f"{content:.6g}") if math.isfinite(content) else None
    return content
