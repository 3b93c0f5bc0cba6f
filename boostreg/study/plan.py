"""What a study asks for, as data, folds, searches and work."""

from collections.abc import Mapping
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from boostreg.arrays import Array
from boostreg.baselines import (
    DEFAULT_BASELINES,
    available_baselines,
    extra_packages,
    why_lacking,
)
from boostreg.data import (
    Table,
    data_card,
    make_splits,
    named_signs,
    prepare_table,
    read_source,
    with_class_weights,
)
from boostreg.effects.importance import design_penalties, design_shares
from boostreg.effects.paths import PathPoint, path_points
from boostreg.engines.columns import rank_notes
from boostreg.engines.limits import measure_facts
from boostreg.errors import DataError, StudyError
from boostreg.fits.dataset import Dataset
from boostreg.fits.fit import Fit, derive_seed
from boostreg.fits.work import BaselineWork, ReferenceWork
from boostreg.losses import LOSS_NAMES, Objective
from boostreg.penalty import Penalty, Range, Space
from boostreg.penalty.linter import Facts, LintFinding, edge_findings, lint
from boostreg.study.claim_checks import check_claims, check_paths, claims_left_out
from boostreg.study.load import Study, check_baselines, check_engines, without_effect
from boostreg.study.path_grids import (
    Grids,
    engine_grids,
    left_out,
    not_split,
    path_names,
)
from boostreg.study.run import as_a_run_leaves, read_results
from boostreg.study.spec import Folds, StudySpec
from boostreg.tuning import Proposer, Tuning
from boostreg.tuning.engine_space import EngineSpace, engine_space
from boostreg.tuning.measuring import FitSettings

__all__ = ["Plan", "outline"]

MOST_FOLDS = 20_000
"""Folds of a study over both levels: each is fitted by every trial."""
MOST_FOLD_ROWS = 10**9
"""Rows over all folds; their numbers alone take 8 bytes each."""
PICKS = ("best", "one_se")


def _read_table(study: Study) -> Table:
    data = study.spec.data
    with study.at("data"):
        frame = read_source(data.source, base=study.base, reading=data.reading)
        table = prepare_table(
            frame,
            target=data.target,
            task=data.task,
            drop=data.drop,
            groups=data.groups,
            time=data.time,
            weights=data.weights,
            reading=data.reading,
        )
    with study.at("data", "class_weights"):
        return with_class_weights(table, data.class_weights)


def _refuse_many_folds(spec: StudySpec, n_rows: int) -> None:
    """Raise StudyError if the folds alone would take minutes, or all memory."""
    outer, inner = (
        level.folds * level.repeats if isinstance(level, Folds) else 1
        for level in (spec.validation.outer, spec.validation.inner)
    )
    n_folds = outer + (outer + 1) * inner
    most = min(MOST_FOLDS, MOST_FOLD_ROWS // n_rows)
    if n_folds > most:
        raise StudyError(
            f"{outer:,} outer folds with {inner:,} inner folds each, and as many on "
            f"all rows, are {n_folds:,} folds; at most {most:,} can be made of "
            f"{n_rows:,} rows. Take fewer folds or repeats."
        )


def _with_paths(
    spec: StudySpec, spaces: Mapping[str, EngineSpace], grids: Grids
) -> StudySpec:
    """Return the study with the penalties named whose paths are measured."""
    taken = {name for own in grids.values() for name in own}
    ranges = {engine: own.ranges for engine, own in spaces.items()}
    names = tuple(name for name in path_names(spec, ranges) if name in taken)
    paths = spec.paths.model_copy(update={"penalties": names})
    return spec.model_copy(update={"paths": paths})


class Plan:
    """A study whose data are read and checked.

    Attributes
    ----------
    spec : StudySpec
        The study's, with every penalty named that has a path.
    table : Table
    objective : Objective
    splits : Splits
    dataset : Dataset
    space : Space
        As the study has it.
    spaces : dict of str to EngineSpace
        What each engine searches of it.
    grids : Grids
        Values of the paths, without penalties that an engine does not take.

    Raises
    ------
    DataError
        If the data do not fit the study.
    StudyError
        If it asks for more folds than can be made, or for what its objective lacks.
    UnsupportedPenaltyError
        If an engine cannot mean what the study asks of it.
    """

    def __init__(self, study: Study) -> None:
        self.spec = spec = study.spec
        self.table = _read_table(study)
        with study.at("data", "objective"):
            self.objective = Objective.for_task(
                self.table.task, len(self.table.classes), spec.data.objective
            )
            self.objective.check_target(self.table.y)
        with study.at("baselines"):
            check_baselines(self.baseline_names, self.objective)
        with study.at("claims"):
            check_claims(spec, self.objective.name)
        with study.at("validation"):
            _refuse_many_folds(spec, self.table.n_samples)
            self.splits = make_splits(
                self.table,
                outer=spec.validation.outer.as_dict(),
                inner=spec.validation.inner.as_dict(),
                seed=spec.seed,
            )
        with study.at("data"):
            signs = named_signs(self.table.columns, spec.data.monotone)
            self.dataset = Dataset(self.table, self.splits, self.objective, signs)
            problem = self.dataset.problem(None, None)
        self.space = spec.search.space
        self.spaces = {
            engine: engine_space(engine, self.space, spec.search.fixed, problem)
            for engine in spec.engines
        }
        with study.at("search"):
            check_engines(self.space, self.spaces, problem)
        with study.at("paths", "penalties"):
            self.grids = engine_grids(spec, self.space, self.spaces, problem)
        with study.at("claims"):
            check_paths(spec, self.grids)
        self.spec = _with_paths(spec, self.spaces, self.grids)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what is asked for and not done."""
        names = self.spec.paths.penalties or ()
        left = (*left_out(names, self.grids), *claims_left_out(self.spec, self.grids))
        problem = self.dataset.problem(None, None)
        split = not_split(names, self._base(self.spec.engines[0]), problem)
        searches = [note for own in self.spaces.values() for note in own.notes]
        float32 = rank_notes(self.table, self.spec.engines)
        said = (*without_effect(self.spec), *self._without, *searches, *float32)
        return (*said, *left, *split)

    @property
    def baseline_names(self) -> tuple[str, ...]:
        """Baselines of the study; of our default ones those that the objective has."""
        names = self.spec.baselines
        if names != DEFAULT_BASELINES:
            return names
        known = available_baselines(self.objective)
        return tuple(name for name in names if name in known)

    @property
    def _without(self) -> tuple[str, ...]:
        """Return a sentence on our default baselines that the objective has not."""
        lacking = [n for n in self.spec.baselines if n not in self.baseline_names]
        if not lacking:
            return ()
        name = LOSS_NAMES[self.objective.name]
        reason = why_lacking(lacking[0], self.objective)
        return (f"No baseline {' or '.join(lacking)} for {name}: {reason}.",)

    @property
    def outer_folds(self) -> range:
        """Numbers of the outer folds."""
        return range(self.splits.n_outer)

    @property
    def limits(self) -> FitSettings:
        """What is the same for every fit."""
        return FitSettings(
            n_inner=self.splits.n_inner,
            n_rounds=self.spec.rounds.max,
            patience=self.spec.rounds.patience,
            seed=self.spec.seed,
            threads=self.spec.compute.threads,
        )

    @property
    def inner_folds(self) -> int:
        """Folds of one repeat of the inner cross-validation."""
        return self.spec.validation.inner.folds

    def test_weights(self, outer: int) -> Array | None:
        """Return the row weights of an outer fold's test rows."""
        weights = self.table.weights
        return None if weights is None else weights[self.splits.outer[outer].test]

    def card(self) -> dict[str, Any]:
        """Return the data card, with what is minimised."""
        return data_card(self.table, self.spec.data.source) | {
            "objective": self.objective.name,
            "objective_parameter": self.objective.parameter,
            "loss": LOSS_NAMES[self.objective.name],
            "class_labels": list(self.table.labels),
        }

    def tuning(self, engine: str, outer: int | None) -> Tuning:
        """Return the search of one engine within one outer fold, or on all rows."""
        search = self.spec.search
        return Tuning(
            engine=engine,
            outer=outer,
            proposer=Proposer(
                space=self.ranges(engine),
                fixed=self.spaces[engine].fixed,
                scale=search.scale,
                sampler=search.sampler,
                seed=derive_seed(self.spec.seed, "search", engine, outer),
                in_flight=search.in_flight,
                n_trials=search.trials,
                guessed=True,
            ),
            limits=self.limits,
            racing="moderated" if search.racing else None,
        )

    def refit(
        self, engine: str, outer: int | None, penalty: Penalty, n_rounds: int
    ) -> Fit:
        """Return the fit of a chosen candidate on all training rows of a fold."""
        return Fit(
            outer=outer,
            inner=None,
            engine=engine,
            penalty=penalty,
            n_rounds=n_rounds,
            patience=None,
            seed=derive_seed(self.spec.seed, "fit", outer, None),
            threads=self.limits.threads,
        )

    def references(self) -> list[ReferenceWork]:
        """Return the libraries' untouched wrappers, one an engine and outer fold."""
        return [
            ReferenceWork(
                outer,
                engine,
                derive_seed(self.spec.seed, "fit", outer, None),
                self.limits.threads,
            )
            for engine in self.spec.engines
            for outer in self.outer_folds
        ]

    @property
    def extra_packages(self) -> tuple[str, ...]:
        """Packages that not every study needs, and this one's results depend on."""
        named = [extra_packages(name) for name in self.baseline_names]
        return tuple(dict.fromkeys(chain.from_iterable(named)))

    def baselines(self) -> list[BaselineWork]:
        """Return the baselines on every outer fold and on all rows."""
        return [
            BaselineWork(outer, name, self.spec.seed)
            for name in self.baseline_names
            for outer in (*self.outer_folds, None)
        ]

    def paths(self) -> list[PathPoint]:
        """Return the points of all paths, all else at the study's fixed values."""
        return [
            point
            for engine in self.spec.engines
            for point in path_points(engine, self._base(engine), self.grids[engine])
        ]

    def _base(self, engine: str) -> Penalty:
        fixed: dict[str, Any] = dict(self.spaces[engine].fixed)
        return Penalty(**fixed, scale=self.spec.search.scale)

    def paths_around(self, engine: str, base: Penalty) -> list[PathPoint]:
        """Return the points of one engine's paths, all else at a tuned penalty."""
        return path_points(engine, base, self.grids[engine], anchor="tuned")

    def design(self, engine: str) -> tuple[Array, list[Penalty]]:
        """Return points that fill an engine's space: their shares and penalties."""
        ranges, search = self.ranges(engine), self.spec.search
        if not ranges:
            return np.empty((0, 0)), []
        seed = derive_seed(self.spec.seed, "effects", engine)
        shares = design_shares(len(ranges), self.spec.effects.points, seed)
        fixed = self.spaces[engine].fixed
        return shares, design_penalties(ranges, shares, fixed, search.scale)

    def ranges(self, engine: str) -> dict[str, Range]:
        """Return what is searched with an engine."""
        return dict(self.spaces[engine].ranges)

    def lint(self) -> tuple[LintFinding, ...]:
        """Return what the linter says of the search, from the least training rows."""
        search, engines = self.spec.search, self.spec.engines
        return lint(self._searched, search.fixed, engines=engines, facts=self._facts)

    @property
    def _searched(self) -> Space:
        """The space less what was left out: common ranges are those of every engine."""
        own = [set(one.ranges) for one in self.spaces.values()]
        common = {
            n: r for n, r in self.space.entries.items() if n in set.intersection(*own)
        }
        rest = {
            engine: {n: r for n, r in one.ranges.items() if common.get(n) != r}
            for engine, one in self.spaces.items()
        }
        return Space(common, rest, self.space.fixed)

    @cached_property
    def _facts(self) -> Facts:
        parts = [
            (outer, inner)
            for outer in (*self.outer_folds, None)
            for inner in range(self.splits.n_inner)
        ]
        smallest = min(parts, key=lambda part: len(self.splits.rows(*part)[0]))
        return measure_facts(
            self.dataset.problem(*smallest),
            n_rounds=self.spec.rounds.max,
            scale=self.spec.search.scale,
        )

    def edge_findings(self, folder: Path) -> tuple[LintFinding | str, ...]:
        """Return where ranges end too early, by a finished run on the same data.

        Results that cannot be read count as none, which a sentence says.
        """
        if not (folder / "results.json").exists():
            return ()
        try:
            return self._edge_findings(folder)
        except DataError as error:
            return (f"the results of a former run are passed over: {error}",)

    def _edge_findings(self, folder: Path) -> tuple[LintFinding, ...]:
        former = read_results(folder)
        if former["data"]["fingerprint"] != self.table.fingerprint:
            return ()
        facts = self._facts
        with as_a_run_leaves(folder):
            return edge_findings(
                former,
                self._searched,
                engines=self.spec.engines,
                scale=self.spec.search.scale,
                facts=facts,
            )


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
