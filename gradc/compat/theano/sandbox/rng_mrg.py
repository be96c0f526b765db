"""theano.sandbox.rng_mrg: see gradc.random.streams."""

from gradc.random.streams import MRG_RandomStreams

__all__ = ["MRG_RandomStreams"]
