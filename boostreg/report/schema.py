"""The form of ``results.json``: what stands where, of which kind, and when there.

A number that is NaN or infinite is null. ``results.schema.json`` beside this file says
the same as JSON Schema, for programs that are not ours. What is stable allows no other
key; engines, effects, baselines and claims may have more than is named here.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from boostreg.report.claimschema import Claim
from boostreg.report.kinds import Count, Number, Text, closed, opened

__all__ = ["Results"]

Penalties = dict[str, Number]


@closed
class Run(TypedDict):
    """All that depends on the clock or the machine."""

    started: Text
    finished: Text
    seconds: float
    workers: Count
    fits: Count
    fits_from_journal: Count
    platform: Text
    select: NotRequired[dict[str, dict[str, Any]]]


@closed
class Texts(TypedDict):
    """The sentences of the page."""

    answer: list[Text]
    caveats: list[Text]
    headings: dict[str, Text]
    warnings: list[Text]


@opened
class Data(TypedDict):
    """The data card."""

    source: Text
    target: Text | None
    task: Literal["regression", "binary", "multiclass"]
    rows: Count
    features: Count
    columns: list[dict[str, Any]]
    fingerprint: Text
    objective: Text
    objective_parameter: Number
    loss: Text
    class_labels: list[Any]
    notes: list[Text]


@closed
class Outer(TypedDict):
    """Mean loss over the outer folds, its 95 % interval, and the loss of each fold."""

    loss: Number
    low: Number
    high: Number
    losses: list[Number]


@closed
class Inner(TypedDict):
    """What chose a candidate: means over the inner folds."""

    loss: Number
    se: Number
    leaves: Number


@closed
class Size(TypedDict):
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
    shrinkage_low: NotRequired[Number]
    shrinkage_high: NotRequired[Number]


@closed
class OuterFold(TypedDict):
    """What was picked inside one outer fold, and how it did there."""

    outer_fold: Count
    trial: Count
    rounds: Count
    loss: Number
    train_loss: Number
    inner_loss: Number
    leaves: Number
    penalty: Penalties


@opened
class Pick(TypedDict):
    """A candidate of the search on all rows, and the procedure that found it."""

    trial: Count
    rounds: Count
    penalty: Penalties
    scale: Text
    raw: Penalties
    scales: dict[str, Penalties | None]
    prior: dict[str, Any]
    params: dict[str, Any]
    inner: Inner
    outer: Outer
    size: Size
    outer_size: Size
    rounds_max_reached: bool
    at_edge: list[Text]
    by_outer_fold: list[OuterFold]


@closed
class Reference(TypedDict):
    """A model that was not tuned for loss, on the same outer folds."""

    outer: Outer
    size: Size
    rounds: list[Count]


@closed
class FrontPoint(TypedDict):
    """A candidate that nothing beats in both leaves and inner loss."""

    leaves: Number
    loss: Number
    trial: Count
    rounds: Count


@opened
class Engine(TypedDict):
    """All that was found with one engine."""

    best: Pick
    one_se: Pick
    default: Reference
    unpenalised: Reference
    front: list[FrontPoint]


@opened
class Baseline(TypedDict):
    """A model that is no boosted ensemble."""

    outer: Outer


@opened
class Difference(TypedDict):
    """A paired difference, its 95 % interval, and the p-value of it being 0."""

    difference: Number
    low: Number
    high: Number
    p: Number
    n: Count
    method: Text


class Comparison(Difference):
    """Loss of model ``a`` minus loss of model ``b``."""

    a: Text
    b: Text
    relative: Number
    adjusted: Number
    word: Literal["better", "worse", "not told apart"]


@closed
class Ratio(TypedDict):
    """Leaves of model ``a`` by those of ``b``, geometric mean over outer folds."""

    a: Text
    b: Text
    ratio: Number
    low: Number
    high: Number
    folds: list[Number]
    method: Text


class EffectPoint(Difference):
    """Means at one value of a penalty; the difference is that to the first value."""

    value: float
    loss: Number
    train_loss: Number
    gap: Number
    rounds: Number
    adjusted: Number
    leaves: Number
    leaves_change: NotRequired[list[Number]]


@opened
class Effect(TypedDict):
    """What one penalty of one engine does, all else held."""

    anchor: Text
    points: list[EffectPoint]
    safe: list[float] | None
    verdict: Literal["helps", "harms", "not determined"]
    sentence: Text


@closed
class Finding(TypedDict):
    """What the linter says of the search."""

    code: Text
    where: Text
    text: Text
    advice: Text


@opened
class Study(TypedDict):
    """The study with every default written out."""

    name: Text
    title: Text | None
    seed: int
    data: dict[str, Any]
    engines: list[Text]
    search: dict[str, Any]
    validation: dict[str, Any]


@closed
class Results(TypedDict):
    """The content of ``results.json``."""

    run: Run
    versions: dict[str, Text]
    study: Study
    data: Data
    text: Texts
    engines: Annotated[dict[str, Engine], Field(min_length=1)]
    baselines: dict[str, Baseline]
    comparisons: list[Comparison]
    sizes: NotRequired[list[Ratio]]
    effects: dict[str, dict[str, Effect]]
    outer_ratio: NotRequired[Number]
    claims: list[Claim]
    lint: list[Finding]
