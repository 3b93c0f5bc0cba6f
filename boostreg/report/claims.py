"""Claims as plain data, and in words: their part of ``results.json``."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from boostreg.claims.verdict import Finding, Margin, Verdict, format_verdicts, overall
from boostreg.figures.scale import significant
from boostreg.report.parts import ClaimData, ClaimFindingData
from boostreg.report.records import GIVEN, ClaimRecord
from boostreg.report.results import Results
from boostreg.report.wording import LABELS, format_number

__all__ = [
    "claims_sentences", "count_verdicts", "expected_words", "judges_claims",
    "measured_words", "quantity_words", "summarize_claims", "tables_words",
]  # fmt: skip

_MAX_NAMED = 5
_LIMITED = ("equal", "at_most", "identical")
_QUANTITIES = {
    "train_loss": "training loss",
    "gap": "loss minus training loss",
    "both_losses": "loss plus training loss",
    "leaves_per_tree": "leaves per tree",
    "l1_norm": "sum of absolute leaf weights",
    "l2_norm": "length of the leaf weights",
    "zero_share": "share of leaf weights that are 0",
}


def summarize_claims(records: Sequence[ClaimRecord]) -> list[ClaimData]:
    """Return each claim with its verdict, its findings and its pictures."""
    claims: list[ClaimData] = []
    for record in records:
        claim, findings = record.claim, record.findings
        verdicts = {
            LABELS.get(str(f.engine), str(f.engine)): f.verdict for f in findings
        }
        minimum, than = _least(claim), claim.get("than", 0.0)
        # The ends of the effects that support the claim, None for no end.
        low: float | None = than + minimum.value
        high: float | None = than - minimum.value
        if claim["expect"] in ("equal", "identical"):
            low, high = high, low
        elif claim["expect"] == "at_most":
            low, high = None, low
        elif claim["expect"] in ("above", "increasing"):
            high = None
        else:
            low = None
        claims.append(
            {
                "id": claim["id"],
                "says": claim["says"],
                "measured": measured_words(claim, record.measured),
                "expected": expected_words(claim),
                "how": record.measured.get("how"),
                "resamples": f"{record.measured['n']} {record.measured['of']}",
                "verdict": overall([finding.verdict for finding in findings]),
                "when": format_verdicts(verdicts),
                "share": minimum.share,
                "claimed": [low, high],
                "findings": [_finding_data(one) for one in findings],
                "panels": [
                    {
                        "title": panel.title,
                        "x": panel.x,
                        "x_label": panel.x_label,
                        "y_label": panel.y_label,
                        "lines": dict(panel.lines),
                        "x_log": panel.x_log,
                        "y_log": panel.y_log,
                    }
                    for panel in record.panels
                ],
                "claim": dict(claim),
            }
        )
    return claims


def _finding_data(one: Finding) -> ClaimFindingData:
    interval = one.interval
    content: ClaimFindingData = {
        "engine": one.engine,
        "verdict": one.verdict,
        "estimate": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "n": interval.n,
        "method": interval.method,
        "values": list(one.values),
        "series": {name: list(v) for name, v in one.series.items()},
        "place": {name: list(v) for name, v in one.place.items()},
    }
    if one.tables:
        content["predicted"] = list(one.predicted or ())
        content["tables"] = [
            {
                "name": table.name,
                "verdict": table.verdict,
                "estimate": table.interval.estimate,
                "low": table.interval.low,
                "high": table.interval.high,
            }
            for table in one.tables
        ]
    return content


def tables_words(finding: ClaimFindingData) -> str:
    """Return in how many tables a claim holds, empty for a claim about one table.

    >>> held = [{"name": "moons", "verdict": "supported", "estimate": -0.3, "low": -0.4,
    ...          "high": -0.2}]
    >>> tables_words({"tables": held, "predicted": [0.5, 0.9]})
    'supported in 1 of 1 tables; another table: 50% to 90% (95% prediction interval)'
    """
    tables = finding.get("tables", [])
    if not tables:
        return ""
    counts = Counter(one["verdict"] for one in tables)
    words = f"supported in {counts['supported']} of {len(tables)} tables"
    for verdict in ("refuted", "not settled"):
        if counts[verdict]:
            words += f", {verdict} in {counts[verdict]}"
    ends = [end for end in finding.get("predicted", []) if end is not None]
    if len(ends) == 2:
        low, high = (f"{significant(100 * end)}%" for end in ends)
        words += f"; another table: {low} to {high} (95% prediction interval)"
    return words


def count_verdicts(claims: Sequence[ClaimData]) -> dict[str, int]:
    """Return how many claims have each verdict that occurs."""
    counts = Counter(claim["verdict"] for claim in claims)
    return {name: counts[name] for name in get_args(Verdict) if counts[name]}


def judges_claims(results: Results) -> bool:
    """Return whether a run is about its claims only: no penalty was searched."""
    return bool(results["claims"]) and results["study"]["search"]["trials"] <= GIVEN


def claims_sentences(claims: Sequence[ClaimData]) -> list[str]:
    """Return the counts of verdicts, and which claims were refuted and supported.

    Nothing where a study makes no claim.
    """
    if not claims:
        return []
    counts = [f"{n} {verdict}" for verdict, n in count_verdicts(claims).items()]
    noun = "claim" if len(claims) == 1 else "claims"
    sentences = [f"{len(claims)} {noun}: {', '.join(counts)}."]
    for verdict in ("refuted", "supported"):
        says = [c["says"] for c in claims if c["verdict"] == verdict]
        if says:
            named = "; ".join(f"“{one}”" for one in says[:_MAX_NAMED])
            more = len(says) - _MAX_NAMED
            rest = f"; and {more} more" if more > 0 else ""
            sentences.append(f"{verdict.capitalize()}: {named}{rest}.")
    return sentences


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
    notes = ["at equal rounds"] if claim["reading"] == "equal" else []
    notes += ["around the tuned best"] if claim["anchor"] == "tuned" else []
    notes += ["as a share of the latter"] if _least(claim).share else []
    here = f"{measure} {_place(along, claim['at'])}"
    other = "at 0" if against is None else _place(against, claim["at"])
    return ", ".join([f"{here} minus {measure} {other}", *notes])


def quantity_words(measure: str) -> str:
    """Return a quantity along a path in words."""
    return _QUANTITIES.get(measure, measure)


def _place(penalty: str, at: Any) -> str:
    if at == "end":
        return f"at the largest {penalty}"
    if at == "lowest":
        return f"at the {penalty} with the lowest loss on the other folds"
    return f"at {penalty} {format_number(at)}"


def expected_words(claim: Mapping[str, Any]) -> str:
    """Return what a claim expects in words.

    >>> expected_words({"expect": "decreasing", "at_least": "20%"})
    'decreasing by at least 20%'
    >>> expected_words({"expect": "equal", "at_most": 0.001})
    'equal within 0.001'
    >>> expected_words({"expect": "at_most", "at_most": "10%"})
    'at most 10% more'
    """
    expect, than = claim["expect"], claim.get("than", 0.0)
    if expect == "at_most":
        return f"at most {claim['at_most']} more{f' than {than:g}' if than else ''}"
    beyond = f" {format_number(than)}" if than or expect in ("above", "below") else ""
    if expect in ("equal", "identical"):
        return f"{expect}{' to' + beyond if beyond else ''} within {claim['at_most']}"
    return f"{expect}{beyond} by at least {claim['at_least']}"


def _least(claim: Mapping[str, Any]) -> Margin:
    key = "at_most" if claim["expect"] in _LIMITED else "at_least"
    return Margin.read(claim[key])
