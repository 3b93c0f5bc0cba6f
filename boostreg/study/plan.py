"""Plans a study: its data, folds, searches and work."""

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
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
from boostreg.baselines.inputs import count_inputs
from boostreg.changes import Judges
from boostreg.data import (
    data_card,
    named_signs,
    with_class_weights,
)
from boostreg.effects.importance import design_penalties, design_shares
from boostreg.effects.paths import PathPoint, path_points
from boostreg.engines.columns import rank_notes
from boostreg.engines.limits import measure_facts
from boostreg.errors import DataError, StudyError
from boostreg.fits.dataset import Dataset
from boostreg.fits.devices import Card
from boostreg.fits.fit import Fit, derive_seed
from boostreg.fits.work import BaselineWork, ReferenceWork
from boostreg.losses import LOSS_NAMES, Objective
from boostreg.metrics import default_metrics, metric_fault
from boostreg.penalty import Penalty, Range, Space
from boostreg.penalty.linter import Facts, LintFinding, edge_findings, lint
from boostreg.penalty.space import shipped_part
from boostreg.report.records import GIVEN
from boostreg.study.claim_checks import check_claims, check_paths, claims_left_out
from boostreg.study.faults import describe
from boostreg.study.load import (
    Study,
    check_baselines,
    check_engines,
    check_machines,
    read_table,
    without_effect,
)
from boostreg.study.path_grids import (
    engine_grids,
    left_out,
    not_split,
    path_base,
    path_names,
)
from boostreg.study.presets import PRESETS
from boostreg.study.resampling import (
    deal_rows,
    default_outer,
    default_searched,
    default_used,
)
from boostreg.study.run import damage_as_data_error, read_results
from boostreg.study.spec import Folds, Rounds, Search
from boostreg.tuning import Proposer, Tuning, first_penalties
from boostreg.tuning.engine_space import engine_space
from boostreg.tuning.measuring import FitSettings
from boostreg.tuning.proposals import portfolio

__all__ = ["Plan"]

MAX_DESIGN_VALUES = 2**27
"""Values of the design of a linear baseline, 1 GB, from which a study has none by
default."""


def _metrics(names: tuple[str, ...] | None, objective: Objective) -> tuple[str, ...]:
    """Return the scorers of a study; raise StudyError if one does not suit it."""
    if names is None:
        return default_metrics(objective)
    if (fault := metric_fault(names, objective)) is not None:
        raise StudyError.at(*fault.loc, text=describe(fault))
    return names


class Plan:
    """A study whose data are read and checked.

    Attributes
    ----------
    spec : StudySpec
        The study's, with every penalty named that has a path, the outer folds, and the
        decimal mark of a text file: rows for a model are read with the same one.
    table : Table
    objective : Objective
    splits : Splits
    dataset : Dataset
    space : Space
    spaces : dict of str to EngineSpace
        The part of the space that each engine searches.
    grids : Grids
        Values of the paths, without penalties that an engine does not support.
    cards : tuple of Card
        The CUDA devices of the fits, see ``on``.

    Raises
    ------
    DataError, StudyError, UnsupportedPenaltyError
        If the data, the objective or an engine do not match the study.
    """

    cards: tuple[Card, ...] = ()

    def __init__(self, study: Study) -> None:
        spec, data = study.spec, study.spec.data
        table, decimal = read_table(study)
        decimal = data.decimal or decimal
        with study.at("data", "class_weights"):
            self.table = with_class_weights(table, data.class_weights)
        with study.at("data", "objective"):
            self.objective = Objective.for_task(
                self.table.task, len(self.table.classes), data.objective
            )
            self.objective.check_target(self.table.y)
        with study.at("data", "offset"):
            self.table = self.objective.without_offset(self.table)
        self.baseline_names = self._supported_baselines(spec.baselines)
        with study.at("baselines"):
            check_baselines(self.baseline_names, self.objective)
        with study.at("metrics"):
            self.metrics = _metrics(spec.metrics, self.objective)
        with study.at("claims"):
            check_claims(spec, self.objective.name)
        preset = PRESETS[spec.preset]
        outer = spec.validation.outer or default_outer(self.table, preset)
        validation = spec.validation.model_copy(update={"outer": outer})
        used = data.rows or default_used(self.table, preset)
        searched = spec.search.rows or default_searched(self.table)
        with study.at("validation"):
            self.splits = deal_rows(
                self.table, validation, spec.seed, used=used, searched=searched
            )
        with study.at("compute", "machines"):
            check_machines(spec, self.objective, self.splits)
        with study.at("data"):
            signs = named_signs(self.table.columns, data.monotone)
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
        supported = {name for grids in self.grids.values() for name in grids}
        ranges = {engine: own.ranges for engine, own in self.spaces.items()}
        names = tuple(n for n in path_names(spec, ranges) if n in supported)
        paths = spec.paths.model_copy(update={"penalties": names})
        self.spec = spec.model_copy(
            update={
                "data": data.model_copy(update={"decimal": decimal, "rows": used}),
                "search": spec.search.model_copy(update={"rows": searched}),
                "paths": paths,
                "validation": validation,
                "metrics": self.metrics,
            }
        )

    def on(self, cards: tuple[Card, ...]) -> "Plan":
        """Return the plan with the CUDA devices that its fits use, none on the CPU."""
        made = copy(self)
        made.cards = cards
        return made

    @property
    def device(self) -> str:
        """The device of the fits, see ``Fit``."""
        return self.cards[0].name if self.cards else self.spec.compute.device

    @property
    def numbers(self) -> dict[str, int]:
        """The numbers that ``changed`` takes."""
        spec, outer = self.spec, self.spec.validation.outer
        return {
            "folds": outer.folds if isinstance(outer, Folds) else 1,
            "inner": spec.validation.inner.folds,
            "repeats": self.n_repeats,
            "trials": spec.search.trials,
            "points": spec.paths.points,
            "design": spec.effects.points,
        }

    def changed(self, **numbers: int) -> "Plan":
        """Return the plan with other ``numbers`` and no budget, on the same table."""
        new = self.numbers | numbers
        made, spec, outer = copy(self), self.spec, self.spec.validation.outer
        names = spec.paths.penalties if new["points"] else ()
        parts: dict[str, dict[str, Any]] = {
            "search": {"trials": new["trials"]},
            "paths": {"points": new["points"], "penalties": names},
            "effects": {"points": new["design"]},
        }
        if isinstance(outer, Folds):
            outer = Folds(folds=new["folds"], repeats=new["repeats"])
        inner = spec.validation.inner.model_copy(update={"folds": new["inner"]})
        parts["validation"] = {"outer": outer, "inner": inner}
        update = {p: getattr(spec, p).model_copy(update=k) for p, k in parts.items()}
        made.spec = spec.model_copy(update={**update, "budget": None})
        if made.spec.validation != spec.validation:
            made.splits = deal_rows(
                self.table,
                made.spec.validation,
                spec.seed,
                used=spec.data.rows,
                searched=spec.search.rows,
            )
            signs, objective = self.dataset.monotone, self.objective
            made.dataset = Dataset(self.table, made.splits, objective, signs)
            made.__dict__.pop("_facts", None)
        if new["points"] != spec.paths.points:
            problem = self.dataset.problem(None, None)
            made.grids = engine_grids(made.spec, self.space, self.spaces, problem)
        return made

    @property
    def _design_values(self) -> int:
        return self.table.n_samples * count_inputs(self.table.columns)

    def _supported_baselines(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return baselines; of the default ones only those for the objective.

        From ``MAX_DESIGN_VALUES`` on they are the mean alone.
        """
        if names != DEFAULT_BASELINES:
            return names
        if self._design_values >= MAX_DESIGN_VALUES:
            return names[:1]
        known = available_baselines(self.objective)
        return tuple(name for name in names if name in known)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what the study requests and a run does not do."""
        spec, problem = self.spec, self.dataset.problem(None, None)
        notes = [*without_effect(spec)]
        if spec.compute.machines > 1:
            notes.append(
                f"Each XGBoost fit{' on all rows' * bool(self.splits.searched)} is "
                f"trained on {spec.compute.machines} machines: another number gives "
                "other trees."
            )
        n = self.splits.n_used
        if n < self.table.n_samples:
            notes.append(
                f"The study uses {n:,} random rows of {self.table.n_samples:,}, for "
                "folds and models alike. So that all are used, set data.rows: all."
            )
        if self.splits.searched:
            seen = len(self.splits.searched[None])
            notes.append(
                f"Searches, paths and linear strengths see {seen:,} of {n:,} rows. The "
                f"chosen models are trained on all {n:,}, with as many rounds as they "
                "need. So that a search sees them all, set search.rows: all."
            )
        if spec.search.trials <= GIVEN and not spec.claims:
            notes.append(
                f"search.trials of {spec.search.trials} searches nothing: the first "
                f"{GIVEN} trials are no penalty and the default penalties."
            )
        lacking = [n for n in spec.baselines if n not in self.baseline_names]
        if lacking and self._design_values >= MAX_DESIGN_VALUES:
            notes.append(
                f"The only baseline is the mean: a linear model would have "
                f"{self._design_values:,} values, one per row and input, with an input "
                "per category, and a copy for every inner fold. To fit one anyway, "
                "name it, such as baselines: [mean, ridge]."
            )
        elif lacking:
            loss = LOSS_NAMES[self.objective.name]
            why = why_lacking(lacking[0], self.objective)
            notes.append(f"No baseline {' or '.join(lacking)} for {loss}: {why}.")
        for own in self.spaces.values():
            notes += own.notes
        notes += rank_notes(self.table, spec.engines)
        names = spec.paths.penalties or ()
        notes += left_out(names, self.grids)
        notes += claims_left_out(spec, self.grids)
        notes += not_split(names, self._base(spec.engines[0]), problem)
        return tuple(notes)

    @property
    def outer_folds(self) -> range:
        """Numbers of the outer folds."""
        return range(self.splits.n_outer)

    @property
    def n_repeats(self) -> int:
        """Repeats of the outer folds; those of one repeat are neighbours."""
        outer = self.spec.validation.outer
        return outer.repeats if isinstance(outer, Folds) else 1

    @property
    def first_outer_folds(self) -> range:
        """Numbers of the outer folds of the first repeat."""
        return range(self.splits.n_outer // self.n_repeats)

    def judges(self, folds: range, *, searched: bool = False) -> Judges:
        """Return the test rows of outer folds, of whole repeats.

        They judge models of all training rows, or of those that a search sees.
        """
        ratio = self.splits.outer_ratio
        if searched:
            ratio = self.splits.searched_ratio(range(self.splits.n_outer))
        return Judges(
            rows=tuple(self.splits.outer[fold].test for fold in folds),
            weights=tuple(map(self.test_weights, folds)),
            groups=self.table.groups,
            forward=self.table.time is not None,
            ratio=ratio,
            repeats=self.n_repeats * len(folds) // self.splits.n_outer,
        )

    @property
    def limits(self) -> FitSettings:
        """The settings that all fits of a search share."""
        return FitSettings(
            n_inner=self.splits.n_inner,
            n_rounds=self.spec.rounds.max,
            patience=self.spec.rounds.patience,
            seed=self.spec.seed,
            threads=self.spec.compute.threads,
            machines=1 if self.splits.searched else self.spec.compute.machines,
            device=self.device,
        )

    @property
    def inner_ratio(self) -> float:
        """Test rows per training row of the inner folds, for corrected intervals."""
        return 1 / (self.spec.validation.inner.folds - 1)

    def test_weights(self, outer: int) -> Array | None:
        """Return the row weights of an outer fold's test rows."""
        weights = self.table.weights
        return None if weights is None else weights[self.splits.outer[outer].test]

    def row_losses(self, outer: int, raw: Array) -> Array:
        """Return the losses of an outer fold's test rows from their raw scores."""
        y: Array = self.table.y[self.splits.outer[outer].test]
        return self.objective.row_losses(y, raw)

    def card(self) -> dict[str, Any]:
        """Return the data card, with the objective."""
        return data_card(self.table, self.spec.data.source) | {
            "objective": self.objective.name,
            "objective_parameter": self.objective.parameter,
            "loss": LOSS_NAMES[self.objective.name],
            "class_labels": list(self.table.labels),
        }

    def tuning(self, engine: str, outer: int | None) -> Tuning:
        """Return the search of one engine within one outer fold, or on all rows."""
        search, ranges = self.spec.search, self.ranges(engine)
        fixed = self.spaces[engine].fixed
        typical = portfolio(ranges, fixed, search.scale)
        # The page compares with the first trial, which has no penalty.
        first = dict.fromkeys((*first_penalties(fixed, search.scale), *typical))
        proposer = Proposer(
            space=ranges,
            fixed=fixed,
            scale=search.scale,
            sampler=search.sampler,
            seed=derive_seed(self.spec.seed, "search", engine, outer),
            in_flight=search.in_flight,
            n_trials=search.trials,
            guessed=not typical,
            first=tuple(first),
        )
        return Tuning(
            outer=outer,
            proposers={engine: proposer},
            limits=self.limits,
            racing="moderated" if search.racing else None,
        )

    def refit(
        self,
        engine: str,
        outer: int | None,
        penalty: Penalty,
        n_rounds: int,
        *,
        searched: bool = False,
    ) -> Fit:
        """Return a fit on the training rows of a fold, or on those a search sees."""
        is_part = searched and bool(self.splits.searched)
        return Fit(
            outer=outer,
            inner="searched" if is_part else None,
            engine=engine,
            penalty=penalty,
            n_rounds=n_rounds,
            patience=None,
            seed=derive_seed(self.spec.seed, "fit", outer, None),
            threads=self.limits.threads,
            machines=1 if is_part else self.spec.compute.machines,
            device=self.device,
        )

    def rounds_fit(self, engine: str, outer: int | None, penalty: Penalty) -> Fit:
        """Return a fit that finds the rounds of a candidate on all training rows."""
        fit = self.refit(engine, outer, penalty, self.spec.rounds.max)
        return replace(fit, inner="rounds", patience=self.spec.rounds.patience)

    def references(self) -> list[ReferenceWork]:
        """Return the libraries' default models, one per engine and outer fold."""
        return [
            ReferenceWork(
                outer,
                engine,
                derive_seed(self.spec.seed, "fit", outer, None),
                self.limits.threads,
                self.spec.compute.machines,
                self.device,
            )
            for engine in self.spec.engines
            for outer in self.outer_folds
        ]

    @property
    def extra_packages(self) -> tuple[str, ...]:
        """Optional packages on which the results of this study depend."""
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
        """Return the points of all paths around the anchor ``fixed``."""
        return [
            point
            for engine in self.spec.engines
            for point in path_points(engine, self._base(engine), self.grids[engine])
        ]

    def _base(self, engine: str) -> Penalty:
        return path_base(self.spaces[engine], self.spec.search.scale)

    def paths_around(self, engine: str, bases: Sequence[Penalty]) -> list[PathPoint]:
        """Return the points of one engine's paths around what each outer fold chose."""
        return path_points(engine, bases, self.grids[engine], anchor="tuned")

    def design(self, engine: str) -> tuple[Array, list[Penalty]]:
        """Return a design that fills an engine's space: shares and penalties."""
        ranges, search = self.ranges(engine), self.spec.search
        if not ranges:
            return np.empty((0, 0)), []
        seed = derive_seed(self.spec.seed, "effects", engine)
        shares = design_shares(len(ranges), self.spec.effects.points, seed)
        fixed = self.spaces[engine].fixed
        return shares, design_penalties(ranges, shares, fixed, search.scale)

    def ranges(self, engine: str) -> dict[str, Range]:
        """Return the search ranges of an engine."""
        return dict(self.spaces[engine].ranges)

    def lint(self) -> tuple[LintFinding, ...]:
        """Return the linter's findings on the search, on the smallest inner fold.

        What it also finds without the ranges, values and rounds that the study writes
        itself is left out, because nobody chose it here.
        """
        search, engines, facts = self.spec.search, self.spec.engines, self._facts
        found = lint(self._searched, search.fixed, engines=engines, facts=facts)
        if not found:
            return ()
        unset = Search(scale=search.scale).fixed
        given = {n: v for n, v in search.fixed.items() if unset.get(n) == v}
        rounds = max(facts.n_rounds, Rounds().max)
        chosen = lint(
            shipped_part(self._searched),
            given,
            engines=engines,
            facts=replace(facts, n_rounds=rounds),
        )
        return tuple(one for one in found if one not in chosen)

    @property
    def _searched(self) -> Space:
        """The space without what was left out; common are the ranges of all engines."""
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
        """Return where ranges are too narrow, by a finished run on the same data.

        If its results cannot be read, a sentence says so.
        """
        if not (folder / "results.json").exists():
            return ()
        try:
            previous = read_results(folder)
            if previous["data"]["fingerprint"] != self.table.fingerprint:
                return ()
            facts = self._facts
            with damage_as_data_error(folder):
                found, chosen = (
                    edge_findings(
                        previous,
                        space,
                        engines=self.spec.engines,
                        scale=self.spec.search.scale,
                        facts=facts,
                    )
                    for space in (self._searched, shipped_part(self._searched))
                )
                return tuple(one for one in found if one not in chosen)
        except DataError as error:
            return (f"the results of an earlier run are ignored: {error}",)
