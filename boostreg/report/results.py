"""The kinds of value in ``results.json``, and what may stand beside what is named."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

__all__ = [
    "Claim",
    "Count",
    "Number",
    "Results",
    "Text",
    "closed",
    "faults_of",
    "json_schema",
    "opened",
    "shipped_schema",
]

closed = with_config(ConfigDict(extra="forbid", strict=True))
opened = with_config(ConfigDict(extra="allow", strict=True))

Number = float | None
Count = Annotated[int, Field(ge=0)]
Text = str


Verdict = Literal["supported", "refuted", "not settled"]


@closed
class ClaimFinding(TypedDict):
    """What a claim came to with one engine, or with none.

    ``values`` are those of the resamples, ``series`` what its pictures draw, ``place``
    where on each path every resample was read.
    """

    engine: Text | None
    verdict: Verdict
    estimate: Number
    low: Number
    high: Number
    n: Count
    method: Text
    values: list[Number]
    series: dict[str, list[Number]]
    place: dict[str, list[Number]]


@closed
class ClaimPanel(TypedDict):
    """A picture of a claim: ``lines`` are series by name, each with its label."""

    title: Text
    x: Text
    x_label: Text
    y_label: Text
    lines: dict[str, Text]
    x_log: bool
    y_log: bool


@opened
class Claim(TypedDict):
    """A claim of the study and how it came out.

    ``measured`` is the quantity in words, ``how`` the experiment that gives it (none
    along a path), ``when`` where it holds if not with every engine, ``share`` whether
    effects are shares, ``claimed`` the ends of the effects that bear it out, ``claim``
    the study's own words of it.
    """

    id: Text
    says: Text
    measured: Text
    expected: Text
    how: Text | None
    resamples: Text
    verdict: Verdict
    when: Text
    share: bool
    claimed: Annotated[list[Number], Field(min_length=2, max_length=2)]
    findings: list[ClaimFinding]
    panels: list[ClaimPanel]
    claim: dict[str, Any]


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


@cache
def _adapter() -> TypeAdapter[Results]:
    return TypeAdapter(Results)


def faults_of(results: object) -> list[str]:
    """Return what keeps ``results`` from being those of this version, place by place.

    >>> faults_of([])
    ['it is no JSON object']
    >>> faults_of({"run": {}})[0]
    'run.started is missing'
    """
    if not isinstance(results, Mapping):
        return ["it is no JSON object"]
    try:
        _adapter().validate_python(results)
    except ValidationError as error:
        return [_fault(one) for one in error.errors(include_url=False)]
    return []


def _fault(error: Mapping[str, Any]) -> str:
    where = ".".join(map(str, error["loc"]))
    match error["type"]:
        case "missing":
            return f"{where} is missing"
        case "extra_forbidden":
            return f"{where} is not known"
    message = str(error["msg"])
    return f"{where}: {message[:1].lower()}{message[1:]}"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``results.json``, made from its types."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "results.json of boostreg",
    }
    return head | _adapter().json_schema() | head


def shipped_schema() -> dict[str, Any]:
    """Return the JSON Schema that ships in the package."""
    text = files("boostreg.report").joinpath("results.schema.json").read_text("utf-8")
    content: dict[str, Any] = json.loads(text)
    return content
