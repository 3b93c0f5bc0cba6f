"""Findings over many tables, each a sentence and a picture of the same intervals."""

from collections.abc import Iterator

from boostreg.evidence.finding import LETTERS, Data, EvidenceFinding, ratio
from boostreg.evidence.gains import (
    by_table,
    how_often,
    of_models,
    of_moderators,
    of_own_values,
    of_penalties,
    of_trials,
)
from boostreg.evidence.sizes import (
    SIZES_IN_FULL,
    along_rows,
    how_many,
    least_held,
    most_changed,
    of_sizes,
    of_statements,
    of_values,
    size_factor,
)
from boostreg.evidence.spaces import of_spaces
from boostreg.evidence.tables import TOGETHER
from boostreg.figures import RatioRow, encoding, tables_chart
from boostreg.report.wording import counted

__all__ = ["all_findings", "of_seeds"]


def all_findings(content: Data) -> Iterator[EvidenceFinding]:
    """Yield the findings that have enough tables, the main ones first."""
    for make in (
        of_models,
        of_penalties,
        of_own_values,
        by_table,
        how_often,
        of_sizes,
        of_statements,
        of_values,
        along_rows,
        of_moderators,
        of_trials,
        of_spaces,
        of_seeds,
    ):
        yield from make(content)


def _twice(content: Data) -> str:
    """Return the largest change of a size and the statement that holds least, twice."""
    seeds, parts = content["seeds"], []
    if most := most_changed(content):
        name, size, engine = most
        both = [
            seeds["penalties"][name][which][engine]["sizes"][size]
            for which in ("first", "again")
        ]
        if None not in both:
            one, other = map(size_factor, both)
            parts.append(
                f"{name} changes {SIZES_IN_FULL[size]} in {encoding(engine).name}: "
                f"{one}, again {other}. "
            )
    again = {one["statement"]: one for one in seeds["statements"]["again"]}
    first = seeds["statements"]["first"]
    if first and (least := least_held(first))["statement"] in again:
        counts = [
            how_many(one["stopped"]) for one in (least, again[least["statement"]])
        ]
        parts.append(f"{least['statement']} {counts[0]}, again {counts[1]}. ")
    return "".join(parts)


def of_seeds(content: Data) -> Iterator[EvidenceFinding]:
    """Yield whether runs with another seed say the same of the same tables."""
    found, tables = content["seeds"]["penalties"], content["seeds"]["tables"]
    rows, same = [], []
    for name in content["order"]:
        by_seed = found.get(name, {})
        gains = {k: one[TOGETHER]["gain"] for k, one in by_seed.items()}
        if not gains or None in gains.values():
            continue
        rows += [
            RatioRow(f"{name}{words}", {TOGETHER: ratio(gains[which])})
            for which, words in (("first", ""), ("again", ", again"))
        ]
        same.append(gains["first"]["word"] == gains["again"]["word"])
    if rows:
        yield EvidenceFinding(
            "seeds",
            f"Two seeds agree on {sum(same)} of {len(same)} penalties, over "
            f"{counted(len(tables), 'table')}",
            f"{_twice(content)}"
            "Loss by tuning a penalty, the others tuned, on the tables that were run "
            "twice: other folds, other trials. Means with 95% intervals; seeds agree "
            "where both means have the same word, such as 'helps'.",
            tables_chart(
                rows,
                title="Two seeds on the same tables",
                label="factor on the loss (log axis)",
                letters=LETTERS,
            ),
        )
