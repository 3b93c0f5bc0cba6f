"""From SVG to PNG, by resvg or a browser: boostreg itself draws no pixels."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from boostreg.errors import FigureError, MissingExtraError

__all__ = ["BROWSERS", "to_png"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
"""Looked for on the PATH, in this order, where the package resvg_py is not there."""

_ZOOM = 2
_SECONDS = 60


def to_png(svg: str, width: int, height: int) -> bytes:
    """Return an SVG document as a PNG of twice its size in pixels.

    Raises
    ------
    MissingExtraError
        If there is no converter.
    FigureError
        If the one that is there fails.
    """
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        return _by_browser(svg, width, height)
    return bytes(svg_to_bytes(svg_string=svg, zoom=_ZOOM))


def _by_browser(svg: str, width: int, height: int) -> bytes:
    program = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if program is None:
        raise MissingExtraError(
            "A PNG needs a converter: run 'pip install boostreg[png]', put one of "
            f"{', '.join(BROWSERS)} on the PATH, or save as .svg."
        )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        source, target = Path(folder, "figure.svg"), Path(folder, "figure.png")
        source.write_bytes(svg.encode("utf-8"))
        command = [
            program,
            "--headless",
            *_without_sandbox(),
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={Path(folder, 'profile')}",
            f"--force-device-scale-factor={_ZOOM}",
            f"--window-size={width},{height}",
            f"--screenshot={target}",
            source.as_uri(),
        ]
        _run(command)
        if not target.exists():
            raise FigureError(f"{program} wrote no PNG.")
        return target.read_bytes()


def _without_sandbox() -> list[str]:
    # Root has none to go into; the picture is our own and loads nothing.
    return ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)  # noqa: S603  our own arguments
    except (OSError, subprocess.SubprocessError) as error:
        raise FigureError(f"{command[0]} made no PNG: {error}.") from error
