"""theano.tensor.slinalg: what of scipy.linalg there is."""
# ruff: noqa: F403

from gradc.tensor.slinalg import *
from gradc.tensor.slinalg import __all__ as __all__
