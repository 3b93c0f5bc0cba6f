"""What a claim found, as a sentence that its record supports."""

import re

from boostreg.figures.scale import known, signed, significant
from boostreg.report.claims import quantity_words
from boostreg.report.parts import ClaimData
from boostreg.report.wording import capitalize

__all__ = ["effect_words", "finding_sentence", "surprise"]

_SHORT = {"reg_alpha": "L1", "reg_lambda": "L2"}

_RATIO = re.compile(
    r"^(?P<a>.+?),? over (?P<b>(?:(?! over ).)+?),? minus 1(?P<rest>.*)$"
)


def finding_sentence(claim: ClaimData) -> str:
    """Return the finding of a claim: what was measured, not what was expected.

    Along a path it is the change of the quantity. A supported claim of an experiment is
    its own finding; of others the quantity and its value are written.
    """
    if not known(one["estimate"] for one in claim["findings"]):
        return f"Not measured: {claim['says']}"
    if claim["claim"]["kind"] == "path":
        words = _along(claim)
    elif claim["verdict"] == "supported":
        return claim["says"]
    else:
        words = _quantity(claim)
    return f"{words}{_reach(claim)}" if claim["verdict"] == "not settled" else words


def effect_words(claim: ClaimData) -> str:
    """Return the estimates of all engines as one range, such as ``+5% to +8%``."""
    found = known(one["estimate"] for one in claim["findings"])
    ends = sorted({min(found, default=0.0), max(found, default=0.0)}, key=abs)
    if not found:
        return "not measured"
    if claim["share"]:
        return _between([_percent(end) for end in ends])
    if claim["measured"].startswith("log10 of "):
        return f"{_between([significant(10**end, 2) for end in ends])} times"
    if not claim["measured"].startswith("share"):
        return _between([significant(end, 2) for end in ends])
    parts = [significant(100 * end, 2) for end in ends]
    if " minus " in claim["measured"] or claim["claim"]["kind"] == "path":
        return f"{_between(parts)} percentage points"
    return _between([f"{part}%" for part in parts])


def surprise(claim: ClaimData) -> tuple[bool, float]:
    """Return a key that is largest for the refuted claim of the largest effect."""
    refuted = claim["verdict"] == "refuted" and claim["share"]
    found = known(one["estimate"] for one in claim["findings"])
    return refuted, max(map(abs, found), default=0.0) if refuted else 0.0


def _along(claim: ClaimData) -> str:
    """Return a sentence on a claim along a path of penalties."""
    wanted = claim["claim"]
    along, against = wanted["along"], wanted["against"]
    stopped = wanted["reading"] == "stopped"
    lowest = wanted["at"] == "lowest"
    words = f"the {quantity_words(wanted['measure'])}"
    name = _SHORT.get(along, along)
    rounds = "" if stopped else " at equal rounds"
    if against is not None:
        other = _SHORT.get(against, against)
        where = " each at its lowest loss" if lowest else ""
        many = _times(claim) if claim["share"] else f"{effect_words(claim)} more than"
        end = f"{words} of {other},{where}{rounds}".rstrip(",")
        return f"{name} leaves {many} {end}"
    places = {v for one in claim["findings"] for v in one["place"].get(along, ())}
    value = f" {significant(places.pop())}" if len(places) == 1 else ""
    subject = f"{name} ({along}{value})" if name != along else f"{along}{value}"
    subject += " at its lowest loss" if lowest else ""
    start = "With early stopping, " if stopped else ""
    return f"{start}{subject} {_verb(claim, words)}{rounds}"


def _verb(claim: ClaimData, words: str) -> str:
    """Return what happens to a quantity, with a direction only if it is certain."""
    found = known(one["estimate"] for one in claim["findings"])
    falls = all(_is(one["high"], -1) for one in claim["findings"])
    rises = all(_is(one["low"], 1) for one in claim["findings"])
    size = effect_words(claim)
    if claim["share"] and rises and min(found) >= 1:
        return f"multiplies {words} by {_times(claim).removesuffix(' times')}"
    if falls or rises:
        verb = "cuts" if falls else "raises"
        return f"{verb} {words} by {size.replace(_MINUS, '').replace('+', '')}"
    return f"changes {words} by {size}"


def _is(end: float | None, sign: int) -> bool:
    return end is not None and sign * end > 0


_MINUS = "\N{MINUS SIGN}"


def _quantity(claim: ClaimData) -> str:
    """Return the quantity of an experiment and its value."""
    parts = _RATIO.match(claim["measured"])
    if not claim["share"] or parts is None:
        whole = claim["measured"].removeprefix("log10 of ")
        what, colon, of = whole.rpartition(": ")
        what = f"{what} ({of})" if colon and "means" not in of else whole
        return f"{capitalize(what)}: {effect_words(claim)}"
    rest = parts["rest"]
    rest = f" ({rest[2:]})" if rest.startswith(": ") else rest
    found = known(one["estimate"] for one in claim["findings"])
    what, other = capitalize(parts["a"]), parts["b"]
    if min(found) >= 1:
        return f"{what}: {_times(claim)} {other}{rest}"
    return f"{what}: {effect_words(claim)} against {other}{rest}"


def _reach(claim: ClaimData) -> str:
    """Return how far the intervals go that settle nothing."""
    open_ones = [f for f in claim["findings"] if f["verdict"] == "not settled"]
    low = [one["low"] for one in open_ones]
    high = [one["high"] for one in open_ones]
    if len(known([*low, *high])) < 2 * len(open_ones) or not open_ones:
        return ""
    ends = (min(known(low)), max(known(high)))
    write = _percent if claim["share"] else (lambda end: significant(end, 2))
    if claim["measured"].startswith("log10 of "):
        ends = (10 ** ends[0], 10 ** ends[1])
    if claim["measured"].startswith("share") and not claim["share"]:
        unit = "" if effect_words(claim).endswith("points") else "%"
        parts = [f"{significant(100 * end, 2)}{unit}" for end in ends]
        return f" (interval {_between(parts)})"
    return f" (interval {write(ends[0])} to {write(ends[1])})"


def _times(claim: ClaimData) -> str:
    found = known(one["estimate"] for one in claim["findings"])
    ends = [significant(1 + end, 2) for end in (min(found), max(found))]
    return f"{_between(ends)} times"


def _percent(share: float) -> str:
    """Return a change as a percentage with two digits.

    >>> _percent(-0.393), _percent(0.0069)
    ('\N{MINUS SIGN}39%', '+0.69%')
    """
    digits = 0 if abs(share) >= 0.0995 else 1 if abs(share) >= 0.00995 else 2
    return f"{signed(100 * share, digits)}%"


def _between(ends: list[str]) -> str:
    return " to ".join(dict.fromkeys(ends))
