"""The way down from a graph to its C: the arrows of docs/design.md, one line each.

Takes a sealed Graph, a mode, a Target and Options; gives a Descent, every stage of it.  A process
that finds its graph in the cache never comes here (and does not import this module, nor what it
needs) unless somebody looks at a stage: `gradc.compile` loads it through the one door.
"""

from __future__ import annotations

from collections.abc import Iterator

from gradc.call.origins import trace_origins
from gradc.call.plan import Plan, ship
from gradc.control.moving import moved
from gradc.emit.emit import emit
from gradc.emit.source import Source
from gradc.extend import expanded
from gradc.graph.flat import Flat
from gradc.graph.graph import Graph
from gradc.graph.op import Apply
from gradc.kernel.program import (
    Callback,
    Nest,
    Program,
    Repeat,
    Require,
    Routine,
    Step,
    all_steps,
)
from gradc.lower import (
    Border,
    Unplanned,
    callbacks,
    interpreted,
    lower,
    node_notes,
    numbers_of,
    prepare,
)
from gradc.options import Options, Target
from gradc.rewrite import Trace, optimize, passes_of
from gradc.rewrite.guard import guarded
from gradc.rewrite.timings import Timings
from gradc.value import value

__all__ = ["Descent", "descend", "lowered", "rewritten"]


@value
class Descent:
    """The stages between a graph and its library; `prepared` is what was lowered.

    callbacks: the nodes whose code is Python's, by the numbers of the Program's Callback steps.
    timings: what rewriting took, where config.profile_optimizer asks for it.
    """

    optimized: Graph
    trace: Trace
    prepared: Graph
    program: Program
    source: Source
    callbacks: tuple[Apply, ...]
    timings: Timings | None = None

    def plan(self, flat: Flat, library: str) -> Plan:
        """How to call the library that was made of this, in terms of the received graph."""
        border = Border.of(self.prepared)
        shared = border.arguments[border.inputs : border.inputs + border.shared]
        graph = self.prepared
        number = numbers_of(graph)
        return Plan(
            library=library,
            interface=self.source.interface,
            shared=tuple(flat.number[each] for each in shared),
            constants=tuple(ship(each, flat) for each in border.constants),
            notes=self.program.notes,
            origins=trace_origins(flat, number, self.program.notes),
            uses_blas=any(_uses_blas(step) for step in _steps(self.program)),
            uses_lapack=any(_uses_lapack(step) for step in _steps(self.program)),
        )


def descend(graph: Graph, mode: str, target: Target, options: Options) -> Descent:
    """Go all the way down."""
    timings = Timings() if options.profile_optimizer else None
    optimized, trace = rewritten(graph, mode, options, timings)
    prepared = prepare(expanded(guarded(optimized, options.guards)))
    prepared, program = _lowered(prepared, mode == "FAST_COMPILE", options.fuse)
    source = emit(program, target, node_notes(prepared), options, fast=mode == "FAST_RUN")
    return Descent(optimized, trace, prepared, program, source, callbacks(prepared), timings)


def rewritten(
    graph: Graph, mode: str, options: Options, timings: Timings | None = None
) -> tuple[Graph, Trace]:
    """The first arrow: the graph behind the passes of a mode."""
    if not options.rewrite and not options.passes:
        return graph, Trace()
    mine = passes_of(options.passes)
    ours = mode if options.rewrite else None

    def once(each: Graph) -> tuple[Graph, Trace]:
        return optimize(each, ours, options.excluding, options.assertions, timings, mine)

    def inside(step: Graph) -> Graph:
        return moved(once(step)[0], inside)

    found, trace = once(graph)
    if not any(node.op.kind == "Scan" for node in found.nodes):
        return found, trace
    found, more = once(moved(found, inside))
    return found, trace + more


def lowered(graph: Graph, target: Target, options: Options) -> Descent:
    """The rest of the way, each operation by loops of its own and quickly compiled."""
    graph, program = _lowered(graph, True, False)
    source = emit(program, target, node_notes(graph), options, fast=False)
    return Descent(graph, Trace(), graph, program, source, callbacks(graph))


def _lowered(graph: Graph, chains_only: bool, fuses: bool) -> tuple[Graph, Program]:
    """The graph, loops without a plan run by Python, and its Program."""
    while True:
        try:
            return graph, lower(graph, chains_only=chains_only, fuses=fuses)
        except Unplanned as found:
            graph = interpreted(graph, [found.node])


def _steps(program: Program) -> Iterator[Step]:
    for segment in program.segments:
        yield from all_steps(segment.steps)


def _uses_blas(step: Step) -> bool:
    if isinstance(step, Routine):
        return step.fn.table
    if isinstance(step, Nest):
        return step.product is not None
    return not isinstance(step, Callback | Require | Repeat)


def _uses_lapack(step: Step) -> bool:
    return isinstance(step, Routine) and step.fn.lapack
