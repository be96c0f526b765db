"""gradc: array expressions in Python, differentiated symbolically, compiled to C one can read.

Example:
    import gradc
    import gradc.tensor as T

    x = T.vector("x")
    f = gradc.function([x], T.grad((x ** 2).sum(), x))
    f([1.0, 2.0])              # array([2., 4.])
    print(f.stages.source)     # the C
"""
# ruff: noqa: F401

import typing

from gradc.collector import collector_paused as _collector_paused

with _collector_paused():  # a fifth of the time of this import
    from gradc import dtypes as _dtypes
    from gradc import oneshot as _oneshot  # gives variables their eval
    from gradc import tensor, tree
    from gradc.batch import vectorize_graph
    from gradc.call.function import Function
    from gradc.call.inputs import In, Out
    from gradc.call.modes import (
        DebugMode,
        Mode,
        MonitorMode,
        NanGuardMode,
        get_default_mode,
        get_mode,
        register_mode,
    )
    from gradc.call.objects import shared_object
    from gradc.call.profile import ProfileStats, print_global_stats
    from gradc.compile import function
    from gradc.control import OpFromGraph, custom_gradient, ifelse, until
    from gradc.control.checkpoints import scan_checkpoints
    from gradc.control.loops import scan
    from gradc.differentiate.words import (
        Lop,
        Rop,
        explain_grad,
        hessian_vector_product,
        pullback,
        pushforward,
        subgraph_grad,
    )
    from gradc.graph.functiongraph import FunctionGraph
    from gradc.graph.objects import Type, generic
    from gradc.graph.op import Apply
    from gradc.graph.replace import clone, graph_replace
    from gradc.graph.testvalues import debug_assert, get_debug_values, get_test_value
    from gradc.graph.undefined import (
        DisconnectedType,
        NullType,
        grad_not_implemented,
        grad_undefined,
    )
    from gradc.graph.words import get_consumers, get_inputs, get_operation
    from gradc.later import later as _later
    from gradc.ops.linalg import dot
    from gradc.ops.stops import (
        consider_constant,
        disconnected_grad,
        grad_clip,
        grad_scale,
        undefined_grad,
        zero_grad,
    )
    from gradc.ops.watch import assert_op
    from gradc.options import config
    from gradc.sharedvar import SharedVariable, shared

if typing.TYPE_CHECKING:
    from gradc import init, optim, printing, random, testing
    from gradc.extend import Op, as_op, object_constant
    from gradc.functional import (
        grad,
        hessian,
        hvp,
        jacobian,
        jvp,
        scipy_objective,
        value_and_grad,
        vectorize,
        vjp,
        vmap,
    )
    from gradc.functional.jit import jit
    from gradc.printing import debugprint, detect_nan, pp, pprint
    from gradc.saving import load, load_function, save
    from gradc.testing import numeric_grad, verify_grad
else:  # the same, when it is used
    __getattr__ = _later(
        "gradc",
        {
            "gradc.extend": ("Op", "as_op", "object_constant"),
            "gradc.functional": (
                "grad",
                "hessian",
                "hvp",
                "jacobian",
                "jvp",
                "scipy_objective",
                "value_and_grad",
                "vectorize",
                "vjp",
                "vmap",
            ),
            "gradc.functional.jit": ("jit",),
            "gradc.init": ("init",),
            "gradc.optim": ("optim",),
            "gradc.printing": ("printing", "debugprint", "detect_nan", "pp", "pprint"),
            "gradc.random": ("random",),
            "gradc.saving": ("load", "load_function", "save"),
            "gradc.testing": ("testing", "numeric_grad", "verify_grad"),
        },
    )

__version__ = "0.1.0"

__all__ = [
    "Apply",
    "DebugMode",
    "DisconnectedType",
    "Function",
    "FunctionGraph",
    "In",
    "Lop",
    "Mode",
    "MonitorMode",
    "NanGuardMode",
    "NullType",
    "Op",
    "OpFromGraph",
    "Out",
    "ProfileStats",
    "Rop",
    "SharedVariable",
    "Type",
    "as_op",
    "assert_op",
    "clone",
    "config",
    "consider_constant",
    "custom_gradient",
    "debug_assert",
    "debugprint",
    "detect_nan",
    "disconnected_grad",
    "dot",
    "explain_grad",
    "function",
    "generic",
    "get_consumers",
    "get_debug_values",
    "get_default_mode",
    "get_inputs",
    "get_mode",
    "get_operation",
    "get_test_value",
    "grad",
    "grad_clip",
    "grad_not_implemented",
    "grad_scale",
    "grad_undefined",
    "graph_replace",
    "ifelse",
    "hessian",
    "hessian_vector_product",
    "hvp",
    "init",
    "jacobian",
    "jit",
    "jvp",
    "load",
    "load_function",
    "numeric_grad",
    "object_constant",
    "optim",
    "pp",
    "pprint",
    "print_global_stats",
    "printing",
    "pullback",
    "pushforward",
    "random",
    "register_mode",
    "save",
    "scan",
    "scan_checkpoints",
    "scipy_objective",
    "shared",
    "shared_object",
    "subgraph_grad",
    "tensor",
    "testing",
    "tree",
    "undefined_grad",
    "until",
    "value_and_grad",
    "vectorize",
    "vectorize_graph",
    "verify_grad",
    "vjp",
    "vmap",
    "zero_grad",
]

_asarray = _dtypes.as_array  # Theano's name
