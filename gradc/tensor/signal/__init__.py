"""Signals and images under Theano's names: T.signal.pool, T.signal.conv, T.signal.downsample."""

from gradc.tensor.signal import conv, downsample, pool

__all__ = ["conv", "downsample", "pool"]
