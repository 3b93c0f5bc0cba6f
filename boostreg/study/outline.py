"""What a run would do, counted before it does it."""

from pathlib import Path

from boostreg.study.door import Study
from boostreg.study.plan import Plan

__all__ = ["outline"]

_PICKS_AND_REFERENCE = 3  # best, one_se and unpenalised, refitted on each outer fold
_MODELS = 2
_ANCHORS = 2  # paths run around the fixed values and around the tuned best


def outline(study: Study, out: Path = Path("reports")) -> tuple[str, ...]:
    """Return lines on the data, the folds and the work of a study, without fitting.

    What may mislead comes last, also where the ends of a range proved too narrow in a
    former run below ``out``.

    Raises
    ------
    DataError, UnsupportedPenaltyError
        If the data do not fit the study, or an engine cannot mean a penalty.
    """
    plan, spec = Plan(study), study.spec
    table, splits = plan.table, plan.splits
    n_engines, n_outer, n_inner = len(spec.engines), splits.n_outer, splits.n_inner
    n_trials = n_engines * (n_outer + 1) * spec.search.trials
    n_points = len(plan.paths()) * n_outer
    fits = {
        "trials": n_trials * n_inner,
        "paths": _ANCHORS * n_points * n_inner,
        "design": sum(len(plan.design(e)[1]) for e in spec.engines) * n_outer,
        "refits": n_engines * (n_outer * _PICKS_AND_REFERENCE + _MODELS),
        "defaults": len(plan.references()),
        "baselines": len(plan.baselines()),
    }
    work = ", ".join(f"{name} {count:,}" for name, count in fits.items())
    data = (
        f"data: {spec.data.source}, {table.n_samples:,} rows, {table.n_features:,} "
        f"features, {table.task} of {table.target!r} by {plan.objective.name}"
    )
    return (
        spec.name if spec.title == spec.name else f"{spec.name}: {spec.title}",
        data,
        *(f"note: {note}" for note in table.notes),
        f"engines: {', '.join(spec.engines)}",
        f"folds: {n_outer} outer, within each and on all rows {n_inner} inner",
        f"trials: {n_trials:,}, {spec.search.trials:,} for each search",
        f"fits: about {sum(fits.values()):,} of at most {spec.rounds.max:,} rounds",
        f"fits by purpose: {work}",
        *(f"note: {sentence}" for sentence in plan.notes),
        *(f"warning: {finding}" for finding in plan.lint()),
        *(f"warning: {finding}" for finding in plan.edge_findings(out / spec.name)),
    )
