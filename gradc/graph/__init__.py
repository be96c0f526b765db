"""The expression side: typed immutable nodes, sealed Graphs, walking, printing, evaluating.

What users need of it to look into their graphs and take them apart stands in `__all__`.
"""

from gradc.graph.compare import equal_computations, is_same_graph
from gradc.graph.parts import (
    explicit_graph_inputs,
    graph_inputs,
    inputs,
    io_toposort,
    ops,
    orphans,
    truncated_graph_inputs,
    variable_depends_on,
    variables_between,
)
from gradc.graph.replace import clone, graph_replace
from gradc.graph.walk import ancestors, consumers, toposort

__all__ = [
    "ancestors",
    "clone",
    "consumers",
    "equal_computations",
    "explicit_graph_inputs",
    "graph_inputs",
    "inputs",
    "graph_replace",
    "io_toposort",
    "ops",
    "orphans",
    "is_same_graph",
    "toposort",
    "truncated_graph_inputs",
    "variable_depends_on",
    "variables_between",
]
