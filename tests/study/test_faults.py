"""Errors in a study file: all of them, one per line, in plain words."""

import re

import pytest

FAULTS = {
    "unknown key": (
        "trails: 3",
        (
            "3:1: trails: unknown key; expected one of: name, title, seed, preset, "
            "budget, data, engines, rounds, search, validation, paths, baselines, "
            "effects, select, claims, tolerance, metrics, compute, limits; "
            "did you mean 'search.trials'?"
        ),
    ),
    "unknown key that looks like a mark": (
        '"<x>": 1',
        (
            "3:1: <x>: unknown key; expected one of: name, title, seed, preset, "
            "budget, data, engines, rounds, search, validation, paths, baselines, "
            "effects, select, claims, tolerance, metrics, compute, limits."
        ),
    ),
    "unknown inner key": (
        "search: {trails: 3}",
        (
            "3:10: search.trails: unknown key; expected one of: trials, rows, timeout, "
            "sampler, in_flight, racing, storage, scale, fixed, space; did you mean "
            "'trials'?"
        ),
    ),
    "unknown key like no other": (
        "rounds: {zzz: 3}",
        "3:10: rounds.zzz: unknown key; expected one of: max, patience.",
    ),
    "text for a number": (
        "search: {trials: many}",
        "3:18: search.trials: found 'many'; expected a whole number.",
    ),
    "quoted number": ("seed: '1'", "3:7: seed: found '1'; expected a whole number."),
    "half a round": (
        "rounds: {max: 2.5}",
        "3:15: rounds.max: found 2.5; expected a whole number.",
    ),
    "truth for a number": (
        "rounds:\n  max: true",
        "4:8: rounds.max: found true; expected a whole number.",
    ),
    "number for a truth": (
        "search: {racing: 1}",
        "3:18: search.racing: found 1; expected true or false.",
    ),
    "null for a number": ("seed:", "3:1: seed: found null; expected a whole number."),
    "no trial": (
        "search: {trials: 0}",
        "3:18: search.trials: found 0; expected a number of at least 1.",
    ),
    "negative seed": (
        "seed: -1",
        "3:7: seed: found -1; expected a number of at least 0.",
    ),
    "storage without a scheme": (
        "search: {storage: foo}",
        (
            "3:19: search.storage: found 'foo'; expected a URL such as "
            "sqlite:///trials.db or postgresql://USER:PASSWORD@HOST/NAME."
        ),
    ),
    "storage with half a port": (
        "search: {storage: 'postgresql://ann:canary@h:port/db'}",
        (
            "3:19: search.storage: found 'postgresql://***'; expected a URL such as "
            "sqlite:///trials.db or postgresql://USER:PASSWORD@HOST/NAME."
        ),
    ),
    "storage of an unknown database": (
        "search: {storage: 'foodb://h/db'}",
        (
            "3:19: search.storage: found 'foodb'; expected a URL such as "
            "sqlite:///trials.db or postgresql://USER:PASSWORD@HOST/NAME, of a "
            "database that SQLAlchemy knows and is installed."
        ),
    ),
    "storage in memory": (
        "search: {storage: 'sqlite://'}",
        (
            "3:19: search.storage: found 'sqlite://'; expected a URL such as "
            "sqlite:///trials.db or postgresql://USER:PASSWORD@HOST/NAME, not a "
            "database in memory, which no other process can read."
        ),
    ),
    "storage as a list": (
        "search: {storage: ['postgresql://ann:canary@h/db']}",
        "3:10: search.storage: expected the URL of a storage as text.",
    ),
    "NaN": (
        "validation: {outer: {holdout: .nan}}",
        "3:31: validation.outer.holdout: found nan; expected a finite number.",
    ),
    "text for a list": (
        "baselines: ridge",
        "3:12: baselines: found 'ridge'; expected a list, such as [ridge].",
    ),
    "number for options": (
        (
            "claims: [{id: A, says: x, experiment: kink, options: 5, "
            "measure: l2_steps, expect: equal, at_most: 1}]"
        ),
        "3:54: claims.0.options: found 5; expected a mapping of keys.",
    ),
    "list for a mapping": (
        "rounds: [500]",
        "3:9: rounds: found [500]; expected a mapping of keys.",
    ),
    "unknown engine": (
        "engines: [xgboost, lightgmb]",
        (
            "3:20: engines.1: found 'lightgmb'; expected one of: xgboost, lightgbm, "
            "sklearn; did you mean 'lightgbm'?"
        ),
    ),
    "no engine": (
        "engines: []",
        "3:10: engines: found an empty list; expected at least one entry.",
    ),
    "engine twice": (
        "engines: [xgboost, xgboost]",
        "3:20: engines.1: found 'xgboost'; expected each entry only once.",
    ),
    "unknown sampler": (
        "search: {sampler: tbe}",
        (
            "3:19: search.sampler: found 'tbe'; expected one of: tpe, sobol, random, "
            "nsga2, gp; did you mean 'tpe'?"
        ),
    ),
    "unknown scale": (
        "search: {scale: row}",
        (
            "3:17: search.scale: found 'row'; expected one of: raw, rows, share; did "
            "you mean 'rows'?"
        ),
    ),
    "unknown baseline": (
        "baselines: [laso]",
        (
            "3:13: baselines.0: found 'laso'; expected one of: mean, ridge, lasso, "
            "elastic_net, svm_l2, svm_l1, mlp, keras_l1, keras_l2, keras_l1l2, "
            "keras_decay; did you mean 'lasso'?"
        ),
    ),
    "path of no such kind": (
        "paths: {penalties: [max_leafs]}",
        (
            "3:21: paths.penalties.0: found 'max_leafs'; expected one of: reg_alpha, "
            "reg_lambda, min_split_gain, min_child_weight, min_child_samples, "
            "max_leaves, max_depth, max_delta_step, path_smooth, cat_l2, subsample, "
            "colsample_bytree, learning_rate; did you mean 'max_leaves'?"
        ),
    ),
    "one fold": (
        "validation: {inner: {folds: 1}}",
        "3:29: validation.inner.folds: found 1; expected a number of at least 2.",
    ),
    "folds beside holdout": (
        "validation: {outer: {holdout: 0.2, folds: 3}}",
        (
            "3:36: validation.outer.folds: unknown key; expected one of: holdout; did "
            "you mean 'validation.inner.folds'?"
        ),
    ),
    "share above one": (
        "validation: {outer: {holdout: 25}}",
        "3:31: validation.outer.holdout: found 25; expected a number below 1.",
    ),
    "fixed outside its domain": (
        "search: {fixed: {learning_rate: 2}}",
        (
            "3:33: search.fixed.learning_rate: found 2; expected a number above 0 and "
            "at most 1."
        ),
    ),
    "fixed below the least": (
        "search: {fixed: {max_depth: 0}}",
        (
            "3:29: search.fixed.max_depth: found 0; expected a whole number of at least"
            " 1."
        ),
    ),
    "fixed text": (
        "search: {fixed: {subsample: half}}",
        "3:29: search.fixed.subsample: found 'half'; expected a number.",
    ),
    "range upside down": (
        "search: {space: {max_depth: {low: 9, high: 2}}}",
        (
            "3:35: search.space.max_depth.low: found 9; expected a number below high "
            "(2)."
        ),
    ),
    "zero where there is none": (
        "search: {space: {max_leaves: {low: 4, high: 8, zero: 0.1}}}",
        (
            "3:54: search.space.max_leaves.zero: found 0.1; max_leaves cannot be 0, so "
            "remove this key."
        ),
    ),
    "condition that nothing fulfils": (
        (
            "search: {space: {max_leaves: {low: 4, high: 8}, reg_alpha: {low: 1, "
            "high: 2, when: {max_leaves: {above: 7, below: 5}}}}}"
        ),
        (
            "3:105: search.space.reg_alpha.when.max_leaves.above: found 7; expected "
            "a number less than below (5)."
        ),
    ),
    "range without an end": (
        "search: {space: {reg_lambda: {low: 1}}}",
        "3:18: search.space.reg_lambda.high: missing; a range needs low and high.",
    ),
    "range of text": (
        "search: {space: {reg_lambda: {low: 1, high: ten}}}",
        "3:45: search.space.reg_lambda.high: found 'ten'; expected a number.",
    ),
    "unknown key of a range": (
        "search: {space: {reg_lambda: {low: 1, high: 2, logg: true}}}",
        (
            "3:48: search.space.reg_lambda.logg: unknown key; expected one of: low, "
            "high, log, zero, when; did you mean 'log'?"
        ),
    ),
    "unknown space": (
        "search: {space: defualt}",
        (
            "3:17: search.space: found 'defualt'; expected one of: default, "
            "grinsztajn2022, probst2019, standard, tabarena2025, wide; did you mean "
            "'default'?"
        ),
    ),
    "space of an unknown shape": (
        "search: {space: [reg_lambda]}",
        (
            "3:17: search.space: found ['reg_lambda']; expected the name of a space, "
            "or ranges by penalty."
        ),
    ),
    "fixed and searched": (
        "search:\n  fixed: {max_depth: 3}\n  space: {max_depth: {low: 2, high: 9}}",
        (
            "4:11: search.fixed.max_depth: fixed here and searched in "
            "search.space.max_depth; keep one of them."
        ),
    ),
    "fixed and searched by one engine": (
        (
            "search:\n  fixed: {path_smooth: 3}\n"
            "  space: {lightgbm: {path_smooth: {low: 1, high: 9}}}"
        ),
        (
            "4:11: search.fixed.path_smooth: fixed here and searched in "
            "search.space.lightgbm.path_smooth; keep one of them."
        ),
    ),
    "fixed and searched by default": (
        "search: {fixed: {reg_alpha: 0}}",
        (
            "3:18: search.fixed.reg_alpha: fixed here and searched in "
            "search.space.reg_alpha; keep one of them."
        ),
    ),
    "unknown executor": (
        "compute: {executor: dask}",
        "3:21: compute.executor: found 'dask'; expected one of: local.",
    ),
    "memory in potatoes": (
        "limits: {memory: 5 potatoes}",
        (
            "3:18: limits.memory: found '5 potatoes'; expected bytes as a whole number,"
            " or text such as 2 GB or 512 MiB."
        ),
    ),
    "claim without a minimum effect": (
        (
            "claims: [{id: A1, says: x, measure: leaves, along: reg_lambda, "
            "expect: increasing}]"
        ),
        (
            "3:10: claims.0.at_least: missing; `expect: increasing` needs the "
            "minimum effect that counts."
        ),
    ),
    "claim on what is not measured": (
        (
            "claims: [{id: A1, says: x, measure: leafs, along: reg_lambda, "
            "expect: increasing, at_least: 1}]"
        ),
        (
            "3:37: claims.0.measure: found 'leafs'; expected one of: loss, train_loss, "
            "gap, both_losses, rounds, leaves_per_tree, trees, leaves, splits, depth, "
            "features, thresholds, bytes, l1_norm, l2_norm, zero_share, shrinkage, "
            "shrinkage_low, shrinkage_high; did you mean 'leaves'?"
        ),
    ),
    "claim with an unknown key": (
        (
            "claims: [{id: A1, says: x, measure: leaves, along: reg_lambda, "
            "expect: decreasing, at_least: 20%, at_leest: 1}]"
        ),
        (
            "3:99: claims.0.at_leest: unknown key; expected one of: id, says, measure, "
            "along, against, at, engine, anchor, reading, expect, at_least, at_most; "
            "did you mean 'at_least'?"
        ),
    ),
    "claim of two comparisons": (
        (
            "claims: [{id: A1, says: x, measure: leaves, along: reg_lambda, "
            "expect: above, at_least: 20%}]"
        ),
        (
            "3:72: claims.0.expect: found 'above'; expected increasing, decreasing, "
            "equal or at_most; above and below need `against`."
        ),
    ),
    "claim on a path of no study": (
        (
            "claims: [{id: A1, says: x, measure: leaves, along: max_depth, "
            "expect: decreasing, at_least: 20%}]"
        ),
        (
            "3:45: claims.0.along: found 'max_depth'; expected a penalty with a path "
            "in this study: reg_alpha, reg_lambda, min_split_gain, max_leaves."
        ),
    ),
    "Dask": (
        "compute: {executor: {dask: 'tcp://host:1'}}",
        (
            "3:11: compute.executor: tcp://host:1 is open to other machines without "
            "TLS; use tls://, or set allow_insecure: true next to dask if you trust "
            "that network."
        ),
    ),
}


@pytest.mark.parametrize(("more", "expected"), FAULTS.values(), ids=FAULTS)
def test_fault_names_line_key_what_was_found_and_what_is_allowed(fault, more, expected):
    assert fault(more + "\n") == f"study.yaml:{expected}"


SEARCH = """\
search:
  fixed: {max_depth: 4, cat_l2: 1}
  space:
    max_leaves: {low: 4, high: 8, log: true, zero: 0}
    reg_alpha: {low: 1, high: 2, when: {max_leaves: {above: 5, below: 7}}}
    reg_lambda: {prior: normal, std: 1, noise_variance: 2}
    lightgbm: {path_smooth: {low: 1, high: 2, zero: 0.5}}
"""
VALUES = [match.span() for match in re.finditer(r"(?<=: )[\w.]+", SEARCH)]


@pytest.mark.parametrize("span", VALUES, ids=lambda span: SEARCH[: span[1]][-14:])
def test_a_value_within_a_search_is_refused_at_its_line_and_column(fault, span):
    before, after = SEARCH[: span[0]], SEARCH[span[1] :]
    line, column = 3 + before.count("\n"), span[0] - before.rfind("\n")

    message = fault(f"{before}wrong{after}")

    assert message.startswith(f"study.yaml:{line}:{column}: search.")
    assert "found 'wrong'; expected " in message
    key = re.split(r"[{ ]", before)[-2]
    assert f".{key} " in message


DATA_FAULTS = {
    "source: a.csv": "2:1: data.target: missing; a study needs this key.",
    "target: y": "2:1: data.source: missing; a study needs this key.",
    "source: a.csv, target: 5": (
        "2:31: data.target: found 5; expected text (put it in quotes)."
    ),
    "source: '', target: y": (
        "2:16: data.source: found ''; expected text that is not empty."
    ),
    "source: a.csv, target: y, task: regresion": (
        "2:40: data.task: found 'regresion'; expected one of: regression, binary, "
        "multiclass; did you mean 'regression'?"
    ),
    "source: a.csv, target: y, drop: [y]": (
        "2:40: data.drop: found ['y']; expected a column other than the target."
    ),
    "source: a.csv, target: y, objective: huber": (
        "2:45: data.objective: found 'huber'; expected one of: squared_error, "
        "logistic, softmax, poisson, gamma, tweedie, absolute_error, quantile."
    ),
    "source: a.csv, target: y, objective: {tweedie: 3}": (
        "2:34: data.objective: objective 'tweedie' needs a number between 1 and 2, "
        "got 3."
    ),
    "source: a.csv, target: y, task: binary, objective: poisson": (
        "2:48: data.objective: objective 'poisson' is not for a binary task, which "
        "takes one of: logistic."
    ),
}


@pytest.mark.parametrize(("data", "expected"), DATA_FAULTS.items())
def test_faults_of_the_data_section_are_reported(refusal, data, expected):
    assert refusal(f"name: small\ndata: {{{data}}}\n") == f"study.yaml:{expected}"


@pytest.mark.parametrize(
    "name",
    ["../up", "/x", "a/b", "..", "", "A", "-a", "a b", "a.b", "a\u00e9", "x" * 65],
)
def test_name_cannot_leave_the_output_folder(refusal, name):
    message = refusal(f"name: '{name}'\ndata: {{source: a.csv, target: y}}\n")

    expected = (
        "expected 1 to 64 characters from a-z, 0-9, _ and -, beginning with a letter"
    )
    assert message.startswith("study.yaml:1:7: name: found '")
    assert expected in message


def test_name_that_ends_in_a_newline_is_refused(refusal):
    assert "name: found" in refusal("name: |\n  x\ndata: {source: a.csv, target: y}\n")


def test_all_faults_are_reported_at_once_in_the_order_of_lines(refusal):
    message = refusal(
        """\
        name: Bad
        trails: 3
        data: {source: a.csv}
        rounds: {max: 5.5, max: 6}
        search:
          fixed: {reg_lamda: 1, learning_rate: 0}
          space: {reg_alpha: {low: 1}, lightgbm: {gamma: {low: 1, high: 2}}}
        """
    )

    head, *lines = message.split("\n  ")
    keys = [line.split(": ")[1] for line in lines]
    assert head == "study.yaml has 9 errors:"
    assert keys == [
        "name", "trails", "data.target", "rounds.max", "rounds.max",
        "search.fixed.reg_lamda", "search.fixed.learning_rate",
        "search.space.reg_alpha.high", "search.space.lightgbm.gamma",
    ]  # fmt: skip


def test_no_word_of_pydantic_reaches_the_user(refusal):
    more = "".join(f"{text}\n" for text, _ in FAULTS.values() if "\n" not in text)

    message = refusal(more)

    for word in ("Input", "Value error", "pydantic", "Field required", "Extra"):
        assert word not in message
