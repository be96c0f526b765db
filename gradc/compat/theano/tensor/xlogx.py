"""theano.tensor.xlogx: x * log(x) and x * log(y), 0 where x is."""

from gradc.ops.stable import xlogx, xlogy0

__all__ = ["xlogx", "xlogy0"]
