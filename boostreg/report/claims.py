"""Claims as plain data: what ``results.json`` and the page say of each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from boostreg.claims.experiments.base import Panel
from boostreg.claims.verdict import Finding, Margin, Verdict, format_verdicts, overall
from boostreg.report.records import ClaimRecord
from boostreg.report.results import ClaimData, ClaimFindingData, ClaimPanelData
from boostreg.report.wording import LABELS, format_number

__all__ = [
    "claims_sentences",
    "count_verdicts",
    "expected_words",
    "measured_words",
    "quantity_words",
    "summarize_claims",
]

_MOST_NAMED = 5
_QUANTITIES = {
    "train_loss": "training loss",
    "gap": "loss minus training loss",
    "leaves_per_tree": "leaves per tree",
    "l1_norm": "sum of absolute leaf weights",
    "l2_norm": "length of the leaf weights",
    "zero_share": "share of leaf weights that are 0",
}


def summarize_claims(records: Sequence[ClaimRecord]) -> list[ClaimData]:
    """Return each claim with its verdict, its findings and its pictures."""
    return [_claim(record) for record in records]


def count_verdicts(claims: Sequence[ClaimData]) -> dict[str, int]:
    """Return how many claims have each verdict that occurs."""
    counts = Counter(claim["verdict"] for claim in claims)
    return {name: counts[name] for name in get_args(Verdict) if counts[name]}


def claims_sentences(claims: Sequence[ClaimData]) -> list[str]:
    """Return how the claims came out, and which were refuted and supported.

    Nothing where a study makes no claim.
    """
    if not claims:
        return []
    told = [f"{n} {verdict}" for verdict, n in count_verdicts(claims).items()]
    noun = "claim" if len(claims) == 1 else "claims"
    sentences = [f"{len(claims)} {noun}: {', '.join(told)}."]
    for verdict in ("refuted", "supported"):
        says = [c["says"] for c in claims if c["verdict"] == verdict]
        if says:
            named = "; ".join(f"“{one}”" for one in says[:_MOST_NAMED])
            more = len(says) - _MOST_NAMED
            rest = f"; and {more} more" if more > 0 else ""
            sentences.append(f"{verdict.capitalize()}: {named}{rest}.")
    return sentences


def _claim(record: ClaimRecord) -> ClaimData:
    claim, findings = record.claim, record.findings
    by_engine = {LABELS.get(str(f.engine), str(f.engine)): f.verdict for f in findings}
    return {
        "id": claim["id"],
        "says": claim["says"],
        "measured": measured_words(claim, record.measured),
        "expected": expected_words(claim),
        "how": record.measured.get("how"),
        "resamples": f"{record.measured['n']} {record.measured['of']}",
        "verdict": overall([finding.verdict for finding in findings]),
        "when": format_verdicts(by_engine),
        "share": _least(claim).share,
        "claimed": _stretch(claim),
        "findings": [_finding(finding) for finding in findings],
        "panels": [_panel(panel) for panel in record.panels],
        "claim": dict(claim),
    }


def _panel(panel: Panel) -> ClaimPanelData:
    return {
        "title": panel.title,
        "x": panel.x,
        "x_label": panel.x_label,
        "y_label": panel.y_label,
        "lines": dict(panel.lines),
        "x_log": panel.x_log,
        "y_log": panel.y_log,
    }


def _finding(finding: Finding) -> ClaimFindingData:
    interval = finding.interval
    return {
        "engine": finding.engine,
        "verdict": finding.verdict,
        "estimate": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "n": interval.n,
        "method": interval.method,
        "values": list(finding.values),
        "series": {name: list(values) for name, values in finding.series.items()},
        "place": {name: list(values) for name, values in finding.place.items()},
    }


def measured_words(claim: Mapping[str, Any], measured: Mapping[str, Any]) -> str:
    """Return the quantity of a claim in words.

    >>> path = {"kind": "path", "measure": "leaves", "along": "reg_lambda",
    ...         "against": None, "at": "end", "reading": "stopped", "anchor": "fixed",
    ...         "expect": "decreasing", "at_least": 5}
    >>> measured_words(path, {})
    'leaves at the largest reg_lambda minus leaves at 0'
    >>> measured_words(path | {"at_least": "20%"}, {})
    'leaves at the largest reg_lambda minus leaves at 0, as a share of the latter'
    """
    if claim["kind"] == "experiment":
        return str(measured["what"])
    along, against = claim["along"], claim["against"]
    measure = quantity_words(claim["measure"])
    at_equal = claim["reading"] == "equal"
    notes = ["at equal rounds"] if at_equal else []
    notes += ["around the tuned best"] if claim["anchor"] == "tuned" else []
    notes += ["as a share of the latter"] if _least(claim).share else []
    here = f"{measure} {_place(along, claim['at'])}"
    other = "at 0" if against is None else _place(against, claim["at"])
    return ", ".join([f"{here} minus {measure} {other}", *notes])


def quantity_words(measure: str) -> str:
    """Return a quantity along a path in words.

    >>> quantity_words("leaves_per_tree")
    'leaves per tree'
    """
    return _QUANTITIES.get(measure, measure)


def _place(penalty: str, at: Any) -> str:
    if at == "end":
        return f"at the largest {penalty}"
    if at == "lowest":
        return f"at the {penalty} of least loss on the other folds"
    return f"at {penalty} {format_number(at)}"


def expected_words(claim: Mapping[str, Any]) -> str:
    """Return what a claim expects in words.

    >>> expected_words({"expect": "decreasing", "at_least": "20%"})
    'decreasing by at least 20%'
    >>> expected_words({"expect": "equal", "at_most": 0.001})
    'equal within 0.001'
    """
    expect, than = claim["expect"], claim.get("than", 0.0)
    beyond = f" {format_number(than)}" if than or expect in ("above", "below") else ""
    if expect == "equal":
        return f"equal{' to' + beyond if beyond else ''} within {claim['at_most']}"
    return f"{expect}{beyond} by at least {claim['at_least']}"


def _least(claim: Mapping[str, Any]) -> Margin:
    key = "at_most" if claim["expect"] == "equal" else "at_least"
    return Margin.read(claim[key])


def _stretch(claim: Mapping[str, Any]) -> list[float | None]:
    """Return the ends of the effects that bear a claim out, None for no end."""
    least, than = _least(claim).value, claim.get("than", 0.0)
    match claim["expect"]:
        case "equal":
            return [than - least, than + least]
        case "above" | "increasing":
            return [than + least, None]
        case _:
            return [None, than - least]
