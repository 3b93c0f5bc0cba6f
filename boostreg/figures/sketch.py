"""A few small trees: what a penalty prunes, and what it shrinks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from boostreg.figures.figure import Figure, draw
from boostreg.figures.scale import count, shorten
from boostreg.figures.svg import Fragment, group, path, px, text

__all__ = ["SmallTree", "read_tree", "small_trees"]

_WIDTH, _HEIGHT = 1000, 140
_TOP, _CROWN, _FOOT = 34.0, 52.0, 112.0
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
    tree with one leaf is a single bar.

    Parameters
    ----------
    trees : sequence of SmallTree
    columns : sequence of str
        Column names, for the first split of each tree.
    title : str
    """
    roots = [read_tree(tree.written) for tree in trees]
    leaves = [leaf for root in roots if root for leaf in _leaves(root)]
    largest = max((abs(leaf.value) for leaf in leaves), default=0.0) or 1.0
    deepest = max((leaf.depth for leaf in leaves), default=0) or 1
    width = _WIDTH / max(len(trees), 1)
    drawn = [
        _tree(tree, root, k * width + 8, width - 24, (largest, deepest, columns))
        for k, (tree, root) in enumerate(zip(trees, roots, strict=True))
    ]
    described = "; ".join(
        f"{tree.label}: {count(tree.n_leaves)} leaves" for tree in trees
    )
    return draw(_WIDTH, _HEIGHT, *drawn, title=title, description=described)


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
    tree: SmallTree,
    root: _Node | None,
    left: float,
    width: float,
    shared: tuple[float, int, Sequence[str]],
) -> Fragment:
    head = [
        text(left, 13, tree.label, "k"),
        text(left, 29, _words(tree, root, shared[2])),
    ]
    if root is None:
        return group(*head)
    largest, deepest, _ = shared
    leaves = _leaves(root)
    step = width / len(leaves)
    for k, leaf in enumerate(leaves):
        leaf.x = left + (k + 0.5) * step
    _place(root)
    bar = max(min(step - 1, 5.0), 1.0)
    return group(
        *head,
        path(_twigs(root, deepest), "twig"),
        path(f"M{px(left)} {px(_FOOT)}h{px(width)}", "g"),
        path(_bars([v for v in leaves if v.value > 0], largest, bar), "leaf up"),
        path(_bars([v for v in leaves if v.value < 0], largest, bar), "leaf down"),
    )


def _words(tree: SmallTree, root: _Node | None, columns: Sequence[str]) -> str:
    leaves = "1 leaf" if tree.n_leaves == 1 else f"{count(tree.n_leaves)} leaves"
    if root is None:
        return f"{leaves}, too many to draw"
    if root.children and root.feature < len(columns):
        return f"{leaves}, first by {shorten(columns[root.feature], 14)}"
    return leaves


def _place(node: _Node) -> None:
    for child in node.children:
        _place(child)
    if node.children:
        node.x = sum(child.x for child in node.children) / len(node.children)


def _height(node: _Node, deepest: int) -> float:
    """Return the y coordinate of a node: the root on top, leaves above their bars."""
    foot = _FOOT - _REACH
    return _CROWN - 14 + (foot - _CROWN + 14) * node.depth / deepest


def _twigs(node: _Node, deepest: int) -> str:
    y = _height(node, deepest)
    own = "".join(
        f"M{px(node.x)} {px(y)}H{px(child.x)}V{px(_height(child, deepest))}"
        for child in node.children
    )
    return own + "".join(_twigs(child, deepest) for child in node.children)


def _bars(leaves: Sequence[_Node], largest: float, width: float) -> str:
    return "".join(
        f"M{px(leaf.x - width / 2)} {px(_FOOT)}v{px(-_REACH * leaf.value / largest)}"
        f"h{px(width)}V{px(_FOOT)}z"
        for leaf in leaves
    )
