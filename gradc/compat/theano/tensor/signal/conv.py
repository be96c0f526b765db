"""theano.tensor.signal.conv: gradc's."""

from gradc.tensor.signal.conv import conv2d

__all__ = ["conv2d"]
