"""Shapes from shapes: `shape_of_variables`.

Takes expressions and the shapes of their inputs; gives the shape of every variable on the way.  No
array is computed: the function that is compiled for it reads lengths only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradc.compile import function
from gradc.errors import ArgumentError, message
from gradc.graph.describe import where
from gradc.graph.parts import explicit_graph_inputs
from gradc.graph.variable import Variable
from gradc.graph.walk import ancestors
from gradc.printing.tree import roots_of

if TYPE_CHECKING:  # a program that only runs functions does not load what they are made with
    from gradc.kernel.program import Program

__all__ = ["shape_of_variables"]


def shape_of_variables(
    fgraph: Any, input_shapes: Mapping[Variable, Sequence[int]]
) -> dict[Variable, tuple[int, ...]]:
    """The shape of every variable of a graph, if its inputs have these shapes.

    fgraph: what debugprint takes: variables, or a Graph or compiled function and the variables in
    it.  input_shapes: a shape for each input; what is static may be left out.
    Returns: from variables to shapes, inputs and constants included.
    Raises: ArgumentError for an input without a shape, and for a shape that depends on the numbers
    in an input, not only on lengths.
    """
    variables = ancestors([root.variable for root in roots_of(fgraph, "shape_of_variables")])
    inputs = explicit_graph_inputs(variables)
    arrays = [_empty(each, input_shapes) for each in inputs]
    lengths = [each.shape for each in variables]
    compiled = function(inputs, [n for each in lengths for n in each], mode="FAST_COMPILE")
    _check(compiled.stages.program)
    found = iter(compiled(*arrays))
    return {
        each: tuple(int(next(found)) for _ in shape)
        for each, shape in zip(variables, lengths, strict=True)
    }


def _empty(variable: Variable, shapes: Mapping[Variable, Sequence[int]]) -> Any:
    """An array of the shape that nobody reads or writes: the system gives it no pages."""
    shape = [n for n in shapes.get(variable, variable.type.shape) if n is not None]
    if len(shape) != variable.ndim:
        what = f"shape_of_variables: there is no shape of {variable.ndim} lengths for {variable}."
        raise ArgumentError(message(what, [where(variable)], "add it to input_shapes."))
    return np.empty(shape, variable.dtype)


def _check(program: Program) -> None:
    sizes = [size for segment in program.segments for size in segment.sizes]
    if any(size.source in ("value", "buffer") for size in sizes):
        what = "shape_of_variables: a shape depends on the numbers in an input."
        fix = "compute the shapes you need: gradc.function([...], list(x.shape))."
        raise ArgumentError(message(what, fix=fix))
