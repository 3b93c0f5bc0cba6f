"""The result of ``tune``: the selected candidates, the front, and all trials."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from html import escape
from os import PathLike
from pathlib import Path
from pprint import pformat
from typing import TYPE_CHECKING, Any, Self

from boostreg.arrays import Array
from boostreg.changes import TOLERANCE
from boostreg.engines import Problem, get_engine, growing_until
from boostreg.errors import BoostregError, StudyError, reason
from boostreg.estimators import BoostedClassifier, BoostedRegressor
from boostreg.figures import Cloud, Figure, Landmark, size_against_loss
from boostreg.figures.figure import notebook_html, notebook_page, notebook_table
from boostreg.fits.dataset import Dataset
from boostreg.losses import LOSS_NAMES
from boostreg.penalty import Penalty
from boostreg.tuning.acting import ActingJob, Reduced
from boostreg.tuning.purpose import Purpose, best_under, knee, measure_speed
from boostreg.tuning.search import Tuning
from boostreg.tuning.selection import Candidate, Selection, TrialCurves, select
from boostreg.tuning.trial import Trial, trial_row

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Pick", "Tuned", "result_of"]

_SHOWN = ("trial", "n_rounds", "loss", "loss_se", "n_leaves")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Pick:
    """A trial cut at a number of rounds, ready to use.

    Attributes
    ----------
    engine : str
        Engine of the trial.
    penalty : Penalty
        In the scale of the search.
    trial, n_rounds : int
        Number of the trial, and rounds at which it is cut.
    loss, loss_se : float
        Mean over the folds that selected it, and its standard error.
    n_leaves : float
        Leaves of all trees together, mean over folds.
    acting : tuple of str or None
        Searched penalties that act, with capacity and learning rate; the others are at
        their weakest value in ``penalty``. None if that was not tested: only ``best``
        and ``one_se`` are.
    """

    engine: str
    penalty: Penalty
    trial: int
    n_rounds: int
    loss: float
    loss_se: float
    n_leaves: float
    acting: tuple[str, ...] | None = None
    _problem: Problem = field(repr=False, compare=False)

    def params(self, engine: str | None = None) -> dict[str, Any]:
        """Return a library's own parameters, for its scikit-learn wrapper.

        Values are raw, for all rows of the table, and ``n_rounds`` is among them.
        With category columns, XGBoost's have ``enable_categorical``. See the notes of
        ``Penalty.params`` for where the library's model differs from ``estimator()``.

        Parameters
        ----------
        engine : str, optional
            Default: the engine of the trial.

        Raises
        ------
        UnsupportedPenaltyError
            If that library has no counterpart of a penalty.
        """
        library = get_engine(engine or self.engine)
        params = library.wrapper_params(self.penalty, self._problem)
        return params | {library.facts.wrapper.rounds: self.n_rounds}

    def estimator(self) -> BoostedRegressor | BoostedClassifier:
        """Return an unfitted estimator of boostreg with these settings.

        Its ``random_state`` is 0, so that sampling of rows and columns is repeatable.

        Raises
        ------
        StudyError
            If ``n_rounds`` is 0, because no tree improved on the intercept.
        """
        if self.n_rounds == 0:
            raise StudyError(
                "This pick has 0 rounds: no tree improved on the intercept, so there "
                "is nothing to fit."
            )
        objective = self._problem.objective
        given: Any = objective.name
        if objective.parameter is not None:
            given = {objective.name: objective.parameter}
        kind = BoostedClassifier if objective.n_classes else BoostedRegressor
        settings: dict[str, Any] = {"objective": given, **asdict(self.penalty)}
        settings |= {"engine": self.engine, "n_estimators": self.n_rounds}
        return kind(**settings, random_state=0)

    def __repr__(self) -> str:
        return f"Pick of {self.engine}: {self._measured}\n  {self.penalty!r}"

    def _repr_html_(self) -> str:
        caption = f"<p>Pick of {self.engine}: {self._measured}</p>"
        return caption + self.penalty._repr_html_()

    @property
    def _measured(self) -> str:
        return (
            f"loss {self.loss:.6g}, {self.n_leaves:,.0f} leaves, "
            f"{self.n_rounds} rounds, trial {self.trial}"
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tuned:
    """A finished search.

    Attributes
    ----------
    engine : str
        Engine of the search, or ``auto`` if there are several; picks name theirs.
    loss_name : str
        Name of the minimised loss.
    selection : Selection
        Its ``best`` and ``one_se`` are without the penalties that do not act.
    was_cut : bool
        Whether a timeout ended a part of the search, so that it is not reproducible.
    notes : tuple of str
        The task, if it was inferred; what was removed from the search, or ended early,
        and why.
    tolerance : float
        The relative change of loss that does not matter.
    best_estimator_ : BoostedRegressor, BoostedClassifier or None
        Estimator of ``best``, fitted on all rows. None if ``best`` has no rounds, or if
        the fit failed (see ``notes``).
    """

    engine: str
    loss_name: str
    selection: Selection
    was_cut: bool
    notes: tuple[str, ...]
    tolerance: float
    _engines: tuple[str, ...]
    _trials: tuple[Trial, ...]
    _problem: Problem
    _reduced: Mapping[str, Reduced] = field(default_factory=dict)
    best_estimator_: BoostedRegressor | BoostedClassifier | None = None

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        offset: Any = None,
        until: float = math.inf,
    ) -> Self:
        """Return the result with ``best_estimator_`` fitted on these rows.

        The result itself does not change. ``tune`` has already fitted it on its rows.

        Parameters
        ----------
        X, y, sample_weight, offset
            As in ``tune``.
        until : float
            Moment of ``time.monotonic`` after which no round is added.
        """
        best = self.best
        if best.n_rounds == 0:
            return self
        model, notes = best.estimator(), self.notes
        try:
            with growing_until(until):
                model.fit(X, y, sample_weight=sample_weight, offset=offset)
        except BoostregError as error:  # the search is worth more than its last fit
            return replace(self, notes=(*notes, f"The last fit failed: {error}"))
        if model.n_rounds_ < best.n_rounds:
            reached = f"{model.n_rounds_} of {best.n_rounds} rounds"
            notes += (f"The timeout stopped the last fit at {reached}.",)
        return replace(self, best_estimator_=model, notes=notes)

    def predict(self, X: Any, *, offset: Any = None) -> "NDArray[Any]":
        """Return the predictions of ``best_estimator_``: means, or classes.

        Means need an ``offset`` if the search had one, see ``BoostedRegressor``.

        Raises
        ------
        StudyError
            If there is none, because no tree improved on the intercept.
        """
        return self._estimator().predict(X, offset=offset)

    def predict_proba(self, X: Any) -> Array:
        """Return the probabilities (n_samples, n_classes) of ``best_estimator_``.

        Raises
        ------
        StudyError
            As ``predict``, and if the target is not a class.
        """
        model = self._estimator()
        if not isinstance(model, BoostedClassifier):
            raise StudyError("predict_proba needs a target with classes.")
        return model.predict_proba(X)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write ``best_estimator_`` in its library's own format; return the path.

        See ``BoostedRegressor.save_model``; ``load_model`` reads it.

        Raises
        ------
        StudyError
            As ``predict``.
        ModelError
            If the folder does not exist.
        """
        return self._estimator().save_model(path)

    def report(self, path: str | PathLike[str]) -> Path:
        """Write the search as an HTML page in one file; return its path.

        It has what a notebook shows, the notes, the parameters of ``best`` and
        ``one_se`` in their library, and the front. A study's report states more, and
        losses on rows that the search did not see.

        Raises
        ------
        StudyError
            If the file cannot be written.
        """
        names = ("best", "one_se", "smallest", "knee")
        picks: dict[str, Pick] = {name: getattr(self, name) for name in names}
        rows = {name: [pick.engine, *_cells(pick)] for name, pick in picks.items()}
        trials = self._by_number
        front = {
            f"{place}": [trials[one.trial].engine, *_cells(one)]
            for place, one in enumerate(self.selection.front, start=1)
        }
        parts: list[str | Figure] = [
            notebook_table("Picks", ("engine", *_SHOWN), rows),
            self.figure(),
            "".join(f"<p>{escape(note)}</p>" for note in self.notes),
        ]
        for name in ("best", "one_se"):
            code = pformat(picks[name].params(), sort_dicts=False)
            parts.append(
                f"<h2>{name}</h2>{picks[name].penalty._repr_html_()}"
                f"<p>For the scikit-learn interface of its library:</p>"
                f"<pre>{escape(code)}</pre>"
            )
        parts.append(notebook_table("The front", ("engine", *_SHOWN), front))
        page = notebook_page(f"Search of {self._caption}", *parts)
        try:
            Path(path).write_text(page, encoding="utf-8", newline="\n")
        except OSError as error:
            raise StudyError(
                f"{path} could not be written: {reason(error)}."
            ) from error
        return Path(path)

    def _estimator(self) -> BoostedRegressor | BoostedClassifier:
        if self.best_estimator_ is None:
            why = "best has 0 rounds" if not self.best.n_rounds else self.notes[-1]
            raise StudyError(f"There is no best_estimator_ to predict with: {why}.")
        return self.best_estimator_

    @property
    def best(self) -> Pick:
        """The candidate with the lowest loss, without penalties that do not act."""
        return self._selected("best")

    @property
    def one_se(self) -> Pick:
        """The fewest leaves within one fold-paired standard error of the best.

        Without the penalties that do not act.
        """
        return self._selected("one_se")

    @property
    def smallest(self) -> Pick:
        """The fewest leaves whose loss exceeds the lowest by at most the tolerance.

        It compares mean losses on the folds that selected the best; a study judges the
        two on other rows.
        """
        front = self.selection.front
        highest = min(one.loss for one in front) * (1 + self.tolerance)
        within = [one for one in front if one.loss <= highest]
        return self._pick(min(within, key=lambda one: one.n_leaves))

    @property
    def pareto(self) -> "pd.DataFrame":
        """The Pareto front of leaves and loss, by increasing leaves.

        One row per candidate: ``engine``, ``trial``, ``n_rounds``, ``loss``,
        ``loss_se``, ``n_leaves``, then its penalties. ``select(max_leaves=...)``
        returns one of them as a pick.
        """
        import pandas as pd

        trials = self._by_number
        return pd.DataFrame(
            [
                {"engine": trials[one.trial].engine}
                | {key: getattr(one, key) for key in _SHOWN}
                | trials[one.trial].penalty.as_dict()
                for one in self.selection.front
            ]
        )

    @property
    def trials(self) -> "pd.DataFrame":
        """One row per trial, with the columns of a study's ``trials.csv``."""
        import pandas as pd

        return pd.DataFrame([trial_row(trial) for trial in self._trials])

    @property
    def knee(self) -> Pick:
        """The knee of the front, beyond which further leaves help little."""
        return self._pick(knee(self.selection.front))

    def select(
        self,
        *,
        max_leaves: float = math.inf,
        max_bytes: float = math.inf,
        max_microseconds: float = math.inf,
    ) -> Pick:
        """Return the candidate with the lowest loss within limits, without refitting.

        Without a limit that is ``best``.

        Parameters
        ----------
        max_leaves : float
            Leaves of all trees together.
        max_bytes : float
            Size as packed arrays, see ``TreeSize``.
        max_microseconds : float
            Per predicted row. It is an estimate: the speed of each engine is measured
            on this machine, once, in about a second.

        Raises
        ------
        StudyError
            If a limit is not above 0.
        """
        purpose = Purpose(
            max_leaves=max_leaves,
            max_bytes=max_bytes,
            max_microseconds=max_microseconds,
        )
        limits = (max_leaves, max_bytes, max_microseconds)
        if not any(map(math.isfinite, limits)):
            return self.best
        timed = math.isfinite(max_microseconds)
        found = [
            best_under(curves, purpose, measure_speed(engine) if timed else None)
            for engine in self._engines
            if (curves := self._curves_of(engine))
        ]
        return self._pick(
            min(found, key=lambda c: (c.loss, c.n_leaves, c.n_rounds, c.trial))
        )

    def _selected(self, name: str) -> Pick:
        pick = self._pick(getattr(self.selection, name))
        found = self._reduced.get(name)
        if found is None:
            return pick
        return replace(pick, penalty=found.penalty, acting=found.acting)

    def _pick(self, chosen: Candidate) -> Pick:
        measured: dict[str, Any] = {key: getattr(chosen, key) for key in _SHOWN}
        trial = self._by_number[chosen.trial]
        return Pick(
            engine=trial.engine,
            penalty=trial.penalty,
            **measured,
            _problem=self._problem,
        )

    @property
    def _by_number(self) -> Mapping[int, Trial]:
        return {trial.number: trial for trial in self._trials}

    def _curves_of(self, engine: str) -> list[TrialCurves]:
        """Return the curves of an engine's complete trials."""
        own = (trial for trial in self._trials if trial.engine == engine)
        return [trial.curves for trial in own if trial.curves is not None]

    def __repr__(self) -> str:
        lines = [f"Tuned {self._caption}:"]
        lines += [
            f"  {name:<7}{pick._measured}"  # noqa: SLF001 - both are of this module
            for name, pick in (("best", self.best), ("one_se", self.one_se))
        ]
        return "\n".join(lines)

    @property
    def _caption(self) -> str:
        engines = " and ".join(self._engines)
        return f"{engines}, {len(self._trials)} trials, {self.loss_name}"

    def figure(self) -> Figure:
        """Return size against loss: all trials, the fronts, and both selections.

        Each engine has its own front.
        """
        marks = [
            Landmark(pick.engine, name, pick.n_leaves, pick.loss)
            for name, pick in (("one_se", self.one_se), ("best", self.best))
        ]
        clouds = []
        for engine in self._engines:
            own = [trial for trial in self._trials if trial.engine == engine]
            curves = self._curves_of(engine)
            front = select(curves).front if curves else ()
            cloud = Cloud(
                engine,
                tuple((trial.sizes["n_leaves"], trial.loss) for trial in own),
                tuple((c.n_leaves, c.loss) for c in front),
            )
            clouds.append(cloud)
        return size_against_loss(clouds, marks, loss=self.loss_name)

    def _repr_html_(self) -> str:
        rows = {
            name: _cells(pick)
            for name, pick in (("best", self.best), ("one_se", self.one_se))
        }
        table = notebook_table(self._caption, _SHOWN, rows)
        return notebook_html(table, self.figure())


def result_of(
    tuning: Tuning,
    dataset: Dataset,
    *,
    acting: ActingJob | None = None,
    was_cut: bool = False,
    notes: tuple[str, ...] = (),
) -> Tuned:
    """Return the result of a search on all rows of ``dataset``.

    Raises
    ------
    FitError
        If no trial is complete.
    """
    engines = tuple(tuning.proposers)
    return Tuned(
        engine=engines[0] if len(engines) == 1 else "auto",
        loss_name=LOSS_NAMES[dataset.objective.name],
        selection=tuning.selection if acting is None else acting.selection,
        was_cut=was_cut,
        notes=notes,
        tolerance=TOLERANCE if acting is None else acting.tolerance,
        _engines=engines,
        _trials=tuning.trials,
        _problem=dataset.problem(None, None).without_features(),
        _reduced={} if acting is None else acting.reduced,
    )


def _cells(measured: Pick | Candidate) -> list[str]:
    """Return the cells of a row with the columns ``_SHOWN``."""
    return [f"{getattr(measured, key):.6g}" for key in _SHOWN]
