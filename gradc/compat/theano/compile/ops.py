"""theano.compile.ops: operations made of Python functions."""

from gradc.extend import FromFunctionOp, as_op
from gradc.ops.promises import specify_shape

__all__ = ["FromFunctionOp", "as_op", "specify_shape"]
