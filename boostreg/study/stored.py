"""What a run left, read again and checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boostreg import __version__
from boostreg.errors import DataError, FigureError
from boostreg.figures import Figure
from boostreg.figures.notebook import notebook_html
from boostreg.report.form import faults_of
from boostreg.report.page import page_figures
from boostreg.report.sections.words import dig
from boostreg.study.files import read_csv, read_json

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Run", "open_run", "read_results"]

_SHOWN = ("front", "engines")


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run, opened from its folder; nothing is computed again.

    Attributes
    ----------
    folder : Path
    results : mapping
        The content of ``results.json``.
    """

    folder: Path
    results: Mapping[str, Any]

    @property
    def trials(self) -> "pd.DataFrame":
        """The table ``trials.csv``."""
        return self._table("trials")

    @property
    def paths(self) -> "pd.DataFrame":
        """The table ``paths.csv``."""
        return self._table("paths")

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """The figures of the report by section and title, in its order."""
        rows = (read_csv(self.folder / f"{name}.csv") for name in ("trials", "paths"))
        return page_figures(self.results, *rows)

    def figure(self, name: str) -> Figure:
        """Return the first figure whose name starts so: ``front``, ``engines``, ...

        Raises
        ------
        FigureError
            If there is none; the message lists their names.
        """
        for known, figure in self.figures.items():
            if known.startswith(name):
                return figure
        listed = "; ".join(self.figures)
        raise FigureError(f"name must begin one of {listed}, got {name!r}.")

    def _table(self, name: str) -> "pd.DataFrame":
        import pandas as pd

        return pd.DataFrame(read_csv(self.folder / f"{name}.csv"))

    def __repr__(self) -> str:
        return "\n".join((f"Run {self.folder}", *self._answer()))

    def _answer(self) -> list[str]:
        return list(self.results["text"]["answer"])

    def _repr_html_(self) -> str:
        head = f"<p><b>{escape(str(self.results['study']['title'] or self.folder))}</b>"
        said = "".join(f"<p>{escape(sentence)}</p>" for sentence in self._answer())
        shown = (
            figure
            for name, figure in self.figures.items()
            if name.split(":")[0] in _SHOWN
        )
        return f'{head}</p><div style="max-width:72ch">{said}</div>' + notebook_html(
            *shown
        )


def open_run(folder: str | Path) -> Run:
    """Return a finished run from the folder that it left.

    Parameters
    ----------
    folder : str or Path
        As ``run_study`` returns it.

    Raises
    ------
    DataError
        If the folder holds no results of a run, or those of another version.
    """
    return Run(Path(folder), read_results(Path(folder)))


def read_results(folder: Path) -> Mapping[str, Any]:
    """Return the content of a run's ``results.json``.

    Raises
    ------
    DataError
        If the folder holds no results of a run, or those of another version.
    """
    path = folder / "results.json"
    results = read_json(path)
    if faults := faults_of(results):
        raise DataError(f"{path} {_refusal(results, faults)}")
    content: Mapping[str, Any] = results
    return content


def _refusal(results: Any, faults: Sequence[str]) -> str:
    more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
    reason = f"{faults[0]}{more}"
    writer = dig(results, "versions", "boostreg")
    if writer is None:
        return f"was not written by a run of boostreg: {reason}."
    return (
        f"has another form than boostreg {__version__} writes ({writer} wrote it): "
        f"{reason}. Run the study again."
    )
