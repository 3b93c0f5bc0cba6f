"""Running a fit: from a data set and a penalty to curves, sizes and losses."""

import time

import numpy as np

from boostreg.engines import Growth, Model, Training, get_engine
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit, FitResult

__all__ = ["grow", "run_fit"]


def grow(dataset: Dataset, fit: Fit) -> Training:
    """Return the ensemble that ``fit`` describes, with its curves."""
    return get_engine(fit.engine).fit(
        dataset.bins(fit.engine, fit.outer, fit.inner, fit.threads),
        fit.penalty,
        Growth(
            n_rounds=fit.n_rounds,
            patience=fit.patience,
            seed=fit.seed,
            threads=fit.threads,
        ),
    )


def run_fit(dataset: Dataset, fit: Fit) -> FitResult:
    """Return what ``fit`` yields on ``dataset``; a pure function of the two."""
    started = time.perf_counter()
    dataset.bins(fit.engine, fit.outer, fit.inner, fit.threads)
    binned = time.perf_counter()
    training = grow(dataset, fit)
    grown = time.perf_counter()
    standard = training.model.standard
    penalty = fit.penalty.to_raw(standard.units)
    trees = get_engine(fit.engine).trees(training.model)
    row_losses = np.empty(0)
    if fit.inner is None and fit.outer is not None:
        row_losses = _row_losses(dataset, fit, training.model)
    return FitResult(
        valid_loss=training.valid_loss,
        train_loss=training.train_loss,
        sizes=trees.sizes(penalty.reg_lambda),
        row_losses=row_losses,
        exhausted=training.exhausted,
        seconds=time.perf_counter() - started,
        library_seconds=grown - binned,
    )


def _row_losses(dataset: Dataset, fit: Fit, model: Model) -> np.ndarray:
    _, rows = dataset.splits.rows(fit.outer, fit.inner)
    test = dataset.table.rows(rows)
    raw = get_engine(fit.engine).predict(model, test.X)
    return dataset.objective.row_losses(test.y, raw)
