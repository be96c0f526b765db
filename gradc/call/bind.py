"""Bind a compiled library, or the interpreter, to a request: the last arrow.

Takes a Request and its Stages; gives a Function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.call.callbacks import callbacks_of
from gradc.call.failures import user_error
from gradc.call.function import Function
from gradc.call.handing import class_for
from gradc.call.nan import first_bad
from gradc.call.plan import Plan, ShippedArray
from gradc.call.profile import ProfileStats
from gradc.call.request import Request
from gradc.call.stages import Stages
from gradc.call.watching import Run
from gradc.errors import NanGuardError, message, warn_user
from gradc.graph.evaluate import evaluate
from gradc.graph.graph import Graph
from gradc.graph.variable import Constant, Variable
from gradc.kernel.interface import Interface, Port
from gradc.options import Options, config
from gradc.runtime import threadpools
from gradc.runtime.blas import open_blas
from gradc.runtime.executable import Executable, KernelFailure
from gradc.runtime.threads import apply_options
from gradc.sharedvar import SharedVariable

__all__ = ["bind", "interpret"]

Array = npt.NDArray[Any]


def bind(
    request: Request,
    stages: Stages,
    plan: Plan,
    variables: Sequence[Variable],
    options: Options,
) -> Function:
    """The function that calls the compiled library as the plan says.

    `variables` are those of the received graph, which the plan's numbers mean.
    """
    apply_options(options)
    config.watch(apply_options)  # the number of threads is the one setting that calls feel later
    threadpools.offer()
    blas = open_blas(options.blas, options.products) if plan.uses_blas else None
    if blas is not None and plan.uses_lapack:
        blas.require_lapack()
    assert stages.library is not None
    executable = Executable(stages.library, plan.interface, blas, callbacks_of(stages.callbacks))

    def explain(failure: KernelFailure, values: Mapping[Variable, Array]) -> Exception:
        error = user_error(failure, plan, variables, request.name, values)
        if isinstance(error, NanGuardError):
            found = first_bad(stages.optimized, values, options.guards, request.name)
            return error if found is None else NanGuardError(found)
        return error

    function = class_for(request)(
        request.name, request.signature, request.results,
        _shared([variables[k] for k in plan.shared]), request.updated,
        [_array(each, variables) for each in plan.constants], executable.interface,
        executable, explain, stages,
    )  # fmt: skip
    if options.profile:
        descent = stages.descent
        assert descent is not None
        executable.keep_profile(descent.program.steps + 1)  # and the commit
        function.profile = request.profile or ProfileStats(at_exit=not request.asked_profile)
        function.profile.add(request.name, executable, stages, options.profile_memory)
    return function


def _border(graph: Graph) -> Interface:
    """What an interpreted function takes and gives."""
    args = [Port("input", each.dtype, each.ndim) for each in graph.inputs]
    args += [Port("shared", each.dtype, each.ndim) for each in graph.shared]
    outs = [Port("output", each.dtype, each.ndim) for each in graph.outputs]
    for old, new in graph.updates:
        position = len(graph.inputs) + graph.shared.index(old)
        outs.append(Port("update", new.dtype, new.ndim, shared=position))
    return Interface(tuple(args), tuple(outs), 0, 1)


def _array(constant: int | ShippedArray, variables: Sequence[Variable]) -> Array:
    if isinstance(constant, ShippedArray):
        return constant.array()
    variable = variables[constant]
    assert isinstance(variable, Constant)
    return variable.data


def interpret(
    request: Request, stages: Stages, run: Run | None = None, *, warn: bool = False
) -> Function:
    """The function that evaluates the graph by each operation's reference, or by `run`.

    run: takes the arrays of inputs and shared variables, gives those of outputs and updates.
    """
    if warn:
        what = f"{request.name}: there is no C compiler; the graph is interpreted, which is slow."
        warn_user(
            message(what, fix="install gcc or clang, or name one: GRADC_CC, gradc.config.cc.")
        )
    graph = request.graph if run is not None else stages.optimized
    leaves = [*graph.inputs, *graph.shared]

    def evaluated(arrays: list[Array]) -> list[Array]:
        values = dict(zip(leaves, arrays, strict=True))
        return [np.array(each, order="C") for each in evaluate(graph.results, values)]

    def explain(failure: KernelFailure, values: Mapping[Variable, Array]) -> Exception:
        return user_error(failure, None, (), request.name, values)

    interface = _border(graph)
    return class_for(request)(
        request.name, request.signature, request.results, _shared(graph.shared), request.updated,
        (), interface, run or evaluated, explain, stages,
    )  # fmt: skip


def _shared(arguments: Sequence[Variable]) -> list[SharedVariable]:
    """The shared variables among them, in order: rewriting may need fewer, or others first."""
    return [each for each in arguments if isinstance(each, SharedVariable)]
