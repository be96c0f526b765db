"""theano.tensor.shared_randomstreams: see gradc.random.streams."""

from gradc.random.streams import RandomStreams

__all__ = ["RandomStreams"]
