"""theano.tensor: gradc's operations, most of which have Theano's names already."""
# ruff: noqa: F401, F403, I001  # gradc.tensor first: what follows goes before it

from gradc.tensor import *

import gradc.compat.theano.tensor.nnet as nnet  # type: ignore[no-redef]
import gradc.compat.theano.tensor.nlinalg as nlinalg  # type: ignore[no-redef]
import gradc.compat.theano.tensor.raw_random as raw_random
import gradc.compat.theano.tensor.shared_randomstreams as shared_randomstreams  # type: ignore[no-redef]
import gradc.compat.theano.tensor.inplace as inplace
import gradc.compat.theano.tensor.opt as opt
import gradc.compat.theano.tensor.signal as signal  # type: ignore[no-redef]
import gradc.compat.theano.tensor.slinalg as slinalg  # type: ignore[no-redef]
import gradc.compat.theano.tensor.xlogx as xlogx

from gradc.compat.theano.converting import as_tensor_variable, constant
from gradc.compat.theano.gradient import (
    Lop,
    Rop,
    grad,
    hessian,
    jacobian,
    numeric_grad,
    verify_grad,
)
from gradc.compat.theano.gof.type import Constant  # type: ignore[assignment]
from gradc.compat.theano.gof.type import Constant as TensorConstant
from gradc.compat.theano.settings import config
from gradc.compat.theano.tensor.adapters import *
from gradc.compat.theano.tensor.kinds import *
from gradc.compat.theano.tensor.types import *
from gradc.errors import ArgumentTypeError as AsTensorError
from gradc.errors import IndexBoundsError as AdvancedIndexingError
from gradc.errors import NotScalarConstantError, ShapeError
from gradc.graph.compare import equal_computations
from gradc.graph.op import Apply
from gradc.graph.undefined import grad_not_implemented, grad_undefined
from gradc.graph.variable import Variable
from gradc.graph.variable import Variable as TensorVariable
from gradc.ops.watch import Assert, assert_op
from gradc.printing import min_informative_str, pprint, shape_of_variables
from gradc.sharedvar import SharedVariable
from gradc.sharedvar import SharedVariable as TensorSharedVariable
