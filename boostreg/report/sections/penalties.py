"""What each penalty does: a card with its finding, curves, trees and tables."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from boostreg.effects.effects import FACTORS
from boostreg.engine_facts import ENGINE_FACTS
from boostreg.figures import (
    Curve,
    Figure,
    Scale,
    SmallTree,
    curve_panel,
    encoding,
    line_panel,
    measure_scale,
    robust_high,
    small_trees,
)
from boostreg.figures.scale import (
    Tick,
    count,
    factor,
    known,
    percent,
    signed,
    significant,
)
from boostreg.penalty.space import by_strength
from boostreg.report.parts import LossChangeData, Number
from boostreg.report.results import (
    EffectPointData,
    PathData,
    Results,
    TunedPenaltyData,
)
from boostreg.report.sections.answer import strongest_first
from boostreg.report.sections.penalty_tables import (
    Found,
    Paths,
    kept_table,
    outer_loss,
    path_table,
    size_factors,
    tuned_table,
    works_table,
)
from boostreg.report.wording import (
    PENALTY_WORDS,
    engine_name,
    format_change,
    format_number,
    signed_percent,
)

__all__ = ["penalties_section"]

Tuned = Mapping[str, TunedPenaltyData]
"""One penalty, tuned around one anchor, by engine."""
Reading = Literal["tuned", "alone", "equal"]

_MEASURES = ("loss", *FACTORS[:2])
_READ: Mapping[Reading, str] = {
    "tuned": "others tuned", "alone": "alone", "equal": "at equal rounds",
}  # fmt: skip

_SQUEEZED = 0.45
"""The loss axis is cut if four fifths of the losses would take less of it than this."""

_FAR = 20.0
"""The axis of sizes ends at this factor."""


@dataclass(frozen=True, slots=True)
class _Penalty:
    """One penalty: its effects, the paths to draw, and all values of these paths."""

    name: str
    effects: Found
    paths: Mapping[Reading, Paths]
    grid: tuple[float, ...]

    def tuned(self, anchor: str) -> Tuned:
        """Return what tuning it around an anchor does, by engine."""
        return {
            engine: one
            for engine, effect in self.effects.items()
            for one in (effect["tuned"], effect["alone"])
            if one is not None and one["anchor"] == anchor
        }

    def along(self, path: PathData) -> list[EffectPointData | None]:
        """Return the points of a path in the order of the grid, None for gaps."""
        at = {point["value"]: point for point in path["points"]}
        return [at.get(value) for value in self.grid]


def penalties_section(
    results: Results, paths: Sequence[Mapping[str, object]], places: int
) -> dict[str, Any] | None:
    """Return a card for each penalty with a path, None where there is none."""
    anchor = _anchor(results)
    found = [_penalty(results, name, anchor) for name in strongest_first(results)]
    if not found:
        return None
    drawn = [path for one in found for by in one.paths.values() for path in by.values()]
    points = [point for path in drawn for point in path["points"]]
    scales = _scales(points)
    ends = [(scales[m], _ends(p, m)[0]) for p in points for m in _MEASURES]
    return {
        "id": "effects",
        "first_trees": results["text"]["headings"]["trees"],
        "engines": list(dict.fromkeys(e for one in found for e in one.effects)),
        "readings": {
            key: words
            for key, words in _READ.items()
            if any(one.paths.get(key) for one in found)
        },
        "tolerance": f"{format_number(100 * results['study']['tolerance'])}%",
        "safe": any(path["safe"] for path in drawn),
        "cut": any(point["cut"] for point in points),
        "outside": any(
            value is not None and not scale.low <= value <= scale.high
            for scale, value in ends
        ),
        "folds": len({(row["outer_fold"], row["inner_fold"]) for row in paths}),
        "cards": [_card(results, one, scales, places) for one in found],
        "table": tuned_table(results, [one.name for one in found], anchor),
    }


def _anchor(results: Results) -> str:
    """Return what most cards hold around their penalty: values tuned, or fixed."""
    effects = results["effects"].values()
    anchors = {effect["anchor"] for found in effects for effect in found.values()}
    return "tuned" if "tuned" in anchors else "fixed"


def _penalty(results: Results, name: str, anchor: str) -> _Penalty:
    lead = results["answer"]["lead"] if results["answer"] else ""
    found = {e: v[name] for e, v in results["effects"].items() if name in v}
    effects = {e: found[e] for e in sorted(found, key=lambda engine: engine != lead)}
    where: dict[Reading, tuple[str, str]] = {
        "tuned": ("tuned", "stopped"),
        "alone": ("fixed", "stopped"),
        "equal": (anchor, "equal"),
    }
    if anchor == "fixed":  # without a search, the other anchor has nothing tuned
        del where["tuned"]
    paths = {
        key: {
            engine: path
            for engine, effect in effects.items()
            for path in (effect, *effect["others"])
            if (path["anchor"], path["reading"]) == at
        }
        for key, at in where.items()
    }
    values = (
        point["value"]
        for by_engine in paths.values()
        for path in by_engine.values()
        for point in path["points"]
    )
    return _Penalty(name, effects, paths, tuple(by_strength(name, values)))


def _ends(point: EffectPointData, measure: str) -> tuple[Number, Number, Number]:
    """Return a change against the first point and its interval, share or factor."""
    if measure == "loss":
        found = point["against_off"]
        return found["change"], found["low"], found["high"]
    value, low, high = point["factors"][measure]
    return value, low, high


def _scales(points: Sequence[EffectPointData]) -> dict[str, Scale]:
    """Return one vertical scale for all losses, and one for all sizes."""
    losses = [0.0, *known(end for point in points for end in _ends(point, "loss"))]
    sizes = [_ends(point, measure)[0] for point in points for measure in _MEASURES[1:]]
    loss = measure_scale(losses, cut=robust_high(losses, _SQUEEZED))
    size = measure_scale([0.5, 2.0, *sizes], log=True, floor=1 / _FAR, cut=_FAR)
    return {measure: loss if measure == "loss" else size for measure in _MEASURES}


def _card(
    results: Results, one: _Penalty, scales: Mapping[str, Scale], places: int
) -> dict[str, Any]:
    """Return all that the page shows of one penalty."""
    name = one.name
    first = next(key for key, paths in one.paths.items() if paths)
    facts = {engine_name(e): ENGINE_FACTS.get(e) for e in one.effects}
    shrinkage = _shrinkage(results, one) if name == "reg_lambda" else None
    return {
        "penalty": name,
        "words": PENALTY_WORDS.get(name, ""),
        "own": {
            engine: fact.params[name]
            for engine, fact in facts.items()
            if fact and name in fact.params
        },
        "findings": {key: _finding(results, one, key) for key in one.paths},
        "panels": [_panel(results, one, measure, scales) for measure in _MEASURES],
        "readings": {
            key: [_at(value, paths) for value in one.grid]
            for key, paths in one.paths.items()
        },
        "trees": _trees(one),
        "sentences": [
            f"{engine_name(engine)}: {tuned['sentence']}"
            for engine, effect in one.effects.items()
            for tuned in (effect["tuned"], effect["alone"])
            if tuned is not None
        ],
        "parts": _parts_panels(one),
        "works": works_table(name, one.effects, places),
        "shrinkage": shrinkage,
        "table": path_table(name, _READ[first], one.paths[first], places),
        "grid": one.grid,
    }


def _panel(
    results: Results, one: _Penalty, measure: str, scales: Mapping[str, Scale]
) -> Figure:
    """Return the curves of the loss, of trees, or of leaves per tree, by reading."""
    titles = {
        "loss": f"change of {results['data']['loss']}",
        "trees": "trees",
        "leaves_per_tree": "\N{MULTIPLICATION SIGN} leaves per tree",
    }
    is_loss = measure == "loss"
    return curve_panel(
        one.grid,
        list(_curves(results, one, measure)),
        measure=titles[measure],
        penalty=one.name,
        y_scale=scales[measure],
        origin=0.0 if is_loss else 1.0,
        write=_share_label if is_loss else lambda tick: factor(tick.value),
    )


def _curves(results: Results, one: _Penalty, measure: str) -> Iterator[Curve]:
    """Yield a curve per reading and engine; the value chosen only of a search."""
    for reading, paths in one.paths.items():
        for place, (engine, path) in enumerate(paths.items()):
            points = one.along(path)
            ends = [_ends(p, measure) if p else (None, None, None) for p in points]
            y, low, high = zip(*ends, strict=True)
            pick = results["engines"][engine]["one_se"]["penalty"].get(one.name)
            safe = path["safe"] if measure == "loss" else None
            yield Curve(
                engine,
                y,
                low,
                high,
                pick=pick if "tuned" in one.paths else None,
                safe=(safe[0], safe[1]) if safe else None,
                open=tuple(k for k, p in enumerate(points) if p and not p["rated"]),
                lead=place == 0,
                reading=reading,
            )


def _share_label(tick: Tick) -> str:
    return "0" if tick.value == 0 else format_change(tick.value)


def _at(value: float, paths: Paths) -> list[str]:
    """Return what each engine's curves read at a value."""
    lines = []
    for engine, path in paths.items():
        words = "not measured here"
        for point in path["points"]:
            if point["value"] == value:
                change = signed_percent(point["against_off"]["change"])
                trees, leaves = size_factors(point["factors"])
                words = f"{change} loss, {trees} trees, each {leaves} leaves"
        lines.append(f"{engine_name(engine)}: {words}")
    return lines


def _finding(results: Results, one: _Penalty, key: Reading) -> tuple[str, str]:
    """Return the word for a penalty, and what tuning it does on the outer folds.

    One word is for all engines together; where they were not judged together, or not
    rated, each has its own.
    """
    if not one.paths[key]:
        return "not measured", ""
    if key == "equal":
        return "", "The same rounds for all values; losses are of the inner folds."
    anchor = "tuned" if key == "tuned" else "fixed"
    tuned = one.tuned(anchor)
    values = known(value for found in tuned.values() for value in found["values"])
    if not values:
        return "not judged", ""
    together = results["penalties"].get(one.name)
    if together is not None and together["anchor"] != anchor:
        together = None
    off = next(iter(tuned.values()))["off"]
    words = {found["word"] for found in tuned.values()}
    word: str = together["word"] if together else words.pop() if len(words) == 1 else ""
    if set(values) == {off}:
        return word, f"No inner fold chose another value than {significant(off)}."
    parts = [_loss_words(together["against_off"])] if together else []
    if together and together["against_off"]["change"] is None:
        word = "not rated"
    for engine, found in tuned.items():
        own = found["word"]
        if not together or own in {"helps", "harms"} - {word}:
            lead = engine_name(engine) + f" {own}," * (own != word)
            parts.append(f"{lead} {_loss_words(found['against_off'])}")
    ends = " to ".join(dict.fromkeys(map(significant, (min(values), max(values)))))
    changes = "; ".join([*parts, *_size_words(tuned)])
    return word, f"At {ends} against {significant(off)}: {changes}."


def _loss_words(found: LossChangeData) -> str:
    """Return a change of loss with its interval, or why there is none."""
    change, low, high = found["change"], found["low"], found["high"]
    if change is None or low is None or high is None:
        why = found["method"].removeprefix("no interval: ")
        return why.removesuffix(" while their loss still fell")
    return f"{_share(change)} loss ({_share(low)} to {_share(high)})"


def _share(change: float) -> str:
    """Return a change as a percentage, whole from 10% on."""
    return f"{signed(100 * change, 0 if abs(change) >= 0.1 else 1)}%"


def _size_words(tuned: Tuned) -> Iterator[str]:
    """Yield the factors of leaves, and how the first engine gets there."""
    leaves = sorted(known(one["factors"]["leaves"][0] for one in tuned.values()))
    if not leaves:
        return
    if leaves[-1] <= 1:
        leaves.reverse()
    words = " to ".join(dict.fromkeys(map(factor, (leaves[0], leaves[-1]))))
    words = "as many" if words[1:] == "1" else words
    engine, one = next(iter(tuned.items()))
    before, after = (count(v and round(v)) for v in one["trees"])
    _, each = size_factors(one["factors"])
    size = "each as large" if each[1:] == "1" else f"each with {each} leaves"
    of = f" ({engine_name(engine)})" if len(tuned) > 1 else ""
    yield f"{words} leaves: {before} \N{RIGHTWARDS ARROW} {after} trees, {size}{of}"


def _trees(one: _Penalty) -> dict[str, Any] | None:
    """Return the first tree without the penalty, at the least loss, at its strongest.

    They are of one engine, everything else fixed; None where they do not differ.
    """
    alone = one.paths.get("alone", {})
    for engine, effect in one.effects.items():
        sketches = effect["trees"]
        if len({(tree["tree"], tree["leaves"]) for tree in sketches}) < 2:
            continue
        points = alone[engine]["points"] if engine in alone else ()
        losses = {p["value"]: v for p in points if (v := outer_loss(p)) is not None}
        measured = [tree["value"] for tree in sketches if tree["value"] in losses]
        least = min(measured, key=lambda value: losses[value], default=None)
        inner = [t for t in sketches[1:-1] if t["tree"] != sketches[0]["tree"]]
        inner.sort(key=lambda tree: losses.get(tree["value"], math.inf))
        trees = [
            SmallTree(
                significant(tree["value"]) + ", least loss" * (tree["value"] == least),
                tree["leaves"],
                tree["tree"],
            )
            for tree in (sketches[0], *inner[:1], sketches[-1])
        ]
        title = f"First trees of {engine_name(engine)} as {one.name} grows stronger"
        return {
            "engine": engine,
            "wide": small_trees(trees, title=title),
            "narrow": small_trees(trees, title=title, width=328),
        }
    return None


def _parts_panels(one: _Penalty) -> list[tuple[str, Figure]]:
    """Return for each engine what shrinkage and structure do to the loss, if known."""
    panels = []
    for engine, effect in one.effects.items():
        if not (points := effect["mechanism"]):
            continue
        losses = {
            "shrinkage": [p["shrinkage"]["loss"]["difference"] for p in points],
            "structure": [p["structure"]["loss"]["difference"] for p in points],
            "both": [p["total"]["loss"]["difference"] for p in points],
        }
        figure = line_panel(
            [point["value"] for point in points],
            list(losses.items()),
            title=f"{engine_name(engine)}: how {one.name} works",
            x_label=one.name,
            y_label="change of loss",
            x_log=True,
            classes=("n dash", "n", encoding(engine).class_),
        )
        panels.append((engine, figure))
    return panels


def _shrinkage(results: Results, one: _Penalty) -> dict[str, Any] | None:
    """Return how much of its weight the median leaf keeps along the path of L2."""
    curves: list[Curve] = []
    for engine, effect in one.effects.items():
        points = one.along(effect)
        kept, low, high = (
            tuple(p and p[key] for p in points)
            for key in ("shrinkage", "shrinkage_low", "shrinkage_high")
        )
        if any(v is not None and v < 1 for v in kept):
            curves.append(Curve(engine, kept, low, high, lead=not curves))
    if not curves:
        return None
    return {
        "heading": results["text"]["headings"]["shrinkage"],
        "panel": curve_panel(
            one.grid,
            curves,
            measure="weight that the median leaf keeps",
            penalty="reg_lambda",
            y_scale=measure_scale([0.0, 1.0]),
            write=lambda tick: percent(tick.value),
        ),
        "table": kept_table(results),
    }
