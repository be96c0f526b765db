"""gradc.function: the one way down, from expressions to a callable.

    Graph -> rewrite -> lower -> emit -> build -> bind
       `---------- the cache's plan ----------^

Takes what the user wrote; gives a Function.  What the user may write in many ways is brought to
one form by `gradc.call.request`.  A graph that the cache knows leads straight to its library; the
arrows it then saves are `gradc.descent`.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

from gradc.call.bind import bind, interpret
from gradc.call.function import Function
from gradc.call.lookup import Lookup
from gradc.call.modes import DebugMode, Mode, MonitorMode, get_mode
from gradc.call.plan import Plan, read_plan, write_plan
from gradc.call.profile import ProfileStats
from gradc.call.request import Recipe, Request, read_request
from gradc.call.stages import Stages
from gradc.collector import collector_paused
from gradc.errors import ArgumentError, CompilerNotFound, message
from gradc.graph.flat import Flat, flatten
from gradc.graph.graph import Graph
from gradc.graph.op import DECLARATIONS, Declaration
from gradc.graph.site import user_site
from gradc.options import Options, Target, config
from gradc.runtime.build import build, target_meanwhile
from gradc.runtime.library import Library
from gradc.runtime.plans import PlanSlot, plan_slot
from gradc.runtime.sealed import canonical
from gradc.runtime.toolchain import host_target
from gradc.value import replace

if TYPE_CHECKING:
    from gradc.descent import Descent

__all__ = ["function"]

# What the package declares: for these a name says all, because the package's files are in the key.
_OURS = frozenset(DECLARATIONS.values())


def function(
    inputs: Any,
    outputs: Any = None,
    updates: Any = None,
    givens: Any = None,
    *,
    mode: str | Mode | None = None,
    name: str | None = None,
    on_unused_input: str | None = None,
    allow_input_downcast: bool | None = None,
    no_default_updates: bool = False,
    profile: bool | ProfileStats | None = None,
) -> Function:
    """Compile expressions into a function.

    inputs: variables or In values, the parameters in order.
    outputs: a variable (returned as an array), a list, a dict, or None; Out values say which
        arrays the next call may use again.
    updates: new values of shared variables, a dict or pairs; all read the old values.
    givens: variables and what to put in their place, a dict or pairs.
    mode: FAST_RUN; FAST_COMPILE (less rewriting and fusion, -O1); REFERENCE (the interpreter);
        DebugMode, NanGuardMode; or a Mode (gradc.call.modes).
    on_unused_input: "raise", "warn" or "ignore".
    allow_input_downcast: True casts arguments silently, False never loses anything, None also
        rounds Python floats to config.floatX.
    no_default_updates: leave out the default updates of shared variables.
    profile: True keeps an account of the time of each step, which f.profile.summary() prints; a
        ProfileStats, to sum up several functions.  None: what config.profile says.

    Raises: MissingInputError, UnusedInputError, UpdateError, ArgumentTypeError, DTypeError,
        ShapeError; CompileError.  Without a C compiler the optimized graph is interpreted, with
        one warning.
    """
    chosen = get_mode(mode)
    options = chosen.options(config.freeze())
    request = read_request(
        inputs, outputs, updates, givens, chosen.way, name,
        on_unused_input or options.on_unused_input, allow_input_downcast, no_default_updates,
        options.floatX,
    )  # fmt: skip
    return compile_in(request, chosen, options, profile)


def compile_in(
    request: Request, chosen: Mode, options: Options, profile: bool | ProfileStats | None = None
) -> Function:
    """The function of a request in a mode; profile: as in `function`."""
    options = replace(options, profile=_keeps_profile(profile, chosen, options))
    asked = profile if isinstance(profile, ProfileStats) else None
    request = replace(request, profile=asked, asked_profile=profile is not None)
    is_rewritten = chosen.way == "REFERENCE" and (options.rewrite or options.passes)
    if is_rewritten or isinstance(chosen, (DebugMode, MonitorMode)):
        made = importlib.import_module("gradc.watched").watched(request, chosen, options)
    else:
        made = compile_request(request, options)
    made.recipe = Recipe(request, chosen, options)
    return made  # type: ignore[no-any-return]


def _keeps_profile(profile: Any, mode: Mode, options: Options) -> bool:
    """Whether the function keeps a profile: interpreted ones have no steps to measure."""
    is_compiled = mode.way != "REFERENCE" and not isinstance(mode, (DebugMode, MonitorMode))
    if profile is None:
        return options.profile and is_compiled
    if profile and not is_compiled:
        what = f"function: {mode} interprets, and has no steps to profile."
        raise ArgumentError(message(what, fix="leave profile= or mode= out."))
    return bool(profile)


def compile_request(request: Request, options: Options) -> Function:
    """By the cache's plan, or all the way down."""
    graph, mode = request.graph, request.mode
    if mode == "REFERENCE":
        return interpret(request, Stages(graph))
    stages = stages_of(request, host_target(), options)
    target = target_meanwhile(options, lambda: _descended(stages))
    flat = flat_of(graph)
    slot = None if options.passes else _slot(flat, mode, target, options)  # rules are code
    known = _known(slot, flat)
    if known is None and not target.compiler:
        return interpret(request, stages, warn=True)
    try:
        plan, stages.library = known or _make(stages, flat, slot, target, options)
    except CompilerNotFound:
        return interpret(request, stages, warn=True)
    if options.on_compile is not None:
        options.on_compile(
            Lookup(request.name, user_site(), slot, known is not None, stages.library)
        )
    return bind(request, stages, plan, flat.variables, options)


def _descended(stages: Stages) -> Descent | None:
    with collector_paused():
        return stages.descent


def stages_of(request: Request, target: Target, options: Options) -> Stages:
    """The stages of a function, each made when it is first looked at."""
    graph, mode = request.graph, request.mode
    return Stages(graph, lambda: _way_down().descend(graph, mode, target, options))


def flat_of(graph: Graph) -> Flat:
    """The graph as plain data; its body is None where only this process can know what it holds."""
    return flatten(graph, _is_ours)


def _is_ours(declaration: Declaration) -> bool:
    """Python's code is known to this process only, even where the operation is ours."""
    return declaration in _OURS and declaration.kind != "Call"


def _slot(flat: Flat, mode: str, target: Target, options: Options) -> PlanSlot | None:
    """Where the cache keeps the graph's plan; None for a graph that only this process can know."""
    if flat.body is None:
        return None
    return plan_slot(canonical([mode, flat.body]), target, options)


def _known(slot: PlanSlot | None, flat: Flat) -> tuple[Plan, Library] | None:
    """Plan and library out of the cache."""
    data = None if slot is None else slot.get()
    plan = None if data is None else read_plan(data, flat.variables)
    library = None if slot is None or plan is None else slot.library(plan.library)
    return None if plan is None or library is None else (plan, library)


def _make(
    stages: Stages, flat: Flat, slot: PlanSlot | None, target: Target, options: Options
) -> tuple[Plan, Library]:
    """All the way down; the plan is kept for the next process, unless Python runs some of it."""
    with collector_paused():
        descent = stages.descent
        assert descent is not None
        library = build(descent.source, target, options)
        plan = descent.plan(flat, library.key)
    if slot is not None and not descent.callbacks:
        slot.put(write_plan(plan))
    return plan, library


def _way_down() -> ModuleType:
    """The door: a warm start loads neither rewriting, lowering, emitting nor templates."""
    return importlib.import_module("gradc.descent")
