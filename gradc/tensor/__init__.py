"""The user's namespace: `import gradc.tensor as T`.

Symbolic inputs (T.matrix), operations under numpy's and Theano's names, gradients; T.linalg,
T.nlinalg and T.slinalg have linear algebra by the names of numpy, scipy and Theano.
"""
# ruff: noqa: F403

import typing

from gradc import ops as _ops
from gradc.differentiate import words as _derivatives
from gradc.differentiate.words import *
from gradc.graph.methods import bind as _bind
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Variable
from gradc.later import later as _later
from gradc.ops import *
from gradc.tensor import aliases as _aliases
from gradc.tensor import constructors as _constructors
from gradc.tensor import linalg, nlinalg, slinalg
from gradc.tensor import numpy_calls as _numpy_calls
from gradc.tensor.aliases import *
from gradc.tensor.constructors import *

if typing.TYPE_CHECKING:
    from gradc.tensor import nnet, shared_randomstreams, signal
else:  # when it is used
    __getattr__ = _later(
        "gradc.tensor",
        {
            "gradc.tensor.nnet": ("nnet",),
            "gradc.tensor.shared_randomstreams": ("shared_randomstreams",),
            "gradc.tensor.signal": ("signal",),
        },
    )

__all__ = ["Constant", "TensorType", "Variable", "linalg", "nlinalg", "nnet"]
__all__ += ["shared_randomstreams", "signal", "slinalg"]
__all__ += _derivatives.__all__
__all__ += _ops.__all__
__all__ += _aliases.__all__
__all__ += _constructors.__all__

_bind(array_function=_numpy_calls.array_function, array_ufunc=_numpy_calls.array_ufunc)
