"""`explain_grad`: the chain rule of one gradient, term by term, in the lecture's words.

Takes a cost, a variable w and perhaps data; gives an Explanation: for every variable V between
them, outputs first, and every consumer C of V, the term `op.bprop(inputs, V, D)` as an expression,
its shape and its numbers.  The graph is the user's own, not rewritten: what is printed is what
build_grad would compute.

    build_grad(V, G, G', grad_table):
        for C in get_consumers(V, G):
            op = get_operation(C);  D = build_grad(C, G, G', grad_table)
            G_i = op.bprop(get_inputs(C, G), V, D)
        grad_table[V] = sum of the G_i, inserted into G'

Plain multiplication gives 0 * inf = nan where a branch was not taken.  `grad` masks such a term
(see cotangent.py), and where a stabilising rule applies it never builds it; a term that is not
finite says which of the two replaced it.
Source: Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.5.6.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TextIO, runtime_checkable

import numpy as np

from gradc.differentiate.lives import everywhere, gathered
from gradc.differentiate.order import Walk, walk
from gradc.differentiate.prepare import dissolved_by, prepare
from gradc.differentiate.pull import pull
from gradc.differentiate.request import make_request
from gradc.differentiate.reverse import grad
from gradc.differentiate.sweep import GradTable, arriving, sweep
from gradc.graph.evaluate import evaluate
from gradc.graph.op import AnyOp, Apply, Array
from gradc.graph.text import expression, labels, listing
from gradc.graph.variable import Constant, Variable
from gradc.graph.walk import leaves
from gradc.value import frozen, replace

if TYPE_CHECKING:
    from gradc.rewrite.trace import Application

__all__ = ["Explanation", "GradEntry", "Term", "explain_grad"]


@frozen
class Term:
    """What one consumer C of V adds to grad_table[V].

    expression: op.bprop(inputs, V, D).  text: the same, written with D and the labels of the graph.
    used: the same masked by the guard, as `grad` has it.  guard: the guard as text, or "".
    value: the expression's numbers, if there was data.  note: what replaced the term, and why.
    """

    consumer: Variable
    op: AnyOp
    inputs: tuple[Variable, ...]
    expression: Variable
    used: Variable
    text: str
    guard: str = ""
    value: Array | None = None
    note: str = ""


@frozen
class GradEntry:
    """grad_table[V]: the gradient of the cost with respect to V, and the terms it is the sum of."""

    variable: Variable
    label: str
    terms: tuple[Term, ...]
    gradient: Variable
    value: Array | None = None


@frozen
class Explanation:
    """The entries of grad_table from the cost to w; str() is the printed text."""

    cost: Variable
    wrt: Variable
    entries: tuple[GradEntry, ...]
    labels: Mapping[Variable, str]

    @property
    def gradient(self) -> Variable:
        """grad(cost, w, stabilize=False)."""
        return self.entries[-1].gradient

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    def __repr__(self) -> str:
        return f"<explain_grad({self.cost}, {self.wrt}): {len(self.entries)} entries>"


def explain_grad(
    cost: Variable,
    w: Variable,
    values: Mapping[Variable, Any] | None = None,
    file: TextIO | None = None,
) -> Explanation:
    """Print how the gradient of `cost` with respect to `w` comes about, consumer by consumer.

    values: data for the inputs; then each term is shown with its numbers.  Shared variables have
    their own.  file: where to print, else the standard output.
    The graph is the user's own.  The terms of w, evaluated, sum to grad(cost, w, stabilize=False)
    wherever all are finite; elsewhere a note says which guard or rule replaced the term.
    Raises: as grad.
    """
    request = make_request(cost, [w], None, None, ())
    order = walk([cost], request.wrt, {}, ())
    table = sweep(order, {cost: Constant(np.ones((), cost.dtype))})
    names = labels([cost])
    entries = list(_entries(order, names, table))
    if not entries or entries[-1].variable is not w:  # no term arrives: raise, or explain a zero
        gradient = grad(cost, w, stabilize=False)
        entries.append(GradEntry(w, names.get(w, str(w)), (), gradient))
    if values is not None:
        entries = _evaluated(entries, values, prepare([cost], {w}).applications)
    explanation = Explanation(cost, w, tuple(entries), names)
    print(explanation, file=file)
    return explanation


def _entries(order: Walk, names: Mapping[Variable, str], table: GradTable) -> Iterator[GradEntry]:
    """One entry a variable that a gradient arrives at, outputs first."""
    found: dict[Variable, list[Term]] = {}
    for unit in reversed(order.units):
        assert isinstance(unit, Apply)
        for output in unit.outputs:
            if table.get(output) is not None:
                yield _entry(output, names, found, table)
        if any(ct is not None for ct in arriving(unit, table)):
            for variable, term in _terms(unit, order, names, table):
                found.setdefault(variable, []).append(term)
    for leaf in found:
        if leaf.owner is None and table.get(leaf) is not None:
            yield _entry(leaf, names, found, table)


def _entry(
    variable: Variable,
    names: Mapping[Variable, str],
    found: Mapping[Variable, Sequence[Term]],
    table: GradTable,
) -> GradEntry:
    gradient = table.value(variable)
    assert gradient is not None
    return GradEntry(variable, names[variable], tuple(found.get(variable, ())), gradient)


def _terms(
    node: Apply, order: Walk, names: Mapping[Variable, str], table: GradTable
) -> Iterator[tuple[Variable, Term]]:
    """What the consumer gives to each of its inputs that matters."""
    cts = arriving(node, table)
    D = [
        None if ct is None else everywhere(ct, out, table.masks)
        for ct, out in zip(cts, node.outputs, strict=True)
    ]
    pulled = pull(node, cts, table.masks)
    short = dict(names)
    short.update({d: "D" if len(D) == 1 else f"D[{k}]" for k, d in enumerate(D) if d is not None})
    for variable in dict.fromkeys(each for each in node.inputs if each in order.relevant):
        parts = [
            term
            for each, term in zip(node.inputs, pulled, strict=True)
            if each is variable and term is not None
        ]
        if not parts:
            continue
        part = gathered(parts, variable, table.masks)
        guard = "" if part.guard is None else expression(part.guard, _outer(names))
        term = node.op.bprop(node.inputs, variable, D[0] if len(D) == 1 else D)
        used = everywhere(part, variable, table.masks)
        text = expression(term, short)
        yield variable, Term(node.outputs[0], node.op, node.inputs, term, used, text, guard)


def _outer(names: Mapping[Variable, str]) -> dict[Variable, str]:
    """Leaves, and what the user named: a condition is spelled out down to these."""
    return {v: name for v, name in names.items() if v.owner is None or v.name is not None}


# -- numbers -----------------------------------------------------------------------------------


def _evaluated(
    entries: Sequence[GradEntry],
    values: Mapping[Variable, Any],
    rewriting: Sequence[Application],
) -> list[GradEntry]:
    """The same with numbers, and with a note where a term is not finite."""
    terms = [term for entry in entries for term in entry.terms]
    wanted = [entry.gradient for entry in entries]
    wanted += [each for term in terms for each in (term.expression, term.used)]
    arrays = iter(evaluate(wanted, {**_own_values(wanted), **values}))
    gradients = [next(arrays) for _ in entries]
    found = []
    for entry, gradient in zip(entries, gradients, strict=True):
        terms = []
        for term in entry.terms:
            plain, used = next(arrays), next(arrays)
            terms.append(replace(term, value=plain, note=_note(term, plain, used, rewriting)))
        found.append(replace(entry, terms=tuple(terms), value=gradient))
    return found


@runtime_checkable
class _HasValue(Protocol):
    """A shared variable: a leaf with a value of its own."""

    def get_value(self) -> Array:
        """A copy of it."""


def _own_values(wanted: Sequence[Variable]) -> dict[Variable, Array]:
    return {leaf: leaf.get_value() for leaf in leaves(wanted) if isinstance(leaf, _HasValue)}


def _note(term: Term, plain: Array, used: Array, rewriting: Sequence[Application]) -> str:
    bad = ~np.isfinite(plain)
    if not bad.any():
        return ""
    note = f"not finite at {bad.sum()} of {bad.size}"
    if term.guard and np.isfinite(used[bad]).all():
        return f"{note}; grad masks it by its guard, 0 where not {term.guard}"
    rules = dict.fromkeys(each.rule for each in rewriting if _replaces(each, term.consumer))
    if rules:
        return f"{note}; grad never builds it: replaced by {', '.join(rules)}"
    return note


def _replaces(application: Application, consumer: Variable) -> bool:
    """Whether the rule took the consumer away, itself or as it was rebuilt."""
    gone = {application.before, *dissolved_by(application)}
    return any(
        each is consumer
        or (
            each.owner is not None
            and consumer.owner is not None
            and (each.owner.op, each.site) == (consumer.owner.op, consumer.site)
        )
        for each in gone
    )


# -- text --------------------------------------------------------------------------------------


def _lines(explanation: Explanation) -> Iterator[str]:
    cost, wrt = explanation.labels[explanation.cost], explanation.entries[-1].label
    yield f"explain_grad: the gradient of {cost} with respect to {wrt}"
    yield "G:"
    yield from (f"  {line}" for line in listing([explanation.cost]).splitlines())
    for entry in explanation.entries:
        place = "" if entry.variable.site is None else f"    [{entry.variable.site}]"
        yield ""
        yield f"build_grad({entry.label}) : {entry.variable.type}{place}"
        for k, term in enumerate(entry.terms):
            yield from _term_lines(k, term, entry.label, explanation.labels)
        total = " + ".join(f"G_{k}" for k in range(len(entry.terms)))
        total = total or expression(entry.gradient, {})
        yield f"  grad_table[{entry.label}] = {total}{_numbers(entry.value)}"


def _term_lines(k: int, term: Term, label: str, names: Mapping[Variable, str]) -> Iterator[str]:
    consumer = names[term.consumer]
    inputs = ", ".join(names[each] for each in term.inputs)
    yield f"  C = {consumer}, op = {term.op}, inputs = [{inputs}], D = grad_table[{consumer}]"
    yield f"    G_{k} = op.bprop(inputs, {label}, D) = {term.text} : {term.expression.type}"
    if term.value is not None:
        yield f"       {_numbers(term.value)}"
    if term.note:
        yield f"        {term.note}"
    elif term.guard and term.value is None:
        yield f"        masked by its guard: 0 where not {term.guard}"


def _numbers(value: Array | None) -> str:
    if value is None:
        return ""
    text = np.array2string(value, precision=6, threshold=8, edgeitems=3, separator=", ")
    lengths = ", ".join(map(str, value.shape))
    return f" = {' '.join(text.split())} : {value.dtype}[{lengths}]"
