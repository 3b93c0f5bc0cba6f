"""A few small trees: what a penalty prunes, and what it shrinks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from boostreg.figures.figure import Figure
from boostreg.figures.frame import Frame
from boostreg.figures.scale import count
from boostreg.figures.svg import Fragment, group, path, px, text

__all__ = ["SmallTree", "read_tree", "small_trees"]

_HEIGHT, _HEAD, _FOOT, _REACH = 76, 19.0, 15.0, 13.0
"""Pixels of a tree with its label, above its root, below its leaves, of a bar."""


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


def small_trees(trees: Sequence[SmallTree], *, title: str, width: int = 196) -> Figure:
    """Draw trees below each other, with leaves as bars on one scale.

    A filled bar upwards is a positive leaf, a hollow bar downwards a negative one. A
    tree with one leaf is a single bar.
    """
    frame = Frame(width, _HEIGHT * len(trees), 2, width - 2, _HEAD, _HEIGHT - _FOOT)
    roots = [read_tree(tree.written) for tree in trees]
    leaves = [leaf for root in roots if root for leaf in _leaves(root)]
    largest = max((abs(leaf.value) for leaf in leaves), default=0.0) or 1.0
    deepest = max((leaf.depth for leaf in leaves), default=0) or 1
    parts = []
    for k, (tree, root) in enumerate(zip(trees, roots, strict=True)):
        words = "1 leaf" if tree.n_leaves == 1 else f"{count(tree.n_leaves)} leaves"
        if root is None:
            words += ", too many to draw"
        drawn = [text(2, 12, tree.label, "k"), text(width - 2, 12, words, anchor="end")]
        if root is not None:
            drawn.append(_tree(root, frame, largest, deepest))
        parts.append(group(*drawn, transform=f"translate(0 {_HEIGHT * k})"))
    described = "; ".join(f"{one.label}: {count(one.n_leaves)} leaves" for one in trees)
    return frame.draw(*parts, title=title, description=described)


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


def _tree(root: _Node, frame: Frame, largest: float, deepest: int) -> Fragment:
    leaves = _leaves(root)
    step = (frame.right - frame.left) / len(leaves)
    for k, leaf in enumerate(leaves):
        leaf.x = frame.left + (k + 0.5) * step
    _place(root)
    bar = max(min(step - 1, 5.0), 1.0)
    foot = px(frame.bottom)

    def bars(sign: int) -> str:
        return "".join(
            f"M{px(leaf.x - bar / 2)} {foot}v{px(-_REACH * leaf.value / largest)}"
            f"h{px(bar)}V{foot}z"
            for leaf in leaves
            if sign * leaf.value > 0
        )

    return group(
        path(_twigs(root, frame, deepest), "twig"),
        path(f"M{px(frame.left)} {foot}H{px(frame.right)}", "g"),
        path(bars(1), "leaf up"),
        path(bars(-1), "leaf down"),
    )


def _place(node: _Node) -> None:
    for child in node.children:
        _place(child)
    if node.children:
        node.x = sum(child.x for child in node.children) / len(node.children)


def _twigs(node: _Node, frame: Frame, deepest: int) -> str:
    """Return the path below a node: the root on top, leaves above their bars."""

    def height(one: _Node) -> float:
        top, foot = frame.top, frame.bottom - _REACH
        return top + (foot - top) * one.depth / deepest

    y = px(height(node))
    own = "".join(
        f"M{px(node.x)} {y}H{px(child.x)}V{px(height(child))}"
        for child in node.children
    )
    return own + "".join(_twigs(child, frame, deepest) for child in node.children)
