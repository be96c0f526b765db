"""gradc.function: the one way down, from expressions to a callable.

    Graph -> rewrite -> lower -> emit -> build -> bind

Takes what the user wrote; gives a Function.  `function` is these arrows and nothing else; what the
user may write in many ways is brought to one form by `gradc.call.request`.
"""

from __future__ import annotations

from typing import Any

from gradc.call.bind import bind, interpret
from gradc.call.function import Function
from gradc.call.request import Request, read_request
from gradc.call.stages import Stages
from gradc.emit import emit
from gradc.errors import CompilerNotFound
from gradc.lower import Border, lower, node_notes, prepare
from gradc.options import Options, config
from gradc.rewrite import optimize
from gradc.runtime.build import build, current_target

__all__ = ["function"]


def function(
    inputs: Any,
    outputs: Any = None,
    updates: Any = None,
    givens: Any = None,
    *,
    mode: str | None = None,
    name: str | None = None,
    on_unused_input: str | None = None,
    allow_input_downcast: bool | None = None,
    no_default_updates: bool = False,
) -> Function:
    """Compile expressions into a function.

    inputs: variables or In values, the parameters in order.
    outputs: a variable (returned as an array), a list, a dict, or None; Out values say which
        arrays the next call may use again.
    updates: new values of shared variables, a dict or pairs; all read the old values.
    givens: variables and what to put in their place, a dict or pairs.
    mode: FAST_RUN; FAST_COMPILE (less rewriting and fusion, -O1); REFERENCE (the interpreter).
    on_unused_input: "raise", "warn" or "ignore".
    allow_input_downcast: True casts arguments silently, False never loses anything, None also
        takes Python numbers.
    no_default_updates: leave out the default updates of shared variables.

    Raises: MissingInputError, UnusedInputError, UpdateError, ArgumentTypeError, DTypeError,
        ShapeError; CompileError.  Without a C compiler the optimized graph is interpreted, with
        one warning.
    """
    options = config.freeze()
    request = read_request(
        inputs, outputs, updates, givens, mode or options.mode, name,
        on_unused_input or options.on_unused_input, allow_input_downcast, no_default_updates,
    )  # fmt: skip
    return compile_request(request, options)


def compile_request(request: Request, options: Options) -> Function:
    """The arrows."""
    graph = request.graph
    if request.mode == "REFERENCE":
        return interpret(request, Stages(graph, graph, None))
    optimized, trace = optimize(graph, request.mode)
    prepared = prepare(optimized)
    program = lower(prepared, chains_only=request.mode == "FAST_COMPILE")
    target = current_target(options)
    if not target.compiler:
        return interpret(request, Stages(graph, optimized, trace, program), warn=True)
    source = emit(program, target, node_notes(prepared), options, fast=request.mode == "FAST_RUN")
    try:
        library = build(source, target, options)
    except CompilerNotFound:
        return interpret(request, Stages(graph, optimized, trace, program, source), warn=True)
    stages = Stages(graph, optimized, trace, program, source, library)
    return bind(request, stages, Border.of(prepared), options)
