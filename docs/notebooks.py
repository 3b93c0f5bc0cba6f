"""The notebooks of the documentation: run their code, and keep its outputs in them.

``python docs/notebooks.py`` runs each notebook from the top in an empty folder, and
fails at the first error. ``--write`` also keeps the outputs. A kernel is not needed: a
cell is its code, and then the value of its last line is shown.
"""

import ast
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

__all__ = ["run"]

_FOLDER = Path(__file__).parent / "notebooks"


def run(path: Path) -> dict[str, Any]:
    """Run all cells of a notebook; return it with their outputs."""
    notebook: dict[str, Any] = json.loads(path.read_text("utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    code = (cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    for count, cell in enumerate(code, start=1):
        cell["execution_count"] = count
        cell["outputs"] = list(_run_cell("".join(cell["source"]), path.name, names))
    return notebook


def _run_cell(
    source: str, name: str, names: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Run the code of a cell, and yield its outputs as notebooks keep them."""
    tree = ast.parse(source, name)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with redirect_stdout(printed), redirect_stderr(io.StringIO()):
        exec(compile(tree, name, "exec"), names)  # noqa: S102  our own notebook
        if last is not None:
            line = compile(ast.Expression(last.value), name, "eval")
            value = eval(line, names)  # noqa: S307  our own notebook
    if text := printed.getvalue():
        yield {"output_type": "stream", "name": "stdout", "text": _lines(text)}
    if value is not None:
        as_html = getattr(value, "_repr_html_", None)
        data = {"text/plain": _lines(repr(value))}
        if as_html is not None:  # a reader of text alone needs no source of a picture
            data = {
                "text/plain": [type(value).__name__],
                "text/html": _lines(as_html()),
            }
        yield {"output_type": "display_data", "data": data, "metadata": {}}


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def main() -> None:
    """Run all notebooks."""
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])
    for path in sorted(_FOLDER.glob("*.ipynb")):
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            notebook = run(path)
        if "--write" in sys.argv:
            text = json.dumps(notebook, indent=1, ensure_ascii=False)
            path.write_text(f"{text}\n", "utf-8")
        sys.stdout.write(f"{path.name}: {time.perf_counter() - started:.1f} s\n")


if __name__ == "__main__":
    main()
