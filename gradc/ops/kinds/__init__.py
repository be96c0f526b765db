"""The kinds of operations the machine side knows, each a Declaration with its own blanks to fill.

Takes what a declaration states; gives types, lengths and the user's function.  `lower` and the
templates know kinds only, never a named operation.
"""

from gradc.ops.kinds.elemwise import DtypeRule, Elemwise
from gradc.ops.kinds.join import Join
from gradc.ops.kinds.outside import Call, Check
from gradc.ops.kinds.places import Gather, Scatter, indexed_axes, kept_axes
from gradc.ops.kinds.pooling import Pool
from gradc.ops.kinds.products import Contract, Gemm
from gradc.ops.kinds.reduce import Reduce
from gradc.ops.kinds.routines import Prefix, Routine, RowFrame, signature_of
from gradc.ops.kinds.shapes import ShapeRule, broadcast_static, longest, static_operands, to_static
from gradc.ops.kinds.views import Iota, LengthOf, Relabel, Unequal, View
from gradc.ops.kinds.windows import Convolve

__all__ = [
    "Call",
    "Check",
    "Contract",
    "Convolve",
    "DtypeRule",
    "Elemwise",
    "Gather",
    "Gemm",
    "Iota",
    "Join",
    "LengthOf",
    "Pool",
    "Prefix",
    "Reduce",
    "Relabel",
    "Routine",
    "RowFrame",
    "Scatter",
    "ShapeRule",
    "Unequal",
    "View",
    "broadcast_static",
    "indexed_axes",
    "kept_axes",
    "longest",
    "signature_of",
    "static_operands",
    "to_static",
]
