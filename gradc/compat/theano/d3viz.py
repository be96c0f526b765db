"""theano.d3viz: graphs as pages that a browser shows."""

from gradc.printing import d3viz, d3write

__all__ = ["d3viz", "d3write"]
