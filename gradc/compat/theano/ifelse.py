"""theano.ifelse: branches of which one is computed."""

from gradc.control import ifelse

__all__ = ["ifelse"]
