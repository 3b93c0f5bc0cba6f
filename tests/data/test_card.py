"""The data card says what a table holds, in numbers that JSON can carry."""

import json

import numpy as np
import pandas as pd

from boostreg.data import data_card, prepare_table


def test_card_of_a_regression_table():
    frame = pd.DataFrame(
        {
            "a": [1.0, np.nan, 1.0, 2.0],
            "c": ["u", "v", None, "u"],
            "g": [1, 1, 2, 2],
            "w": [1, 1, 2, 0],
            "y": [1.0, 2.0, 3.0, 6.0],
        }
    )
    table = prepare_table(frame, target="y", groups="g", weights="w")

    card = data_card(table, "d.csv")

    assert card["columns"] == [
        {"name": "a", "kind": "numeric", "missing": 1, "distinct": 2},
        {"name": "c", "kind": "category", "missing": 1, "distinct": 2},
    ]
    assert card["target_summary"] == {
        "min": 1.0, "median": 2.5, "mean": 3.0, "max": 6.0, "sd": np.sqrt(3.5),
    }  # fmt: skip
    assert (card["missing_share"], card["groups"], card["time"]) == (0.25, 2, None)
    assert (card["rows"], card["features"], card["classes"]) == (4, 2, [])
    assert card["fingerprint"] == table.fingerprint


def test_card_of_a_classification_table_counts_classes():
    frame = pd.DataFrame({"a": [1, 2, 3], "y": ["u", "v", "u"]})

    card = data_card(prepare_table(frame, target="y"), "d.csv")

    assert card["classes"] == [{"label": "u", "rows": 2}, {"label": "v", "rows": 1}]
    assert card["target_summary"] is None


def test_card_of_hostile_data_is_strict_json():
    frame = pd.DataFrame({"<b>\n🌳": [None, None], "y": [1e300, -1e300]})
    table = prepare_table(frame, target="y")

    text = json.dumps(data_card(table, "synthetic:x"), allow_nan=False)

    assert json.loads(text)["columns"][0]["name"] == "<b>\n🌳"


def test_largest_numbers_have_a_finite_summary():
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "y": [1.7e308, -1.7e308, 1.6e308]})

    summary = data_card(prepare_table(frame, target="y"), "d.csv")["target_summary"]

    assert np.isfinite(list(summary.values())).all()
    assert summary["median"] == 1.6e308
