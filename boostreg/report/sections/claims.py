"""The claims of a study: a wall of cards by question, each with one picture."""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any

from boostreg.figures import (
    ClaimLine,
    Figure,
    RatioRow,
    ResultBar,
    claim_chart,
    tables_chart,
)
from boostreg.figures.scale import MISSING, is_number, known, significant
from boostreg.report.claims import (
    count_verdicts,
    quantity_words,
    tables_words,
)
from boostreg.report.found import effect_words, finding_sentence, surprise
from boostreg.report.parts import ClaimData, ClaimFindingData, ClaimPanelData
from boostreg.report.questions import QUESTIONS, question_of
from boostreg.report.results import Results
from boostreg.report.wording import TextTable, capitalize, engine_name

__all__ = ["GLYPHS", "claim_rows", "claims_section"]

GLYPHS = {"supported": "\N{CHECK MARK}", "refuted": "\N{BALLOT X}", "not settled": "?"}
"""The mark of each verdict."""

_HEADS = ("claim", "engine", "effect", "95% interval", "expected")


def claims_section(results: Results) -> dict[str, Any] | None:
    """Return the cards of the claims by question, None where a study makes none."""
    claims = results["claims"]
    if not claims:
        return None
    groups: dict[object, list[ClaimData]] = {}
    for claim in claims:
        groups.setdefault(_picture_key(claim), []).append(claim)
    # The words up to a comma with which all claims begin are not repeated.
    says = [claim["says"] for claim in claims]
    pairs = zip(min(says), max(says), strict=False)
    start = "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    common = start[: start.rfind(", ") + 2] if len(claims) > 1 and ", " in start else ""
    questions: dict[str, list[dict[str, Any]]] = {}
    for group in groups.values():
        cards = questions.setdefault(question_of(group[0]["id"]), [])
        cards.append(_card(group, common))
    counts = count_verdicts(claims)
    ordered = [name for name in (*QUESTIONS, "") if name in questions]
    return {
        "id": "claims",
        "count": len(claims),
        "counts": [(GLYPHS[name], name, n) for name, n in counts.items()],
        "questions": {name: questions[name] for name in ordered},
    }


def claim_rows(claim: ClaimData) -> Iterator[tuple[str, ...]]:
    """Yield a row of text for each engine that a claim was measured with."""

    def effect(value: float | None) -> str:
        if value is None or not claim["share"]:
            return significant(value)
        return f"{significant(100 * value)}%"

    for finding in claim["findings"]:
        low, high = finding["low"], finding["high"]
        shown = f"{effect(low)} to {effect(high)}"
        if low is None or high is None:
            shown = f"at least {effect(low)}" if low is not None else MISSING
            shown = f"at most {effect(high)}" if high is not None else shown
        yield (
            claim["id"],
            claim["says"],
            _engine(finding) or MISSING,
            finding["verdict"],
            effect(finding["estimate"]),
            shown,
            claim["expected"],
        )


def _engine(finding: ClaimFindingData) -> str:
    return engine_name(finding["engine"]) if finding["engine"] else ""


def _picture_key(claim: ClaimData) -> object:
    """Return what claims of one picture have in common."""
    wanted = claim["claim"]
    if any(one.get("tables") for one in claim["findings"]):
        return claim["id"]
    question = question_of(claim["id"])
    if wanted["kind"] == "path":
        return question, wanted["measure"], wanted["along"], wanted["against"]
    if (options := wanted["options"]).get("prior"):
        mean = options.get("mean", 0.0)
        return question, options["prior"], mean, claim["expected"].split()[0]
    panel = _panel(claim)
    if panel is None:
        return question, wanted["experiment"]
    return question, wanted["experiment"], panel["title"]


def _card(group: list[ClaimData], common: str) -> dict[str, Any]:
    """Return a card: its most surprising finding, the picture, and the others."""
    lead = max(group, key=surprise)
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    for claim in (lead, *(one for one in group if one is not lead)):
        sentence = finding_sentence(claim)
        if claim["claim"].get("options", {}).get("prior"):
            # The same statement on coefficients and on leaves.
            sentence = sentence.partition(": the weight")[0]
        says = claim["says"]
        shown = sentence.removeprefix(common)
        if "_" not in shown.partition(" ")[0]:
            shown = capitalize(shown)
        size = effect_words(claim) if sentence in says else ""
        has_unit = size.endswith(("%", "points", "times"))
        line = {
            "ids": [],
            "glyph": GLYPHS[claim["verdict"]],
            "kind": claim["verdict"].partition(" ")[0],
            "verdict": capitalize(claim["when"] or claim["verdict"]),
            "sentence": shown if sentence in says else sentence,
            "says": "" if says.startswith(sentence) else says,
            "expected": claim["expected"],
            "size": size if has_unit and "identical" not in claim["expected"] else "",
        }
        lines.setdefault((sentence, claim["verdict"]), line)["ids"].append(claim["id"])
    figure, engines = _picture(group, lead)
    rows = tuple(
        (row[0], *row[2:3], *row[4:]) for claim in group for row in claim_rows(claim)
    )
    first, *others = lines.values()
    return {
        "lead": first,
        "others": others,
        "figure": figure,
        "engines": engines,
        "table": TextTable(f"Figures of {group[0]['id']}", _HEADS, rows, (0, 1, 4)),
        "marks": [f["engine"] for f in lead["findings"] if f.get("tables")],
        "notes": list(dict.fromkeys(_notes(group))),
    }


def _notes(group: Sequence[ClaimData]) -> Iterator[str]:
    """Yield how claims were measured, and where."""
    for claim in group:
        how = f" {claim['how']}" if claim["how"] else ""
        methods = "; ".join(dict.fromkeys(f["method"] for f in claim["findings"]))
        yield f"{claim['id']}: {claim['measured']}."
        yield f"{claim['resamples']}; {methods}.{how}"
        for finding in claim["findings"]:
            engine = _engine(finding)
            if words := tables_words(finding):
                yield capitalize(": ".join(filter(None, (engine, words)))) + "."
            for penalty, values in finding["place"].items():
                ends = map(significant, sorted({min(values), max(values)}))
                yield f"{engine}: {penalty} read at {' to '.join(ends)}."


def _picture(
    group: Sequence[ClaimData], lead: ClaimData
) -> tuple[Figure | None, list[tuple[str, str]]]:
    """Return the picture of a card, and the stroke of each engine if there are two."""
    if any(one.get("tables") for one in lead["findings"]):
        return _tables_picture(lead), []
    kind = lead["claim"]["kind"]
    lines, words = _path_lines(group) if kind == "path" else _panel_lines(group, lead)
    if not lines:
        return None, []
    findings = [found for one in group for found in one["findings"]]
    engines = {found["engine"]: None for found in findings if found["series"]}
    strokes = [
        (engine_name(engine), "dash" if place else "")
        for place, engine in enumerate(filter(None, engines))
    ]
    figure = claim_chart(lines, title=finding_sentence(lead), **words)
    named = {one.name for one in lines} & {name for name, _ in strokes}
    prior = lead["claim"].get("options", {}).get("prior")
    return figure, [] if named or prior or len(strokes) < 2 else strokes


def _tables_picture(claim: ClaimData) -> Figure:
    """Return the ratio on each table, their mean, and that of another table."""
    named: dict[str, dict[str, tuple[float | None, float | None, float | None]]] = {}
    means: dict[str, Any] = {"mean": {}, "another table": {}}
    for finding in claim["findings"]:
        engine = finding["engine"] or ""
        for one in finding.get("tables", []):
            ratio = (_plus(one["estimate"]), _plus(one["low"]), _plus(one["high"]))
            named.setdefault(one["name"], {})[engine] = ratio
        ends = (_plus(finding["low"]), _plus(finding["high"]))
        means["mean"][engine] = (_plus(finding["estimate"]), *ends)
        if len(predicted := finding.get("predicted", [])) == 2:
            means["another table"][engine] = (None, *map(_plus, predicted))

    def first(name: str) -> float:
        return next(iter(known(v for v, *_ in named[name].values())), 0.0)

    rows = [RatioRow(name, named[name]) for name in sorted(named, key=first)]
    rows += [RatioRow(name, found, mean=True) for name, found in means.items() if found]
    low, high = claim["claimed"]
    title = finding_sentence(claim)
    return tables_chart(rows, title=title, claimed=(_plus(low), _plus(high)))


def _plus(change: float | None) -> float | None:
    return None if change is None else 1 + change


_HUES = {"reg_alpha": "l1", "reg_lambda": "l2"}
_SHORT = {"reg_alpha": "L1", "reg_lambda": "L2"}
_TIMES = "\N{MULTIPLICATION SIGN}"
_LARGE = 4.0
"""Factor from which on changes are drawn on a logarithmic axis."""


def _path_lines(
    group: Sequence[ClaimData],
) -> tuple[list[ClaimLine], dict[str, Any]]:
    """Return the lines of a measure along penalties, both readings in one picture."""
    wanted = group[0]["claim"]
    measure, against = wanted["measure"], wanted["against"]
    relative = all(claim["share"] for claim in group)
    names = [wanted["along"], *([against] if against else [])]
    readings = dict.fromkeys(claim["claim"]["reading"] for claim in group)
    lines: list[ClaimLine] = []
    for reading in readings:
        mine = [one for one in group if one["claim"]["reading"] == reading]
        for name in names:
            for place, finding in enumerate(mine[0]["findings"]):
                if not finding["series"]:
                    continue
                x, y = finding["series"][name], finding["series"][f"{measure}/{name}"]
                start = dict(zip(x, y, strict=True)).get(0.0)
                scale = start if relative and start else 1.0
                label = ""
                if place == 0 and len(names) > 1:
                    label = _SHORT.get(name, name)
                elif place == 0 and len(readings) > 1:
                    label = "stopped" if reading == "stopped" else "equal rounds"
                if not label and len(names) == len(readings) == 1:
                    label = _engine(finding)
                lines.append(
                    ClaimLine(
                        label,
                        x,
                        [v / scale if is_number(v) else None for v in y],
                        "s" if len(readings) > 1 and reading == "stopped"
                        else _HUES.get(name, "n" if len(names) > 1 else "s"),
                        dash=place > 0,
                        measured=() if against else tuple(
                            _results(mine, place, name, start, relative=relative)
                        ),
                    )
                )  # fmt: skip
    tall = max((v for one in lines for v in known(one.y)), default=0.0)
    log = relative and not against and tall > _LARGE
    words = quantity_words(measure)
    return lines, {
        "x_label": " or ".join(names) + " (rows, log axis)",
        "y_label": f"{words}, over no penalty" if relative else words,
        "x_log": True,
        "y_log": log,
        "unit": "" if not relative and "share" not in words else _TIMES if log else "%",
        "reference": 1.0 if relative else None,
    }


def _results(
    claims: Sequence[ClaimData],
    place: int,
    penalty: str,
    start: float | None,
    *,
    relative: bool,
) -> Iterator[ResultBar]:
    """Yield the result of each claim that is read at one value of the penalty."""
    for claim in claims:
        finding = claim["findings"][place]
        at = set(finding["place"].get(penalty, ()))
        value, low, high = finding["estimate"], finding["low"], finding["high"]
        base = 1.0 if relative else start
        if len(at) == 1 and base is not None and is_number(value):
            ends = [None if end is None else base + end for end in (low, high)]
            yield ResultBar(at.pop(), base + value, *ends)


_MANY = 6
"""So many lines or more are thin, and one name is for all."""


def _panel(claim: ClaimData) -> ClaimPanelData | None:
    """Return the panel that shows the measure of a claim, by the words they share."""
    wanted = claim["claim"]
    words = _stems(wanted["measure"]) | {str(wanted["options"].get("prior"))}
    series = {key for finding in claim["findings"] for key in finding["series"]}

    def score(panel: ClaimPanelData) -> tuple[bool, int]:
        shown = {word for key in panel["lines"] for word in _stems(key)}
        return panel["x"] == "weight", len(words & shown)

    there = [panel for panel in claim["panels"] if panel["x"] in series]
    return max(there, key=score, default=None)


def _stems(key: str) -> set[str]:
    """Return the words of a key without plurals, and penalties by one name."""
    words = (word.removesuffix("s") for word in key.split("_"))
    return {_SAME.get(word, word) for word in words}


_SAME = {"alpha": "l1", "lambda": "l2"}
_EACH = "one each"


def _panel_lines(
    group: Sequence[ClaimData], lead: ClaimData
) -> tuple[list[ClaimLine], dict[str, Any]]:
    """Return the lines of the panel of an experiment."""
    panels = [(one, _panel(one)) for one in group]
    shown = [one for one, panel in panels if panel and panel["x"] == "weight"] or [lead]
    panel = _panel(shown[0])
    if panel is None:
        return [], {}
    prior = shown[0]["claim"]["options"].get("prior")
    keys = {
        key: name
        for key, name in panel["lines"].items()
        if prior is None or key == "likelihood" or key.startswith(prior)
        or (len(panel["lines"]) < 3 and panel["x"] != "weight")
    }  # fmt: skip
    lines: list[ClaimLine] = []
    for place, finding in enumerate(shown[0]["findings"]):
        series = finding["series"]
        if panel["x"] not in series or (prior and place):
            continue
        for k, (key, name) in enumerate(keys.items()):
            many = len(keys) >= _MANY and len(set(keys.values())) == len(keys)
            fine = many and prior is None
            hue, dash = _style(key, name, lines, fine=fine, second=place > 0)
            quiet = place > 0 or (fine and k > 0)
            lines.append(
                ClaimLine(
                    "" if quiet else _EACH if fine else name,
                    series[panel["x"]],
                    series[key],
                    hue,
                    dash=dash,
                    fine=fine,
                    peak=panel["x"] == "weight" and not key.endswith("prior"),
                )
            )
    if prior == "uniform" and panel["x"] == "weight" and lines:
        flat = [1.0] * len(lines[0].x)  # as high everywhere as at its largest
        lines.append(ClaimLine("uniform prior", lines[0].x, flat, "n", dash=True))
    label = panel["y_label"]
    share = "share" in label or label.startswith("over ") or " over the " in label
    return lines, {
        "x_label": panel["x_label"] + (" (log axis)" if panel["x_log"] else ""),
        "y_label": label,
        "x_log": panel["x_log"],
        "y_log": panel["y_log"],
        "unit": "%" if share and not panel["y_log"] else "",
    }


_KINDS = {
    "l1": ("l1", "lasso", "laplace", "reg", "alpha"),
    "l2": ("l2", "ridge", "normal"),
}


def _style(
    key: str, name: str, lines: Sequence[ClaimLine], *, fine: bool, second: bool
) -> tuple[str, bool]:
    """Return hue and dash of a line: those of its penalty, if they are not taken."""
    if key.startswith(("reg_lambda", "map_normal")):
        hue = "l2"
    else:
        words = key.split("_")
        hue = next((h for h, known_as in _KINDS.items() if words[0] in known_as), "s")
    if not name and lines:
        return lines[-1].hue, lines[-1].dash
    if fine or second:
        return hue, second
    taken = {(one.hue, one.dash) for one in lines}
    if key.endswith("_prior"):
        return hue, True
    free = [(hue, False), ("s", False), ("n", False), ("s", True), (hue, True)]
    if key.endswith(("_maximum", "_closed")):
        free = [("s", True), *free]
    return next((style for style in free if style not in taken), ("n", True))
