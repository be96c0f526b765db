"""theano.gof: graphs, nodes, and the errors of building functions."""

from gradc.compat.theano.gof import graph
from gradc.errors import MissingInputError, RewriteError
from gradc.extend import Op
from gradc.graph.functiongraph import FunctionGraph
from gradc.graph.op import Apply
from gradc.graph.types import TensorType as Type
from gradc.graph.variable import Constant, Variable

InconsistencyError = RewriteError

__all__ = [
    "Apply",
    "Constant",
    "FunctionGraph",
    "InconsistencyError",
    "MissingInputError",
    "Op",
    "Type",
    "Variable",
    "graph",
]
