"""Each shipped claim follows its measured record: moved, the record turns the verdict.

The record of a claim, one value per resample, is read from the shipped results and
given to the study again. Identities are not here: they have no sample of effects.
"""

import json
from copy import copy
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t

from boostreg.claims.experiments.base import Measured
from boostreg.claims.tables import FOLDS
from boostreg.effects.effects import PathRow
from boostreg.study.claim_spec import PathClaim
from boostreg.study.load import load_study
from boostreg.study.measurements import Claims
from boostreg.study.plan import Plan
from boostreg.trees import SIZES, TreeSize

ROOT = Path(__file__).parents[2]
CLAIMS = [
    pytest.param(path.stem, claim, id=claim.id)
    for path in sorted((ROOT / "studies" / "claims").glob("*.yaml"))
    for claim in load_study(path).spec.claims
    if claim.expectation != "identical"
]
NEAR_NOTHING = -0.99


@cache
def plan(study):
    return Plan(load_study(ROOT / "studies" / "claims" / f"{study}.yaml"))


def claims_of(study, claim):
    """Return the claims of a study that makes one of its claims alone."""
    alone = copy(plan(study))
    alone.spec = alone.spec.model_copy(update={"claims": (claim,)})
    return Claims(alone)


@cache
def shipped(study):
    """Return the shipped claims of a study, by id."""
    path = ROOT / "reports" / f"claims-{study}" / "results.json"
    return {claim["id"]: claim for claim in json.loads(path.read_text())["claims"]}


def same(finding, _claimed):
    """Return the measured mean, and 1 as the factor of deviations from it."""
    return finding["estimate"], 1.0


def supporting(finding, claimed):
    """Return a mean and a factor that leave only claimed effects in the interval."""
    low, high = claimed
    step = 1.5 * reach(finding)
    if low is None:
        return high - step, 1.0
    if high is None:
        return low + step, 1.0
    return (low + high) / 2, min(1.0, 0.4 * (high - low) / reach(finding))


def contradicting(finding, claimed):
    """Return a mean that leaves no claimed effect in the interval."""
    low, high = claimed
    step = 1.5 * reach(finding)
    return (low - step if high is None else high + step), 1.0


def reach(finding):
    """Return half the length of the interval; of one-sided intervals, enough."""
    if None in (finding["low"], finding["high"]):
        return 3 * np.std(finding["values"]) + 1e-3
    return max((finding["high"] - finding["low"]) / 2, 1e-3)


def is_ratio(claim):
    """Return whether a claim is about a ratio minus 1, whose mean is that of logs."""
    if isinstance(claim, PathClaim):
        return isinstance(claim.limit, str)
    return claim.measure in claim.procedure.changes


def on_logs(data):
    """Return a finding, or numbers in lists, with logarithms for ratios minus 1."""
    if isinstance(data, dict):
        keys = ("values", "low", "high", "estimate", "tables")
        return data | {key: on_logs(data[key]) for key in keys if key in data}
    if isinstance(data, list):
        return [on_logs(one) for one in data]
    return None if data is None else float(np.log1p(max(data, NEAR_NOTHING)))


def moved(claim, finding, claimed, change):
    """Return the record of a claim with the mean and spread that ``change`` returns."""
    if is_ratio(claim):
        finding, claimed = on_logs(finding), on_logs(claimed)
    mean, factor = change(finding, claimed)
    values = mean + factor * (np.array(finding["values"]) - finding["estimate"])
    if "tables" in finding:
        spread = [factor * folds_of(one) for one in finding["tables"]]
        values = np.ravel(values[:, None] + spread)
    return np.expm1(values) if is_ratio(claim) else values


def folds_of(table):
    """Return deviations of the folds of a table that have its interval."""
    error = (table["high"] - table["low"]) / 2 / t.ppf(0.975, FOLDS - 1)
    steps = np.linspace(-1, 1, FOLDS)
    spread = error / np.sqrt(1 / FOLDS + 1 / (FOLDS - 1))
    return spread * steps / np.std(steps, ddof=1)


def verdicts(study, claim, change):
    """Return the verdict of each engine on its record, moved by ``change``."""
    kept, judged = shipped(study)[claim.id], claims_of(study, claim)
    works, rows = judged.job.ready(), []
    for finding in kept["findings"]:
        engine = finding["engine"]
        values = moved(claim, finding, kept["claimed"], change)
        if isinstance(claim, PathClaim):
            rows += paths(claim, engine, values, plan(study).splits.n_inner)
            continue
        mine = [work for work in works if dict(work.options).get("engine") == engine]
        measures, bounds = claim.procedure.measures, {}
        if change is same and (finding["low"] is None) != (finding["high"] is None):
            end = "at most" if finding["low"] is None else "at least"
            bounds = {claim.measure: end}
        for work, value in zip(mine, values, strict=True):
            found = Measured(dict.fromkeys(measures, value), {}, bounds)
            judged.job.receive(work, found)
    (record,) = judged.records(rows)
    return [finding.verdict for finding in record.findings]


def paths(claim, engine, values, n_inner):
    """Yield paths of two points on which a claim has the given effects."""
    for fold, value in enumerate(values):
        last = 1.0 + value  # differs from 1 by the value, and as a share of 1
        points = {claim.along: (1.0, last)}
        if claim.against:
            points = {claim.along: (last, last), claim.against: (1.0, 1.0)}
        for penalty, numbers in points.items():
            for point, number in enumerate(numbers):
                at = {"outer_fold": fold // n_inner, "inner_fold": fold % n_inner}
                yield row(claim, number, engine=engine, penalty=penalty, point=point,
                          value=float(point), **at)  # fmt: skip


def row(claim, number, **where):
    """Return a row of a path in which the measure of a claim has a value."""
    losses, sizes = {"loss": 0.0, "train_loss": 0.0}, dict.fromkeys(SIZES, 0)
    if claim.measure == "both_losses":
        losses = dict.fromkeys(losses, number / 2)
    elif claim.measure == "leaves_per_tree":
        sizes |= {"n_trees": 1, "n_leaves": number}
    elif claim.measure in losses:
        losses[claim.measure] = number
    else:
        (name,) = {claim.measure, f"n_{claim.measure}"} & sizes.keys()
        sizes[name] = number
    return PathRow(anchor=claim.anchor, reading=claim.reading, rounds=1, seconds=0.0,
                   size=TreeSize(**sizes), **losses, **where)  # fmt: skip


@pytest.mark.parametrize(("study", "claim"), CLAIMS)
def test_verdict_is_that_of_the_record_and_turns_where_it_is_moved(study, claim):
    kept = [finding["verdict"] for finding in shipped(study)[claim.id]["findings"]]

    assert verdicts(study, claim, same) == kept
    assert set(verdicts(study, claim, supporting)) == {"supported"}
    assert set(verdicts(study, claim, contradicting)) == {"refuted"}
