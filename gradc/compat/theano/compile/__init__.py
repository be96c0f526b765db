"""theano.compile: functions, shared variables, modes."""

from gradc.call.function import Function
from gradc.call.modes import DebugMode, MonitorMode, NanGuardMode
from gradc.call.profile import ProfileStats
from gradc.compat.theano.compile import io, mode, ops
from gradc.compat.theano.compile.functions import function, pfunc, shared
from gradc.compat.theano.compile.io import In, Out, Param
from gradc.compat.theano.compile.mode import (
    FAST_COMPILE,
    FAST_RUN,
    Mode,
    get_default_mode,
    get_mode,
    optdb,
    predefined_modes,
    register_mode,
)
from gradc.compat.theano.compile.ops import FromFunctionOp, as_op
from gradc.control import OpFromGraph
from gradc.errors import UnusedInputError
from gradc.graph.compare import is_same_graph
from gradc.graph.variable import Variable
from gradc.ops.promises import specify_shape
from gradc.printing import detect_nan
from gradc.sharedvar import SharedVariable

__all__ = [
    "FAST_COMPILE",
    "FAST_RUN",
    "DebugMode",
    "FromFunctionOp",
    "Function",
    "In",
    "Mode",
    "MonitorMode",
    "NanGuardMode",
    "OpFromGraph",
    "Out",
    "Param",
    "ProfileStats",
    "SharedVariable",
    "UnusedInputError",
    "Variable",
    "as_op",
    "detect_nan",
    "function",
    "get_default_mode",
    "get_mode",
    "io",
    "is_same_graph",
    "mode",
    "ops",
    "optdb",
    "pfunc",
    "predefined_modes",
    "register_mode",
    "shared",
    "specify_shape",
]
