"""theano.raise_op: an expression that raises when it is computed."""

from gradc.ops.watch import Assert, Raise, assert_op

__all__ = ["Assert", "Raise", "assert_op"]
