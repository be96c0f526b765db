"""theano.tensor.nlinalg: what of numpy.linalg there is."""
# ruff: noqa: F403

from gradc.compat.theano.tensor.adapters import AllocDiag
from gradc.tensor.nlinalg import *
from gradc.tensor.nlinalg import __all__ as _SHARED

__all__ = ["AllocDiag", *_SHARED]
