"""What a notebook shows of a fitted estimator beside scikit-learn's own picture."""

from boostreg.penalty import PENALTIES, Penalty
from boostreg.trees import SIZES, TreeSize

__all__ = ["penalties_and_size"]


def penalties_and_size(penalty: Penalty, size: TreeSize, n_rounds: int) -> str:
    """Return a table of the raw penalties that acted and one of what was grown."""
    acted = {name: _said(getattr(penalty, name)) for name in PENALTIES}
    grown = {"n_rounds": _said(n_rounds)}
    grown |= {name: _said(getattr(size, name)) for name in SIZES}
    return (
        '<div style="display:flex;gap:2em;flex-wrap:wrap">'
        f"{_table('Penalties, raw', acted)}{_table('Size', grown)}</div>"
    )


def _table(caption: str, rows: dict[str, str]) -> str:
    body = "".join(
        f'<tr><th scope="row" style="text-align:left">{name}</th><td>{value}</td></tr>'
        for name, value in rows.items()
    )
    return f"<table><caption>{caption}</caption><tbody>{body}</tbody></table>"


def _said(value: float | None) -> str:
    if value is None:
        return "no limit"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
