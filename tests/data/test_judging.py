"""What a column of text is: one odd cell is named, and never makes categories."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boostreg.data import Reading, prepare_table, read_source
from boostreg.data.judging import judge_cells
from boostreg.data.sources import SKLEARN
from boostreg.errors import DataError
from boostreg.study.yaml_reader import read_yaml

PLAIN = Reading()
ROWS = 200


def tallied(texts):
    """Return the different texts with their counts."""
    different, counts = np.unique(
        np.array(list(texts), dtype=object), return_counts=True
    )
    return list(different), counts.tolist()


def judged(texts):
    return judge_cells(*tallied(texts), PLAIN)[0]


@pytest.fixture(scope="module")
def shipped():
    """Return every column of numbers of the tables that ship, as texts and counts."""
    frames = [read_source(f"sklearn:{name}", base=Path()) for name in SKLEARN]
    numeric = [frame.select_dtypes("number") for frame in frames]
    return [tallied(map(repr, f[c].tolist())) for f in numeric for c in f]


MARKS = (
    *(" ", "-", "--", ".", "..", "?", "*", r"\N", "n.a.", "na", "nil", "missing", "x"),
    *(
        "unknown",
        "#DIV/0!",
        "#REF!",
        "#VALUE!",
        "#N/A!",
        "<5",
        ">100",
        "1,234.5",
        "12%",
    ),
    *(
        "$5",
        "€5",
        "5 €",
        "1 234",
        "1.234,5",
        "1,5",
        "\uff11\uff12",
        "5 kg",
        "5kg",
        "\u22125",
        "(5)",
    ),
    *("2024-01-31", "31/01/2024", "TRUE", "five", "1e", "0x1F", "1_000", "'5", "abc"),
)


@pytest.mark.parametrize("mark", MARKS)
def test_odd_cell_is_found_in_every_column_of_the_tables_that_ship(shipped, mark):
    for texts, counts in shipped:
        found = judge_cells([*texts, mark], [*counts, 1], PLAIN)

        assert found == ("odd", [mark])


@pytest.mark.parametrize("mark", ["?", "-", "unknown", "1,5", "12%", "#DIV/0!", " "])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_marks_and_formats_stay_odd_however_many_there_are(mark, share):
    n_odd = int(share * ROWS)

    for numbers in (range(ROWS), [k % 2 for k in range(ROWS)]):
        assert judged([mark] * n_odd + list(map(str, numbers))[n_odd:]) == "odd"


@pytest.mark.parametrize(
    ("n_words", "kind"), [(19, "odd"), (20, "odd"), (21, "label"), (60, "label")]
)
def test_few_numbers_need_four_cells_in_five(n_words, kind):
    words = [f"word {'abcdefgh'[k % 8]}{'ijklmnop'[k // 8]}" for k in range(n_words)]
    numbers = [str(k % 20) for k in range(100 - n_words)]

    assert judged(words + numbers) == kind


@pytest.mark.parametrize(("n_words", "kind"), [(50, "odd"), (51, "label")])
def test_many_numbers_need_half_of_the_cells(n_words, kind):
    words = [f"word {'abcdefgh'[k % 8]}{'ijklmnop'[k // 8]}" for k in range(n_words)]

    assert judged(words + list(map(str, range(100 - n_words)))) == kind


LABELS = {
    "codes": ["01"] * 60 + ["02"] * 80 + ["03"] * 70 + ["A1"] * 14,
    "sizes": ["1.0"] * 94 + ["2.0"] * 76 + ["3.0"] * 96 + ["XL"] * 34,
    "flags": ["0"] * 134 + ["1"] * 138 + ["many"] * 28,
    "three": ["TRUE"] * 141 + ["FALSE"] * 131 + ["unknown"] * 28,
    "ranges": ["<=50K"] * 80 + [">50K"] * 20,
    "bands": ["0-10"] * 30 + ["10-20"] * 30 + [">20"] * 30,
    "text": ["north", "east", "south", "west"] * 9,
    "text with a mark": ["Private", "Self"] * 20 + ["?"] * 5,
    "tickets": [f"PC {k}" for k in range(60)] + [str(k) for k in range(50)],
    "floors": ["4F", "5F", "12A", "3C"] * 20,
}


@pytest.mark.parametrize("texts", LABELS.values(), ids=LABELS)
def test_labels_stay_labels(texts):
    assert judged(texts) == "label"


DATES = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%d/%m/%Y", "%m/%d/%y")
DATES += ("%d.%m.%Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%b-%Y", "%Y/%m/%d", "%H:%M")
DATES += ("%A, %d %B %Y", "%d%b%Y", "%Y-%m", "%m/%d/%Y %I:%M:%S %p")


DATES += ("%m/%Y", "%m-%Y", "%d-%b", "%d.%m.", "%Y%b%d", "%Y-%j", "%Y%m%d %H:%M")
DATES += ("%Y:%m:%d %H:%M:%S", "%d/%b/%Y:%H:%M:%S +0000", "%Y-%m-%d_%H:%M")
DATES += ("%Y-%m-%d-%H.%M.%S", "%Y-%m-%d at %H:%M")


DURATIONS = ("2024Q1", "Q3 2024", "3 days 00:10:00", "-1 days +23:00:00.5", "2 days")


@pytest.mark.parametrize("text", DURATIONS)
def test_quarters_and_durations_are_times_too(text):
    assert judged([text] * 9) == "time"


@pytest.mark.parametrize("form", DATES)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_dates_in_text_are_refused_alike_in_every_kind_of_file(tmp_path, form, suffix):
    when = pd.date_range("2019-12-20 13:05", periods=40, freq="37D").strftime(form)
    frame = pd.DataFrame({"when": when, "x": range(40), "y": np.arange(40) % 7})
    frame.to_csv(tmp_path / "d.csv", index=False)
    frame.to_parquet(tmp_path / "d.parquet")

    with pytest.raises(
        DataError, match=r"'when' has dates or times .* list it under .* category\}"
    ):
        prepare_table(read_source(f"d.{suffix}", base=tmp_path), target="y")


def written(number, point=".", group=""):
    """Return a number with two digits after its point, as people write it."""
    whole, rest = f"{number:,.2f}".split(".")
    return whole.replace(",", group) + point + rest


FORMATS = {
    "1,234.50": lambda v: written(v, ".", ","),
    "1.234,50": lambda v: written(v, ",", "."),
    "1 234,50": lambda v: written(v, ",", " "),
    "1 234.50, unbroken": lambda v: written(v, ".", "\u00a0"),
    "1'234.50": lambda v: written(v, ".", "'"),
    "1234,50": lambda v: written(v, ","),
}


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_keys_that_an_error_names_read_the_numbers_exactly(tmp_path, form):
    values = np.round(np.random.default_rng(0).lognormal(8, 2, 90), 2)
    frame = pd.DataFrame({"a": map(form, values), "y": range(90)})
    frame.to_csv(tmp_path / "d.csv", index=False)
    with pytest.raises(DataError) as caught:
        prepare_table(read_source("d.csv", base=tmp_path), target="y")

    keys = re.findall(
        r"data\.((?:decimal|thousands): '.'|thousands: \"'\")", f"{caught.value}"
    )
    (tmp_path / "keys.yaml").write_text("\n".join(keys))
    reading = Reading(**read_yaml(tmp_path / "keys.yaml").content)
    table = prepare_table(
        read_source("d.csv", base=tmp_path, reading=reading),
        target="y",
        reading=reading,
    )

    np.testing.assert_array_equal(table.X[:, 0], values)


SIGNS = {"12%": "percent", "$12": "currency", "12 €": "currency", "12 kg": "unit"}
SIGNS |= {"<12": "limit sign", "(12)": "signs", "'12": "signs"}


@pytest.mark.parametrize(("form", "words"), SIGNS.items(), ids=SIGNS)
def test_sign_in_every_cell_is_named_for_removal(tmp_path, form, words):
    cells = [form.replace("12", str(k)) for k in range(100, 160)]
    pd.DataFrame({"a": cells, "y": range(60)}).to_csv(tmp_path / "d.csv", index=False)

    with pytest.raises(DataError, match=rf"'a' .*Remove (?:the )?{words}") as caught:
        prepare_table(read_source("d.csv", base=tmp_path), target="y")

    assert "drop" not in str(caught.value)
    assert "data.types: {a: category}" in str(caught.value)


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(finite, st.sampled_from([(".", None), (",", None), (",", "."), (".", ",")]))
def test_a_cell_is_the_nearest_double_in_every_form(number, form):
    decimal, thousands = form
    text = repr(number).replace(".", decimal)

    assert Reading(decimal=decimal, thousands=thousands).numbers([text]) == [number]


@given(st.lists(st.text(max_size=5), min_size=1, max_size=8, unique=True))
def test_a_cell_is_read_by_itself(texts):
    reading = Reading(missing=("?", "-999"))

    alone = [reading.values([text])[0] for text in texts]

    assert reading.values(texts) == alone
    assert reading.is_missing(texts) == [reading.is_missing([t])[0] for t in texts]


def test_number_as_a_word_for_missing_means_its_value():
    assert Reading(missing=("-999.0",)).is_missing(["-999", "-999.00", "999", ""]) == [
        *(True, True, False, True)
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [("decimal", ";"), ("thousands", "x"), ("separator", "ab"), ("encoding", "hex")],
)
def test_reading_that_cannot_be_is_refused_by_its_key(key, value):
    with pytest.raises(DataError, match=f"{key}: found '{value}'; expected") as caught:
        Reading(**{key: value})

    assert caught.value.loc == (key,)


THOUSANDS = (["987", "1.234", "12.345"], ["-5", "-1.250", "999.999", "0"])


@pytest.mark.parametrize("cells", THOUSANDS)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_points_that_may_stand_before_thousands_are_refused(tmp_path, cells, suffix):
    frame = pd.DataFrame({"a": cells * 9, "y": range(len(cells) * 9)})
    frame.to_csv(tmp_path / "d.csv", index=False)
    frame.to_parquet(tmp_path / "d.parquet")
    rows = read_source(f"d.{suffix}", base=tmp_path)

    with pytest.raises(DataError, match=r"set data.thousands: '\.' .* number\}"):
        prepare_table(rows, target="y")

    table = prepare_table(rows, target="y", reading=Reading(types={"a": "number"}))
    np.testing.assert_array_equal(table.X[:, 0], [float(c) for c in cells * 9])


@pytest.mark.parametrize(
    "cells",
    [["987", "1.234", "12.34"], ["0.123", "5", "1.234"], ["1.234", "1000", "2.345"]],
)
def test_points_that_stand_before_decimals_are_read(cells):
    assert judged(cells * 9) == "number"


MONTHS = {
    "français": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "Deutsch": "Januar Februar März April Mai Juni Juli August September Oktober "
    "November Dezember",
    "español": "enero febrero marzo abril mayo junio julio agosto septiembre octubre "
    "noviembre diciembre",
    "italiano": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre "
    "ottobre novembre dicembre",
}


@pytest.mark.parametrize("months", MONTHS.values(), ids=MONTHS)
@pytest.mark.parametrize("form", ["{} {} {}", "{}. {} {}", "{} de {} de {}"])
def test_months_of_other_languages_make_dates(months, form):
    names = months.split()

    found = judged(form.format(1 + k % 28, names[k % 12], 2019) for k in range(90))

    assert found == "time"


def test_dates_of_zeros_among_dates_are_dates():
    days = [f"2019-12-{k:02}" for k in range(1, 31)]

    assert judged(days + ["0000-00-00"] * 15) == "time"


TEMPLATES = '$#.34M|₹3.# Lac|$#/mo|# per night|€ #,-|="#"|pH #.1|[3.#]|(#+1j)'
TEMPLATES += "|tensor(0.#)|#.0 ± .2|#.1° N|#x10^5|#-310|#h 5m|#:05|12,#,297|# mg/dL"
TEMPLATES += "|+49 30 #|0x#f|3.#D+05|#_529|<b>#</b>|np.float64(#.5)"


@pytest.mark.parametrize("form", TEMPLATES.split("|"))
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_cells_that_differ_in_their_numbers_alone_are_refused(tmp_path, form, suffix):
    cells = [form.replace("#", str(k)) for k in range(100, 125)] * 2
    frame = pd.DataFrame({"a": cells, "y": range(50)})
    frame.to_csv(tmp_path / "d.csv", index=False)
    frame.to_parquet(tmp_path / "d.parquet")
    rows = read_source(f"d.{suffix}", base=tmp_path)

    with pytest.raises(DataError, match=r"'a' has .* data.types: \{a: category\}"):
        prepare_table(rows, target="y")
    with pytest.raises(DataError, match=r"'a' has .* data.types: \{a: category\}"):
        prepare_table(rows, target="a")
    table = prepare_table(rows, target="y", reading=Reading(types={"a": "category"}))
    assert len(table.columns[0].categories) == 25


STREETS = ("Oak", "Main", "Elm", "Pine", "Lake", "Hill", "Park", "View", "Mill")
MANY = {
    "rooms": [f"Room {k}" for k in range(90)],
    "customers": [f"CUST-{k:05}" for k in range(90)],
    "few numbers": [f"Zone {k % 20}" for k in range(90)],
    "addresses": [f"{k} {STREETS[k % 9]} St" for k in range(90)],
    "titles": [f"{STREETS[k % 9]} {k}" for k in range(90)],
    "product codes": [f"{'ABCDEFGH'[k % 8]}{k}-{k % 7}" for k in range(90)],
    "seats": [f"{k % 30}{'ABCDEF'[k % 6]}" for k in range(90)],
    "free text": [f"{STREETS[k % 9]} with {k} {STREETS[k % 7]}s" for k in range(90)],
    "postcodes": [
        f"SW{k % 9} {k % 8}{'ABDE'[k % 4]}{'FGHJ'[k % 3]}" for k in range(90)
    ],
}


@pytest.mark.parametrize("texts", MANY.values(), ids=MANY)
def test_cells_of_many_templates_or_few_numbers_stay_labels(texts):
    assert judged(texts) == "label"
