"""Theano's names for gradc: programs written for Theano run, unchanged or nearly.

    import gradc.compat.theano
    gradc.compat.theano.install()          # from here on `import theano` gives this package
    import theano, theano.tensor as T

The package mirrors Theano's modules.  Each is a table of names whose objects are gradc's own; an
adapter stands only where a signature, a default or a result differs.  What gradc does not have
raises at use, and stands in one place: gradc.compat.theano.missing.  docs/coming-from-theano.md
says what is kept and what is changed.
"""

from gradc.call.function import Function
from gradc.call.inputs import Out
from gradc.compat.theano import compat as compat
from gradc.compat.theano import (
    compile,
    configparser,
    d3viz,
    gof,
    gradient,
    ifelse,
    misc,
    printing,
    raise_op,
    sandbox,
    scalar,
    scan_module,
    tensor,
    tests,
    updates,
)
from gradc.compat.theano.aliases import install, uninstall
from gradc.compat.theano.compile import Mode, ProfileStats, SharedVariable, as_op, function, shared
from gradc.compat.theano.compile.io import In, Param
from gradc.compat.theano.configparser import change_flags
from gradc.compat.theano.converting import _asarray as _asarray
from gradc.compat.theano.gof import (
    Apply,
    Constant,
    FunctionGraph,
    InconsistencyError,
    Op,
    Type,
    Variable,
    generic,
)
from gradc.compat.theano.gradient import Lop, Rop, grad, subgraph_grad
from gradc.compat.theano.printing import pp, pprint
from gradc.compat.theano.scan_module import foldl, foldr, map, reduce, scan, scan_checkpoints
from gradc.compat.theano.scan_module.scan_utils import clone
from gradc.compat.theano.settings import config
from gradc.compat.theano.updates import OrderedUpdates
from gradc.control import OpFromGraph
from gradc.ops.known import get_scalar_constant_value
from gradc.ops.linalg import dot

__version__ = version = "1.0.5"  # whose behaviour this is

__all__ = [
    "Apply",
    "Constant",
    "Function",
    "FunctionGraph",
    "In",
    "InconsistencyError",
    "Lop",
    "Mode",
    "Op",
    "OpFromGraph",
    "OrderedUpdates",
    "Out",
    "Param",
    "ProfileStats",
    "Rop",
    "SharedVariable",
    "Type",
    "Variable",
    "as_op",
    "change_flags",
    "clone",
    "compat",
    "compile",
    "config",
    "configparser",
    "d3viz",
    "dot",
    "foldl",
    "foldr",
    "function",
    "generic",
    "get_scalar_constant_value",
    "gof",
    "grad",
    "gradient",
    "ifelse",
    "install",
    "map",
    "misc",
    "pp",
    "pprint",
    "printing",
    "raise_op",
    "reduce",
    "sandbox",
    "scalar",
    "scan",
    "scan_checkpoints",
    "scan_module",
    "shared",
    "subgraph_grad",
    "tensor",
    "tests",
    "uninstall",
    "updates",
]
