"""Results as a run would leave them: made by formulas, nothing is trained.

``sample_run`` returns ``results``, ``trials`` and ``paths`` in the shape that
``boostreg.report.render`` takes, for any number of engines, trials and classes: a test
holds it to the form of ``results.json``.
"""

import math
import random

SIZES = (
    "trees", "leaves", "splits", "depth", "features", "thresholds", "bytes",
    "l1_norm", "l2_norm", "zero_share", "shrinkage", "shrinkage_low", "shrinkage_high",
)  # fmt: skip
SPACE = {
    "reg_alpha": {"low": 0.001, "high": 10.0, "log": True, "zero": 0.2},
    "reg_lambda": {"low": 0.001, "high": 100.0, "log": True, "zero": 0.1},
    "min_split_gain": {"low": 0.001, "high": 100.0, "log": True, "zero": 0.3},
    "max_leaves": {"low": 4, "high": 64, "log": True, "zero": 0.0},
}
HELD = {
    "min_child_weight": 0.001,
    "min_child_samples": 1,
    "max_depth": None,
    "max_delta_step": 0.0,
    "path_smooth": 0.0,
    "subsample": 1.0,
    "colsample_bytree": 1.0,
    "learning_rate": 0.1,
}
NAMES = {
    "xgboost": ("reg_alpha", "reg_lambda", "gamma", "max_leaves"),
    "lightgbm": ("lambda_l1", "lambda_l2", "min_gain_to_split", "num_leaves"),
    "sklearn": ("reg_alpha", "l2_regularization", "min_split_gain", "max_leaf_nodes"),
}
METHOD = "corrected resampled t"
FEATURES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


def sample_run(
    *,
    engines=("xgboost", "lightgbm"),
    n_trials=80,
    level=3100.0,
    task="regression",
    inputs=FEATURES,
    seed=7,
):
    """Return ``results, trials, paths`` of a made-up study on ``inputs``."""
    rng = random.Random(seed)  # noqa: S311 - numbers for pictures, not secrets
    trials = [
        row
        for engine in engines
        for fold in ("0", "1", "all")
        for row in _trials(rng, engine, fold, n_trials, level)
    ]
    found = {engine: _engine(rng, engine, trials, level) for engine in engines}
    effects = {engine: _effects(rng, engine, level) for engine in engines}
    results = {
        "run": _run(),
        "versions": _versions(),
        "study": _study(engines, n_trials),
        "data": _data(task, inputs),
        "text": _text(found, level),
        "engines": found,
        "baselines": _baselines(rng, level, inputs),
        "answer": _answer(found, _comparisons(engines)),
        "comparisons": _comparisons(engines),
        "sizes": _sizes(engines),
        "effects": effects,
        "penalties": _penalties(effects),
        "outer_ratio": 0.25,
        "claims": [],
        "lint": [],
        "metrics": _metric_heads(),
        "calibration": _calibration(engines[0]) if task != "regression" else [],
        "simple_model": _simple_model(inputs),
    }
    return results, trials, _paths(results)


def sample_fits(trials):
    """Return rows of five inner folds a trial, whose mean loss is the trial's."""
    return [
        row | {"inner_fold": str(fold), "loss": row["loss"] * (1 + 0.01 * (fold - 2))}
        for row in trials
        if row["outer_fold"] == "all" and row["state"] == "complete"
        for fold in range(5)
    ]


def sample_losses(results):
    """Return the rows of ``losses.csv``: ten per outer fold, about each fold's loss."""
    rows = []
    for fold in range(5):
        for k in range(10):
            row = {"outer_fold": fold, "row": 10 * fold + k, "weight": 1.0}
            for engine, found in results["engines"].items():
                for pick in ("best", "one_se"):
                    loss = found[pick]["outer"]["losses"][fold]
                    row[f"{engine} {pick}"] = loss * (0.91 + 0.02 * k)
            rows.append(row)
    return rows


def _draw(rng, entry):
    if rng.random() < entry["zero"]:
        return 0.0
    return entry["low"] * (entry["high"] / entry["low"]) ** rng.random()


def _penalty(rng, trial):
    if trial == 0:
        return {n: 31 if n == "max_leaves" else 0.0 for n in SPACE} | HELD
    if trial == 1:
        drawn = {"reg_alpha": 0.0, "reg_lambda": 1.0, "min_split_gain": 0.0}
        return drawn | {"max_leaves": 31} | HELD
    drawn = {name: _draw(rng, entry) for name, entry in SPACE.items()}
    return drawn | {"max_leaves": round(drawn["max_leaves"])} | HELD


def _pull(penalty):
    """Return how strongly a penalty shrinks trees, about 0 to 3."""
    return (
        0.25 * math.log1p(9 * penalty["reg_alpha"])
        + 0.12 * math.log1p(penalty["reg_lambda"])
        + 0.5 * math.log1p(penalty["min_split_gain"])
    )


def _size(leaves, pull):
    trees = max(1, round(leaves / 14))
    values = (
        trees, leaves, max(0, leaves - trees), 9, min(10, leaves), leaves * 0.7,
        28 * leaves, 0.4 * leaves**0.7, 0.3 * leaves**0.4, 0.02 * pull,
        1 / (1 + 0.2 * pull), 1 / (1 + 0.4 * pull), 1 / (1 + 0.1 * pull),
    )  # fmt: skip
    return dict(zip(SIZES, values, strict=True))


def _measure(penalty, level, shift):
    pull = _pull(penalty)
    cap = penalty["max_leaves"] / 31
    most = 2600 if shift == 0 else 1700
    leaves = round(most * cap**0.6 * math.exp(-0.9 * pull)) + 4
    loss = level * (1.02 + shift + 0.03 * (pull - 1.2) ** 2 + 0.004 * abs(cap - 0.4))
    return loss, leaves, pull


def _trials(rng, engine, fold, n_trials, level):
    shift = 0.0 if engine == "xgboost" else 0.008
    for trial in range(n_trials):
        penalty = _penalty(rng, trial)
        loss, leaves, pull = _measure(penalty, level, shift)
        loss += level * 0.01 * rng.random()
        state = "raced" if trial > 5 and rng.random() < 0.15 else "complete"
        yield {
            "engine": engine,
            "outer_fold": fold,
            "trial": trial,
            "state": state,
            "rounds": 40 + trial,
            "loss": loss,
            "loss_se": level * 0.03,
            "train_loss": loss * (0.62 + 0.1 * min(pull, 3)),
            **_size(leaves, pull),
            "seconds": 0.2,
            **penalty,
        }


def _metric_heads():
    return {
        "neg_root_mean_squared_error": {"label": "RMSE", "higher_is_better": False},
        "r2": {"label": "R\N{SUPERSCRIPT TWO}", "higher_is_better": True},
    }


def _metrics(loss):
    root, share = math.sqrt(loss), 1 / (1 + loss / 3100)
    return {
        "neg_root_mean_squared_error": _value(root, root * 0.05),
        "r2": _value(share, 0.04),
    }


def _value(value, spread):
    return {"value": value, "low": value - spread, "high": value + spread}


def _calibration(engine):
    bins = [
        {"predicted": p, "observed": p**1.1, "low": p**1.1 * 0.8,
         "high": min(1.0, p**1.1 * 1.2), "rows": 44}
        for p in ((k + 0.5) / 10 for k in range(10))
    ]  # fmt: skip
    return [
        {"model": model, "label": label, "bins": bins}
        for model in (f"{engine} one_se", "lasso")
        for label in ("a", "b", "c")
    ]


def _simple_model(inputs):
    return {
        "model": "lasso",
        "file": "models/lasso.json",
        "file_bytes": 3400,
        "strength": 0.01,
        "l1_ratio": 1.0,
        "scale": "identity",
        "intercept": [152.0],
        "raw_intercept": [-30.5],
        "coefficients": [
            {"input": name, "column": name, "category": None, "output": None,
             "standardized": 24.0 / (k + 1) * (-1) ** k, "raw": 5.5 / (k + 1)}
            for k, name in enumerate(inputs[:6])
        ],
    }  # fmt: skip


def _features():
    top = [
        {"name": name, "gain": 0.5 / 2**k, "rise": 0.3 / (k + 1),
         "low": 0.3 / (k + 1) - 0.1, "high": 0.3 / (k + 1) + 0.1}
        for k, name in enumerate(FEATURES[:6])
    ]  # fmt: skip
    return {"features": top, "used": 8, "left_out": 2}


def _outer(loss, spread):
    return {
        "loss": loss,
        "low": loss - spread,
        "high": loss + spread,
        "losses": [loss + spread * k / 2 for k in (-2, -1, 0, 1, 2)],
    }


def _pick(engine, row, level):
    penalty = {name: row[name] for name in (*SPACE, *HELD)}
    size = {name: row[name] for name in SIZES}
    params = dict(zip(NAMES[engine], (penalty[n] for n in SPACE), strict=True))
    return {
        "trial": row["trial"],
        "rounds": row["rounds"],
        "penalty": penalty,
        "scale": "raw",
        "raw": penalty,
        "scales": _scales(penalty),
        "prior": {
            **dict.fromkeys(("rows", "alpha_rows", "std", "laplace", "noise_variance")),
            "sentence": "reg_lambda is a prior worth 5 rows.",
        },
        "params": params | {"learning_rate": 0.1, "seed": 0},
        "inner": {"loss": row["loss"], "se": row["loss_se"], "leaves": row["leaves"]},
        "outer": _outer(row["loss"] * 1.01, level * 0.06),
        "size": size,
        "outer_size": size,
        "rounds_max_reached": False,
        "at_edge": [],
        "acting": [name for name in SPACE if penalty[name]],
        "by_outer_fold": [_picked(row, fold, penalty) for fold in range(5)],
        "metrics": _metrics(row["loss"]),
        "file_bytes": 60 * row["leaves"],
    }


def _picked(row, fold, penalty):
    return {
        "outer_fold": fold,
        "trial": row["trial"],
        "rounds": row["rounds"],
        "loss": row["loss"],
        "train_loss": 0.9 * row["loss"],
        "inner_loss": row["loss"],
        "leaves": row["leaves"] + fold,
        "penalty": penalty,
    }


def _scales(penalty):
    names = ("reg_alpha", "reg_lambda", "min_split_gain", "min_child_weight")
    worth = {"raw": 1.0, "rows": 0.25, "share": 0.25 / 442}
    return {k: {n: w * penalty[n] for n in names} for k, w in worth.items()}


def _engine(rng, engine, trials, level):
    mine = [
        t for t in trials
        if (t["engine"], t["outer_fold"], t["state"]) == (engine, "all", "complete")
    ]  # fmt: skip
    best = min(mine, key=lambda t: t["loss"])
    near = [t for t in mine if t["loss"] < best["loss"] + 0.01 * level]
    small = min(near, key=lambda t: t["leaves"])
    front, least = [{"leaves": 0, "loss": level * 1.9, "trial": 0, "rounds": 0}], 9e99
    for t in sorted(mine, key=lambda t: t["leaves"]):
        if t["loss"] < least:
            least = t["loss"]
            front += [
                {"leaves": t["leaves"] * share, "loss": least * (1.3 - 0.3 * share),
                 "trial": t["trial"], "rounds": round(t["rounds"] * share)}
                for share in (0.6, 1.0)
            ]  # fmt: skip
    front = [
        p for p in front
        if all(q["loss"] > p["loss"] for q in front if q["leaves"] < p["leaves"])
    ]  # fmt: skip
    return {
        "best": _pick(engine, best, level),
        "one_se": _pick(engine, small, level),
        "default": _reference(level * (1.16 + 0.02 * rng.random()), 2900, level),
        "unpenalised": _reference(level * 1.12, 2300, level),
        "importance": {
            measure: {
                "quality": 0.8,
                "points": 64,
                "determined": measure != "gap",
                "main": {"min_split_gain": 0.7, "reg_alpha": 0.2},
                "interval": {"min_split_gain": [0.5, 0.8], "reg_alpha": [0.1, 0.3]},
                "pairs": [],
                "optuna": {"PED-ANOVA": {"reg_alpha": 0.5}},
            }
            for measure in ("good", "loss", "gap", "leaves")
        },
        "overtuning": [
            {
                "trial": k,
                "inner": level * (1.1 - 0.01 * k),
                "outer": level * 1.1,
                "later": _gap(0.0),
            }
            for k in range(3)
        ],
        "nested_gap": {"best": _gap(0.08), "one_se": _gap(0.05)},
        "guess": None,
        "purposes": [],
        "ties": [t["trial"] for t in near],
        "front": sorted(front, key=lambda p: p["leaves"]),
        "features": {"best": _features(), "one_se": _features()},
    }


def _gap(change):
    ends = {"low": change - 0.02, "high": change + 0.02}
    return {"change": change, "method": "t", "word": "worse"} | ends


def _reference(loss, leaves, level):
    return {
        "outer": _outer(loss, level * 0.07),
        "size": _size(leaves, 0.0),
        "rounds": [100, 100, 100, 100, 100],
        "metrics": _metrics(loss),
    }


def _strengths():
    return [10 ** (-4 + 0.25 * k) for k in range(25)]


def _baselines(rng, level, inputs):
    found = {"mean": _baseline(level * 1.9, level, inputs, 0.0, [])}
    slopes = {name: rng.gauss(0, 1) * level**0.5 for name in inputs}
    for name, cut in (("ridge", 0.0), ("lasso", 0.4), ("elastic_net", 0.2)):
        path = [_path_point(s, slopes, cut, level) for s in _strengths()]
        loss, kept = level * (0.985 + 0.01 * cut), len(inputs) - 4.0 * cut
        found[name] = _baseline(loss, level, inputs, kept, path)
    return found


def _baseline(loss, level, inputs, kept, path):
    return {
        "outer": _outer(loss, level * 0.05),
        "coefficients": kept,
        "inputs": len(inputs),
        "parameters": len(inputs),
        "linear": True,
        "live_units": None,
        "strength": [0.01] * 5 if path else [None] * 5,
        "l1_ratio": [None] * 5,
        "one_se_strength": None,
        "notes": [],
        "path": path,
        "metrics": _metrics(loss),
    }


def _path_point(strength, slopes, cut, level):
    shrink = 1 / (1 + 2 * strength)
    values = {
        name: math.copysign(max(abs(b) * shrink - cut * 30 * strength, 0.0), b)
        for name, b in slopes.items()
    }
    rise = 0.25 * strength / (1 + strength) + 0.01 * math.exp(-strength * 300)
    return {
        "strength": strength,
        "loss": level * (0.97 + rise),
        "se": level * 0.03,
        "coefficients": sum(v != 0 for v in values.values()),
        "live_units": None,
        "values": values,
    }


def _comparisons(engines):
    pairs = [
        (f"{engine} {pick}", f"{engine} {other}", -0.09 if other == "default" else 0.01)
        for engine in engines
        for pick in ("best", "one_se")
        for other in ("default", "unpenalised")
    ]
    pairs += [
        (simple, f"{engine} {pick}", -0.02)
        for simple in ("ridge", "lasso")
        for engine in engines
        for pick in ("best", "one_se")
    ]
    return [
        {"a": a, "b": b, "change": d, "low": d - 0.04, "high": d + 0.04, "n": 442,
         "method": METHOD, "family": len(engines) if b.endswith("default") else 1,
         "word": "better" if d == -0.09 else "not settled"}
        for a, b, d in pairs
    ]  # fmt: skip


def _answer(found, comparisons):
    lead = next(iter(found))
    pick = found[lead]["one_se"]
    changes = [c for c in comparisons if c["b"].endswith(" default")]
    return {
        "kind": "trees",
        "use": f"{lead} one_se",
        "lead": lead,
        "tolerance": 0.01,
        "settings": {
            "engine": lead,
            "model": "one_se",
            "params": pick["params"],
            "more": 0,
            "rounds": pick["rounds"],
            "leaves": pick["size"]["leaves"],
            "judged_leaves": pick["outer_size"]["leaves"],
        },
        "simple": "lasso",
        "coefficients": 6,
        "questions": [{"question": "defaults", "word": "better", "changes": changes}],
        "actions": [],
    }


def _effects(rng, engine, level):
    shift = 0.0 if engine == "xgboost" else 0.012
    found = {}
    for name in ("min_split_gain", "reg_alpha", "reg_lambda"):
        entry = SPACE[name]
        ratio = entry["high"] / entry["low"]
        grid = [0.0, *(entry["low"] * ratio ** (k / 14) for k in range(15))]
        points = [_point(rng, name, v, level, shift) for v in grid]
        for p in points:
            spread = 0.0 if p["value"] == 0 else 0.02
            change = p["judged"] / points[0]["judged"] - 1
            p["against_off"] = _change(change, spread)
        found[name] = {
            "anchor": "tuned",
            "reading": "stopped",
            "points": points,
            "safe": _safe(points),
            "flat": [],
            "tuned": _tuned(name, points, "tuned"),
            "alone": _tuned(name, points, "fixed"),
            "trees": [
                {"value": grid[k], "leaves": 3 - k, "tree": tree}
                for k, tree in enumerate(("(2 -1.5 (0 0.5 2))", "(2 -1 1)", "0.25"))
            ],
            "others": [
                {
                    "anchor": anchor,
                    "reading": reading,
                    "flat": [0.0, grid[3]],
                    "safe": None,
                    "points": [_elsewhere(p, reading) for p in points],
                }
                for anchor, reading in (("fixed", "stopped"), ("tuned", "equal"))
            ],
            "mechanism": None
            if name == "min_split_gain"
            else [
                {"value": p["value"]}
                | {
                    part: _parts(p, share)
                    for part, share in (
                        ("shrinkage", 0.7),
                        ("structure", 0.3),
                        ("total", 1.0),
                    )
                }
                for p in points[1:]
            ],
            "sentence": f"From 0 to {grid[8]:.3g} the leaves fall from "
            f"{points[0]['leaves']:,} to {points[8]['leaves']:,}.",
        }
    return found


def _elsewhere(point, reading):
    """Return a point of another path: twice the change, or of the inner folds."""
    change, loss = point["against_off"]["change"], 1.01 * point["loss"]
    return point | {
        "loss": loss,
        "judged": loss if reading == "stopped" else None,
        "against_off": _change(2 * change, 0.04 if change else 0.0),
    }


def _safe(points):
    kept = 0
    while kept + 1 < len(points) and points[kept + 1]["against_off"]["high"] < 0.01:
        kept += 1
    return [points[0]["value"], points[kept]["value"]] if kept else None


def _change(change, spread):
    ends = (change - spread, change + spread)
    word = "better" if ends[1] < 0 else "worse" if ends[0] > 0 else "not settled"
    return {"change": change, "low": ends[0], "high": ends[1], "method": METHOD,
            "word": word}  # fmt: skip


def _tuned(name, points, anchor):
    low = min(points, key=lambda p: p["judged"])
    against = low["against_off"]
    words = {"better": "helps", "not settled": "not settled"}
    return {
        "anchor": anchor,
        "word": words[against["word"]],
        "sentence": f"Tuned, {name} changes the loss.",
        "off": 0.0,
        "default": None,
        "values": [low["value"]] * 5,
        "against_off": against,
        "against_default": None,
        "factors": low["factors"],
        "trees": [80.0, 80.0],
        "cut": 0.0,
    }


def _penalties(effects):
    tuned = {
        name: [found[name]["tuned"] for found in effects.values()]
        for name in next(iter(effects.values()), {})
    }
    return {
        name: {
            "anchor": "tuned",
            "engines": list(effects),
            "word": both[0]["word"],
            "against_off": both[0]["against_off"],
            "against_default": None,
        }
        for name, both in tuned.items()
    }


def _sizes(engines):
    pairs = [(f"{engine} best", f"{engine} default") for engine in engines]
    pairs += [(f"{engine} one_se", f"{engine} best") for engine in engines]
    return [
        {"a": a, "b": b, "ratio": 0.4, "low": 0.1, "high": 1.6,
         "folds": [0.2, 0.3, 0.4, 0.6, 0.7], "method": METHOD}
        for a, b in pairs
    ]  # fmt: skip


def _parts(point, share):
    ends = {"difference": share * point["against_off"]["change"] * point["loss"]}
    ends |= {"low": ends["difference"] - 9, "high": ends["difference"] + 9}
    measures = ("loss", "train_loss", "leaves", "l1_norm", "l2_norm")
    return dict.fromkeys(measures, ends | {"p": 0.01, "n": 5, "method": METHOD})


def _point(rng, name, value, level, shift):
    held = {"reg_alpha": 0.0, "reg_lambda": 1.0, "min_split_gain": 0.0}
    penalty = held | {"max_leaves": 31, name: value}
    loss, leaves, pull = _measure(penalty, level, shift)
    loss += level * 0.002 * rng.random()
    gap = loss * max(0.38 - 0.1 * pull, 0.02)
    return {
        "value": value,
        "loss": loss,
        "train_loss": loss - gap,
        "gap": gap,
        "rounds": 80,
        "judged": 1.01 * loss,
        "rated": True,
        "cut": 0.0,
        "differences": {"loss": [0.0, -9.0, 9.0], "gap": [None, None, None]},
        "factors": _factors(pull - _pull(held | {"max_leaves": 31})),
        **_size(leaves, pull),
    }


def _factors(pull):
    trees, leaves = math.exp(0.2 * pull), math.exp(-1.1 * pull)
    each = {"trees": trees, "leaves_per_tree": leaves}
    ends = {
        name: [v, v * math.exp(-pull), v * math.exp(pull)] for name, v in each.items()
    }
    return ends | {"leaves": [trees * leaves, None, None]}


def _paths(results):
    return [
        {"engine": engine, "penalty": name, "anchor": "fixed", "point": k,
         "value": p["value"], "outer_fold": "all", "inner_fold": fold,
         "rounds": p["rounds"], "loss": p["loss"], "train_loss": p["train_loss"]}
        for engine, found in results["effects"].items()
        for name, effect in found.items()
        for k, p in enumerate(effect["points"])
        for fold in range(5)
    ]  # fmt: skip


def _run():
    return {
        "started": "2026-11-22T21:00:00+00:00",
        "finished": "2026-11-22T21:03:12+00:00",
        "seconds": 192.4,
        "workers": 2,
        "fits": 2412,
        "fits_from_journal": 0,
        "platform": "Linux x86_64",
        "microseconds_per_row": {"xgboost-best": 2.4, "lasso": 0.2},
    }


def _versions():
    return {
        "boostreg": "0.1.0", "python": "3.12.1", "xgboost": "3.4.0",
        "lightgbm": "4.6.0", "scikit-learn": "1.8.0", "optuna": "5.0.0",
        "numpy": "2.4.0", "pandas": "3.0.1",
    }  # fmt: skip


def _study(engines, n_trials):
    return {
        "name": "sample",
        "title": "Do penalties help boosted trees on made-up data?",
        "seed": 0,
        "data": {"source": "sklearn:diabetes", "target": "target", "drop": [],
                 **dict.fromkeys(("objective", "groups", "time", "weights",
                                  "class_weights"))},
        "engines": list(engines),
        "rounds": {"max": 500, "patience": 30},
        "search": {"trials": n_trials, "sampler": "tpe", "scale": "raw",
                   "storage": None,
                   "fixed": {"learning_rate": 0.1}, "space": SPACE},
        "tolerance": 0.01,
        "validation": {"outer": {"folds": 5, "repeats": 1},
                       "inner": {"folds": 5, "repeats": 1}},
        "compute": {"threads": 1, "executor": "local"},
    }  # fmt: skip


def _data(task, inputs):
    return {
        "source": "sklearn:diabetes",
        "target": "target",
        "task": task,
        "objective": "softmax" if task == "multiclass" else "squared_error",
        "objective_parameter": None,
        "class_labels": ["a", "b", "c"] if task == "multiclass" else [],
        **dict.fromkeys(("weights", "groups", "time")),
        "loss": "log loss" if task == "multiclass" else "squared error",
        "rows": 442,
        "features": len(inputs),
        "task_inferred": True,
        "missing_share": 0.0,
        "classes": [
            {"label": label, "rows": rows}
            for label, rows in (("a", 59), ("b", 71), ("c", 48))
            if task == "multiclass"
        ],
        "target_summary": {"min": 25.0, "median": 140.5, "max": 346.0},
        "columns": [
            {"name": name, "kind": "numeric", "missing": 0, "distinct": 60 + k}
            for k, name in enumerate(inputs)
        ],
        "fingerprint": "5f2c" * 16,
        "notes": ["The task was inferred: regression."],
    }


def _on_size(found):
    """Return from how many leaves on each engine is within 1% of its lowest loss."""
    parts = []
    for engine, one in found.items():
        lowest = min(point["loss"] for point in one["front"])
        near = [p["leaves"] for p in one["front"] if p["loss"] <= 1.01 * lowest]
        label = {"xgboost": "XGBoost", "lightgbm": "LightGBM"}.get(engine, engine)
        parts.append(f"{label} from {min(near):,.0f} leaves on")
    return f"Within 1% of its lowest loss: {', '.join(parts)}"


def _text(found, level):
    opening = (
        "On these made-up data penalties help: one_se of XGBoost loses 9.3% less than "
        "the library's defaults with 71% fewer leaves."
    )
    sentences = [opening]
    for engine, f in found.items():
        one = f["one_se"]
        sentences.append(
            f"{engine}: defaults lose {f['default']['outer']['loss']:.4g}, best "
            f"{f['best']['outer']['loss']:.4g}, one_se {one['outer']['loss']:.4g} "
            f"(95% interval {one['outer']['low']:.4g} to {one['outer']['high']:.4g}) "
            f"with {one['size']['leaves']:,} leaves."
        )
    sentences.append(f"The best linear model, ridge, loses {level * 0.985:.4g}.")
    answers = [
        {"question": "Bother with penalties?", "head": "Yes: 9% less loss.",
         "detail": "XGBoost \N{MINUS SIGN}9% loss."},
        {"question": "Smallest as good as the best?", "head": "The best itself.",
         "detail": f"{next(iter(found.values()))['best']['size']['leaves']:,} leaves."},
        {"question": "Bother with trees?", "head": "Not settled.",
         "detail": "Ridge has more loss."},
    ]  # fmt: skip
    return {
        "answer": sentences,
        "answers": answers,
        "caveats": ["The engines differ by less than the noise of the outer folds."],
        "warnings": [],
        "headings": {
            "use": "Parameters to use",
            "setup": "Held fixed: the learning rate",
            "trials": "The best of all trials",
            "importance": "Which penalties matter",
            "promise": "What the search promised",
            "shrinkage": "How much of its weight a leaf keeps",
            "trees": "Real trees as a penalty rises",
            "effects": "min_split_gain removes most leaves; reg_lambda changes little",
            "front": _on_size(found),
            "engines": "Penalised trees beat the defaults; ridge is level with them",
            "baselines": "Ridge keeps all ten inputs",
        },
    }
