"""What is known of a penalty, as lines for the terminal.

Every fact is that of the module that uses it: ``PENALTY_FACTS``, ``ENGINE_FACTS``, the
linter's ``RULES``, and the space of a study that sets none.
"""

import re
import textwrap
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from boostreg.engine_facts import LIBRARY_NAMES, EngineFacts
from boostreg.engines import ENGINES
from boostreg.errors import Fault, PenaltyError
from boostreg.penalty import PENALTIES, Penalty
from boostreg.penalty.linter import RULES, LintRule
from boostreg.penalty.shipped import read_shipped
from boostreg.penalty.value import PENALTY_FACTS, shown
from boostreg.study.yaml_reader import flow_yaml

__all__ = ["explain_penalty"]

_WIDTH, _HEAD = 88, 22
_UNITS: Mapping[str, str] = MappingProxyType(
    {
        "gradient": "loss per raw score; 1 row: the gradient of a row in the first "
        "tree",
        "hessian": "loss per raw score squared; 1 row: the hessian of a row in the "
        "first tree",
        "gain": "loss; 1 row: the gain of setting a row apart in the first tree",
        "row": "rows, in every scale",
    }
)
"""By unit: raw, and in the scale ``rows``."""

_DOMAINS = {
    "amount": "a number of at least 0",
    "share": "a share above 0 and at most 1",
    "count": "a whole number of at least {minimum}",
}


def explain_penalty(name: str) -> Iterator[str]:
    """Yield lines on a penalty: formula, unit, names, defaults, and traps.

    ``name`` is ours, or that of any of the libraries. Raises PenaltyError if it is
    neither.

    >>> next(explain_penalty("lambda_l2"))
    'reg_lambda: L2 on leaf weights'
    """
    name = _ours(name)
    facts = PENALTY_FACTS[name]
    yield f"{name}: {facts.words}"
    yield from _block("formula", facts.formula)
    yield from _block("unit", _UNITS.get(facts.unit or "", ""))
    domain = _DOMAINS[facts.domain].format(minimum=facts.minimum)
    limit = ", or null for no limit" if facts.group == "capacity" else ""
    yield from _block("values", f"{domain}{limit}")
    unlimited = "null" if facts.group == "capacity" else ""
    idle = unlimited if facts.idle is None else shown(facts.idle)
    yield from _block("no effect at", idle)
    yield from _block("default", _value(getattr(Penalty(), name)))
    space = read_shipped("default")["entries"]
    if name in space:
        yield from _block("searched", f"{flow_yaml(space[name])} by default")
    for engine in ENGINES.values():
        yield from _block(engine.facts.label, _in_library(name, engine.facts))
    traps = {code: rule for code, rule in RULES.items() if name in rule.penalties}
    if traps:
        yield "Traps, which boostreg validate reports by their code:"
    for code, rule in traps.items():
        yield from _block(code, _about(name, rule))


def _ours(name: str) -> str:
    """Return our name of a penalty, given any library's; PenaltyError if unknown."""
    if name in PENALTIES:
        return name
    if name in LIBRARY_NAMES:
        return LIBRARY_NAMES[name]
    expected = f"one of: {', '.join(PENALTIES)}"
    raise PenaltyError.of(Fault(("penalty",), expected, name, tuple(PENALTIES)))


def _block(head: str, text: str) -> Iterator[str]:
    if text:
        yield from textwrap.wrap(
            text,
            _WIDTH,
            initial_indent=f"  {head:<{_HEAD}}",
            subsequent_indent=" " * (_HEAD + 2),
        )


def _about(name: str, rule: LintRule) -> str:
    """Return the sentences of a rule that are not about other penalties alone."""
    others = set(rule.penalties) - {name}
    return " ".join(
        sentence
        for sentence in re.split(r"(?<=\.) ", rule.text)
        if name in sentence or not any(other in sentence for other in others)
    )


def _value(value: float | str | None) -> str:
    return shown(value) if isinstance(value, (int, float)) else flow_yaml(value)


def _in_library(name: str, facts: EngineFacts) -> str:
    """Return a library's name of a penalty, and its default, as far as it has one."""
    wrapper, own = facts.wrapper, facts.params.get(name, name)
    if own not in {*wrapper.defaults, *wrapper.names, *wrapper.for_categories}:
        return "has no such parameter"
    other = wrapper.names.get(own, own)
    names = own if other == own else f"{own} ({other} in scikit-learn's interface)"
    default = wrapper.defaults.get(own, facts.defaults.get(name))
    return f"{names}, default {_value(default)}"
