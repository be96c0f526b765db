"""Declarations of operations, one place each; importing this binds the operators of variables."""
# ruff: noqa: F403

from gradc.graph.methods import bind
from gradc.ops import (
    average,
    axes,
    compare,
    convert,
    create,
    elemwise,
    index,
    lengths,
    linalg,
    math,
    nnet,
    reduce,
    relabel,
    stable,
    subscript,
)
from gradc.ops.average import *
from gradc.ops.axes import *
from gradc.ops.compare import *
from gradc.ops.convert import *
from gradc.ops.create import *
from gradc.ops.elemwise import *
from gradc.ops.index import *
from gradc.ops.lengths import *
from gradc.ops.linalg import *
from gradc.ops.math import *
from gradc.ops.nnet import *
from gradc.ops.reduce import *
from gradc.ops.relabel import *
from gradc.ops.stable import *
from gradc.ops.subscript import *

_MODULES = (average, axes, compare, convert, create, elemwise, index, lengths, linalg, math, nnet,
            reduce, relabel, stable, subscript)  # fmt: skip

bind(
    **{
        name: getattr(module, name)
        for module in _MODULES
        for name in module.__all__
        if name.islower()  # functions; not the classes beside them
    }
)
