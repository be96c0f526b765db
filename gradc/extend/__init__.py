"""What users add to gradc: operations in Python, and rules of rewriting."""

from gradc.extend import declared
from gradc.extend.asop import FromFunctionOp, as_op
from gradc.extend.lowering import expanded
from gradc.extend.op import Held, Op, object_constant

__all__ = ["FromFunctionOp", "Held", "Op", "as_op", "declared", "expanded", "object_constant"]
