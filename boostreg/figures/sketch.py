"""A few small trees: what a penalty prunes, and what it shrinks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from boostreg.figures.figure import Figure
from boostreg.figures.frame import Frame
from boostreg.figures.scale import count, shorten
from boostreg.figures.svg import Fragment, group, path, px, text

__all__ = ["SmallTree", "read_tree", "small_trees"]

_FRAME = Frame(width=1000, height=140, left=8, right=992, top=38, bottom=112)
_REACH = 24.0
"""Height of the bar of the largest leaf weight, in pixels."""


@dataclass(frozen=True, slots=True)
class SmallTree:
    """A tree under ``label``; ``written`` as in ``read_tree``, empty if too large."""

    label: str
    n_leaves: int
    written: str


@dataclass(slots=True)
class _Node:
    feature: int = -1
    value: float = 0.0
    children: list["_Node"] = field(default_factory=list)
    x: float = 0.0
    depth: int = 0


def small_trees(
    trees: Sequence[SmallTree], *, columns: Sequence[str] = (), title: str
) -> Figure:
    """Draw trees side by side, with leaves as bars on one scale.

    A filled bar upwards is a positive leaf, a hollow bar downwards a negative one. A
    tree with one leaf is a single bar. ``columns`` name the first split of each tree.
    """
    roots = [read_tree(tree.written) for tree in trees]
    leaves = [leaf for root in roots if root for leaf in _leaves(root)]
    largest = max((abs(leaf.value) for leaf in leaves), default=0.0) or 1.0
    deepest = max((leaf.depth for leaf in leaves), default=0) or 1
    share = _FRAME.width / max(len(trees), 1)
    width = share - 24
    parts = []
    for k, (tree, root) in enumerate(zip(trees, roots, strict=True)):
        left = k * share + 8
        words = "1 leaf" if tree.n_leaves == 1 else f"{count(tree.n_leaves)} leaves"
        if root is None:
            words += ", too many to draw"
        elif root.children and root.feature < len(columns):
            words += f", first by {shorten(columns[root.feature], 14)}"
        parts += [text(left, 13, tree.label, "k"), text(left, 29, words)]
        if root is not None:
            parts.append(_tree(root, left, width, largest, deepest))
    described = "; ".join(f"{one.label}: {count(one.n_leaves)} leaves" for one in trees)
    return _FRAME.draw(*parts, title=title, description=described)


def read_tree(written: str) -> _Node | None:
    """Return the root of a tree written as ``(feature left right)``, leaves as numbers.

    >>> read_tree("(3 -0.5 (0 1 2))").children[1].feature
    0
    """
    tokens = re.findall(r"[()]|[^\s()]+", written)
    if not tokens:
        return None
    position = 0

    def node(depth: int) -> _Node:
        nonlocal position
        token = tokens[position]
        position += 1
        if token != "(":  # noqa: S105  a bracket is no password
            return _Node(value=float(token), depth=depth)
        feature = int(tokens[position])
        position += 1
        made = _Node(feature=feature, depth=depth)
        made.children = [node(depth + 1), node(depth + 1)]
        position += 1
        return made

    return node(0)


def _leaves(root: _Node) -> list[_Node]:
    if not root.children:
        return [root]
    return [leaf for child in root.children for leaf in _leaves(child)]


def _tree(
    root: _Node, left: float, width: float, largest: float, deepest: int
) -> Fragment:
    leaves = _leaves(root)
    step = width / len(leaves)
    for k, leaf in enumerate(leaves):
        leaf.x = left + (k + 0.5) * step
    _place(root)
    bar = max(min(step - 1, 5.0), 1.0)
    foot = px(_FRAME.bottom)

    def bars(sign: int) -> str:
        return "".join(
            f"M{px(leaf.x - bar / 2)} {foot}v{px(-_REACH * leaf.value / largest)}"
            f"h{px(bar)}V{foot}z"
            for leaf in leaves
            if sign * leaf.value > 0
        )

    return group(
        path(_twigs(root, deepest), "twig"),
        path(f"M{px(left)} {foot}h{px(width)}", "g"),
        path(bars(1), "leaf up"),
        path(bars(-1), "leaf down"),
    )


def _place(node: _Node) -> None:
    for child in node.children:
        _place(child)
    if node.children:
        node.x = sum(child.x for child in node.children) / len(node.children)


def _twigs(node: _Node, deepest: int) -> str:
    """Return the path below a node: the root on top, leaves above their bars."""

    def height(one: _Node) -> float:
        top, foot = _FRAME.top, _FRAME.bottom - _REACH
        return top + (foot - top) * one.depth / deepest

    y = px(height(node))
    own = "".join(
        f"M{px(node.x)} {y}H{px(child.x)}V{px(height(child))}"
        for child in node.children
    )
    return own + "".join(_twigs(child, deepest) for child in node.children)
