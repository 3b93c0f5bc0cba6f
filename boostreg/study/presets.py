"""Presets: how much work a study does, under three names.

A preset sets only how precise a result is and how long it takes, never what is
measured. A key that the study itself sets is not changed by its preset.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

__all__ = [
    "FEW_ROWS",
    "PRESETS",
    "Preset",
    "PresetName",
    "own_keys",
    "preset_lines",
    "with_preset",
]

PresetName = Literal["quick", "default", "thorough"]

FEW_ROWS = 2000
"""Below so many rows, outer folds are repeated more often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """Values of the keys that decide how long a run takes.

    Attributes
    ----------
    trials : int
        Of each search. Over the tables of ``reports/evidence``, those after the sixth
        change the mean loss by less than 1 %.
    outer_folds, inner_folds : int
    repeats_of_few, repeats_of_many : int
        Repeats of the outer folds below ``FEW_ROWS`` rows, and from there on.
    path_points, design_points : int
        Values per path, and points of the design for the importance of penalties; 0
        leaves them out.
    most_values : int or None
        Values (rows times columns) of the rows that a study uses; None: no limit.
    """

    trials: int
    outer_folds: int
    repeats_of_few: int
    repeats_of_many: int
    inner_folds: int
    path_points: int
    design_points: int
    most_values: int | None = None

    def repeats(self, n_rows: int) -> int:
        """Return the repeats of the outer folds for a table of ``n_rows`` rows.

        >>> PRESETS["default"].repeats(300), PRESETS["default"].repeats(3000)
        (3, 1)
        """
        return self.repeats_of_few if n_rows < FEW_ROWS else self.repeats_of_many

    @property
    def content(self) -> dict[str, dict[str, Any]]:
        """Its keys as in a study, without the outer folds, which depend on the rows."""
        return {
            "search": {"trials": self.trials},
            "validation": {"inner": {"folds": self.inner_folds}},
            "paths": {"points": self.path_points},
            "effects": {"points": self.design_points},
        }


PRESETS: Mapping[PresetName, Preset] = MappingProxyType(
    {
        "quick": Preset(
            trials=6,
            outer_folds=3,
            repeats_of_few=1,
            repeats_of_many=1,
            inner_folds=3,
            path_points=0,
            design_points=0,
            most_values=2**25,
        ),
        "default": Preset(
            trials=40,
            outer_folds=5,
            repeats_of_few=3,
            repeats_of_many=1,
            inner_folds=5,
            path_points=15,
            design_points=64,
        ),
        "thorough": Preset(
            trials=100,
            outer_folds=5,
            repeats_of_few=5,
            repeats_of_many=3,
            inner_folds=5,
            path_points=25,
            design_points=256,
        ),
    }
)
"""By name, from the fastest to the most precise."""


def with_preset(study: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the content of a study with the keys of its preset that it does not set.

    Content of a wrong type is left for the checks of its own key.

    >>> study = with_preset({"preset": "quick", "search": {"scale": "rows"}})
    >>> study["search"], study["paths"]
    ({'trials': 6, 'scale': 'rows'}, {'points': 0})
    """
    name: Any = study.get("preset")
    if name not in get_args(PresetName):
        return study
    filled = dict(study)
    for part, keys in PRESETS[name].content.items():
        given = study.get(part, {})
        if isinstance(given, Mapping):
            filled[part] = {**keys, **given}
    return filled


def own_keys(name: PresetName, study: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys of a complete study whose value is not that of a preset.

    Outer folds are not compared, because those of a preset depend on the rows.
    """
    own = []
    for part, keys in PRESETS[name].content.items():
        for key, value in keys.items():
            given = study[part][key]
            # Of a mapping, the preset sets some keys.
            if given != ({**given, **value} if isinstance(value, dict) else value):
                own.append(f"{part}.{key}")
    return tuple(own)


def preset_lines() -> Iterator[str]:
    """Yield a line for each preset: its name and what it sets."""
    for name, preset in PRESETS.items():
        few, many = preset.repeats_of_few, preset.repeats_of_many
        more = "" if few == many else f" (x {many} from {FEW_ROWS:,} rows)"
        limit = ""
        if preset.most_values is not None:
            limit = (
                f", random rows of a table of more than {preset.most_values:,} values"
            )
        yield (
            f"{name}: {preset.trials} trials, {preset.outer_folds} outer folds x "
            f"{few}{more}, {preset.inner_folds} inner folds, "
            f"{preset.path_points or 'no'} points per path, "
            f"{preset.design_points or 'no'} points for importance{limit}"
        )
