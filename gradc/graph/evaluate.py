"""The interpreter: the meaning of a graph, by each operation's reference.

Takes outputs and the values of leaves; gives arrays.  Slow and plain: it is the judge of what is
compiled.  It checks what the compiled call checks: shapes against types, and that an axis stretches
only where its length is statically 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc import errors
from gradc.errors import InternalError, MissingInputError, ShapeError, message
from gradc.graph.describe import broken, compared, elements, where
from gradc.graph.op import Apply
from gradc.graph.variable import Constant, Variable
from gradc.graph.walk import toposort
from gradc.value import replace

__all__ = ["evaluate", "in_order", "taken"]

Array = npt.NDArray[Any]


def evaluate(
    outputs: Sequence[Variable], values: Mapping[Variable, Any], upcast: str | None = None
) -> list[Array]:
    """The values of `outputs` as arrays of their declared dtypes.

    values: of every leaf that is no constant; of inner variables too, if they should be taken as
    given.  upcast: a wider float dtype, "longdouble", to compute and return all floats in.
    Raises: MissingInputError, ShapeError, and what the operations raise.
    """
    known = {variable: _given(variable, value, upcast) for variable, value in values.items()}
    with np.errstate(all="ignore"):
        for node in in_order(outputs, known):
            if node.op.kind == "Choice":
                chosen = [_value(each, known, upcast) for each in taken(node, known)]
                known.update(zip(node.outputs, chosen, strict=True))
                continue
            inputs = [_value(each, known, upcast) for each in node.inputs]
            if node.op.kind == "Check" and not inputs[0]:
                name, fix = broken(node.op.keywords)
                raise getattr(errors, name)(_broken(node, known, fix))
            known.update(zip(node.outputs, _run(node, inputs, upcast), strict=True))
    return [_value(output, known, upcast) for output in outputs]


def in_order(outputs: Sequence[Variable], known: Mapping[Variable, Array]) -> Iterator[Apply]:
    """The nodes in an order of computing; of a choice those of the branch that is taken alone.

    known: grows as nodes are computed.
    """
    nodes = toposort(outputs, stop=known.keys())
    if not any(node.op.kind == "Choice" for node in nodes):
        yield from nodes
        return
    done: set[Apply] = set()
    stack = [each.owner for each in outputs if each.owner is not None and each not in known]
    while stack:
        node = stack[-1]
        waiting = [
            each.owner
            for each in (node.inputs if node.op.kind != "Choice" else taken(node, known))
            if each.owner is not None and each not in known and each.owner not in done
        ]
        if node not in done and waiting:
            stack.extend(waiting)
            continue
        stack.pop()
        if node not in done:
            done.add(node)
            yield node


def taken(node: Apply, known: Mapping[Variable, Array]) -> Sequence[Variable]:
    """The operands of a choice that are taken; the condition, while that is not known."""
    which, half = node.inputs[0], len(node.outputs)
    value = which.data if isinstance(which, Constant) else known.get(which)
    if value is None:
        return (which,)
    return node.inputs[1 : 1 + half] if value else node.inputs[1 + half :]


def _broken(node: Apply, known: Mapping[Variable, Array], fix: str) -> str:
    """What the message about a condition says, as a compiled call has it."""
    rows = [
        replace(where(each), got=f"{known[each].dtype}{list(known[each].shape)} "
                                 f"{elements(known[each])}") if each in known else where(each)
        for each in compared(node.inputs[0])
    ]  # fmt: skip
    place = "" if node.site is None else f" ({node.site})"
    return message(f"{node.op.keywords['text']}{place}.", rows, fix)


def _value(variable: Variable, known: dict[Variable, Array], upcast: str | None) -> Array:
    found = known.get(variable)
    if found is None and isinstance(variable, Constant):
        found = known[variable] = _given(variable, variable.data, upcast)
    if found is None:
        what = f"evaluate: {variable} has no value."
        raise MissingInputError(message(what, [where(variable)], "give its value."))
    return found


def _dtype(variable: Variable, upcast: str | None) -> np.dtype[Any]:
    is_float = variable.dtype.startswith("float")
    return np.dtype(upcast if upcast and is_float else variable.dtype)


def _given(variable: Variable, value: Any, upcast: str | None) -> Array:
    array = np.asarray(value).astype(_dtype(variable, upcast), copy=False)
    _check_shape(variable, array)
    return array


def _check_shape(variable: Variable, array: Array) -> None:
    wanted = variable.type.shape
    fits = array.ndim == len(wanted) and all(
        n is None or n == m for n, m in zip(wanted, array.shape, strict=True)
    )
    if not fits:
        what = f"evaluate: {variable} is {variable.type}, its value has shape {array.shape}."
        raise ShapeError(message(what, [where(variable)]))


def _run(node: Apply, inputs: Sequence[Array], upcast: str | None) -> list[Array]:
    if node.op.kind in ("Elemwise", "Gather"):
        _check_stretching(node, inputs)
    params = node.op.keywords
    if upcast:
        params = {key: _wider(key, value, upcast) for key, value in params.items()}
    results = node.op.rule.run(node, inputs, params)
    if len(results) != len(node.outputs):
        raise InternalError(message(f"{node.op.name}: the reference gives {len(results)} values."))
    return [
        _result(output, array, upcast) for output, array in zip(node.outputs, results, strict=True)
    ]


def _wider(key: str, value: Any, upcast: str) -> Any:
    is_dtype = key in ("dtype", "acc_dtype") and isinstance(value, str)
    return upcast if is_dtype and value.startswith("float") else value


def _result(output: Variable, array: Array, upcast: str | None) -> Array:
    array = np.asarray(array).astype(_dtype(output, upcast), copy=False)
    _check_shape(output, array)
    return array


def _check_stretching(node: Apply, inputs: Sequence[Array]) -> None:
    """An axis whose length merely happens to be 1 does not stretch."""
    first = 1 if node.op.kind == "Gather" else 0
    operands = list(zip(node.inputs, inputs, strict=True))[first:]
    for axis in range(operands[0][0].ndim):
        real = [(v, a.shape[axis]) for v, a in operands if v.type.shape[axis] != 1]
        clash = [pair for pair in real if pair[1] != real[0][1]]
        if clash:
            (left, n), (right, m) = real[0], clash[0]
            raise ShapeError(
                message(
                    f"{node.op.name}: axis {axis} has lengths {n} and {m}.",
                    [where(left), where(right)],
                    "pass arrays of one length, or declare the axis as 1 where it should stretch.",
                )
            )
