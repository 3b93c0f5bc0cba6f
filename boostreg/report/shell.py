"""What all pages share: stylesheet, policy, templates, data for their scripts.

A page may run its own scripts and use its own stylesheet, each allowed by the hash of
its bytes, and nothing else: markup that came in with a name could not run even if it
were not escaped.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from boostreg.figures import encoding, figure_css, palette_css

__all__ = ["GENERATOR", "fill", "island", "template"]

HEAD_SCRIPT = "document.documentElement.classList.add('js')"
"""Runs before the body is read, so that a long table is never shown in full and cut."""

GENERATOR = '<meta name="generator" content="boostreg">'
"""Is in the head of every page of boostreg: only such a page is ever replaced."""


def fill(
    name: str, *, styles: Sequence[str], scripts: Sequence[str], **content: Any
) -> str:
    r"""Return a page: the template ``name`` filled with ``content``.

    It may run and be styled only by ``scripts`` and ``styles``, files of ``templates``
    joined in this order. Write it as UTF-8 with ``newline="\n"``: hashes are of bytes.
    """
    css = palette_css(":root") + figure_css() + "".join(map(template, styles))
    # One scope that no name leaves.
    joined = "".join(map(template, scripts))
    script = f"(() => {{\n'use strict';\n{joined}}})();\n"
    page: str = (
        _environment()
        .get_template(name)
        .render(
            css=css,
            head_script=HEAD_SCRIPT,
            script=script,
            policy=(
                f"default-src 'none'; script-src {_hash(HEAD_SCRIPT)} {_hash(script)}; "
                f"style-src {_hash(css)}; img-src data:; base-uri 'none'; "
                "form-action 'none'; require-trusted-types-for 'script'; "
                "trusted-types 'none'"
            ),
            **content,
        )
    )
    # A lone surrogate in a name has no UTF-8 and could not be written to a file.
    return page.encode("utf-8", "replace").decode("utf-8")


def island(data: Mapping[str, Any]) -> str:
    """Return JSON that can end no script element, whatever its strings hold."""
    written = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for character in "&<>":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return written


@cache
def template(name: str) -> str:
    """Return a file of the folder ``templates``."""
    folder = files("boostreg.report").joinpath("templates")
    return folder.joinpath(name).read_text("utf-8")


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


@cache
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("boostreg.report"),
        autoescape=True,
        undefined=StrictUndefined,  # a misspelt key fails here, not as a blank cell
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["encoding"] = encoding
    return environment
