"""What a column of text is: numbers, categories, dates, or numbers with odd cells.

It is judged once, in training, by all its cells. Where most are numbers and some are
not, the answer is an error with these cells and the key of ``data`` to set.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np

from boostreg.data.cells import (
    BOOLEANS,
    Reading,
    as_types,
    as_yaml_text,
    is_plain_number,
    quoted,
)
from boostreg.errors import DataError

__all__ = ["judge_cells", "odd_number", "rows_of_text", "with_groups", "with_units"]

_MOST = 0.8  # share of the cells that must be numbers (or dates) to make a column so
_HALF = 0.5  # share that is enough where the numbers are too many to be codes
_TEMPLATES = 3  # such share of cells that are alike but for their numbers
_SAMPLE = 1000  # different cells that show whether a long column has few templates
_UNITS = 3  # different units, or words, beside more numbers than codes are
_CODES = 20  # a column of codes has at most this many different numbers,
_OFTEN = 5  # each so often on average,
_LABELS = 0.02  # and words in this share of its cells or more,
_REPEATED = 3  # each so often on average
_LONGEST = 60  # characters of what may be a date or a number
_SHOWN = 4  # odd values in one message

_MARK_WORDS = frozenset(
    {
        *("na", "n/a", "n.a", "n.a.", "#n/a", "#na", "<na>", "nan", "nat", "nd"),
        *("null", "<null>", "(null)", "[null]", "nil", "none", "void", "empty"),
        *("missing", "unknown", "unk", "undefined", "unspecified", "unavailable"),
        *("not available", "not applicable", "not known", "no data", "nodata", "tbd"),
        *("x", "xx", "xxx", "err", "error", "invalid", "blank", "n.d.", "k.a.", "s/d"),
        *("keine angabe", "unbekannt", "fehlt", "inconnu", "desconocido"),
    }
)
_LETTER, _DIGIT = re.compile(r"[^\W_]"), re.compile(r"\d")
_FORMULA = re.compile(r"#[A-Z][A-Z0-9/]*[!?]?")
_MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY, _MONTH = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
_YEAR = r"(?:\d{4})"
_MONTH_WORDS = re.compile(
    rf"\b(?:{_MONTHS}|j[aä]n(?:ner|uar[iy]?)?|febr?(?:uar[iy]?)?|m[aä]r[sz]|maart|mrt|"
    r"ma[iy]o?|mei|jun(?:i|io|ho)?|jul(?:i|io|ho)?|augustus|okt(?:ober)?|de[czs](?:ember)?|dezember|"
    r"janv(?:ier)?|f[eé]vr?(?:ier)?|avr(?:il)?|juin|juil(?:let)?|ao[uû]t|septembre|"
    r"octobre|novembre|d[eé]c(?:embre)?|ene(?:ro)?|febrero|marzo|abr(?:il)?|"
    r"ago(?:sto)?|septiembre|octubre|noviembre|dic(?:iembre)?|gen(?:naio)?|febbraio|"
    r"aprile|mag(?:gio)?|giu(?:gno)?|lug(?:lio)?|set(?:tembre|embro)?|ott(?:obre)?|"
    r"dicembre|janeiro|fev(?:ereiro)?|março|out(?:ubro)?|"
    r"novembro|dez(?:embro)?)\b\.?",
    re.IGNORECASE,
)
_CLOCK = r"(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-6]\d(?:[.,]\d+)?)?(?:\s?[ap]m)?"
_ZONE = r"(?:\s?(?:z|utc|gmt|[+-]\d{2}(?::?\d{2})?))?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)"
_DATES = re.compile(
    rf"{_WEEKDAY}?(?:{_YEAR}-{_MONTH}|{_YEAR}-?w\d{{2}}|"
    rf"{_YEAR}([-/.:]\s?){_MONTH}\1{_DAY}|0000-00-00|"
    rf"(?:19|20)\d\d-(?:[0-2]\d\d|3[0-6]\d)|{_MONTH}[-/](?:19|20)\d\d|"
    rf"{_DAY}\.\s?{_MONTH}\.|{_DAY}-{_MONTHS}|"
    rf"{_DAY}([-/.]\s?){_MONTH}\2(?:{_YEAR}|\d{{2}})|"
    rf"{_MONTH}([-/]){_DAY}\3(?:{_YEAR}|\d{{2}})|"
    rf"{_DAY}(?:st|nd|rd|th|\.)?[-\s/]*{_MONTHS}[-\s/,]*(?:{_YEAR}|\d{{2}})|"
    rf"{_MONTHS}[-\s/]{_DAY}(?:st|nd|rd|th)?,?(?:\s{_CLOCK})?\s{_YEAR}|"
    rf"{_MONTHS}[-\s/](?:{_YEAR}|\d{{2}})|"
    rf"{_YEAR}[-\s/]?{_MONTHS}[-\s/]?{_DAY}|\d{{8}}(?=[t\s]\d))"
    rf"(?:(?:[t\s,:_-]|\sat)\s?(?:{_CLOCK}|\d{{6}}|\d\d\.\d\d\.\d\d){_ZONE})?|"
    rf"{_CLOCK}|"
    rf"{_YEAR}[-\s]?q[1-4]|q[1-4][-\s]{_YEAR}|-?\d+\sdays?(?:\s[+-]?{_CLOCK})?",
    re.ASCII | re.IGNORECASE,
)
_CURRENCY = re.compile(
    r"(?:[^\W\d_]{0,2}\$|[€£¥₹₽₩₺₴₪฿¢]|\b(?:USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|SEK|"
    r"NOK|DKK|PLN|CZK|BRL|MXN|ZAR|Rs|kr|zł)\b\.?)"
)
_UNIT = re.compile(r"([+-]?[0-9][0-9.,]*)\s*([^\W\d_]{1,12}[²³]?|°\s?[CF]?)")
_COMPARED = re.compile(r"[<>≤≥~≈±]=?\s*(.+)|(.+[0-9])\s*[+]")
_PERCENT = re.compile("(.*?)\\s*[%\u2030\u066a\uff05]", re.DOTALL)
_TRAILING = re.compile(
    r"([0-9].*)-|\((.*[0-9].*)\)|(?:'(.*[0-9].*)'|\"(.*[0-9].*)\"|['=](.*))"
)
_GROUPS = re.compile(
    r"[+-]?[0-9]{1,3}(?:(,[0-9]{3})+|(\.[0-9]{3}){2,}|([ \u00a0\u202f\u2009][0-9]{3})+|"
    r"(['\u2019][0-9]{3})+)(?:[.,][0-9]*)?"
)
_GROUPED = re.compile(r"[+-]?(?:[1-9][0-9]{0,2}\.[0-9]{3}|0|[1-9][0-9]{0,2})")
_FORMATS = {
    "european": re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]*"),
    "thousands": _GROUPS,
    "comma": re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?"),
    "point": re.compile(r"[+-]?[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?"),
}

_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F]+|[+\u2212-]?(?:[.,])?\d+(?:[.,:_'\u2019\u00a0\u202f]?\d+)*"
)
_BLANKS = re.compile(r"\s+")

_STRONG = ("comma", "thousands", "european", "point", "percent", "currency", "digits")
"""Formats that nothing but a number has; units and limits may also be labels."""

_FRACTION = re.compile(r"\d[.,]\d")
_JOINED = re.compile(r"#([-./]#)+")
"""A template of numbers joined as in codes, versions and addresses."""


def _looks(text: str) -> str:
    """Return what an odd cell looks like: a mark, a date, a format, or a word."""
    core = text.strip()
    mark = core.lower() in _MARK_WORDS or not _LETTER.search(core)
    if mark or core == r"\N" or _FORMULA.fullmatch(core):
        return "mark"
    if core in BOOLEANS:
        return "boolean"
    if len(core) > _LONGEST or not _DIGIT.search(core):
        return "word"
    bare = _CURRENCY.sub("", core).strip()
    wide = unicodedata.normalize("NFKC", core).replace("\u2212", "-")
    other_digits = not core.isascii() and is_plain_number(wide)
    looks = {
        "date": _DATES.fullmatch(core),
        "percent": _wraps_number(_PERCENT, core),
        "currency": bare != core and _number_like(bare),
        **{look: pattern.fullmatch(core) for look, pattern in _FORMATS.items()},
        "digits": other_digits or _wraps_number(_TRAILING, core),
        "limit": _wraps_number(_COMPARED, core),
        "unit": _UNIT.fullmatch(core),
    }
    return next((look for look, found in looks.items() if found), "word")


def _number_like(text: str) -> bool:
    return is_plain_number(text) or any(p.fullmatch(text) for p in _FORMATS.values())


def _wraps_number(pattern: re.Pattern[str], text: str) -> bool:
    match = pattern.fullmatch(text)
    return match is not None and _number_like(next(filter(None, match.groups()), ""))


def judge_cells(
    texts: Sequence[str], counts: Sequence[int], reading: Reading
) -> tuple[Literal["number", "label", "time", "odd"], list[str]]:
    """Return what a column of text is, and its odd cells.

    ``texts`` are the different cells that are not missing, ``counts`` how often each
    occurs. In an ``odd`` column, most cells are numbers and the study must say how to
    read the others: its odd cells, the most frequent first.

    A column is odd if four in five of its cells are numbers, not counting marks (``?``,
    ``-``, ``unknown``); half are enough if more than 20 of them differ, and any share
    is enough if also no more than three words occur. It is odd too if four in five
    cells differ only in their numbers (``5 per night``), in more than 20 ways. A few
    numbers and recurring words (``1``, ``2``, ``XL``) are codes, so categories.

    >>> judge_cells(["1", "2", "3", "?"], [9, 9, 9, 1], Reading())
    ('odd', ['?'])
    >>> judge_cells(["1", "2", "XL"], [60, 50, 9], Reading())
    ('label', ['XL'])
    """
    odd = [t for t, n in zip(texts, reading.numbers(texts), strict=True) if n is None]
    if not odd:
        grouped = with_groups(texts, reading)
        return ("odd" if grouped else "number"), grouped
    times = dict(zip(texts, counts, strict=True))
    looks = {text: _looks(text) for text in odd}
    kinds = Counter[str]()
    for text, look in looks.items():
        kinds[look] += times[text]
    n_known = sum(counts) - kinds["mark"]
    n_numbers = sum(counts) - kinds.total()
    odd.sort(key=lambda text: -times[text])
    if not n_numbers and kinds["boolean"] == n_known and not kinds["mark"]:
        return "number", []
    if kinds["date"] and kinds["date"] >= _MOST * n_known:
        return "time", odd
    n_formats = sum(kinds[look] for look in _STRONG)
    weak = _with_units(looks)
    if len(weak) > _CODES and sum(times[text] for text in weak) >= _MOST * n_known:
        return "odd", odd
    n_like = n_numbers + n_formats
    n_distinct = len(texts) - len(odd) + sum(look in _STRONG for look in looks.values())
    many = n_distinct > _CODES
    share = _HALF if many else _MOST
    few_words = many and len(odd) <= _UNITS
    if not n_like or not (few_words or n_like >= share * n_known):
        return _judge_templates(texts, times, n_known, odd)
    words = [t for t, look in looks.items() if look in ("word", "unit", "limit")]
    n_words = sum(times[word] for word in words)
    codes = (
        not many
        and not n_formats
        and not kinds["boolean"]
        and n_numbers >= _OFTEN * (len(texts) - len(odd))
        and n_words >= max(_LABELS * n_known, _REPEATED * len(words), 1)
    )
    return ("label" if codes else "odd"), odd


def _judge_templates(
    texts: Sequence[str], times: Mapping[str, int], n_known: int, odd: list[str]
) -> tuple[Literal["label", "time", "odd"], list[str]]:
    """Judge cells by the words and signs that most of them share.

    Up to three templates (``# km/h``, ``[#]``) make a column of numbers; one alone if
    it begins with a letter, and only with fractions (``pH #``): ``Room #`` is a name.
    """
    if len(texts) > 2 * _SAMPLE:  # most columns of free text end here
        drawn = np.random.default_rng(0).permutation(len(texts))[:_SAMPLE]
        some = [texts[place] for place in drawn]
        if not _templates(some, times, _HALF * sum(times[text] for text in some)):
            return "label", odd
    found = _templates(texts, times, _MOST * n_known)
    if not found:
        return "label", odd
    return ("time" if all("@" in template for template in found) else "odd"), odd


def _templates(
    texts: Sequence[str], times: Mapping[str, int], needed: float
) -> list[str]:
    """Return the templates that ``needed`` cells share, none if they are too many."""
    shared: dict[str, list[str]] = {}  # "# per night", "#. @ #" for 20. Dezember 2019
    for text in texts if len(texts) > _CODES else ():
        if len(text) > _LONGEST:
            continue
        template, n_numbers = _NUMBER.subn("#", text.strip())
        if n_numbers:
            template = _BLANKS.sub(" ", _MONTH_WORDS.sub("@", template)).lower()
            shared.setdefault(template, []).append(text)
    often = {t: sum(times[text] for text in found) for t, found in shared.items()}
    order = sorted(often, key=lambda template: -often[template])
    # CUST-00017 and Room 101 are names, pH 7.1 is a measurement; 10-17 and 1.2.3 are
    # names too.
    lettered = [
        t for t in order if t[0].isalpha() and any(map(_FRACTION.search, shared[t]))
    ][:1]
    bare = [t for t in order if not (t[0].isalpha() or _JOINED.fullmatch(t))][
        :_TEMPLATES
    ]
    for chosen in (lettered, bare):
        different = sum(len(shared[t]) for t in chosen)
        if different > _CODES and sum(often[t] for t in chosen) >= needed:
            return chosen
    return []


def with_groups(texts: Sequence[str], reading: Reading) -> list[str]:
    """Return the numbers whose point may separate thousands, as in ``12.345``.

    It may if every point is followed by three digits, all other numbers are whole and
    below 1000, and both kinds occur.

    >>> with_groups(["987", "1.234", "12.345"], Reading())
    ['1.234', '12.345']
    >>> with_groups(["987", "1.234", "12.34"], Reading())
    []
    """
    if reading.point != "." or reading.thousands is not None:
        return []
    if not all(map(_GROUPED.fullmatch, map(str.strip, texts))):
        return []
    pointed = [text for text in texts if "." in text]
    return pointed if len(set(pointed)) > 1 and len(pointed) < len(texts) else []


def with_units(texts: Iterable[str]) -> list[str]:
    """Return the texts that are a number with a limit sign or one of a few units.

    >>> with_units(["5 kg", "<3", "12A", "XL"])
    ['5 kg', '<3', '12A']
    """
    return _with_units({text: _looks(text) for text in texts})


def _with_units(looks: Mapping[str, str]) -> list[str]:
    units = [text for text, look in looks.items() if look == "unit"]
    different = {match[2] for t in units if (match := _UNIT.fullmatch(t.strip()))}
    wanted = ("limit", "unit") if len(different) <= _UNITS else ("limit",)
    return [text for text, look in looks.items() if look in wanted]


def odd_number(  # noqa: PLR0913  each is a part of the message
    name: str,
    rows: Mapping[str, Sequence[int]],
    n_known: int,
    reading: Reading | None,
    found: Iterable[str] = (),
    *,
    only_numbers: bool = False,
) -> DataError:
    """Return the error for a column of numbers with odd cells: what, where, what to do.

    ``rows`` are those of each odd cell, out of ``n_known`` cells that have a value.
    ``reading`` is None for a table that no study reads. The advised ``data.missing``
    includes the words ``found`` as missing in this file. With ``only_numbers``, the
    role of the column excludes categories.
    """
    n_odd = sum(map(len, rows.values()))
    n_numbers = n_known - n_odd
    if reading is not None and len(with_groups([*rows, "0"], reading)) == len(rows):
        head = f"has numbers below 1000 and, in {n_odd} rows, groups of three digits"
    elif n_numbers:
        head = f"has numbers in {n_numbers} rows and something else in {n_odd}"
    else:
        head = f"has numbers in an unexpected format in {n_odd} rows"
    if reading is None and only_numbers:
        advice = "Convert these to numbers: every row needs one."
    elif reading is None:
        advice = (
            "Convert these to numbers or to missing values; if the column has labels, "
            "convert it to the type category."
        )
    else:
        sentences = _advice(name, rows, reading, found)
        if only_numbers:
            sentences = [text for text in sentences if "data.missing" not in text]
            sentences.append("Every row needs a number.")
        else:
            types = as_types([name], "category")
            sentences.append(f"For categories, set data.types: {types}.")
        advice = " ".join(sentences)
    error = DataError(
        f"column {name!r} {head}: {rows_of_text(rows)} (the first row is 0). {advice}"
    )
    error.loc = ("source",)
    return error


def rows_of_text(rows: Mapping[str, Sequence[int]]) -> str:
    """Return the first odd cells with their rows.

    >>> rows_of_text({"?": [4, 7], "-": [4, 5, 6, 7, 8]})
    "'?' in rows 4, 7, '-' in 5 rows (4, 5, 6, ...)"
    """
    shown = []
    for text, at in list(rows.items())[:_SHOWN]:
        listed = ", ".join(map(str, at[:3]))
        many = f"{len(at)} rows ({listed}, ...)"
        place = f"row{'s' * (len(at) > 1)} {listed}" if len(at) <= 3 else many
        shown.append(f"{text!r} in {place}")
    if (rest := len(rows) - _SHOWN) > 0:
        shown.append(f"and {rest} more values")
    return ", ".join(shown)


_SIGNS = {
    "percent": "the percent sign",
    "currency": "the currency",
    "digits": "signs and digits other than - and 0-9",
    "limit": "the limit sign",
    "unit": "the unit",
}


def _advice(
    name: str, rows: Mapping[str, Sequence[int]], reading: Reading, found: Iterable[str]
) -> list[str]:
    """Return sentences on what to set or correct."""
    kinds: dict[str, list[str]] = {}
    for text in rows:
        kinds.setdefault(_looks(text), []).append(text)
    as_numbers = as_types([name], "number")
    sentences = _format_advice(kinds)
    if points := kinds.get("point"):
        whole, point = points[0].replace(".", ""), reading.point
        grouped = f"If {points[0]!r} means {whole}, set data.thousands: '.'"
        if point == ".":
            other = f"data.types: {as_numbers}"
            text = f"{grouped} and data.decimal: ','; if it means {points[0]}, {other}."
        elif _GROUPED.fullmatch(points[0]):
            text = f"{grouped}; if it means {points[0]}, data.decimal: '.'."
        else:
            text = f"{points[0]!r} has a point, but data.decimal is {point!r}; use one "
            text += "decimal mark in the whole file."
        sentences.append(text)
    sentences += [
        f"Remove {what} from {quoted(kinds[kind], 2)} in the file."
        for kind, what in _SIGNS.items()
        if kind in kinds
    ]
    if len(numbered := list(filter(_DIGIT.search, kinds.get("word", ())))) > _CODES:
        sentences.append(
            f"For numbers, keep only the number in cells such as "
            f"{quoted(numbered, 2)}; list an identifier under data.drop."
        )
    if "boolean" in kinds:
        sentences.append(f"data.types: {as_numbers} reads TRUE as 1 and FALSE as 0.")
    marks = [t for k in ("mark", "word", "date") for t in kinds.get(k, ())]
    if marks and len(marks) <= 2 * _SHOWN:
        words = dict.fromkeys(word for word in found if word)
        listed = ", ".join(map(as_yaml_text, [*words, *marks]))
        meant = "they mean" if len(marks) > 1 else f"{marks[0]!r} means"
        sentences.append(f"If {meant} missing, set data.missing: [{listed}].")
    return sentences


def _format_advice(kinds: Mapping[str, list[str]]) -> list[str]:
    """Return which keys read numbers with commas or groups of three digits."""
    groups = kinds.get("thousands", [])
    matches = filter(None, map(_GROUPS.fullmatch, groups))
    separators = {next(filter(None, match.groups()))[0] for match in matches}
    marks = sorted({" " if mark.isspace() else mark for mark in separators})
    decimal: str | None = None
    thousands: str | None = None
    if "european" in kinds:
        example, decimal, thousands = kinds["european"][0], ",", "."
    elif "comma" in kinds:
        example, decimal = kinds["comma"][0], ","
        thousands = next((mark for mark in marks if mark not in ",."), None)
    elif not groups:
        return []
    elif marks[0] != ",":
        example, thousands = groups[0], marks[0]
        decimal = "," if "," in example or thousands == "." else None
    elif any("." in text or text.count(",") > 1 for text in groups):
        example, thousands = groups[0], ","
    else:
        plain, point = groups[0].replace(",", ""), groups[0].replace(",", ".")
        either = f"data.thousands: ','; if it means {point}, data.decimal: ','."
        return [f"If {groups[0]!r} means {plain}, set {either}"]
    keys = [f"data.decimal: {decimal!r}"] if decimal else []
    keys += [f"data.thousands: {as_yaml_text(thousands)}"] if thousands else []
    return [f"To read {example!r} as a number, set {' and '.join(keys)}."]
