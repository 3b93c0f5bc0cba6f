"""The ten terms of a page, and links from where each occurs first.

Links are put into the finished page, between its tags, so that no template needs to
know which part uses a term first, and no text is ever escaped twice or not at all.
"""

import re
from dataclasses import dataclass

__all__ = ["TERMS", "Term", "link_terms"]


@dataclass(frozen=True, slots=True)
class Term:
    """A term and what it means; ``forms`` are the words that are linked to it."""

    key: str
    name: str
    meaning: str
    forms: tuple[str, ...]

    @property
    def address(self) -> str:
        """The id of its entry on the page."""
        return f"term-{self.key}"


TERMS = (
    Term(
        "outer-fold",
        "outer fold",
        "A share of the rows that is held out before anything is tuned. It judges the "
        "models: their loss on its rows is the loss on unseen rows.",
        ("outer folds", "outer fold"),
    ),
    Term(
        "inner-fold",
        "inner fold",
        "A share of the other rows that is held out from a fit. Inner folds choose the "
        "parameters and the number of rounds; their losses tend to be too low.",
        ("inner folds", "inner fold"),
    ),
    Term(
        "tuned",
        "tuned",
        "Chosen by the search on inner folds. With the others tuned: the other "
        "penalties are at the values that the search chose.",
        ("tuned",),
    ),
    Term(
        "one-se",
        "best, one_se",
        "The two candidates that a search picks. best has the lowest inner loss. "
        "one_se has the fewest leaves of those within one standard error of it, by "
        "differences paired by fold.",
        ("one_se",),
    ),
    Term(
        "unpenalised",
        "unpenalised",
        "Trees without penalties on leaf weights and splits, with the same learning "
        "rate, limits on size and early stopping as the tuned ones.",
        ("unpenalised", "without penalties"),
    ),
    Term(
        "early-stopping",
        "rounds, early stopping",
        "A round adds a tree, or one per class. Training stops when the loss on the "
        "held-out rows no longer falls; the inner folds choose one number of rounds.",
        ("early stopping",),
    ),
    Term(
        "leaf-weight",
        "leaf weight",
        "What a leaf adds to the prediction of its rows, times the learning rate. L1 "
        "and L2 pull it towards 0.",
        ("leaf weights", "leaf weight"),
    ),
    Term(
        "tolerance",
        "tolerance",
        "The relative change of loss that does not matter, 1% unless the study sets "
        "another one.",
        ("tolerance",),
    ),
    Term(
        "as-good",
        "as good, same",
        "As good: all of the 95% interval of the change of loss is below the "
        "tolerance. Same: it is within the tolerance on both sides.",
        ("as good",),
    ),
    Term(
        "not-settled",
        "not settled",
        "The interval includes 0 and reaches above the tolerance: these data do not "
        "decide between the two.",
        ("not settled",),
    ),
)
"""In the order of the page."""

_TAG = re.compile(r"(<[^>]*>)")
_NAME = re.compile(r"<(/?)([a-z0-9]+)")
_KEY = 'class="key'
_CLOSED = frozenset(
    ("head", "script", "style", "svg", "nav", "header", "h1", "h2", "h3", "h4", "a",
     "button", "label", "summary", "select", "output", "pre", "code", "table", "bdi",
     "dl")
)  # fmt: skip
"""Elements in which nothing is linked: titles, controls, code, drawings, tables; and
the keys of pictures."""


def link_terms(page: str) -> str:
    """Return a page with the first occurrence of each term linked to its entry.

    ``page`` is markup whose texts and attribute values are escaped, so that ``<`` and
    ``>`` only ever delimit tags. Text is not changed, only wrapped.

    >>> link_terms("<p>2 outer folds judge.</p>")
    '<p>2 <a class="term" href="#term-outer-fold">outer folds</a> judge.</p>'
    """
    waiting = {form.lower(): term for term in TERMS for form in term.forms}
    pieces, closed = _TAG.split(page), list[str]()
    for place, piece in enumerate(pieces):
        if found := _NAME.match(piece):
            ends, name = found.groups()
            if ends and closed and closed[-1] == name:
                closed.pop()
            elif not ends and (name in (*_CLOSED, *closed[-1:]) or _KEY in piece):
                closed.append(name)
        elif waiting and not closed and not piece.startswith("<"):
            pieces[place] = _linked(piece, waiting)
    return "".join(pieces)


def _linked(text: str, waiting: dict[str, Term]) -> str:
    """Return a text with terms linked that still wait, which then wait no more."""
    forms = sorted(waiting, key=len, reverse=True)
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, forms))})\b", re.IGNORECASE)

    def link(found: re.Match[str]) -> str:
        term = waiting.get(found[0].lower())
        if term is None:
            return found[0]
        for form in term.forms:
            waiting.pop(form.lower(), None)
        return f'<a class="term" href="#{term.address}">{found[0]}</a>'

    return pattern.sub(link, text)
