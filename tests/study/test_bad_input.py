"""Whatever is wrong with a study or its data: one message, code 2, nothing written."""

import sys

import pytest

from boostreg.cli import main

TABLE = "a,b,y\n" + "".join(f"{i},{i % 3},{i * 1.5}\n" for i in range(40))
CLASSES = "a,b,y\n" + "".join(f"{i},{i % 3},{'uv'[i % 2]}\n" for i in range(40))
HEAD = "name: bad\ndata: {source: data.csv, target: y}\n"

CASES = {
    "unknown key": (HEAD + "searhc: {trials: 3}\n", TABLE, "search"),
    "no such file": (
        HEAD.replace("data.csv", "date.csv"),
        TABLE,
        "date.csv does not exist; did you mean 'data.csv'?",
    ),
    "no such target": (
        HEAD.replace("target: y", "target: z"),
        TABLE,
        "bad.yaml:2:34: data.target: target 'z' is not a column of the data",
    ),
    "no such groups": (
        HEAD.replace("target: y", "target: y, groups: bb"),
        TABLE,
        "bad.yaml:2:45: data.groups: groups column 'bb' is not a column",
    ),
    "target with NaN": (
        HEAD,
        TABLE.replace("3,0,4.5", "3,0,"),
        "bad.yaml:2:34: data.target: target 'y' is missing (NaN) in 1 of 40 rows",
    ),
    "text target": (
        HEAD.replace("target: y", "target: y, task: regression"),
        CLASSES,
        "regression",
    ),
    "one class": (HEAD, CLASSES.replace("v", "u"), "class"),
    "more folds than rows": (
        HEAD + "validation: {outer: {folds: 41}}\n",
        TABLE,
        (
            "bad.yaml:3:21: validation.outer: 41 folds need at least 41 rows, got 40; "
            "use fewer folds."
        ),
    ),
    "text for numbers": (
        HEAD,
        "a,b,y\n" + "".join(f"{i},{i % 3},{i}.5 EUR\n" for i in range(40)),
        (
            "bad.yaml:2:34: data.target: column 'y' has numbers in an unexpected "
            "format in 40"
        ),
    ),
    "no date": (
        HEAD.replace("target: y", "target: y, time: b"),
        "a,b,y\n" + "".join(f"{i},31/12/20{i:02d},{i}\n" for i in range(40)),
        "2024-01-31, found '31/12/2000' in row 0",
    ),
    "target of gamma below 0": (
        HEAD.replace("target: y", "target: y, objective: gamma"),
        TABLE,
        "data.objective: target must be positive for objective 'gamma', got 0.0 in row",
    ),
    "groups for fewer folds": (
        HEAD.replace("target: y", "target: y, groups: b"),
        TABLE,
        "validation.outer: 5 folds need at least 5 groups, got 3; use fewer folds.",
    ),
    "weights below 0": (
        HEAD.replace("target: y", "target: y, weights: b"),
        TABLE.replace(",0,", ",-1,"),
        "data.weights: weights column 'b' is negative in 14 of 40 rows",
    ),
    "range upside down": (
        HEAD + "search: {space: {reg_lambda: {low: 9, high: 1}}}\n",
        TABLE,
        (
            "bad.yaml:3:36: search.space.reg_lambda.low: found 9; expected a number "
            "below high (1)."
        ),
    ),
    "engine by itself": (
        HEAD + "engines: xgboost\n",
        TABLE,
        "engines: found 'xgboost'; expected a list, such as [xgboost].",
    ),
    "claim without its parts": (
        HEAD + "claims: [{id: a}]\n",
        TABLE,
        "claims.0.says: missing; a claim needs this key.",
    ),
    "no such column to drop": (
        HEAD.replace("target: y", "target: y, drop: [c]"),
        TABLE,
        "bad.yaml:2:43: data.drop: 'c' is not a column of the data; available: ",
    ),
    "a sign for no feature": (
        HEAD.replace("target: y", "target: y, monotone: {c: 1}"),
        TABLE,
        "bad.yaml:2:47: data.monotone: there is no feature 'c'; available: 'a', 'b'.",
    ),
    "a weight for no class": (
        HEAD.replace("target: y", "target: y, class_weights: {w: 2}"),
        CLASSES,
        "bad.yaml:2:52: data.class_weights: class 'w' is not in the target",
    ),
    "more inner folds than rows": (
        HEAD + "validation: {inner: {folds: 35}}\n",
        TABLE,
        "bad.yaml:3:21: validation.inner: in outer fold 0, 35 folds need at least 35",
    ),
    "a path without a range": (
        HEAD + "paths: {penalties: [reg_alpha, cat_l2]}\n",
        TABLE,
        "bad.yaml:3:32: paths.penalties.1: cat_l2 has no range; add one to",
    ),
    "a penalty that an engine of its own lacks": (
        HEAD + "search: {space: {xgboost: {path_smooth: {low: 1, high: 2}}}}\n",
        TABLE,
        "bad.yaml:3:41: search.space.xgboost.path_smooth: XGBoost has no counterpart",
    ),
    "infinite feature": (HEAD, TABLE.replace("5,2,7.5", "inf,2,7.5"), "'a'"),
    "duplicate columns": (HEAD, TABLE.replace("a,b,y", "a,a,y"), "'a'"),
    "no feature": (HEAD, "y\n" + "".join(f"{i}.5\n" for i in range(40)), "feature"),
    "no row": (HEAD, "a,b,y\n", "row"),
    "fixed and searched": (
        HEAD + "search: {fixed: {reg_lambda: 1}, space: "
        "{reg_lambda: {low: 0.1, high: 1}}}\n",
        TABLE,
        "reg_lambda",
    ),
    "name that leaves the folder": (
        HEAD.replace("name: bad", "name: ../bad"),
        TABLE,
        "name",
    ),
    "a bomb": (HEAD + "title: &a x\nclaims: [*a, *a]\n", TABLE, "anchor"),
    "a baseline without the objective": (
        HEAD.replace("target: y", "target: y, objective: absolute_error")
        + "search: {fixed: {reg_lambda: 0}, space: "
        "{max_leaves: {low: 4, high: 9}}}\npaths: {penalties: [min_split_gain]}\n"
        "baselines: [ridge]\n",
        TABLE,
        "ridge",
    ),
    "a penalty the engine lacks": (
        HEAD + "search: {fixed: {path_smooth: 1}}\n",
        TABLE,
        "bad.yaml:3:31: search.fixed.path_smooth: XGBoost has no counterpart",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_one_message_and_leaves_nothing(
    case, tmp_path, monkeypatch, capsys
):
    study, table, word = CASES[case]
    (tmp_path / "bad.yaml").write_text(study)
    (tmp_path / "data.csv").write_text(table)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["boostreg", "run", "bad.yaml"])

    with pytest.raises(SystemExit) as stopped:
        main()

    reported = capsys.readouterr().err
    assert stopped.value.code == 2
    assert reported.startswith("boostreg: ")
    assert word in reported
    assert "Traceback" not in reported
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.yaml", "data.csv"]
