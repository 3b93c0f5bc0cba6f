"""Does a page say what ``results.json`` says? Read from its HTML alone."""

import json
import math
import re
from html.parser import HTMLParser

NAMES = {"xgboost": "XGBoost", "lightgbm": "LightGBM", "sklearn": "scikit-learn"}
FACTORS = "\N{MULTIPLICATION SIGN}\N{DIVISION SIGN}"
PANELS = ("loss", "trees", "leaves_per_tree")


class Page(HTMLParser):
    """Tables by caption, names of charts, tooltips and points of effect panels."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.drawn, self.panels, self.texts = {}, [], {}, []
        self._rows, self._cell, self._island = [], None, ""
        self._card, self._svg, self._depth, self._in = None, None, 0, None
        self.feed(text)
        self.data = json.loads(self._island)

    def handle_starttag(self, tag, attrs):
        """Note where text belongs, and what a chart draws."""
        found = dict(attrs)
        if tag in ("caption", "th", "td"):
            self._cell = ""
        if tag == "tr":
            self._rows.append([])
        if tag == "table":
            self._rows = []
        if tag == "figure" and "data-p" in found:
            self._penalty = found["data-p"]
        if tag == "div" and found.get("class") in ("panels", "treelist"):
            self._card = self._penalty if found["class"] == "panels" else None
        if tag == "svg":
            self._depth += 1
            self.drawn.append(found.get("aria-label", ""))
            if self._depth == 1 and self._card:
                self._svg = {"points": [], "ticks": []}
                self.panels.setdefault(self._card, []).append(self._svg)
        if tag == "g" and "data-reading" in found:
            self._reading = found["data-reading"]
        if self._svg is not None and tag == "path" and "data-at" in found:
            heights = [float(y) for y in re.findall(r"M[\d.-]+ ([\d.-]+)", found["d"])]
            at = [int(k) for k in found["data-at"].split()]
            key = (found["data-engine"], self._reading)
            self._svg["points"].append((key, at, heights))
        self._in = (tag, found)

    def handle_data(self, data):
        """Take text to where it belongs."""
        tag, found = self._in or ("", {})
        if self._cell is not None:
            self._cell += data
        if tag == "script" and found.get("id") == "data":
            self._island += data
        is_tick = tag == "text" and found.get("text-anchor") == "end"
        if self._svg is not None and is_tick and data.strip():
            number = read(data.lstrip(FACTORS))[0]
            value = 1 / number if data[0] == FACTORS[1] else number
            self._svg["ticks"].append((value, float(found["y"]) - 4))
        if tag == "small":
            self.texts.append(data)

    def handle_endtag(self, tag):
        """File what has ended."""
        if tag == "svg":
            self._depth -= 1
            if self._depth == 0:
                self._svg = None
        if tag == "figure":
            self._card = None
        if tag in ("th", "td"):
            self._rows[-1].append(self._cell.strip())
        if tag == "caption":
            self.tables.setdefault(self._cell, self._rows)
        if tag in ("caption", "th", "td"):
            self._cell = None
        self._in = None

    def rows(self, start):
        """Return the rows of the table whose caption starts so, by head and place."""
        [(_, found)] = [p for p in self.tables.items() if p[0].startswith(start)]
        return [dict(zip(found[0], row, strict=True)) for row in found[1:]]


def read(shown):
    """Return the number that a text shows, and half of its last place."""
    plain = shown.strip().replace(",", "").replace("\N{MINUS SIGN}", "-")
    unit = {"%": 0.01, "k": 1e3, "M": 1e6}.get(plain[-1:], 1.0)
    match = re.match(r"([+-]?\d+(?:\.(\d+))?)(?:e(-?\d+))?", plain)
    digits, power = len(match[2] or ""), int(match[3] or 0)
    return float(match[0].rstrip("%kM")) * unit, 0.5 * unit * 10.0 ** (power - digits)


def equal(shown, stored):
    """Return whether a text shows a number as it rounds, a dash for none."""
    if stored is None or not math.isfinite(stored):
        return shown == "\N{EN DASH}"
    if shown[:1] in FACTORS:
        return equal(shown[1:], 1 / stored if shown[0] == FACTORS[1] else stored)
    value, half = read(shown)
    rounded = 0.5 * 10.0 ** (math.floor(math.log10(abs(stored))) - 1) if stored else 0.0
    # From 10 on counts and shares are written whole or with so many digits.
    allowed = max(half, rounded) if "." not in shown and abs(stored) > 1000 else half
    return abs(value - stored) <= allowed * (1 + 1e-9) + 1e-12


def untruths(text, results):
    """Return where a page says another number than ``results.json``: (where, what)."""
    page = Page(text)
    claims = [*_models(page, results), *_pairs(page, results), *_glance(page, results)]
    claims += [*_paths(page, results), *_tips(page, results)]
    claims += [*_offers(page, results), *_metrics(page, results)]
    assert len(claims) > 50
    wrong = [(where, shown) for where, shown, said in claims if not equal(shown, said)]
    return wrong + list(_misdrawn(page, results))


def _ends(shown):
    return shown.split(" to ") if " to " in shown else [shown, shown]


def _models(page, results):
    found = {
        f"{NAMES[engine]} {kind}": block[kind]
        for engine, block in results["engines"].items()
        for kind in ("default", "unpenalised", "best", "one_se")
    }
    for row in page.rows("Means over the outer folds"):
        model = found.get(row["model"])
        if model is None:
            continue
        where, outer = f"model {row['model']}", model["outer"]
        size = model.get("outer_size", model["size"])
        yield f"{where} loss", row["loss"], outer["loss"]
        for shown, end in zip(_ends(row["95% interval"]), ("low", "high"), strict=True):
            yield f"{where} {end}", shown, outer[end]
        leaves = row["leaves, coefficients or weights"]
        yield f"{where} leaves", leaves, size["leaves"]


def _metrics(page, results):
    found = {
        f"{NAMES[engine]} {kind}": block[kind]
        for engine, block in results["engines"].items()
        for kind in ("default", "unpenalised", "best", "one_se")
    }
    for row in page.rows("Means over the outer folds"):
        values = found.get(row["model"], {}).get("metrics", {})
        for name, one in values.items():
            shown = row[results["metrics"][name]["label"]]
            for part, end in zip(re.split(r" \(| to |\)", shown), one, strict=False):
                yield f"metric {row['model']} {name} {end}", part, one[end]


def _offers(page, results):
    """Yield what the limits on leaves offer, against the lowest loss within each."""
    budget = page.data["budget"]
    for limit, lines in zip(budget["limits"], budget["readings"], strict=True):
        for line, found in zip(lines, results["engines"].values(), strict=True):
            within = [one for one in found["front"] if one["leaves"] <= limit]
            if not within:
                assert line.endswith("nothing this small")
                continue
            best = min(within, key=lambda one: one["loss"])
            lowest = min(one["loss"] for one in found["front"])
            shown = re.match(r".*: (\S+) leaves, loss (\S+), (\S+) against", line)
            yield f"limit {limit} leaves", shown[1], best["leaves"]
            yield f"limit {limit} loss", shown[2], best["loss"]
            yield f"limit {limit} change", shown[3], best["loss"] / lowest - 1


def _pairs(page, results):
    rows = page.rows("Changes of outer loss")
    for row, pair in zip(rows, results["comparisons"], strict=True):
        where = row["pair"]
        yield f"{where} change", row["change"], pair["change"]
        yield f"{where} n", row["n"], pair["n"]
        for shown, end in zip(_ends(row["95% interval"]), ("low", "high"), strict=True):
            yield f"{where} {end}", shown, pair[end]


KINDS = {"default": "defaults", "unpenalised": "no penalty", "best": "tuned",
         "one_se": "small"}  # fmt: skip


def _glance(page, results):
    """Yield what the two pictures of the first screen say they draw."""
    found = [one for one in page.drawn if "on unseen rows against the size" in one]
    for drawn in found:
        for engine, block in results["engines"].items():
            for kind, name in KINDS.items():
                model, where = block[kind], f"glance {engine} {kind}"
                shown = re.search(
                    rf"{NAMES[engine]} {name}: (\S+) leaves?, .*? (\S+?)(?:;|$)", drawn
                )
                size = model.get("outer_size", model["size"])
                yield f"{where} leaves", shown[1], size["leaves"]
                yield f"{where} loss", shown[2].rstrip("."), model["outer"]["loss"]
    for drawn in (
        one for one in page.drawn if one.startswith("What each penalty does")
    ):
        for part in re.split(r"[.;] ", drawn)[1:]:
            penalty, _, effects = part.partition(" ")
            for shown in re.findall(
                r"(\w+)( alone)? (\S+?)% loss, leaves (\S+?)(?:,|;|$)", effects
            ):
                engine = next(e for e, name in NAMES.items() if name == shown[0])
                kind = "alone" if shown[1] else "tuned"
                one = results["effects"][engine][penalty][kind]
                where = f"glance {engine} {penalty} {kind}"
                yield f"{where} loss", f"{shown[2]}%", one["against_off"]["change"]
                if shown[3] != "same":
                    yield f"{where} leaves", shown[3], one["factors"]["leaves"][0]


def _paths_of(results):
    """Yield what is drawn, by engine, penalty and reading, with the points."""
    anchors = {e["anchor"] for v in results["effects"].values() for e in v.values()}
    anchor = "tuned" if "tuned" in anchors else "fixed"
    readings = {("tuned", "stopped"): "tuned"} if anchor == "tuned" else {}
    readings |= {("fixed", "stopped"): "alone", (anchor, "equal"): "equal"}
    for engine, found in results["effects"].items():
        for penalty, effect in found.items():
            for path in (effect, *effect["others"]):
                if key := readings.get((path["anchor"], path["reading"])):
                    yield engine, penalty, key, path["points"]


def _change(point, measure):
    """Return the change of a measure against the first point: a share, or a factor."""
    if measure == "loss":
        return point["against_off"]["change"]
    return point["factors"][measure][0]


def _paths(page, results):
    for engine, penalty, reading, points in _paths_of(results):
        if reading != next(iter(page.data["effects"][penalty]["readings"])):
            continue
        table = page.rows(f"The path of {penalty},")
        mine = [row for row in table if row["engine"] == NAMES[engine]]
        for row, point in zip(mine, points, strict=True):
            where = f"path {engine} {penalty} {row[penalty]}"
            for head, key in (
                ("leaves", "leaves"),
                ("inner loss", "loss"),
                ("gap", "gap"),
            ):
                yield f"{where} {head}", row[head], point[key]
            judged = point["judged"]
            loss = point["loss"] if judged is None else judged
            yield f"{where} loss", row["loss"], loss
            for head in ("trees", "leaves per tree"):
                factor = point["factors"][head.replace(" ", "_")][0]
                yield f"{where} {head}", row[head], factor
            shown = re.split(r" \(| to |\)", row["change"])
            for end, key in zip(shown, ("change", "low", "high"), strict=False):
                yield f"{where} {key}", end, point["against_off"][key]


def _tips(page, results):
    for engine, penalty, reading, points in _paths_of(results):
        tips = page.data["effects"][penalty]
        for point in points:
            said = tips["readings"][reading][tips["grid"].index(point["value"])]
            [mine] = [one for one in said if one.startswith(f"{NAMES[engine]}:")]
            shown = re.match(r".*: (\S+) loss, (\S+) trees, each (\S+) ", mine).groups()
            for measure, one in zip(PANELS, shown, strict=True):
                where = f"tip {engine} {penalty} {reading} {measure}"
                yield where, one, _change(point, measure)


def _misdrawn(page, results):
    """Yield points that do not lie where the ticks of their panel put them."""
    for engine, penalty, reading, points in _paths_of(results):
        grid = page.data["effects"][penalty]["grid"]
        stored = {grid.index(point["value"]): point for point in points}
        for measure, panel in zip(PANELS, page.panels[penalty], strict=True):
            bend = float if measure == "loss" else math.log10
            (a, foot), (b, top) = panel["ticks"][0], panel["ticks"][-1]
            slope = (top - foot) / (bend(b) - bend(a))
            for owner, at, heights in panel["points"]:
                for k, height in zip(at, heights, strict=True):
                    if owner != (engine, reading):
                        continue
                    value = _change(stored[k], measure)
                    if measure != "loss" and value <= 0:
                        continue  # a log axis has no place for no tree
                    there = foot + slope * (bend(value) - bend(a))
                    if abs(there - height) > 1.0:
                        where = f"chart {engine} {penalty} {reading} {measure} {k}"
                        yield where, f"{height}"


def contradictions(results):
    """Return where words, bands and sentences on penalties disagree with intervals."""
    tolerance = results["study"]["tolerance"]
    return [
        *_wrong_words(results, tolerance),
        *_unsafe(results, tolerance),
        *_misstated(results),
        *_overstated(results),
    ]


def _allowed(low, high, tolerance):
    """Return the words that an interval allows."""
    found = {
        "helps": high < 0,
        "harms": low > 0,
        "no effect that matters": -tolerance < low and high < tolerance,
        "does no harm": high < tolerance,
    }
    return [word for word, is_so in found.items() if is_so] or ["not settled"]


def _wrong_words(results, tolerance):
    judged = [(f"{n} together", one) for n, one in results["penalties"].items()]
    for engine, found in results["effects"].items():
        for name, effect in found.items():
            parts = [effect[part] for part in ("tuned", "alone") if effect[part]]
            judged += [(f"{engine} {name} {one['anchor']}", one) for one in parts]
    for where, one in judged:
        low, high = one["against_off"]["low"], one["against_off"]["high"]
        allowed = ["not settled"] if low is None else _allowed(low, high, tolerance)
        if one["word"] not in allowed:
            yield f"{where}: {one['word']}, with {low} to {high}"


def _unsafe(results, tolerance):
    """Yield values of a safe range whose interval reaches above the tolerance."""
    for engine, found in results["effects"].items():
        for name, effect in found.items():
            for path in (effect, *effect["others"]):
                if path["safe"] is None:
                    continue
                values = [point["value"] for point in path["points"]]
                end = values.index(path["safe"][1])
                for point in path["points"][1 : end + 1]:
                    high = point["against_off"]["high"]
                    if not point["rated"] or point["cut"] or high >= tolerance:
                        yield f"safe {engine} {name} {path['anchor']} {point['value']}"


def _overstated(results):
    """Yield headings on size that another number of leaves would make true."""
    heading = results["text"]["headings"]["front"]
    stated = re.findall(r"(\w+) from ([\d.,]+)", heading)
    tolerance = results["study"]["tolerance"]
    for (name, leaves), (engine, found) in zip(
        stated, results["engines"].items(), strict=True
    ):
        lowest = min(one["loss"] for one in found["front"])
        near = [
            one["leaves"]
            for one in found["front"]
            if one["loss"] <= lowest * (1 + tolerance)
        ]
        if name != NAMES[engine] or not equal(leaves, min(near)):
            yield f"{engine}: {heading}"


def _misstated(results):
    """Yield penalties of which heading, answer or caveats state another word."""
    words = {name: one["word"] for name, one in results["penalties"].items()}
    text = results["text"]
    helping = [name for name, word in words.items() if word == "helps"]
    heading = text["headings"]["effects"]
    named = re.findall(r"\b(\w+)(?=(?:, \w+)*(?: and \w+)? lowers? the loss)", heading)
    if ("no penalty" in heading and helping) or set(named) & set(words) - set(helping):
        yield f"heading: {heading}"
    for caveat in text["caveats"]:
        match = re.match(r"(\w+) is not identified", caveat)
        if match and words.get(match[1]) in ("helps", "harms"):
            yield caveat
