"""theano.gof: graphs, nodes, types, rewrites, and the errors of building functions."""

from gradc.compat.theano.gof import graph, link, opt, optdb, params_type, type, utils
from gradc.compat.theano.gof.link import (
    CLinker,
    DualLinker,
    OpWiseCLinker,
    PerformLinker,
    WrapLinker,
    WrapLinkerMany,
)
from gradc.compat.theano.gof.opt import (
    EquilibriumOptimizer,
    LocalOptGroup,
    LocalOptimizer,
    MergeOptimizer,
    OpRemove,
    OpSub,
    Optimizer,
    PatternSub,
    SeqOptimizer,
    TopoOptimizer,
    in2out,
    local_optimizer,
    out2in,
)
from gradc.compat.theano.gof.optdb import (
    DB,
    EquilibriumDB,
    LocalGroupDB,
    ProxyDB,
    Query,
    SequenceDB,
)
from gradc.compat.theano.gof.params_type import Params, ParamsType
from gradc.compat.theano.gof.type import Constant, Generic, Type, generic
from gradc.errors import MissingInputError, RewriteError
from gradc.extend import Op
from gradc.graph.functiongraph import FunctionGraph
from gradc.graph.op import Apply
from gradc.graph.testvalues import debug_assert, get_debug_values, get_test_value
from gradc.graph.variable import Variable

InconsistencyError = RewriteError
PureType, PureOp = Type, Op

__all__ = [
    "Apply",
    "CLinker",
    "Constant",
    "DB",
    "DualLinker",
    "EquilibriumDB",
    "EquilibriumOptimizer",
    "FunctionGraph",
    "Generic",
    "InconsistencyError",
    "LocalGroupDB",
    "LocalOptGroup",
    "LocalOptimizer",
    "MergeOptimizer",
    "MissingInputError",
    "Op",
    "OpRemove",
    "OpSub",
    "OpWiseCLinker",
    "Optimizer",
    "Params",
    "ParamsType",
    "PatternSub",
    "PerformLinker",
    "ProxyDB",
    "PureOp",
    "PureType",
    "Query",
    "SeqOptimizer",
    "SequenceDB",
    "TopoOptimizer",
    "Type",
    "Variable",
    "WrapLinker",
    "WrapLinkerMany",
    "debug_assert",
    "generic",
    "get_debug_values",
    "get_test_value",
    "graph",
    "in2out",
    "link",
    "local_optimizer",
    "opt",
    "optdb",
    "out2in",
    "params_type",
    "type",
    "utils",
]
