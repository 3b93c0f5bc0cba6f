"""Parts of ``results.json``: base classes, comparisons, answer, measures, claims."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from boostreg.changes import Word
from boostreg.claims.verdict import Verdict

__all__ = [
    "AnswerData", "CalibrationBinData", "CalibrationData", "ChangeData", "ClaimData",
    "ClaimFindingData", "ClaimPanelData", "ClaimTableData", "CoefficientData",
    "ComparisonData", "Count", "FeatureData", "FeaturesData", "Finite",
    "LossChangeData", "MetricData", "MetricValueData", "Number", "OpenPart", "Part",
    "Penalties", "QuestionData", "SettingsData", "ShortAnswerData",
    "SimpleModelData",
]  # fmt: skip

Finite = Annotated[float, Field(allow_inf_nan=False)]
Number = Finite | None
Count = Annotated[int, Field(ge=0)]
Penalties = dict[str, Number]
ChangeData = Annotated[list[Number], Field(min_length=3, max_length=3)]
"""A difference or a change, then the low and the high end of its interval."""


@with_config(ConfigDict(extra="forbid", strict=True))
class Part(TypedDict):
    """A part whose keys are all listed."""


@with_config(ConfigDict(extra="allow", strict=True))
class OpenPart(TypedDict):
    """A part with more keys than pages read."""


class ComparisonData(Part):
    """The change of loss from model ``b`` to model ``a``, as a share.

    The word is read off the 95 % interval: ``better`` or ``worse`` (all of it on one
    side of 0), ``same`` (all of it within the tolerance), ``as good`` (all of it below
    the tolerance), otherwise ``not settled``. The intervals of a ``family`` of so many
    comparisons hold together; ``n`` rows, groups or folds judge.
    """

    a: str
    b: str
    change: Number
    low: Number
    high: Number
    n: Count
    method: str
    family: Count
    word: Word


class LossChangeData(Part):
    """A relative change of loss, its 95 % interval, and the word read off it."""

    change: Number
    low: Number
    high: Number
    method: str
    word: str


class MetricData(Part):
    """The name of a metric in tables, and its direction."""

    label: str
    higher_is_better: bool


class MetricValueData(Part):
    """A metric of a model: mean over the outer folds, with its 95 % interval."""

    value: Number
    low: Number
    high: Number


class CalibrationBinData(Part):
    """Test rows with similar predictions: mean probability and share of the class.

    ``low`` and ``high`` are Wilson's 95 % interval of the share; ``rows`` differ.
    """

    predicted: Finite
    observed: Finite
    low: Finite
    high: Finite
    rows: Count


class CalibrationData(Part):
    """Whether the predicted probability of a class is its share, on outer test rows."""

    model: str
    label: Any
    bins: list[CalibrationBinData]


class FeatureData(Part):
    """A column: its share of the gain of all splits, and what permuting it costs.

    ``rise`` is the log ratio of outer test losses, with the column permuted and as it
    is: mean over the outer folds with its 95 % interval.
    """

    name: str
    gain: Finite
    rise: Number
    low: Number
    high: Number


class FeaturesData(Part):
    """The columns that a pick uses most, by falling gain, at most 20.

    ``used`` counts the columns in which the model of all rows splits; so many of them
    as ``left_out`` says are not listed.
    """

    features: list[FeatureData]
    used: Count
    left_out: Count


class CoefficientData(Part):
    """A coefficient of a linear model that is not 0.

    ``output`` is the class where each class has coefficients. ``standardized`` is per
    standard deviation of the input, ``raw`` per unit of the column, or for a category
    or a missing value against none.
    """

    input: str
    column: str
    category: str | None
    output: Any
    standardized: Finite
    raw: Number


class SimpleModelData(Part):
    """The best linear model, trained on all rows and saved as ``file``.

    Coefficients are on the raw score, in units of ``scale``, the largest standardized
    one first; a missing number counts as the mean of its column.
    """

    model: str
    file: str
    file_bytes: Count
    strength: Number
    l1_ratio: Number
    scale: str
    intercept: list[Finite]
    raw_intercept: list[Number]
    coefficients: list[CoefficientData]


class SettingsData(Part):
    """The boosted model that the answer names.

    ``params`` are those of the library that act; ``leaves`` are those of the model of
    all rows, ``judged_leaves`` a mean over the outer folds, and so many other penalties
    act as ``more`` says.
    """

    engine: str
    model: Literal["best", "one_se"]
    params: dict[str, Any]
    more: Count
    rounds: Count
    leaves: Number
    judged_leaves: Number


class ShortAnswerData(Part):
    """A question of the first screen, a head of at most 7 words, and the numbers."""

    question: str
    head: str
    detail: str


class QuestionData(Part):
    """A question, the word that answers it, and the comparisons that show it."""

    question: Literal["mean", "simple", "penalties", "defaults", "smallest"]
    word: str
    changes: list[ComparisonData]


class AnswerData(Part):
    """The answer as a decision, see ``boostreg.report.decision``.

    ``use`` is the model to use by its name in ``comparisons``, ``coefficients`` those
    of the simple model that it was compared with, ``actions`` what to do next.
    """

    kind: Literal["mean", "simple", "trees", "defaults", "not settled"]
    use: str
    lead: str
    tolerance: Finite
    settings: SettingsData
    simple: str | None
    coefficients: Number
    questions: list[QuestionData]
    actions: list[str]


class ClaimTableData(Part):
    """The result of a claim on one of many tables."""

    name: str
    verdict: Verdict
    estimate: Number
    low: Number
    high: Number


class ClaimFindingData(Part):
    """The result of a claim: by resample, its ``values`` and ``place`` on the paths.

    A claim about many tables has one value per table, the result on each of ``tables``,
    and in ``predicted`` the ends of the prediction interval of another table.
    """

    engine: str | None
    verdict: Verdict
    estimate: Number
    low: Number
    high: Number
    n: Count
    method: str
    values: list[Number]
    series: dict[str, list[Number]]
    place: dict[str, list[Finite]]
    tables: NotRequired[list[ClaimTableData]]
    predicted: NotRequired[list[Number]]


class ClaimPanelData(Part):
    """A picture of a claim: ``lines`` are series by name, each with its label."""

    title: str
    x: str
    x_label: str
    y_label: str
    lines: dict[str, str]
    x_log: bool
    y_log: bool


class ClaimData(OpenPart):
    """A claim of the study and its result.

    ``how`` is the experiment (none along a path), ``when`` where it holds if not with
    every engine, ``share`` whether effects are shares, ``claimed`` the ends of the
    effects that support it, ``claim`` what the study writes.
    """

    id: str
    says: str
    measured: str
    expected: str
    how: str | None
    resamples: str
    verdict: Verdict
    when: str
    share: bool
    claimed: Annotated[list[Number], Field(min_length=2, max_length=2)]
    findings: list[ClaimFindingData]
    panels: list[ClaimPanelData]
    claim: dict[str, Any]
