"""theano.tensor.nlinalg: what of numpy.linalg there is."""
# ruff: noqa: F403

from gradc.tensor.nlinalg import *
from gradc.tensor.nlinalg import __all__ as __all__
