"""Settings of the documentation site.

``sphinx-build -W docs build/docs`` builds it, without the network.
"""

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

from generated import filled

from boostreg import __version__

project = "boostreg"
author = "boostreg developers"
project_copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"boostreg {__version__}"
html_show_sourcelink = False
html_copy_source = False

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

# Docstrings state the types of arguments in words.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
python_maximum_signature_line_length = 72


def setup(app: Sphinx) -> None:
    """Fill in the generated parts of a page, and read docstrings as plain text."""

    def fill(_: Sphinx, __: str, source: list[str]) -> None:
        source[0] = filled(source[0])

    def escape(_: Sphinx, *found: object) -> None:
        lines = found[-1]
        if isinstance(lines, list):
            # "n_features_in_" without quotes would be a link in reStructuredText.
            lines[:] = [
                line if "`" in line else re.sub(r"(?<=\w)_(?!\w)", r"\\_", line)
                for line in lines
            ]

    app.connect("source-read", fill)
    app.connect("autodoc-process-docstring", escape, priority=400)
