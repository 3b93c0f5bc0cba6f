"""The form of a claim in ``results.json``: a part of ``boostreg.report.schema``."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from boostreg.report.kinds import Count, Number, Text, closed, opened

__all__ = ["Claim"]

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
