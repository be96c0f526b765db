"""Calls with an argument, or a shared variable, of another length: an error of ours, or right.

Takes a Batch and its function; gives faults.  The reference says what should come: where it gives
numbers the call must give them too, and where it refuses the call must refuse by a GradcError and
leave every shared variable as it was, to the bit.  A call may give numbers that the reference
refuses where nothing that is computed needs the lengths: rows picked of a sum are sums of rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

import gradc
from gradc.errors import GradcError
from gradc.graph.evaluate import evaluate
from gradc.graph.variable import Variable
from gradc.graph.walk import toposort
from gradc.sharedvar import SharedVariable
from tests.fuzz.exact import LINEAR
from tests.fuzz.judge import judge
from tests.fuzz.pool import Array, Case

if TYPE_CHECKING:
    from tests.fuzz.batch import Batch

__all__ = ["misfits"]

MOST = 8  # calls
LARGEST = 100_000  # elements


def misfits(batch: Batch, f: gradc.Function, rng: np.random.Generator) -> Iterator[tuple[int, str]]:
    """What some calls with a wrong length do that they should not, and in which graph."""
    cases = [(k, case) for k, case in enumerate(batch.cases) if not _is_algebra(case)]
    leaves = [(k, leaf) for k, case in cases for leaf in _leaves(case)]
    for at in rng.permutation(len(leaves))[:MOST]:
        graph, leaf = leaves[at]
        case = _changed(replace(batch.cases[graph], judges={}), leaf, rng)
        if text := _fault(batch, f, graph, case, leaf):
            yield graph, f"{leaf} of {list(case.values()[leaf].shape)}: {text}"


def _is_algebra(case: Case) -> bool:
    """Whether numbers decide, too, what a call refuses: repeated rows make matrices singular."""
    results = [*case.outputs, *case.updates.values()]
    return any(node.op.name in LINEAR for node in toposort(results))


def _leaves(case: Case) -> list[Variable]:
    """Those with a length that may change."""
    borrowed = {*case.aliases.values(), *(case.inputs[k] for k in case.aliases)}
    return [
        leaf
        for leaf in (*case.inputs, *case.shared)
        if None in leaf.type.shape and leaf not in borrowed
    ]


def _changed(case: Case, leaf: Variable, rng: np.random.Generator) -> Case:
    """The case with another length of one of the leaf's axes, its numbers repeated or cut."""
    value = case.values()[leaf]
    axis = rng.choice([k for k, n in enumerate(leaf.type.shape) if n is None])
    n = value.shape[axis]
    others = sorted({n + 1, max(n - 1, 0), 2 * n, 0, 1} - {n})
    rest = value.shape[:axis] + value.shape[axis + 1 :]
    others = [each for each in others if each * math.prod(rest) <= LARGEST] or [n]
    shape = (*value.shape[:axis], int(rng.choice(others)), *value.shape[axis + 1 :])
    new = np.resize(value, shape)
    if isinstance(leaf, SharedVariable):
        return replace(case, shared=case.shared | {leaf: new})
    arguments = [new if x is leaf else a for x, a in zip(case.inputs, case.arguments, strict=True)]
    return replace(case, arguments=arguments)


def _fault(batch: Batch, f: gradc.Function, graph: int, case: Case, leaf: Variable) -> str:
    results = [*case.outputs, *case.updates.values()]
    try:
        values = evaluate(results, case.values())
        for old, new in zip(case.updates, values[len(case.outputs) :], strict=True):
            evaluate([old], {old: new})  # it may be too long for the variable
    except Exception as error:
        return _refused(batch, f, case, error)
    try:
        got = _call(batch, f, case)
    except GradcError as error:
        if 1 in case.values()[leaf].shape:  # references stretch where the type does not say so
            return ""
        if _may_stand_still(results, case):
            return ""
        return f"the reference takes it, the call says: {error}"
    names = [k for k, (number, *_) in enumerate(batch.verdicts) if number == graph]
    for k, verdict in zip(names, judge(case, results), strict=True):
        if text := verdict.fault(got[k], rewritten=True, special=True):
            return f"result {k}: {text}"
    return ""


def _refused(batch: Batch, f: gradc.Function, case: Case, error: Exception) -> str:
    """What is wrong where the reference raised."""
    shared = batch.whole.shared
    try:
        _call(batch, f, case)
    except GradcError:
        wanted = {**shared, **case.shared}
        wrong = [each for each in shared if not _same(each.get_value(), wanted[each])]
        return f"{wrong[0]} was written by a call that raised" if wrong else ""
    except Exception as other:
        return f"the reference says {type(error).__name__}, the call {other!r}"
    return ""


def _same(one: Array, other: Array) -> bool:
    return one.shape == other.shape and one.tobytes() == other.tobytes()


def _call(batch: Batch, f: gradc.Function, case: Case) -> list[Any]:
    """The batch's call with what this case has of its own; outputs, then new values."""
    whole = batch.whole
    for variable, value in {**whole.shared, **case.shared}.items():
        variable.set_value(value)
    own: dict[Variable, Array] = dict(zip(case.inputs, case.arguments, strict=True))
    arguments = [
        argument if k in whole.aliases else own.get(x, argument)
        for k, (x, argument) in enumerate(zip(whole.inputs, whole.call_arguments(), strict=True))
    ]
    return [*f(*arguments), *(variable.get_value() for variable in whole.updates)]


def _may_stand_still(results: Sequence[Variable], case: Case) -> bool:
    """Whether a loop may have no steps: then references look at no lengths in it."""
    loops = any(node.op.kind == "Scan" for node in toposort(results))
    return loops and any(0 in value.shape for value in case.values().values())
