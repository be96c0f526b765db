"""`vectorize_graph`, `vectorize`: an expression of one element made one of a batch of them.

Takes expressions and what stands for some of their variables: arrays with more axes in front; gives
expressions with these axes in front.  Node by node, inputs first, each by its declaration's
batching rule, so there is no loop: a product with a vector becomes one with a matrix.  Nodes that
depend on nothing batched stay themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, update_wrapper
from typing import Any

from gradc import tree
from gradc.errors import ArgumentError, ArgumentTypeError, InternalError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.op import Apply
from gradc.graph.site import inherit
from gradc.graph.types import TensorType
from gradc.graph.variable import Input, Variable
from gradc.graph.walk import rebuild, toposort
from gradc.ops.axes import moveaxis
from gradc.ops.calls import call, length_of, stretched
from gradc.ops.convert import as_variable

__all__ = ["batched", "vectorize", "vectorize_graph", "vmap"]


def vectorize_graph(outputs: Variable | Sequence[Variable], replace: Mapping[Variable, Any]) -> Any:
    """The outputs for a batch: with variables replaced by arrays that have more axes in front.

    replace: from variables of the graph (inputs, shared or computed ones) to arrays of the same
        dtype with zero or more axes in front, which are the batch's.  The batch axes of several
        are aligned from the right; one of static length 1 stretches.  All that is not replaced,
        shared variables too, is the same for all elements.
    Gives one variable, or a list or tuple as `outputs` is; one that depends on nothing batched
    has no axis more.  Gradient: that of each element.
    Raises: VectorizeError where a length would depend on the element; ShapeError, DTypeError where
    what is replaced does not fit.
    """
    listed = [outputs] if isinstance(outputs, Variable) else list(outputs)
    pairs = {old: _replacement(old, new) for old, new in replace.items()}
    found = batched(listed, pairs)
    if isinstance(outputs, Variable):
        return found[0]
    return tuple(found) if isinstance(outputs, tuple) else found


def _replacement(old: Any, new: Any) -> Variable:
    if not isinstance(old, Variable):
        what = f"vectorize_graph: {old!r} is not a variable, it cannot be replaced."
        raise ArgumentTypeError(message(what, fix="pass {variable: array with more axes}."))
    found = as_variable(new, dtype=None if isinstance(new, Variable) else old.dtype)
    rank = found.ndim - old.ndim
    if (
        found.dtype != old.dtype
        or rank < 0
        or any(
            None not in pair and pair[0] != pair[1]
            for pair in zip(found.type.shape[rank:], old.type.shape, strict=True)
        )
    ):
        what = f"vectorize_graph: {found.type} is no batch of {old} : {old.type}."
        rows = [where(old), where(found)]
        raise ShapeError(message(what, rows, "give it the same dtype and last axes."))
    return found


def batched(outputs: Sequence[Variable], replace: Mapping[Variable, Variable]) -> list[Variable]:
    """The outputs with variables replaced by batches, which fit."""
    found, current = list(outputs), dict(replace)
    while any(new.ndim - old.ndim > 1 for old, new in current.items()):
        inner, outer = dict(current), {}
        for old, new in current.items():
            rank = new.ndim - old.ndim
            if rank > 1:  # the innermost axis of the batch first, for any element of the others
                inner[old] = Input(TensorType(new.dtype, new.type.shape[rank - 1 :]), new.name)
                outer[inner[old]] = new
        found, current = _once(found, inner), outer
    return _once(found, current)


def _once(outputs: Sequence[Variable], replace: Mapping[Variable, Variable]) -> list[Variable]:
    """One axis of a batch, or none."""
    values = _of_one_length(replace)
    for node in toposort(outputs, stop=replace.keys()):
        inputs = [values.get(each, each) for each in node.inputs]
        with inherit(node.site):
            found = _visit(node, inputs)
        for old, new in zip(node.outputs, found, strict=True):
            values.setdefault(old, new)
    return [values.get(output, output) for output in outputs]


def _visit(node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
    if all(new.ndim == old.ndim for new, old in zip(inputs, node.inputs, strict=True)):
        return rebuild(node, inputs)
    found = node.op.rule.batch(node, inputs)
    for new, old in zip(found, node.outputs, strict=True):
        if new.ndim - old.ndim not in (0, 1) or new.dtype != old.dtype:
            what = f"{node.op.name}: the batching rule gives {new.type} for an output {old.type}."
            raise InternalError(message(what))
        if old.name is not None and new.name is None:
            new.name = old.name
    return found


def _of_one_length(replace: Mapping[Variable, Variable]) -> dict[Variable, Variable]:
    """The batches, those of static length 1 stretched to the others."""
    batches = {old: new for old, new in replace.items() if new.ndim > old.ndim}
    known = {new.type.shape[0]: new for new in batches.values()}
    lengths = [n for n in known if n not in (1, None)]
    if len(lengths) > 1:
        what = f"vectorize_graph: batches have lengths {lengths[0]} and {lengths[1]}."
        raise ShapeError(message(what, [where(known[n]) for n in lengths[:2]]))
    like = known.get(lengths[0] if lengths else None)
    if like is None:
        return dict(replace)
    return {
        old: _stretched(new, like) if old in batches and new.type.shape[0] == 1 else new
        for old, new in replace.items()
    }


def _stretched(x: Variable, like: Variable) -> Variable:
    lengths = [length_of(x, axis) for axis in range(1, x.ndim)]
    return call("broadcast_to", x, length_of(like, 0), *lengths)


# -- functions ---------------------------------------------------------------------------------


def vectorize(f: Any, in_axes: Any = 0, out_axes: Any = 0) -> Any:
    """A function of variables made one of batches of them (JAX calls it vmap).

    f: takes variables (or tuples, lists, dicts of them) and gives such; it is called once, with
        variables that stand for one element.
    in_axes: where the batch stands in each argument: an int, or a tuple with one entry an argument;
        an entry may have the form of its argument; None: the same for all elements.
    out_axes: where it stands in the results, an int or in their form; a result that is the same for
        all elements is repeated, or given once where out_axes is None.
    What f uses besides, shared variables too, is the same for all elements.  Composes with itself
    and with gradients: vectorize(lambda x: gradc.grad(cost(x), x)) is one gradient per row.
    A graph instead of a function: vectorize(outputs, {variable: batch}), as vectorize_graph.
    Raises: VectorizeError where a length would depend on the element; ShapeError, ArgumentError.
    """
    if not callable(f):
        return vectorize_graph(f, in_axes)

    return update_wrapper(partial(_of_a_batch, f, in_axes, out_axes), f)


def _of_a_batch(f: Callable[..., Any], in_axes: Any, out_axes: Any, /, *arguments: Any) -> Any:
    if isinstance(in_axes, tuple) and len(in_axes) != len(arguments):
        what = f"vectorize: in_axes has {len(in_axes)} entries for {len(arguments)} arguments."
        raise ArgumentError(message(what, fix="give one an argument, None for no batch."))
    axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(arguments)
    replace: dict[Variable, Variable] = {}
    elements = [
        _mapped(argument, axis, partial(_element, replace))
        for argument, axis in zip(arguments, axes, strict=True)
    ]
    if not replace:
        what = "vectorize: no argument has a batch."
        raise ArgumentError(message(what, fix="let in_axes say where one stands."))
    return _outputs(f(*elements), replace, out_axes)


vmap = vectorize


def _outputs(result: Any, replace: Mapping[Variable, Variable], out_axes: Any) -> Any:
    flat: list[Variable] = []
    _mapped(result, None, lambda each, _: flat.append(as_variable(each)))
    made = batched(flat, replace)
    batch = next(iter(_of_one_length(replace).values()))
    rest = iter(zip(flat, made, strict=True))

    def placed(_: Any, axis: Any) -> Variable:
        old, new = next(rest)
        if axis is None and new.ndim > old.ndim:
            what = f"vectorize: the result {old} differs from element to element."
            raise ArgumentError(message(what, [where(old)], "let out_axes say where they stand."))
        if axis is None:
            return new
        whole = new if new.ndim > old.ndim else stretched(new, batch)
        return moveaxis(whole, 0, axis)

    return _mapped(result, out_axes, placed)


def _element(replace: dict[Variable, Variable], argument: Any, axis: Any) -> Variable:
    """What stands for one element of an argument."""
    array = as_variable(argument)
    if axis is None:
        return array
    if not array.ndim:
        what = f"vectorize: the scalar {array} has no axis {axis} for a batch."
        raise ShapeError(message(what, [where(array)], "let in_axes be None for it."))
    front = moveaxis(array, axis, 0)
    element = Input(TensorType(front.dtype, front.type.shape[1:]), array.name)
    replace[element] = front
    return element


def _mapped(arguments: Any, axes: Any, function: Callable[[Any, Any], Any]) -> Any:
    """The function at every leaf of a tree, each with its entry of `axes`."""
    found, structure = tree.flatten(arguments)
    entries = _spread(axes, structure)
    mapped = [function(each, axis) for each, axis in zip(found, entries, strict=True)]
    return tree.unflatten(structure, mapped)


def _spread(axes: Any, structure: tree.Structure) -> list[int | None]:
    """The axis of each leaf: an int or None stands for all leaves below."""
    found: list[int | None] = []
    stack = [axes]
    for branch in reversed(structure):  # a container before what it holds, from right to left
        entry = stack.pop()
        if branch is tree.LEAF:
            found.append(entry)
        else:
            stack.extend(_entries(entry, branch.keys))
    return found[::-1]


def _entries(axes: Any, keys: tuple[Any, ...]) -> list[Any]:
    """What of `axes` belongs to each part of a container."""
    if axes is None or isinstance(axes, int):
        return [axes] * len(keys)
    branch = tree.children(axes)
    parts = () if branch is None else branch[1]
    named = {} if branch is None else dict(zip(branch[0].keys, parts, strict=True))
    if len(parts) == len(keys) and all(key in named for key in keys):
        return [named[key] for key in keys]
    what = f"vectorize: the axes {axes!r} do not fit {len(keys)} variables."
    raise ArgumentError(message(what, fix="give axes the form of the argument, or one for all."))
