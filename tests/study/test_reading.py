"""A study file may come from a stranger: bounds, bombs, and what YAML 1.2 means."""

import time
from pathlib import Path

import pytest

from boostreg.errors import StudyError
from boostreg.study.load import load_study
from boostreg.study.yaml_reader import MAX_DEPTH, read_yaml

_DOUBLINGS = "\n".join(
    f"k{i}: &k{i} {{<<: [*k{i - 1}, *k{i - 1}], x{i}: 1}}" for i in range(1, 60)
)

BOMBS = {
    "aliases": (
        "a: &a [x]\nb: [*a]\n",
        "1:4: found an anchor (&); write out each value.",
    ),
    "undefined alias": ("b: *a\n", "1:4: found an alias (*); write out its value."),
    "merge keys": (f"k0: &k0 {{x: 1}}\n{_DOUBLINGS}", "1:5: found an anchor"),
    "merge without alias": ("a:\n  <<: {x: 1}\n", "2:3: found a merge key (<<)"),
    "open lists": ("[" * 100_000, f"1:1: found more than {MAX_DEPTH} nested levels"),
    "lists in lists": ("[a," * 50_000, "1:1: found more than"),
    "open mappings": ("{a: " * 50_000, "nested levels, the limit."),
    "dashes": ("- " * 100_000, "nested levels, the limit."),
    "indents": ("".join(" " * i + "a:\n" for i in range(200)), "nested levels"),
    "complex keys": ("? " * 100_000, "1:3: found a list or a mapping as a key"),
    "many values": ("a: [" + "1," * 50_000 + "]", "more than 2000 values, the limit."),
    "many keys": ("".join(f"k{i}: 1\n" for i in range(4_000)), "more than 2000"),
    "many lines": ("\n" * 100_000, "the limit is 5000 lines."),
    "many documents": (
        "---\n" * 4_000,
        "2:1: found a second document; keep one per file.",
    ),
    "300 KB": ("#" * 300_000, "the limit is 256 KiB."),
    "a tag": ("a: !!python/object:os.system x", "1:4: found a tag ("),
    "a local tag": ("a: !secret x", "1:4: found a tag ('!secret'); remove it."),
    "YAML 1.1": ("%YAML 1.1\n---\nname: no\n", "found a YAML directive; remove it."),
}


@pytest.mark.parametrize(("content", "message"), BOMBS.values(), ids=BOMBS)
def test_bombs_are_refused_before_they_unfold(refusal, content, message):
    started = time.process_time()

    refused = refusal(content)

    assert message in refused
    assert len(refused) < 300
    assert time.process_time() - started < 1


BROKEN = {
    "empty": ("", "study.yaml: the file is empty; expected a mapping with at least"),
    "only a comment": ("# later\n", "the file is empty; expected a mapping"),
    "null": ("~", "the file is empty"),
    "a list": ("- name\n- data\n", "found ['name', 'data']; expected a mapping"),
    "text": ("hello", "found 'hello'; expected a mapping"),
    "tabs": ("data:\n\tsource: x\n", "2:1: invalid YAML: found character '\\t'"),
    "tabs, the hint": ("data:\n\tsource: x\n", "indent with spaces, not tabs."),
    "an open quote": ('name: "x', "1:9: invalid YAML: found unexpected end of stream."),
    "an open list": ("a: [1, 2", "invalid YAML: expected ',' or ']'"),
    "not UTF-8": (b"name: caf\xe9\n", "is not UTF-8 text: byte 9 is 0xe9."),
    "UTF-16": ("name: x".encode("utf-16"), "is not UTF-8 text: byte 0 is 0xff."),
    "binary": (b"name: a\0b", "invalid YAML: unacceptable character #x0000"),
}


@pytest.mark.parametrize(("content", "message"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_study_is_reported_where_it_breaks(refusal, content, message):
    assert message in refusal(content)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(
        StudyError, match=r"none\.yaml does not exist; name a study file\.$"
    ):
        load_study(tmp_path / "none.yaml")


def test_folder_is_not_a_study(tmp_path):
    with pytest.raises(StudyError, match=r"is a folder; name a study file\.$"):
        load_study(tmp_path)


def test_path_that_no_system_has_is_refused():
    with pytest.raises(StudyError, match="could not be read: embedded null byte"):
        load_study(Path("a\0b"))


def test_file_in_the_place_of_a_folder_is_refused(write):
    with pytest.raises(StudyError, match="could not be read: Not a directory"):
        load_study(write("name: x") / "study.yaml")


def test_scalars_are_those_of_yaml_1_2(write):
    text = (
        "[1e-3, no, 010, 0o17, 1_000, 2024-01-01, .5, ~, 'null', '7', 12:30:45, -.inf]"
    )

    content = read_yaml(write(text)).content

    expected = (0.001, "no", 10, 15, "1_000", "2024-01-01", 0.5, None, "null", "7")
    assert content == (*expected, "12:30:45", float("-inf"))


def test_byte_order_mark_is_no_part_of_the_first_key(write):
    assert read_yaml(write(b"\xef\xbb\xbfname: x\n")).content == {"name": "x"}


def test_key_written_twice_is_reported_with_both_lines(fault):
    assert fault("seed: 1\nseed: 2\n") == (
        "study.yaml:4:1: seed: repeated, first set in line 3; keep one."
    )


@pytest.mark.parametrize("escape", [r"\0", r"\ud800", r"\e"])
def test_text_that_no_file_can_hold_is_reported_once(fault, escape):
    assert fault(f'title: "a{escape}b"\n') == (
        "study.yaml:3:8: title: found control characters; remove them."
    )


def test_endless_number_is_reported(fault):
    assert fault(f"seed: {'9' * 5000}\n") == (
        "study.yaml:3:7: seed: found a whole number of 5000 digits; the limit is 30."
    )


def test_key_with_control_characters_is_refused(refusal):
    assert (
        refusal('"a\\nb": 1\n')
        == "study.yaml:1:1: found control characters in a key; remove them."
    )
