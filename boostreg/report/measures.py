"""What a model is like beside its loss: metrics, calibration, columns, coefficients."""

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from boostreg.arrays import Array
from boostreg.changes import Judges
from boostreg.data import Reading
from boostreg.errors import ModelError
from boostreg.metrics import Metric, probabilities
from boostreg.report.comparisons import Judged, best_linear
from boostreg.report.parts import (
    CalibrationBinData,
    CalibrationData,
    CoefficientData,
    FeaturesData,
    MetricData,
    MetricValueData,
    SimpleModelData,
)
from boostreg.report.records import FeatureUse, RunRecord
from boostreg.saved import LinearCard, LinearModel, category_of
from boostreg.statistics import corrected_t

__all__ = [
    "calibration_data", "features_data", "linear_model", "metric_heads",
    "metric_values", "predicted_values", "simple_data",
]  # fmt: skip

_BINS, _ROWS_PER_BIN = 10, 10
"""Most bins of a calibration curve, and the fewest rows in one."""

_LINKS = {"logistic": "log-odds", "softmax": "log share"}


def predicted_values(record: RunRecord, judged: Judged) -> tuple[Array, ...]:
    """Return the predictions of the test rows, by outer fold.

    (n_test,) means or quantiles, or (n_test, n_classes) probabilities.
    """
    objective = record.objective
    turn = probabilities if objective.n_classes else objective.predict
    return tuple(turn(raw) for raw in judged.raw)


def metric_heads(record: RunRecord) -> dict[str, MetricData]:
    """Return the label and the direction of each metric of the study."""
    metrics = map(Metric, record.study["metrics"])
    return {
        one.name: {"label": one.label, "higher_is_better": one.higher_is_better}
        for one in metrics
    }


def metric_values(record: RunRecord, judged: Judged) -> dict[str, MetricValueData]:
    """Return the metrics of a model: means over the outer folds, with intervals."""
    predicted = predicted_values(record, judged)
    y = [record.y[rows] for rows in record.judges.rows]
    found: dict[str, MetricValueData] = {}
    for name in record.study["metrics"]:
        one = Metric(name).over_folds(y, predicted, record.judges)
        found[name] = {"value": one.value, "low": one.low, "high": one.high}
    return found


def calibration_data(
    record: RunRecord, judged: Mapping[str, Judged], models: Sequence[str]
) -> list[CalibrationData]:
    """Return the calibration curves of some models: one per class.

    Of two classes only the second one has a curve; a regression has none.
    """
    labels = record.card["class_labels"]
    y = np.concatenate([record.y[rows] for rows in record.judges.rows])
    curves: list[CalibrationData] = []
    for model in models if labels else ():
        predicted = np.concatenate(predicted_values(record, judged[model]))
        for code in range(1 if len(labels) == 2 else 0, len(labels)):
            bins = _bins(predicted[:, code], y == code, record.judges)
            curves.append({"model": model, "label": labels[code], "bins": bins})
    return curves


def _bins(predicted: Array, observed: Any, judges: Judges) -> list[CalibrationBinData]:
    """Return bins of about equally many test rows, equal predictions together.

    A row that several repeats test counts once, as does a group of rows: the interval
    of the share is Wilson's for the effective number of rows or groups,
    (sum of weights)^2 / (sum of squared weights).
    """
    rows = np.concatenate(judges.rows)
    weights = np.concatenate(
        [
            np.ones(len(part)) if w is None else w
            for part, w in zip(judges.rows, judges.weights, strict=True)
        ]
    )
    clusters = rows if judges.groups is None else judges.groups[rows]
    n_bins = min(_BINS, max(1, len(np.unique(rows)) // _ROWS_PER_BIN))
    edges = np.unique(np.quantile(predicted, np.arange(1, n_bins) / n_bins))
    place = np.searchsorted(edges, predicted, side="left")
    found: list[CalibrationBinData] = []
    for number in np.unique(place):
        here = (place == number) & (weights > 0)
        if not here.any():
            continue
        w = weights[here]
        _, cluster = np.unique(clusters[here], return_inverse=True)
        held = np.bincount(cluster, weights=w)
        share = _mean_of(np.asarray(observed[here], dtype=np.float64), w)
        low, high = _wilson(share, float(held.sum() ** 2 / (held**2).sum()))
        found.append(
            {
                "predicted": _mean_of(predicted[here], w),
                "observed": share,
                "low": low,
                "high": high,
                "rows": len(np.unique(rows[here])),
            }
        )
    return found


def _mean_of(values: Array, weights: Array) -> float:
    """Return a weighted mean, which rounding does not move beyond the values."""
    mean = float(np.average(values, weights=weights))
    return min(max(mean, float(values.min())), float(values.max()))


def _wilson(share: float, n: float) -> tuple[float, float]:
    """Return the ends of Wilson's 95 % score interval of a share of ``n`` rows.

    E. B. Wilson. "Probable Inference, the Law of Succession, and Statistical
    Inference". JASA 22, 209-212, 1927.
    """
    z = NormalDist().inv_cdf(0.975)
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    # At a share of 0 or 1 one end is the share itself, but for rounding.
    return min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half))


def features_data(record: RunRecord, use: FeatureUse) -> FeaturesData:
    """Return the columns that a pick uses most, with what permuting each costs."""
    names = [column["name"] for column in record.card["columns"]]
    rises = np.reshape(use.rises, (len(use.rises), len(use.columns)))
    ratio = record.outer_ratio
    found = [corrected_t(rises[:, k], ratio) for k in range(len(use.columns))]
    return {
        "features": [
            {
                "name": names[column],
                "gain": gain,
                "rise": one.estimate,
                "low": one.low,
                "high": one.high,
            }
            for column, gain, one in zip(use.columns, use.gains, found, strict=True)
        ],
        "used": use.n_used,
        "left_out": use.n_used - len(use.columns),
    }


def linear_model(record: RunRecord) -> LinearModel | None:
    """Return the best linear model, trained on all rows.

    None if none was fitted, or if its numbers overflow.
    """
    name = best_linear(record)
    if name is None:
        return None
    card, final = record.card, record.baselines[name][None]
    described = LinearCard(
        model=name,
        strength=final.strength,
        l1_ratio=final.l1_ratio,
        target=card["target"],
        task=card["task"],
        objective=record.objective,
        classes=tuple(card["class_labels"]),
        columns=record.columns,
        offset=record.study["data"]["offset"],
        reading=Reading.from_dict(record.study["data"]),
    )
    try:
        return LinearModel(described, final.encoding, final.intercept, final.chosen)
    except ModelError:
        return None


def simple_data(
    model: LinearModel | None, sizes: Mapping[str, int]
) -> SimpleModelData | None:
    """Return a linear model's coefficients that are not 0, the largest first.

    ``sizes`` are the bytes of files by model.
    """
    if model is None:
        return None
    card = model.card
    outputs = card.classes if card.objective.name == "softmax" else (None,)
    places = np.argwhere(model.coefficients != 0)
    order = np.argsort(-np.abs(model.coefficients[tuple(places.T)]), kind="stable")
    coefficients: list[CoefficientData] = [
        {
            "input": model.inputs[place].name,
            "column": card.columns[model.inputs[place].column].name,
            "category": category_of(model.inputs[place], card.columns),
            "output": outputs[output],
            "standardized": float(model.coefficients[place, output]),
            "raw": float(model.raw_coefficients[place, output]),
        }
        for place, output in places[order].tolist()
    ]
    link = "log" if card.objective.log_link else "identity"
    return {
        "model": card.model,
        "file": f"models/{card.model}.json",
        "file_bytes": sizes[card.model],
        "strength": card.strength,
        "l1_ratio": card.l1_ratio,
        "scale": _LINKS.get(card.objective.name, link),
        "intercept": model.intercept.tolist(),
        "raw_intercept": model.raw_intercept.tolist(),
        "coefficients": coefficients,
    }
