"""Functions of MonitorMode and DebugMode, and graphs that are rewritten and then interpreted.

Takes a Request and its mode; gives a Function whose every call is watched (gradc.call.watching).
Like the way down, it is loaded when somebody asks for it: what watches needs the passes, and
DebugMode a compiler too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.call.bind import interpret
from gradc.call.callbacks import callbacks_of
from gradc.call.failures import user_error
from gradc.call.function import Function
from gradc.call.given import check_given
from gradc.call.handing import has_objects
from gradc.call.modes import DebugMode, Mode, MonitorMode
from gradc.call.plan import Plan
from gradc.call.request import Request, read_request
from gradc.call.stages import Stages
from gradc.call.watching import Run, debugging_run, monitoring_run
from gradc.compile import compile_request
from gradc.descent import Descent, descend, lowered, rewritten
from gradc.errors import ArgumentError, StochasticOrder, message
from gradc.graph.flat import flatten
from gradc.graph.graph import Graph, seal
from gradc.graph.text import listing
from gradc.graph.variable import Constant, Input, Variable
from gradc.graph.walk import substitute
from gradc.lower import Border
from gradc.options import Options, Target
from gradc.runtime.blas import open_blas
from gradc.runtime.build import build, current_target
from gradc.runtime.executable import Executable, KernelFailure

__all__ = ["watched"]

Array = npt.NDArray[Any]


def watched(request: Request, mode: Mode, options: Options) -> Function:
    """The function in a mode that watches it, or in one that interprets what was rewritten."""
    graph = request.graph
    leaves = [*graph.inputs, *graph.shared]
    if isinstance(mode, DebugMode):
        return _debugging(request, mode, options, leaves)
    optimized, _ = rewritten(graph, mode.level, options)
    if isinstance(mode, MonitorMode):
        return interpret(request, Stages(optimized), monitoring_run(optimized, leaves, mode))
    return interpret(request, Stages(optimized))


def _debugging(
    request: Request, mode: DebugMode, options: Options, leaves: Sequence[Variable]
) -> Function:
    graph = request.graph
    target = current_target(options)
    stages = Stages(graph, lambda: descend(graph, mode.level, target, options))
    descent = stages.descent
    assert descent is not None
    _check_order(request, mode, options, descent)
    whole, parts, given = _interpreter(request, descent), None, None
    if target.compiler and mode.check_c_code:
        whole = _Compiled.of(request, descent, target, options, graph).run
        parts = _parts(request, descent.prepared, target, options)
        given = _given(request, mode, options, leaves)
    applications = descent.trace.applications
    run = debugging_run(
        request.name, leaves, descent.prepared, applications, parts, whole, given, mode
    )
    return interpret(request, stages, run)


def _given(
    request: Request, mode: DebugMode, options: Options, leaves: Sequence[Variable]
) -> Callable[[list[Array]], None] | None:
    """What tries arrays for the outputs, of a function that updates nothing."""
    if not mode.check_preallocated_output or not request.graph.outputs:
        return None
    if has_objects(request.graph):
        what = f"{request.name}: Python objects are not written into arrays that are given."
        raise ArgumentError(message(what, fix='use DebugMode(check_preallocated_output="").'))
    inputs: dict[Variable, Variable] = {leaf: Input(leaf.type, leaf.name) for leaf in leaves}
    outputs = substitute(request.graph.outputs, inputs)
    made = read_request(
        list(inputs.values()), outputs, None, None, mode.level, request.name, "ignore", None, True,
        None,
    )  # fmt: skip
    function = compile_request(made, options)
    previous: list[Array] = []
    kinds = mode.check_preallocated_output
    return lambda arrays: check_given(request.name, function, arrays, kinds, previous)


def _check_order(request: Request, mode: DebugMode, options: Options, descent: Descent) -> None:
    """Rewriting gives the same graph however often it is done."""
    text = _text(descent.optimized)
    for _ in range(mode.stability_patience):
        again, _ = rewritten(request.graph, mode.level, options)
        if _text(again) != text:
            what = f"{request.name}: rewriting the graph twice gives two graphs."
            fix = "report it: a rule depends on the order of something that has none."
            raise StochasticOrder(message(what, fix=fix))


def _text(graph: Graph) -> str:
    return listing(graph.outputs, graph.inputs, graph.updates)


def _interpreter(request: Request, descent: Descent) -> Run:
    """The optimised graph by references, where there is no compiler."""
    leaves = [*request.graph.inputs, *request.graph.shared]
    return monitoring_run(descent.prepared, leaves, MonitorMode())


def _parts(request: Request, prepared: Graph, target: Target, options: Options) -> Run:
    """All outputs of all nodes, each node by loops of its own."""
    outputs = [each for node in prepared.nodes for each in node.outputs]
    graph = seal(prepared.inputs, outputs)
    descent = lowered(graph, target, options)
    return _Compiled.of(request, descent, target, options, graph).run


@dataclass(frozen=True)
class _Compiled:
    """A library that is called with the arrays of a request's leaves."""

    request: Request
    border: Border
    executable: Executable
    plan: Plan
    variables: tuple[Variable, ...]

    @classmethod
    def of(
        cls, request: Request, descent: Descent, target: Target, options: Options, graph: Graph
    ) -> _Compiled:
        library = build(descent.source, target, options)
        flat = flatten(graph, lambda declaration: False)
        plan = descent.plan(flat, library.key)
        blas = open_blas(options.blas, options.products) if plan.uses_blas else None
        if blas is not None and plan.uses_lapack:
            blas.require_lapack()
        code = callbacks_of(descent.callbacks)
        executable = Executable(library, plan.interface, blas, code)
        return cls(request, Border.of(descent.prepared), executable, plan, flat.variables)

    def run(self, arrays: list[Array]) -> list[Array]:
        """Call it; its arguments may be written."""
        graph = self.request.graph
        values = dict(zip([*graph.inputs, *graph.shared], arrays, strict=True))
        args = [
            np.array(each.data) if isinstance(each, Constant) else values[each]
            for each in self.border.arguments
        ]
        try:
            return self.executable(args)
        except KernelFailure as failure:
            name = self.request.name
            raise user_error(failure, self.plan, self.variables, name, values) from None
