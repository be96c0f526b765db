"""theano.scan_module.scan_utils: what programs take from it."""

from gradc.control.given import until
from gradc.graph.replace import clone

__all__ = ["clone", "until"]
