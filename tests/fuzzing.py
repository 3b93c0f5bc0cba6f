"""Random damage to all that a user or a stranger may hand in.

Each attack is a function of a random generator: it damages one thing, hands it in, and
returns what was said, or None if it was taken. What it raises is a finding: an error
that is not ours, words that are not plain, or a warning.
"""

import copy
import hashlib
import io
import json
import random
import shutil
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from boostreg import BoostedClassifier, BoostedRegressor, load_model, tree_size
from boostreg.errors import BoostregError
from boostreg.study.article import claims_page
from boostreg.study.forecast import outline
from boostreg.study.index import write_index
from boostreg.study.load import load_study
from boostreg.study.output import find_model, rebuild_report
from boostreg.study.run import open_run
from boostreg.study.runner import run_study

__all__ = ["Models", "Results", "Studies", "Tables", "outcome", "small_run"]

FOREIGN = ("Input should", "pydantic", "Traceback", "Errno", "<class", "/__w/", "0x7f")
"""What no message to a user holds."""

ODD = (
    *(None, True, False, 0, 1, -1, 2, 5, 0.5, -0.0, 1e-3, 1e300, -1e300, 2**31, 2**63),
    *(
        10**30,
        float("nan"),
        float("inf"),
        "",
        " ",
        "x",
        "1",
        "<x>",
        "a.b",
        "=1",
        "é",
        "\n",
    ),
    *(
        "\x00",
        "\x1b[31m",
        "xgboost",
        "reg_alpha",
        "default",
        "all",
        "best",
        "sklearn:wine",
    ),
    *([], {}, [1], ["x"], [[]], {"x": 1}, {"<x>": {}}, {"low": 1, "high": 0}, [None]),
)
PIECES = (
    *(
        "[",
        "]",
        "{",
        "}",
        ":",
        ": ",
        ",",
        "-",
        "- ",
        "#",
        "&a",
        "*a",
        "!t",
        "|",
        ">",
        "'",
    ),
    *(
        '"',
        "\t",
        "\n",
        "\r",
        "\x00",
        "\x7f",
        "\ufeff",
        "\u2028",
        "%",
        "@",
        "`",
        "~",
        "<<",
    ),
    *(
        "1e999",
        "-",
        "9" * 40,
        "nan",
        ".inf",
        "null",
        "é",
        "\\",
        "  ",
        "---",
        "...",
        "? ",
    ),
)


def outcome(attack, rng):
    """Return what an attack was answered with, or None; raise if that is a finding."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return attack(rng)
        except BoostregError as error:
            said = str(error)
    foreign = [word for word in FOREIGN if word in said]
    if foreign or not said.strip():
        raise AssertionError(f"{foreign} in {said!r}")
    return said


def damaged_bytes(rng, content):
    """Return bytes with some changed, cut, repeated or put in."""
    content = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        at = rng.randrange(len(content) + 1)
        match rng.randrange(6):
            case 0:
                content[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del content[at : at + rng.choice((1, 4, 200))]
            case 2:
                content[at:at] = content[at : at + rng.choice((1, 4, 200))]
            case 3:
                content = content[:at]
            case 4:
                content[at:at] = rng.choice(PIECES).encode()
            case _:
                content[at : at + 1] = (
                    bytes([content[at] ^ 1 << rng.randrange(8)])
                    if (at < len(content))
                    else b"\xff"
                )
    return bytes(content)


def damaged_numbers(rng, text):
    """Return text in which some words are others."""
    words = text.split(" ")
    for _ in range(rng.choice((1, 1, 3))):
        at = rng.randrange(len(words))
        key, equals, _ = words[at].rpartition("=")
        words[at] = (
            key
            + equals
            + rng.choice(
                (
                    "nan",
                    "inf",
                    "-1",
                    "0",
                    "99999999999999999999",
                    "1e999",
                    "x",
                    "",
                    "3000000",
                )
            )
        )
    return " ".join(words)


def damaged_tree(rng, content):
    """Return content as of YAML or JSON, with one to three places changed."""
    content = copy.deepcopy(content)
    for _ in range(rng.choice((1, 1, 2, 3))):
        holder, key = rng.choice(list(_places(content)))
        match rng.randrange(5):
            case 0 if isinstance(holder, dict):
                holder.pop(key)
            case 0:
                holder.append(copy.deepcopy(holder[key]))
            case 1 if isinstance(holder, dict):
                name = rng.choice(
                    ("<x>", "x", str(key)[:-1], "", "a b", "low", "<Folds>")
                )
                holder[name] = holder.pop(key)
            case 2:
                _, (other, name) = None, rng.choice(list(_places(content)))
                holder[key] = copy.deepcopy(other[name])
            case _:
                holder[key] = copy.deepcopy(rng.choice(ODD))
        if not content:
            break
    return content


def _places(content):
    entries = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in entries:
        yield content, key
        if isinstance(value, (dict, list)):
            yield from _places(value)


class Studies:
    """Studies whose text or tree is damaged, some with a damaged table of rows."""

    def __init__(self, folder, studies):
        self._folder, yaml = folder, YAML(typ="safe", pure=True)
        self._rows = _rows().to_csv(index=False)
        self._trees = [_on_rows(yaml.load(path.read_text())) for path in studies]
        self._trees += [_on_rows(yaml.load(text)) for text in WHOLE]
        self._path = folder / "study.yaml"

    def __call__(self, rng):
        """Damage a study, or its rows, and validate it."""
        tree, rows = rng.choice(self._trees), self._rows.encode()
        if rng.random() < 0.25:
            rows = damaged_bytes(rng, rows)
        if rng.random() < 0.6:
            tree = damaged_tree(rng, tree)
        text = _yaml(tree)
        if rng.random() < 0.4:
            text = damaged_bytes(rng, text)
        (self._folder / "rows.csv").write_bytes(rows)
        self._path.write_bytes(text)
        outline(load_study(self._path), self._folder / "out")


def _yaml(tree):
    stream = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.dump(tree, stream)
    return stream.getvalue().encode("utf-8", "surrogatepass")


def _rows():
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=40).round(3)
    sorts = rng.choice(["a", "b", "c"], 40)
    y = (numbers + (sorts == "a")).round(2) + 9
    rows = {"number": numbers, "sort": sorts, "target": y, "when": range(40)}
    return pd.DataFrame(rows | {"who": np.arange(40) % 8, "weight": 1.0})


def _on_rows(tree):
    """Return a study of our rows, small enough to be read often."""
    data = tree["data"]
    data |= {"source": "rows.csv", "target": "target", "task": "regression"}
    for key in ("objective", "drop", "groups", "time", "class_weights", "monotone"):
        if key not in tree.get("keep", ()):
            data.pop(key, None)
    tree.pop("keep", None)
    return tree


WHOLE = (
    """
    name: whole
    title: A study with every key
    seed: 3
    keep: [objective, drop, groups, monotone]
    data: {source: x, target: target, objective: {quantile: 0.3}, drop: [when],
           groups: who, weights: weight, monotone: {number: 1}}
    engines: [xgboost, lightgbm]
    rounds: {max: 20, patience: 3}
    search: {trials: 3, timeout: 5, sampler: random, in_flight: 2, racing: false,
             scale: rows, fixed: {learning_rate: 0.3}, storage: "sqlite:///x.db",
             space: {reg_lambda: {low: 1, high: 10, log: true, zero: 0.1},
                     max_leaves: {low: 2, high: 8}}}
    validation: {outer: {folds: 2, repeats: 2}, inner: {folds: 3, repeats: 1}}
    paths: {penalties: [reg_lambda, max_leaves], points: 3}
    baselines: [mean]
    effects: {points: 4, design: sobol}
    select: {max_leaves: 50, max_bytes: 2 MB, max_microseconds: 9}
    compute: {threads: 1, executor: local}
    limits: {seconds_per_fit: 5, memory: 2 GB}
    claims:
      - {id: A, says: text, measure: leaves, along: reg_lambda, expect: decreasing,
         at_least: 0.1, engine: xgboost, reading: equal, anchor: fixed}
    """,
    """
    name: timed
    keep: [time]
    data: {source: x, target: target, time: when}
    engines: [sklearn]
    validation: {outer: {holdout: 0.3}, inner: {folds: 2}}
    compute: {executor: {dask: "tcp://127.0.0.1:8786", allow_insecure: false}}
    claims:
      - {id: B, says: text, experiment: shifted_optimum, measure: l2_difference,
         expect: equal, at_most: 0.01, options: {strength: 0.1}}
    """,
)


class Results:
    """A run's ``results.json``, damaged and asked for everything."""

    def __init__(self, folder, runs):
        self._folder, self._runs = folder, runs
        self._known = [json.loads((r / "results.json").read_text()) for r in runs]
        (folder / "rows.csv").write_text(_rows().to_csv(index=False))
        (folder / "small.yaml").write_text(SMALL)
        self._run = folder / "runs" / "small"
        self._run.mkdir(parents=True)

    def __call__(self, rng):
        """Damage results.json and look at it."""
        which = rng.randrange(len(self._runs))
        text = json.dumps(self._known[which]).encode()
        if rng.random() < 0.5:
            text = damaged_bytes(rng, text)
        elif rng.random() < 0.95:
            text = json.dumps(damaged_tree(rng, self._known[which])).encode()
        else:
            text = rng.choice(
                (b"[]", b"null", b"1", b'{"data": null}', b"[" * 9000, b"")
            )
        run = self._run
        for table in ("trials", "paths", "fits"):
            shutil.copy(self._runs[which] / f"{table}.csv", run)
        (run / "results.json").write_bytes(text)
        outline(load_study(self._folder / "small.yaml"), run.parent)
        find = rng.choice((rebuild_report, _look_at, find_model, _claims, _list))
        find(run)


def _claims(run):
    return claims_page(run.parent)


def _list(run):
    return write_index(run.parent)


def _look_at(run):
    opened = open_run(run)
    return (
        opened.figures,
        repr(opened),
        opened._repr_html_(),
        opened.trials,
        opened.paths,
    )


def small_run(folder):
    """Run a small study of our rows; return its folder."""
    (folder / "rows.csv").write_text(_rows().to_csv(index=False))
    (folder / "small.yaml").write_text(SMALL)
    return run_study(folder / "small.yaml", out=folder / "small", workers=1)


SMALL = """
name: small
data: {source: rows.csv, target: target, drop: [when, who]}
engines: [lightgbm]
rounds: {max: 8, patience: 2}
search: {trials: 3, scale: rows, space: {reg_lambda: {low: 1, high: 10, log: true}}}
validation: {outer: {folds: 2}, inner: {folds: 2}}
paths: {penalties: [reg_lambda], points: 2}
baselines: [mean]
effects: {points: 2}
claims:
  - {id: A, says: "fewer | leaves", measure: leaves, along: reg_lambda,
     expect: decreasing, at_least: 0.1}
  - {id: B, says: "it moves", experiment: shifted_optimum, measure: l2_difference,
     expect: equal, at_most: 0.01}
"""


class Tables:
    """The tables of a run, damaged, and its page written again."""

    def __init__(self, folder, run):
        self._run = Path(shutil.copytree(run, folder / "run"))
        self._known = {path: path.read_text() for path in self._run.glob("*.csv")}

    def __call__(self, rng):
        """Damage a table and use it."""
        path = rng.choice(sorted(self._known))
        text = self._known[path]
        if rng.random() < 0.5:
            text = _other_cells(rng, text)
        try:
            path.write_bytes(
                damaged_bytes(rng, text.encode())
                if rng.random() < 0.6
                else text.encode()
            )
            rng.choice((rebuild_report, _look_at))(self._run)
        finally:
            path.write_text(self._known[path])


def _other_cells(rng, text):
    lines = text.split("\n")
    for _ in range(rng.choice((1, 1, 3))):
        at = rng.randrange(len(lines))
        cells = lines[at].split(",")
        cells[rng.randrange(len(cells))] = rng.choice(
            ("", "x", "-1", "0", "1e300", "-1e300", "nan", "inf", "all", "99", "1e-320")
        )
        lines[at] = ",".join(cells)
    return "\n".join(lines)


class Models:
    """Model files, damaged, with a card that has their SHA-256, or a damaged card."""

    def __init__(self, folder, *, native=False):
        self._native = native
        self._documents = {}  # of XGBoost, by the bytes that say the same
        rows = _rows()
        self._X, self._folder = rows[["number", "sort"]], folder
        self._known, targets = (
            [],
            {"means": rows["target"], "two": rows["who"] % 2, "three": rows["who"] % 3},
        )
        for engine in ("xgboost", "lightgbm", "sklearn"):
            for name, y in targets.items():
                kind = BoostedRegressor if name == "means" else BoostedClassifier
                fitted = kind(engine=engine, n_estimators=4).fit(self._X, y)
                path = fitted.save_model(folder / f"{engine}-{name}")
                if engine == "xgboost":
                    document = json.loads(fitted.native_.save_raw("json"))
                    self._documents[path.read_bytes()] = document
                card = json.loads(path.with_suffix(".json").read_text())
                self._known.append((path.suffix, path.read_bytes(), card))

    def __call__(self, rng):
        """Damage a model or its card, load it and predict."""
        suffix, content, card = rng.choice(self._known)
        if rng.random() < 0.1:
            card = damaged_tree(rng, card)
        else:
            content = self._damage(rng, suffix, content)
            card = card | {"sha256": hashlib.sha256(content).hexdigest()}
        path = self._folder / f"model{suffix}"
        path.write_bytes(content)
        path.with_suffix(".json").write_text(json.dumps(card))
        if rng.random() < 0.3:
            tree_size(path)
        loaded = load_model(path)
        if self._native:
            loaded.native  # noqa: B018 - it must fail or be whole, and not crash us
        raw = np.asarray(loaded.predict(self._X))
        assert len(raw) == len(self._X)
        if loaded.card.classes:
            assert loaded.predict_proba(self._X).shape[1] == len(loaded.card.classes)

    def _damage(self, rng, suffix, content):
        if suffix == ".txt" and rng.random() < 0.6:
            return damaged_numbers(rng, content.decode()).encode()
        if suffix == ".ubj" and rng.random() < 0.5:
            return json.dumps(damaged_tree(rng, self._documents[content])).encode()
        if suffix == ".npz" and rng.random() < 0.6:
            return _other_arrays(rng, content)
        return damaged_bytes(rng, content)


def _other_arrays(rng, content):
    """Return an archive, whole as such, with damage to its members or their names."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(packed, "w") as new,
    ):
        hit = rng.randrange(len(old.namelist()))
        for place, name in enumerate(old.namelist()):
            member = old.read(name)
            if place == hit and rng.random() < 0.8:
                start = len(member) - 1 if rng.random() < 0.1 else 128
                body = damaged_bytes(rng, member[start:]) if member[start:] else b"x"
                member = member[:start] + body if rng.random() < 0.7 else body
            elif place == hit:
                name = rng.choice(("x.npy", "left.npy", "../left.npy"))  # noqa: PLW2901
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of names that stand there twice
                new.writestr(name, member, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def generator(seed):
    """Return a generator of a case; its number makes the case again."""
    return random.Random(seed)  # noqa: S311 - damage, no secrets


def repository():
    """Return the folder of studies and reports."""
    return Path(__file__).parents[1]
