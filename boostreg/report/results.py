"""The content of ``results.json``: what a run writes, and all that pages read.

A key that is renamed here is a type error wherever a page reads it. ``None`` is what
was not measured, or a number that JSON lacks: NaN or infinity.
"""

import reprlib
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from boostreg.effects.outer import EffectWord
from boostreg.report.parts import (
    AnswerData,
    CalibrationData,
    ChangeData,
    ClaimData,
    ComparisonData,
    Count,
    FeaturesData,
    Finite,
    LossChangeData,
    MetricData,
    MetricValueData,
    Number,
    OpenPart,
    Part,
    Penalties,
    ShortAnswerData,
    SimpleModelData,
)

__all__ = [
    "BaselineData", "BaselinePointData",
    "CardData",
    "DifferenceData", "EffectData", "EffectPointData", "EngineData",
    "ImportanceData",
    "IncumbentData", "LintData", "MechanismPointData",
    "OuterData", "PathData", "PenaltyData", "PickData", "PurposeData",
    "Results", "RunData", "SizeData", "StudyData", "TreeData",
    "TunedPenaltyData", "faults_of", "json_schema",
]  # fmt: skip


class CandidateData(Part):
    """A trial of the search on all rows, cut at a number of rounds."""

    trial: Count
    rounds: Count
    loss: Finite
    leaves: Finite


class PurposeData(CandidateData):
    """The candidate for a purpose; ``microseconds`` under a limit on time alone."""

    purpose: Literal["one_se", "knee", "max_leaves", "max_bytes", "max_microseconds"]
    limit: Number
    above_best: Number
    above_best_se: Number
    trees: Number
    bytes: Number
    penalty: Penalties
    microseconds: NotRequired[Number]


class RunData(Part):
    """All that depends on the clock or the machine.

    ``microseconds_per_row`` is the time that each saved model takes to predict a row,
    in batches of 1,000 rows on one thread.
    """

    started: str
    finished: str
    seconds: Finite
    workers: Count
    fits: Count
    fits_from_journal: Count
    platform: str
    select: NotRequired[dict[str, PurposeData]]
    microseconds_per_row: NotRequired[dict[str, Number]]


class HeadingsData(Part):
    """The heading of each section: its finding."""

    use: str
    setup: str
    effects: str
    front: str
    engines: str
    baselines: str
    trials: str
    importance: str
    promise: str
    shrinkage: str
    trees: str


class TextData(Part):
    """The sentences of the page.

    ``answer`` is what a terminal prints: the decision, a line per short answer of
    ``answers``, and what to do next.
    """

    answer: list[str]
    answers: list[ShortAnswerData]
    caveats: list[str]
    headings: HeadingsData
    warnings: list[str]


class ColumnData(OpenPart):
    """A column of the data card."""

    name: str
    kind: Literal["numeric", "category"]
    missing: Count
    distinct: Count


class CardData(OpenPart):
    """The data card; ``weights`` is a summary of them, ``groups`` their number."""

    source: str
    target: str | None
    task: Literal["regression", "binary", "multiclass"]
    rows: Count
    features: Count
    columns: list[ColumnData]
    weights: dict[str, Number] | None
    groups: Count | None
    time: Count | None
    fingerprint: str
    objective: str
    objective_parameter: Number
    loss: str
    class_labels: list[Any]
    notes: list[str]


class OuterData(Part):
    """Mean loss over the outer folds, its 95 % interval, and the loss of each fold."""

    loss: Number
    low: Number
    high: Number
    losses: list[Number]


class InnerData(Part):
    """What chose a candidate: means over the inner folds."""

    loss: Number
    se: Number
    leaves: Number


class SizeData(Part):
    """Counts and norms of trees, see ``TreeSize``."""

    trees: Number
    leaves: Number
    splits: Number
    depth: Number
    features: Number
    thresholds: Number
    bytes: Number
    l1_norm: Number
    l2_norm: Number
    zero_share: Number
    shrinkage: Number
    shrinkage_low: Number
    shrinkage_high: Number


class OuterFoldData(Part):
    """What was picked inside one outer fold, and its loss there."""

    outer_fold: Count
    trial: Count
    rounds: Count
    loss: Number
    train_loss: Number
    inner_loss: Number
    leaves: Finite
    penalty: Penalties


class PriorData(OpenPart):
    """A penalty as a prior on leaf weights, see ``as_prior``."""

    sentence: str


class PickData(Part):
    """A candidate of the search on all rows, and the procedure that found it.

    ``scales`` holds the penalties that have a unit, None for a scale without one.
    ``acting`` are the searched penalties without which it is not as good, with capacity
    and learning rate; the others are at their weakest value in ``penalty``.
    ``file_bytes`` is the size of the saved model.
    """

    trial: Count
    rounds: Count
    penalty: Penalties
    acting: list[str]
    scale: str
    raw: Penalties
    scales: dict[str, Penalties | None]
    prior: PriorData
    params: dict[str, Any]
    inner: InnerData
    outer: OuterData
    size: SizeData
    outer_size: SizeData
    rounds_max_reached: bool
    at_edge: list[str]
    by_outer_fold: list[OuterFoldData]
    metrics: dict[str, MetricValueData]
    file_bytes: Count


class ReferenceData(Part):
    """A model that was not tuned for loss, on the same outer folds."""

    outer: OuterData
    size: SizeData
    rounds: list[Count]
    metrics: dict[str, MetricValueData]


class GuessData(Part):
    """The prior of the unpenalised leaves, and the trials that it suggested."""

    noise: Number
    std: Number
    trials: list[dict[str, Any]]
    sentence: str


class IncumbentData(Part):
    """Best candidates of the searches at a trial, means over the outer folds.

    ``later`` is the change of outer loss by all later trials.
    """

    trial: Count
    inner: Number
    outer: Number
    later: LossChangeData


class PairShareData(Part):
    """The share of variance of two penalties beyond their own."""

    penalties: list[str]
    share: Finite


class ImportanceData(Part):
    """Shares of a measure's variance, times the quality of the surrogate."""

    quality: Number
    points: Count
    determined: bool
    main: dict[str, Number]
    interval: dict[str, list[Number]]
    pairs: list[PairShareData]
    optuna: dict[str, dict[str, Number]]


class EngineData(Part):
    """All that was found with one engine.

    ``importance`` is by measure; ``nested_gap``, by pick, is from inner to outer loss;
    ``features`` are by pick.
    """

    best: PickData
    one_se: PickData
    default: ReferenceData
    unpenalised: ReferenceData
    front: list[CandidateData]
    nested_gap: dict[str, LossChangeData]
    ties: list[Count]
    guess: GuessData | None
    purposes: list[PurposeData]
    overtuning: list[IncumbentData]
    importance: dict[str, ImportanceData]
    features: dict[str, FeaturesData]


class BaselinePointData(Part):
    """A strength of a baseline's path; ``live_units`` of a network alone."""

    strength: Finite
    loss: Number
    se: Number
    coefficients: Count
    live_units: Number
    values: dict[str, Number]


class BaselineData(Part):
    """A model that is not a boosted ensemble.

    ``coefficients`` are those that are not 0, of ``parameters``; ``strength`` and
    ``l1_ratio`` are those chosen in each outer fold.
    """

    outer: OuterData
    coefficients: Number
    inputs: Count
    parameters: Count
    linear: bool
    live_units: Number
    strength: list[Number]
    l1_ratio: list[Number]
    one_se_strength: Number
    notes: list[str]
    path: list[BaselinePointData]
    metrics: dict[str, MetricValueData]


class DifferenceData(Part):
    """A paired difference, its 95 % interval, and the p-value of it being 0."""

    difference: Number
    low: Number
    high: Number
    p: Number
    n: Count
    method: str


class RatioData(Part):
    """Leaves of model ``a`` by those of ``b``, geometric mean over outer folds."""

    a: str
    b: str
    ratio: Number
    low: Number
    high: Number
    folds: list[Number]
    method: str


class EffectPointData(SizeData):
    """Means over inner folds at one value of a penalty, and what outer folds say.

    ``judged`` is the mean loss on the outer folds, None where the value was not
    refitted. ``against_off`` compares with the first value; intervals of a path hold
    together. It is not ``rated`` where the limit on rounds ended curves, in the share
    ``cut`` of the outer folds. ``factors`` are ratios of sizes to the first value.
    """

    value: Finite
    loss: Number
    train_loss: Number
    gap: Number
    rounds: Number
    judged: Number
    against_off: LossChangeData
    rated: bool
    cut: Finite
    factors: dict[str, ChangeData]
    differences: dict[str, ChangeData]


class PathData(Part):
    """A path of one penalty: what is held around it, and where its curves are read.

    ``safe`` are the values, from the first on, that are shown to lose at most the
    tolerance; ``flat`` those within one standard error of the lowest inner loss.
    """

    anchor: str
    reading: str
    points: list[EffectPointData]
    safe: Annotated[list[Finite], Field(min_length=2, max_length=2)] | None
    flat: list[Finite]


class TunedPenaltyData(Part):
    """A penalty tuned around ``anchor``: values of the inner folds, outer losses.

    ``default`` is the library's own raw value if it is another one than ``off``;
    ``trees`` are geometric means, without the penalty and with it.
    """

    anchor: str
    word: EffectWord
    sentence: str
    off: Finite
    default: Number
    values: list[Number]
    against_off: LossChangeData
    against_default: LossChangeData | None
    factors: dict[str, ChangeData]
    trees: list[Number]
    cut: Finite


class PenaltyData(Part):
    """What a penalty does with all engines together, around ``anchor``."""

    anchor: str
    engines: list[str]
    word: EffectWord
    against_off: LossChangeData
    against_default: LossChangeData | None


class MechanismPartData(Part):
    """What a part of an effect does to each measure."""

    loss: DifferenceData
    train_loss: DifferenceData
    leaves: DifferenceData
    l1_norm: DifferenceData
    l2_norm: DifferenceData


class MechanismPointData(Part):
    """An effect at one value in two parts, and both together."""

    value: Finite
    shrinkage: MechanismPartData
    structure: MechanismPartData
    total: MechanismPartData


class TreeData(Part):
    """The first tree at one value of a penalty."""

    value: Finite
    leaves: Count
    tree: str


class EffectData(PathData):
    """What one penalty of one engine does, read where each curve stops.

    ``tuned`` judges it around ``anchor``, ``alone`` is added to the unpenalised model
    and to what ``search.fixed`` states;
    ``others`` are the same path around other values or read elsewhere. ``tuned``,
    ``alone`` and ``mechanism`` are None where they were not measured.
    """

    sentence: str
    tuned: TunedPenaltyData | None
    alone: TunedPenaltyData | None
    others: list[PathData]
    mechanism: list[MechanismPointData] | None
    trees: list[TreeData]


class LintData(Part):
    """A warning of the linter about the search."""

    code: str
    where: str
    text: str
    advice: str


class SourceData(OpenPart):
    """Where the study's data come from, and the use of columns."""

    source: str
    objective: Any
    groups: str | None
    time: str | None
    weights: str | None
    class_weights: Any


class SearchData(OpenPart):
    """What the study tries; ``space`` as the study writes it, also by engine."""

    trials: Count
    sampler: str
    storage: str | None
    scale: Literal["raw", "rows", "share"]
    fixed: Penalties
    space: dict[str, Any]


class ValidationData(OpenPart):
    """The folds of the study."""

    outer: dict[str, Number]
    inner: dict[str, Number]


class ComputeData(OpenPart):
    """What the study runs on."""

    threads: Count
    machines: NotRequired[Count]
    executor: Any
    device: NotRequired[str]


class StudyData(OpenPart):
    """The study with every default written out."""

    name: str
    title: str | None
    seed: int
    data: SourceData
    engines: list[str]
    rounds: dict[str, Number]
    search: SearchData
    tolerance: Finite
    validation: ValidationData
    compute: ComputeData


class Results(Part):
    """The content of ``results.json``.

    ``metrics`` are by scorer of scikit-learn, in the order of the study. Results that
    were written before they were measured lack what is not required.
    """

    run: RunData
    versions: dict[str, str]
    study: StudyData
    data: CardData
    text: TextData
    answer: AnswerData | None
    engines: Annotated[dict[str, EngineData], Field(min_length=1)]
    baselines: dict[str, BaselineData]
    comparisons: list[ComparisonData]
    sizes: list[RatioData]
    effects: dict[str, dict[str, EffectData]]
    penalties: dict[str, PenaltyData]
    outer_ratio: Finite
    claims: list[ClaimData]
    lint: list[LintData]
    metrics: dict[str, MetricData]
    calibration: list[CalibrationData]
    simple_model: SimpleModelData | None


_PROBLEMS = {"missing": "is missing", "extra_forbidden": "is not known"}


@cache
def _adapter() -> TypeAdapter[Results]:
    return TypeAdapter(Results)


def faults_of(results: object) -> list[str]:
    """Return where ``results`` do not match the schema, and how.

    >>> faults_of([])
    ['not a JSON object']
    >>> faults_of({"run": {}})[0]
    'run.started is missing'
    >>> faults_of({"run": {"started": 5}})[0]
    'run.started: expected a valid string, found 5'
    """
    if not isinstance(results, Mapping):
        return ["not a JSON object"]
    try:
        _adapter().validate_python(results)
    except ValidationError as error:
        return [_fault(one) for one in error.errors(include_url=False)]
    return []


def _fault(one: ErrorDetails) -> str:
    where = ".".join(map(str, one["loc"]))
    if problem := _PROBLEMS.get(one["type"]):
        return f"{where} {problem}"
    expected = one["msg"].replace("Input should be", "expected", 1)
    return f"{where}: {expected}, found {reprlib.repr(one['input'])}"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``results.json``, made from its types."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "results.json of boostreg",
    }
    return head | _adapter().json_schema() | head
