"""Graphs with other variables in them: copies, and expressions with parts replaced.

Takes outputs and what to put in the place of which variables; gives outputs.  Replacements are
simultaneous: they may use each other's variables and are not themselves looked through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gradc.errors import ArgumentError, ArgumentTypeError, message
from gradc.graph.describe import where
from gradc.graph.op import Apply
from gradc.graph.variable import Constant, Input, Variable
from gradc.graph.walk import ancestors, leaves, substitute, toposort

__all__ = ["checked", "clone", "copied", "graph_replace"]

Replacements = Mapping[Variable, Any] | Iterable[tuple[Variable, Any]]


def graph_replace(
    outputs: Variable | Sequence[Variable], replace: Replacements, strict: bool = True
) -> Any:
    """The outputs with variables replaced; nodes that depend on none of them stay themselves.

    replace: variables of the graph (computed ones too) and expressions of the same dtype and rank.
    strict: raise if a variable is not in the graph.
    Gives one variable, or a list or tuple as `outputs` is.
    Raises: ArgumentError, ArgumentTypeError.
    """
    listed = [outputs] if isinstance(outputs, Variable) else list(outputs)
    pairs = checked("graph_replace", replace)
    if strict:
        there = set(ancestors(listed))
        for old in pairs:
            if old not in there:
                what = f"graph_replace: the outputs do not depend on {old}."
                fix = "leave it out, or pass strict=False."
                raise ArgumentError(message(what, [where(old)], fix))
    return _like(outputs, substitute(listed, pairs))


def clone(
    output: Variable | Sequence[Variable],
    replace: Replacements | None = None,
    strict: bool = True,
    share_inputs: bool = True,
) -> Any:
    """A copy of every node that computes the output, with variables replaced.

    replace: as for graph_replace; variables that are not in the graph change nothing.
    strict: raise where the static lengths of a replacement differ from what it replaces.
    share_inputs: keep the inputs; False makes new ones of the same name and type.  Shared
        variables and constants are kept.
    Gives one variable, or a list or tuple as `output` is.
    Raises: ArgumentError, ArgumentTypeError.
    """
    listed = [output] if isinstance(output, Variable) else list(output)
    pairs = checked("clone", replace or {}, strict)
    values: dict[Variable, Variable] = dict(pairs)
    if not share_inputs:
        for leaf in leaves(listed, stop=pairs):
            if isinstance(leaf, Input):
                values.setdefault(leaf, Input(leaf.type, leaf.name))
    copied(listed, values)
    return _like(output, [values.get(each, each) for each in listed])


def copied(outputs: Sequence[Variable], values: dict[Variable, Variable]) -> None:
    """Add to `values`, which says what stands for some, a copy of all else that is computed."""
    for node in toposort(outputs, stop=[*values]):
        inputs = [values.get(each, each) for each in node.inputs]
        types = node.op.rule.infer(inputs, node.op.keywords)
        names = [each.name for each in node.outputs]
        made = Apply(node.op, inputs, types, node.site, names).outputs
        for old, new in zip(node.outputs, made, strict=True):
            values.setdefault(old, new)


def checked(caller: str, replace: Replacements, strict: bool = False) -> dict[Variable, Variable]:
    """Replacements as variables of the dtype and rank, or of all the type, of what they replace."""
    pairs = dict(replace.items() if isinstance(replace, Mapping) else replace)
    found: dict[Variable, Variable] = {}
    for old, new in pairs.items():
        if not isinstance(old, Variable):
            raise ArgumentTypeError(message(f"{caller}: {old!r} is not a variable."))
        value = new if isinstance(new, Variable) else Constant(np.asarray(new, old.dtype))
        if not old.type.resembles(value.type) or (strict and not old.type.accepts(value.type)):
            what = f"{caller}: {old} is {old.type}, its replacement {value.type}."
            rows = [where(old), where(value)]
            raise ArgumentTypeError(message(what, rows, "give one of the same dtype and shape."))
        found[old] = value
    return found


def _like(form: Variable | Sequence[Variable], results: Sequence[Variable]) -> Any:
    if isinstance(form, Variable):
        return results[0]
    return tuple(results) if isinstance(form, tuple) else list(results)
