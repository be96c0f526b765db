"""MonitorMode and DebugMode: functions that look at each operation while they run.

Takes a Request with its rewritten graph; gives what the call path runs in place of a library:
arrays in, arrays out.  MonitorMode interprets, with the user's functions around each operation.
DebugMode evaluates both sides of every rule's application, compares each operation's C with its
reference on the values that the C itself had got, and the whole function with its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.call.arguments import describe_value
from gradc.call.modes import DebugMode, MonitorMode
from gradc.errors import BadOptimization, BadThunkOutput, Where, message, warn_user
from gradc.graph.describe import elements, where
from gradc.graph.evaluate import evaluate
from gradc.graph.graph import Graph
from gradc.graph.objects import OBJECTS, Type
from gradc.graph.op import Apply
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Variable
from gradc.value import replace

__all__ = ["Run", "Thunk", "debugging_run", "monitoring_run"]

Array = npt.NDArray[Any]
Run = Callable[[list[Array]], list[Array]]
Application = Any  # gradc.rewrite.trace.Application, which is behind a door

_CLOSE = {"float64": 1e-9, "float32": 1e-4}  # of the largest magnitude; sums differ in order


class Thunk:
    """One operation's operands and results, as MonitorMode's functions see them.

    Called, it computes: a function that runs before the operation may do that itself.
    """

    def __init__(self, node: Apply, known: dict[Variable, Array]) -> None:
        self.inputs: list[list[Any]] = [[_shown(v, _value(v, known))] for v in node.inputs]
        self.outputs: list[list[Any]] = [[None] for _ in node.outputs]
        self.is_done = False
        self._node, self._known = node, known

    def __call__(self) -> None:
        """Compute the results."""
        found = evaluate(self._node.outputs, self._known)
        pairs = zip(self._node.outputs, self.outputs, found, strict=True)
        for variable, cell, result in pairs:
            cell[0] = _shown(variable, result)
        self.is_done = True


def monitoring_run(graph: Graph, leaves: Sequence[Variable], mode: MonitorMode) -> Run:
    """The interpreter with the mode's functions around each operation."""

    def run(arrays: list[Array]) -> list[Array]:
        known: dict[Variable, Array] = dict(zip(leaves, arrays, strict=True))
        for i, node in enumerate(graph.nodes):
            fn = Thunk(node, known)
            if mode.pre_func is not None:
                mode.pre_func(i, node, fn)
            if not fn.is_done:
                fn()
            if mode.post_func is not None:
                mode.post_func(i, node, fn)
            for v, cell in zip(node.outputs, fn.outputs, strict=True):
                known[v] = OBJECTS.put(cell[0]) if v.type.is_object else cell[0]
        return [np.array(_value(each, known)) for each in graph.results]

    return run


def _shown(variable: Variable, array: Array) -> Any:
    """A value as users' code sees it: the object that a number stands for."""
    return OBJECTS.get(array) if variable.type.is_object else array


def _value(variable: Variable, known: dict[Variable, Array]) -> Array:
    return variable.data if isinstance(variable, Constant) else known[variable]


def debugging_run(
    name: str,
    leaves: Sequence[Variable],
    prepared: Graph,
    applications: Sequence[Application],
    parts: Run | None,
    whole: Run,
    given: Callable[[list[Array]], None] | None,
    mode: DebugMode,
) -> Run:
    """The function with its checks.

    parts: gives every node's outputs in the order of `prepared.nodes`, each stored; None where
    nothing is compiled.  whole: the function itself.  given: tries arrays to write results into.
    """
    outputs = [each for node in prepared.nodes for each in node.outputs]
    how = mode.require_matching_strides

    def run(arrays: list[Array]) -> list[Array]:
        values = dict(zip(leaves, arrays, strict=True))
        _check_rules(name, applications, values)
        stored = None
        if parts is not None:
            found = parts([np.array(each) for each in arrays])
            stored = values | dict(zip(outputs, found, strict=True))
            for node in prepared.nodes if mode.check_py_code else ():
                _check_node(name, node, stored)
            _check_strides(name, outputs, found, how)
        results = whole([np.array(each) for each in arrays])
        if stored is not None:
            _check_whole(name, prepared, stored, results)
            _check_strides(name, prepared.results, results, how)
        if given is not None:
            given(arrays)
        if mode.check_isfinite:
            known = stored or dict(zip(outputs, evaluate(outputs, values), strict=True))
            _check_finite(name, prepared, known)
        return results

    return run


def _check_rules(
    name: str, applications: Sequence[Application], values: dict[Variable, Array]
) -> None:
    """Both sides of each application; stabilisers are judged in a longer precision."""
    for stabilises, upcast in ((False, None), (True, "longdouble")):
        chosen = [each for each in applications if (each.keeps == "stabilises") == stabilises]
        sides = [side for each in chosen for side in (each.before, each.after)]
        found = evaluate(sides, values, upcast) if sides else []
        for k, each in enumerate(chosen):
            before, after = found[2 * k], found[2 * k + 1]
            if not _agree(after, before, each.before.type, may_mend=stabilises):
                place = "" if each.site is None else f" ({each.site})"
                what = f"{name}: the rule {each.rule} of {each.stage} changes a value{place}."
                rows = [
                    _row(each.before, before, "before"),
                    _row(each.after, after, "after"),
                ]
                fix = f"leave it out, Mode().excluding({each.rule!r}), and report it: {each}"
                raise BadOptimization(message(what, rows, fix))


def _check_node(name: str, node: Apply, stored: dict[Variable, Array]) -> None:
    """One operation's C, on the operands that it had."""
    if node.op.kind in ("Call", "Random"):
        return
    expected = evaluate(node.outputs, {v: stored[v] for v in node.inputs if v in stored})
    for output, wanted in zip(node.outputs, expected, strict=True):
        if not _agree(stored[output], wanted, output.type):
            place = "" if node.site is None else f" ({node.site})"
            what = f"{name}: the C of {node.op}{place} does not give what its reference gives."
            rows = [_row(output, stored[output], "C"), _row(output, wanted, "reference")]
            rows += [_row(v, stored[v]) for v in node.inputs if v in stored]
            fix = 'interpret it meanwhile, mode="REFERENCE", and report it.'
            raise BadThunkOutput(message(what, rows, fix))


def _check_whole(
    name: str, prepared: Graph, stored: dict[Variable, Array], results: Sequence[Array]
) -> None:
    """The fused function against its operations one by one."""
    for k, (variable, result) in enumerate(zip(prepared.results, results, strict=True)):
        wanted = _value(variable, stored)
        if not _agree(result, wanted, variable.type):
            what = f"{name}: result {k} is not what its operations give one by one."
            rows = [_row(variable, result, "whole"), _row(variable, wanted, "parts")]
            fix = 'leave fusion out meanwhile, Mode().excluding("fusion"), and report it.'
            raise BadThunkOutput(message(what, rows, fix))


def _check_strides(
    name: str, variables: Sequence[Variable], arrays: Sequence[Array], how: int
) -> None:
    """References give arrays in C order, and so does compiled code."""
    for variable, array in zip(variables, arrays, strict=True):
        if how and not array.flags.c_contiguous:
            what = f"{name}: the C of {variable} gives an array that is not in C order."
            row = replace(where(variable), got=f"strides {array.strides}")
            text = message(what, [row], "copy it meanwhile, and report it.")
            if how == 2:
                raise BadThunkOutput(text)
            warn_user(text)


def _check_finite(name: str, prepared: Graph, known: dict[Variable, Array]) -> None:
    for node in prepared.nodes:
        for output in node.outputs:
            array = known.get(output)
            if array is not None and array.dtype.kind in "fc" and not np.isfinite(array).all():
                place = "" if node.site is None else f" ({node.site})"
                what = f"{name}: {node.op.name}{place} gives a value that is not finite."
                raise BadThunkOutput(message(what, [_row(output, array)], "look at its operands."))


def _agree(got: Array, wanted: Array, kind: TensorType, *, may_mend: bool = False) -> bool:
    """Whether two results are the same but for rounding.

    may_mend: where one is no finite number the other may be better.
    """
    if kind.is_object:
        assert isinstance(kind, Type)
        return kind.values_eq_approx(OBJECTS.get(got), OBJECTS.get(wanted))
    dtype = kind.dtype
    if got.shape != wanted.shape:
        return False
    if dtype not in _CLOSE:
        return bool(np.array_equal(got, wanted))
    with np.errstate(all="ignore"):
        finite = np.isfinite(wanted) & np.isfinite(got)
        scale = float(np.max(np.abs(wanted[finite]), initial=0.0))
        near = np.abs(got - wanted) <= _CLOSE[dtype] * max(scale, float(np.finfo(dtype).tiny))
        same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    good = np.where(finite, near, True if may_mend else same)
    return bool(np.all(good))


def _row(variable: Variable, array: Array, label: str | None = None) -> Where:
    array = array.astype(variable.dtype, copy=False)  # judged in a longer precision, some of them
    text = elements(array) if array.size else ""
    return replace(where(variable, label), got=f"{describe_value(array)} {text}".rstrip())
