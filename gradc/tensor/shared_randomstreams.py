"""T.shared_randomstreams: Theano's place for the streams of gradc.random."""

from gradc.random.streams import RandomStreams

__all__ = ["RandomStreams"]
