"""Turn a graph into a Program: the waist, where expressions become loops.

Takes an optimized Graph; gives a Program.  In order: contractions are put into BLAS's form
(`prepare`), lengths become size expressions (`analysis`), values are grouped into nests (`fuse`),
products take the nest that follows them as epilogue (`epilogue`), tasks are ordered so that
updates commit last (`schedule`), statements are written (`nests`, `layout`, `products`), memory is
shared (`memory`), and lengths get their entries (`names`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradc.graph.graph import Graph
from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.kernel.program import Program
from gradc.lower.analysis import analyse
from gradc.lower.assemble import Assembly, StepAssembly, assemble
from gradc.lower.border import Border
from gradc.lower.epilogue import attach_products
from gradc.lower.fuse import fuse
from gradc.lower.items import list_items
from gradc.lower.places import add_tests
from gradc.lower.schedule import order_tasks
from gradc.lower.shapes import Shapes
from gradc.lower.tasks import Task
from gradc.lower.updates import Placed, place_results
from gradc.lower.values import Values

__all__ = ["lower"]


def lower(graph: Graph, chains_only: bool = False, fuses: bool = True) -> Program:
    """The loop-nest program of a prepared graph.

    chains_only: FAST_COMPILE's fusion.  fuses: False computes every value in a nest of its own.
    Raises: Unplanned for a loop that has no C.
    """
    border = Border.of(graph)
    shapes = analyse(graph, border.arguments)
    values = Values(graph, shapes)

    def ordered(values: Values, border: Border) -> tuple[Placed, list[Task], dict[int, int]]:
        items = list_items(values, border)
        tasks, home = fuse(values, items.steps, chains_only, fuses)
        add_tests(values, tasks, home)
        placed = place_results(values, border, items, tasks, home)
        if fuses and not chains_only:
            attach_products(values, border, tasks, home, placed)
        return placed, *order_tasks(tasks, placed.writers)

    def nested(
        step: Graph,
        shapes: Shapes,
        border: Border,
        outer: Assembly,
        node: Apply,
        places: Mapping[Variable, int],
        outs: Sequence[int],
    ) -> Assembly:
        """The step of a loop, into the buffers of what the loop stands in."""
        values = Values(step, shapes)
        values.numbers |= {each for each in step.inputs if each not in places}
        placed, order, _ = ordered(values, border)
        inner = StepAssembly(values, border, placed, order, outer, node, places, outs)
        inner.run(order)
        return inner

    placed, order, commit = ordered(values, border)
    return assemble(Assembly(values, border, placed, order, nested), order, commit)
