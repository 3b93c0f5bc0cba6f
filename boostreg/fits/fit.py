"""A fit: the unit of work, of caching and of parallelism."""

import hashlib
import json
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostreg.arrays import Array
from boostreg.data import Inner
from boostreg.engines import Growth, Training, get_engine
from boostreg.engines.collective import member
from boostreg.errors import FitError
from boostreg.fits.dataset import Dataset
from boostreg.penalty import Penalty
from boostreg.record import decode_record, encode_record
from boostreg.trees import SizeCurves

__all__ = [
    "CutError",
    "Fit",
    "FitResult",
    "TimeLimit",
    "derive_seed",
    "digest",
    "grow",
    "library_device",
    "run_fit",
]

_ARRAYS = ("valid_loss", "train_loss", "row_losses")


def digest(content: Mapping[str, object]) -> str:
    """Return the SHA-256 of a JSON-ready mapping, the same in every process."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def library_device(device: str) -> str:
    """Return a library's name, ``cpu`` or ``cuda``, of the device of a fit."""
    return "cpu" if device == "cpu" else "cuda"


def derive_seed(seed: int, *purpose: object) -> int:
    """Return a seed below 2**31 for one purpose of a study.

    >>> derive_seed(0, "fit", 1) == derive_seed(0, "fit", 1) != derive_seed(0, "fit", 2)
    True
    """
    text = ":".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) >> 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One training of one penalty on one training part.

    Attributes
    ----------
    outer : int or None
        Outer fold; None for all rows.
    inner : int, {"searched", "rounds"} or None
        Inner fold, or other rows of the outer fold (``boostreg.data.Inner``); None to
        train on its whole training part and measure on its test rows.
    engine : str
        ``"xgboost"``, ``"lightgbm"``.
    penalty : Penalty
        In any scale; made raw with the units of the fit's own training rows.
    n_rounds : int
        Maximum number of boosting rounds.
    patience : int or None
        Rounds without improvement after which the fit stops; None for no early stop.
    seed : int
        Of row and column sampling.
    threads : int
        Threads of the library, part of what determines the result.
    machines : int
        Number of processes that each hold a share of the rows and grow the same trees,
        part of what determines the result.
    device : str
        ``"cpu"``, or a model of CUDA devices, as ``"cuda"`` if it is not known. Part of
        what determines the result.
    """

    outer: int | None
    inner: Inner
    engine: str
    penalty: Penalty
    n_rounds: int
    patience: int | None
    seed: int
    threads: int = 1
    machines: int = 1
    device: str = "cpu"

    def key(self, rows: str, versions: Mapping[str, str]) -> str:
        """Return the hash of all that determines the result.

        ``rows`` is the fingerprint of the data and of the rows of this fit's split;
        the numbers of its folds do not matter.
        """
        content = asdict(self) | {"rows": rows, "versions": dict(versions)}
        del content["outer"], content["inner"]
        if self.machines == 1:  # the key of journals without this field
            del content["machines"]
        if self.device == "cpu":
            del content["device"]
        content["judged_by_row"] = self.judged_by_row
        return digest({"fit": content})

    @property
    def judged_by_row(self) -> bool:
        """Whether it is measured on the test rows of an outer fold."""
        return self.inner is None or self.inner == "searched"


@dataclass(frozen=True, slots=True, kw_only=True)
class FitResult:
    """The result of a fit; entry k of a curve is the model of the first k rounds.

    Attributes
    ----------
    valid_loss, train_loss : ndarray of shape (n_rounds + 1,)
        Mean loss on validation and training rows; entry 0 is the intercept alone.
        ``valid_loss`` is empty without validation rows.
    sizes : SizeCurves
        Of the same length.
    row_losses : ndarray of shape (n_test,)
        Loss of each validation row after the last round; empty for inner folds.
    exhausted : bool
        Whether the library found no further split, so more rounds change nothing.
    seconds : float
        Time in the worker, and in the library's training alone.
    library_seconds : float
    """

    valid_loss: Array
    train_loss: Array
    sizes: SizeCurves
    row_losses: Array
    exhausted: bool
    seconds: float
    library_seconds: float

    @property
    def n_rounds(self) -> int:
        """Number of rounds grown."""
        return len(self.train_loss) - 1

    def to_bytes(self) -> bytes:
        """Return the result as a JSON header and raw little-endian arrays."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        for field in fields(SizeCurves):
            arrays[f"sizes.{field.name}"] = getattr(self.sizes, field.name)
        header = {
            "exhausted": self.exhausted,
            "seconds": self.seconds,
            "library_seconds": self.library_seconds,
            "arrays": [[n, _compact(a).dtype.str, len(a)] for n, a in arrays.items()],
        }
        body = b"".join(_compact(array).tobytes() for array in arrays.values())
        return encode_record(header, body)

    @classmethod
    def from_bytes(cls, data: bytes) -> "FitResult":
        """Return the result that ``to_bytes`` wrote, equal to the last bit."""
        header, body = decode_record(data)
        arrays: dict[str, NDArray[Any]] = {}
        offset = 0
        for name, kind, count in header["arrays"]:
            array = np.frombuffer(body, np.dtype(kind), count, offset)
            offset += array.nbytes
            arrays[name] = array.astype(
                np.int64 if array.dtype.kind == "i" else np.float64
            )
        curves = {f.name: arrays[f"sizes.{f.name}"] for f in fields(SizeCurves)}
        n = len(arrays["train_loss"])
        lengths = {len(curve) for curve in (*curves.values(), arrays["valid_loss"])}
        if n < 1 or not lengths <= {n, 0}:
            raise ValueError("the curves of a fit must have one length")
        return cls(
            sizes=SizeCurves(**curves),
            **{name: arrays[name] for name in _ARRAYS},
            exhausted=header["exhausted"],
            seconds=header["seconds"],
            library_seconds=header["library_seconds"],
        )


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """When a piece of work must stop, in seconds of ``time.monotonic``.

    This clock is the same in all processes of a machine. A limit travels with a piece
    of work, but is no part of it.

    Attributes
    ----------
    until : float
        The work stops at this moment.
    end : float
        What follows the work must end at this moment.
    follow : float
        The time that follows, as a multiple of the work's own seconds.
    """

    until: float = math.inf
    end: float = math.inf
    follow: float = 0.0

    def moment(self, started: float) -> float:
        """Return when work that started at ``started`` must stop.

        >>> TimeLimit(until=90, end=100, follow=3).moment(20)
        40.0
        """
        return min(self.until, started + (self.end - started) / (1 + self.follow))


class CutError(FitError):
    """A fit was stopped at its time limit; it did not fail.

    ``so_far`` is the result of the rounds grown until then, if it was requested.
    """

    so_far: FitResult | None = None


def _compact(array: NDArray[np.generic]) -> NDArray[np.generic]:
    whole = array.dtype.kind == "i"
    if whole and np.array_equal(array, array.astype(np.int32)):
        return array.astype("<i4")
    return array.astype("<i8" if whole else "<f8")


def grow(dataset: Dataset, fit: Fit) -> Training:
    """Return the ensemble that ``fit`` describes, with its curves.

    Raises
    ------
    CutError
        If a deadline stopped it.
    """
    training = _grow(dataset, fit)
    if training.was_cut:
        raise CutError(_CUT)
    return training


_CUT = "The fit was stopped at its time limit."


def _grow(dataset: Dataset, fit: Fit) -> Training:
    if member().size != fit.machines:
        raise FitError(
            f"A fit on {fit.machines} machines was started on {member().size}."
        )
    return get_engine(fit.engine).fit(
        dataset.bins(fit.engine, fit.outer, fit.inner, fit.threads),
        fit.penalty,
        Growth(
            n_rounds=fit.n_rounds,
            patience=fit.patience,
            seed=fit.seed,
            threads=fit.threads,
            device=library_device(fit.device),
        ),
    )


def run_fit(dataset: Dataset, fit: Fit) -> FitResult:
    """Return the result of ``fit`` on ``dataset``; a pure function of the two.

    Raises
    ------
    CutError
        If a deadline stopped it.
    """
    started = time.perf_counter()
    dataset.bins(fit.engine, fit.outer, fit.inner, fit.threads)
    binned = time.perf_counter()
    training = _grow(dataset, fit)
    grown = time.perf_counter()
    standard = training.model.standard
    penalty = fit.penalty.to_raw(standard.units)
    trees = get_engine(fit.engine).trees(training.model)
    row_losses = np.empty(0)
    if fit.judged_by_row and fit.outer is not None:
        _, rows = dataset.splits.rows(fit.outer, fit.inner)
        test = dataset.table.features(rows)
        raw = get_engine(fit.engine).predict_rows(training.model, test)
        row_losses = dataset.objective.row_losses(dataset.table.y[rows], raw)
    result = FitResult(
        valid_loss=training.valid_loss,
        train_loss=training.train_loss,
        sizes=trees.sizes(penalty.reg_lambda),
        row_losses=row_losses,
        exhausted=training.exhausted,
        seconds=time.perf_counter() - started,
        library_seconds=grown - binned,
    )
    if training.was_cut:
        error = CutError(_CUT)
        error.so_far = result
        raise error
    return result
