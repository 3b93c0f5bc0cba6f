"""The UBJ reader gives what was written, and survives what was not."""

import contextlib
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boostreg.errors import ModelError
from boostreg.trees import TreeEnsemble
from boostreg.trees.formats.ubj import MergedObjects, parse_ubj


def listed(value):
    """Return the document with typed arrays as lists."""
    match value:
        case (str() as dtype, bytes() as numbers):
            return np.frombuffer(numbers, dtype).tolist()
        case dict():
            return {key: listed(entry) for key, entry in value.items()}
        case list():
            return [listed(entry) for part in value for entry in spread(part)]
    return value


def spread(part):
    """Return the objects of a run, without the numbers that a run leaves out."""
    if not isinstance(part, MergedObjects):
        return [part]
    objects = [dict(part.entries) for _ in range(part.count)]
    for key, value in part.entries.items():
        if isinstance(value, tuple):
            pieces = np.array_split(np.frombuffer(value[1], "u1"), part.count)
            for each, piece in zip(objects, pieces, strict=True):
                each[key] = (value[0], piece.tobytes())
    return objects


def without_id(document):
    """Return the document with trees that have no number: runs leave it out."""
    booster = document["learner"]["gradient_booster"]
    for tree in booster.get("gbtree", booster)["model"]["trees"]:
        tree.pop("id", None)
    return document


def rounded(value):
    """Return the document with reals as float32: JSON shortens them."""
    match value:
        case float():
            return float(np.float32(value))
        case dict():
            return {key: rounded(entry) for key, entry in value.items()}
        case list():
            return [rounded(entry) for entry in value]
    return value


def test_document_equals_the_json_of_the_same_model(xgboost_case):
    booster, _ = xgboost_case

    document = listed(parse_ubj(bytes(booster.save_raw("ubj"))))

    expected = json.loads(bytes(booster.save_raw("json")))
    assert rounded(without_id(document)) == rounded(without_id(expected))


def text(value):
    """Return UBJ text without its marker."""
    return b"U" + bytes([len(value)]) + value


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"Z", None),
        (b"T", True),
        (b"F", False),
        (b"i\xff", -1),
        (b"U\xff", 255),
        (b"I\xff\xfe", -2),
        (b"l\x00\x00\x01\x00", 256),
        (b"L" + struct.pack(">q", -(2**40)), -(2**40)),
        (b"d" + struct.pack(">f", 0.5), 0.5),
        (b"D" + struct.pack(">d", 0.1), 0.1),
        (b"Ca", "a"),
        (b"S" + text("ä".encode()), "ä"),
        (b"[i\x01i\x02]", [1, 2]),
        (b"[#U\x02i\x01T", [1, True]),
        (b"[$U#U\x03\x01\x02\x03", [1, 2, 3]),
        (b"{N" + text(b"a") + b"{}}", {"a": {}}),
    ],
)
def test_every_marker_is_understood(data, value):
    assert listed(parse_ubj(data)) == value


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "its 0 bytes end too early"),
        (b"{L", "end too early"),
        (b"[$d#L" + struct.pack(">q", 2**60), "end too early"),
        (b"[#L" + struct.pack(">q", 2**60), "end too early"),
        (b"[#L" + struct.pack(">q", -1), "length at byte .* must be >= 0, got -1"),
        (b"[$Z#U\xff", "typed by one of iUIlLdD"),
        (b"[$U\x00", "typed by one of iUIlLdD and counted"),
        (b"[#Z", "length at byte 2 must be a whole number"),
        (b"?", "marker at byte 0 must be one of"),
        (b"ZZ", "got 1 bytes more"),
        (b"S" + text(b"\xff"), "must be UTF-8"),
        (b"[" * 100_000, "nest at most 64 deep"),
        (b"{" + text(b"a") + b"[[" * 50_000, "nest at most 64 deep"),
        (b"[#U\x02{" + text(b"a") + b"Z}{" + text(b"a") + b"[" * 99, "nest at most 64"),
    ],
)
def test_hostile_bytes_are_an_error_with_its_reason(data, message):
    with pytest.raises(ModelError, match=message):
        parse_ubj(data)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_the_error(data):
    with contextlib.suppress(ModelError):
        parse_ubj(data)


def mutated(whole, seed):
    """Return bytes of which some are others; of every third, the end is cut."""
    rng, data = np.random.default_rng(seed), whole.copy()
    places = rng.integers(0, len(data), rng.choice([1, 1, 4, 40]))
    data[places] = rng.integers(0, 256, len(places))
    end = rng.integers(0, len(data)) if seed % 3 == 0 else len(data)
    return data[:end].tobytes()


def test_mutated_models_give_trees_or_the_error(grow):
    booster, _ = grow.xgboost(3)
    whole = np.frombuffer(bytes(booster.save_raw("ubj")), np.uint8)

    for seed in range(300):
        with contextlib.suppress(ModelError), np.errstate(all="ignore"):
            trees = TreeEnsemble.from_xgboost_ubj(mutated(whole, seed))
            assert trees.size().n_trees == trees.n_trees, seed


def test_runs_of_equal_trees_are_read_as_one_by_one(grow):
    booster, _ = grow.xgboost(300, max_depth=1)
    data = bytes(booster.save_raw("ubj"))

    trees = parse_ubj(data)["learner"]["gradient_booster"]["model"]["trees"]

    # The number of the tree outgrows a byte once.
    assert len(trees) < 10
    text = TreeEnsemble.from_xgboost_ubj(bytes(booster.save_raw("json")))
    ours = TreeEnsemble.from_xgboost_ubj(data)
    np.testing.assert_array_equal(ours.value, text.value)
    np.testing.assert_array_equal(ours.threshold, text.threshold)
