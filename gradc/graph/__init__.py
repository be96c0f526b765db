"""The expression side: typed immutable nodes, sealed Graphs, walking, printing, evaluating.

What users need of it to look into their graphs and take them apart stands in `__all__`.
"""

from gradc.graph.compare import equal_computations, is_same_graph
from gradc.graph.functiongraph import FunctionGraph
from gradc.graph.parts import (
    clone_get_equiv,
    explicit_graph_inputs,
    graph_inputs,
    inputs,
    io_toposort,
    list_of_nodes,
    map_variables,
    ops,
    orphans,
    truncated_graph_inputs,
    variable_depends_on,
    variables,
    variables_between,
)
from gradc.graph.replace import clone, graph_replace
from gradc.graph.walk import ancestors, consumers, toposort

__all__ = [
    "FunctionGraph",
    "ancestors",
    "clone",
    "clone_get_equiv",
    "consumers",
    "equal_computations",
    "explicit_graph_inputs",
    "graph_inputs",
    "inputs",
    "graph_replace",
    "io_toposort",
    "list_of_nodes",
    "map_variables",
    "ops",
    "orphans",
    "is_same_graph",
    "toposort",
    "truncated_graph_inputs",
    "variable_depends_on",
    "variables",
    "variables_between",
]
