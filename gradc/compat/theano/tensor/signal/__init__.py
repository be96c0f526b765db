"""theano.tensor.signal: gradc's."""

from gradc.compat.theano.tensor.signal import conv, downsample, pool

__all__ = ["conv", "downsample", "pool"]
