"""The questions of the article whose statements the shipped claims test.

An id such as ``B6`` is that of a statement; claims on it are ``B6`` and ``B6.NAME``.
"""

from collections.abc import Mapping

__all__ = ["QUESTIONS", "question_of", "statement_of"]

QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "Are the penalties priors, and which weights do they leave?": {
        "A1": "A zero-mean normal prior on each weight is the L2 penalty.",
        "A2": "A Laplace prior is the L1 penalty.",
        "A3": "A uniform prior leaves maximum likelihood.",
        "A4": "L1 sets most weights to exactly zero, L2 spreads weight evenly.",
        "A5": "The Laplace tails leave large weights large.",
    },
    "What do they do in linear models?": {
        "A6": "L1 can be used to select features.",
        "B1": "L1 copes with collinear features.",
        "B2": "Penalties in an SVM trade the margin for generalization, and L1 and L2 "
        "differ.",
    },
    "What do they do in neural networks?": {
        "B3": "L2 is weight decay; L1 gives sparse weights.",
        "C3": "L1 can kill neurons, and that harms the network.",
    },
    "What do they do in boosted ensembles?": {
        "B4": "L1 and L2 limit the size of individual trees.",
        "B5": "L1 shrinks the weights of the weak learners.",
        "B6": "L2 penalises the number of leaves.",
    },
    "How do they act on a weight, and on its training?": {
        "C1": "One L2 step shrinks each weight in proportion to it, one L1 step takes "
        "a constant from it.",
        "C2": "Under L2 large weights fall faster than small ones, under L1 small ones "
        "vanish first.",
        "C4": "The kink at zero makes gradient descent less effective under L1.",
    },
    "Are penalised models smoother, and better on new data?": {
        "C5": "L2 gives smoother decision boundaries.",
        "D1": "Penalties move the optimum away from the unpenalised one: worse on "
        "training data, better on new data.",
        "D2": "How far: for L2, (H + lambda I)^-1 H w*; for L1 with a diagonal H, "
        "sign(w*) max(abs(w*) - alpha/H, 0).",
    },
}
"""Statements by question and id."""


def statement_of(claim: str) -> str:
    """Return the id of the statement that a claim tests.

    >>> statement_of("B6.tables-gain")
    'B6'
    """
    return claim.partition(".")[0]


def question_of(claim: str) -> str:
    """Return the question to which a claim belongs, empty for a claim of others.

    >>> question_of("B6.ten"), question_of("mine")
    ('What do they do in boosted ensembles?', '')
    """
    name = statement_of(claim)
    found = (question for question, names in QUESTIONS.items() if name in names)
    return next(found, "")
