"""theano.tensor.signal.downsample, which Theano 1.0 has no more: gradc's."""

from gradc.tensor.signal.downsample import max_pool_2d, max_pool_2d_same_size

__all__ = ["max_pool_2d", "max_pool_2d_same_size"]
