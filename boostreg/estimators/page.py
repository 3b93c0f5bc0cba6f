"""What a notebook shows of a fitted estimator beside scikit-learn's own picture."""

from typing import get_args

from boostreg.errors import PenaltyError
from boostreg.penalty import PENALTIES, SCALED, Penalty, Scale, Units
from boostreg.penalty.priors import as_prior
from boostreg.trees import SIZES, TreeSize

__all__ = ["penalties_and_size"]


def penalties_and_size(
    penalty: Penalty, units: Units, size: TreeSize, n_rounds: int
) -> str:
    """Return the raw penalties that acted in each scale, and what was grown."""
    scales = {scale: _in_scale(penalty, units, scale) for scale in get_args(Scale)}
    acted = {
        name: [_said(getattr(penalty, name))]
        if name not in SCALED
        else [known[name] for known in scales.values()]
        for name in PENALTIES
    }
    grown = {"n_rounds": [_said(n_rounds)]}
    grown |= {name: [_said(getattr(size, name))] for name in SIZES}
    return (
        '<div style="display:flex;gap:2em;flex-wrap:wrap">'
        f"{_table('Penalties', acted, tuple(scales))}{_table('Size', grown)}</div>"
        f"<p>{as_prior(penalty, units)['sentence']}</p>"
    )


def _in_scale(penalty: Penalty, units: Units, scale: Scale) -> dict[str, str]:
    try:
        same = penalty.to_scale(scale, units)
    except PenaltyError:  # the target does not vary, and a row is worth nothing
        return dict.fromkeys(SCALED, "no unit")
    return {name: _said(getattr(same, name)) for name in SCALED}


def _table(
    caption: str, rows: dict[str, list[str]], heads: tuple[str, ...] = ()
) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in ("", *heads))
    body = "".join(
        f'<tr><th scope="row" style="text-align:left">{name}</th>'
        f"{''.join(f'<td>{value}</td>' for value in values)}</tr>"
        for name, values in rows.items()
    )
    top = f"<thead><tr>{head}</tr></thead>" if heads else ""
    return f"<table><caption>{caption}</caption>{top}<tbody>{body}</tbody></table>"


def _said(value: float | None) -> str:
    if value is None:
        return "no limit"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
