"""What Theano has and gradc has not: names that raise when they are used, not when imported.

Takes the table NOT_THERE; gives classes and modules that stand in the places of what is missing,
so that a program may import what it does not use.  This is the one place to look when something
new comes to gradc: a name that the modules of this package define is not replaced, so its word
goes out of its row here, and its import into the module of Theano's that has it.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, NoReturn

from gradc.errors import UnsupportedError, message

__all__ = ["NOT_THERE", "fill"]

_LOSS = "this loss", "write its recurrence with theano.scan."
_BRANCH = "this class", "use the function theano.ifelse.ifelse."
_RANDOM = (
    "numpy's RandomState inside of functions",
    "use RandomStreams or MRG_RandomStreams, whose states are shared variables of uint64[2].",
)
_CONV = "this class or module", "use T.nnet.conv2d, conv3d and their gradients by those names."
_POOL = "this class", "use T.signal.pool.pool_2d; T.grad knows its gradient."
_SPARSE = (
    "sparse matrices",
    "pass data, rows and columns as vectors, T.inc_subtensor(T.zeros_like(y)[rows], "
    "data * x[columns]) is their product with x; or dense arrays.",
)
_BLOCKS = (
    "products with blocks of a sparse matrix",
    "take the blocks by their numbers, W[iIdx, oIdx], and sum their products.",
)
_FFT = "Fourier transforms", "transform with numpy around the compiled function."
_LINALG = (
    "this class",
    "use a function of T.linalg.",
)
_SPECIAL = "this special function", "compute it with scipy.special and pass the result."
_REWRITE = (
    "this part of Theano's rewriting engine",
    "use local_optimizer, PatternSub or OpSub, in a mode or in theano.compile.optdb.",
)
_C_CODE = "operations with C of their own", "compose it of existing operations: they are fused."
_PICKLE = "this pickler", "use pickle.dump: nothing of it is needed to read."
_GPU = "GPUs", "leave it out: functions are compiled for the processor."
_MPI = "sending between processes", "use mpi4py with numpy arrays between calls."
_LISTS = "typed lists", "use arrays with one more axis, or Python lists of variables."
_COMPOSED = (
    "an operation for it, but composes it of others, which are fused",
    "use the function of that name; to know a softmax again, keep the variable.",
)
_FEATURE = (
    "this feature of graphs",
    "fgraph.attach_feature takes any object with on_import, on_prune, on_change_input.",
)
_INSIDE = "Theano's compilation internals", "use theano.function."

# Module, its names, and what is missing with a way out.
NOT_THERE: tuple[tuple[str, str, tuple[str, str]], ...] = (
    ("theano.ifelse", "IfElse", _BRANCH),
    ("theano.tensor.shared_randomstreams", "RandomStateSharedVariable", _RANDOM),
    ("theano.tensor.raw_random", "RandomStreamsBase", _RANDOM),
    ("theano.sandbox.rng_mrg", "GPUA_mrg_uniform mrg_uniform", _RANDOM),
    ("theano.tensor.nnet", "Softmax SoftmaxWithBias LogSoftmax SoftmaxGrad", _COMPOSED),
    ("theano.tensor.nnet", "CrossentropySoftmaxArgmax1HotWithBias", _COMPOSED),
    ("theano.tensor.nnet", "CrossentropyCategorical1Hot", _COMPOSED),
    ("theano.tensor.nnet", "ConvOp", _CONV),
    ("theano.tensor.nnet.conv", "ConvOp", _CONV),
    ("theano.tensor.nnet.Conv3D", "conv3D", _CONV),
    ("theano.tensor.nnet.abstract_conv", "AbstractConv AbstractConv_gradInputs", _CONV),
    ("theano.tensor.nnet.abstract_conv", "AbstractConv_gradWeights", _CONV),
    ("theano.tensor.nnet.neighbours", "Images2Neibs", _CONV),
    ("theano.tensor.nnet.blocksparse", "sparse_block_dot SparseBlockGemv", _BLOCKS),
    ("theano.tensor.nnet.ctc", "ctc", _LOSS),
    ("theano.tensor.signal.pool", "MaxPoolGrad AveragePoolGrad", _POOL),
    ("theano.tensor.fft", "rfft irfft", _FFT),
    ("theano.tensor.nlinalg", "MatrixInverse MatrixPinv Det Eig Eigh SVD QRFull", _LINALG),
    ("theano.tensor.slinalg", "Expm Eigvalsh", _LINALG),
    ("theano.tensor", "chi2sf", _SPECIAL),
    ("theano.tensor", "gammainc gammaincc gammau gammal j0 j1 jv i0 i1 iv", _SPECIAL),
    ("theano.tensor", "bartlett", _SPECIAL),
    ("theano.tensor", "load send recv isend irecv", _MPI),
    ("theano.compile", "ViewOp DeepCopyOp", _INSIDE),
    ("theano", "sparse_grad function_dump FunctionMaker", _INSIDE),
    ("theano.compile", "FunctionMaker orig_function rebuild_collect_shared", _INSIDE),
    ("theano.compile", "SymbolicInput SymbolicOutput register_linker register_optimizer", _INSIDE),
    ("theano.gof", "Linker LocalLinker Container", _INSIDE),
    ("theano.gof.link", "Linker LocalLinker Container raise_with_op", _INSIDE),
    ("theano.gof.toolbox", "Feature Bookkeeper History Validator ReplaceValidate", _FEATURE),
    ("theano.gof.toolbox", "NodeFinder PrintListener NoOutputFromInplace", _FEATURE),
    ("theano.gof", "DestroyHandler Bookkeeper History NodeFinder PrintListener", _FEATURE),
    ("theano.tensor.opt", "MakeVector ShapeFeature FusionOptimizer Canonizer", _REWRITE),
    ("theano.gof.opt", "NavigatorOptimizer OpKeyOptimizer LocalMetaOptimizer", _REWRITE),
    ("theano.gof.opt", "CheckStackTraceOptimization check_stack_trace", _REWRITE),
    ("theano", "OpenMPOp", _C_CODE),
    ("theano.gof", "COp OpenMPOp EnumType CEnumType EnumList", _C_CODE),
    ("theano.misc.pkl_utils", "StripPickler", _PICKLE),
    ("theano.tests.unittest_tools", "InferShapeTester TestOptimizationMixin", _INSIDE),
)

# Modules of which nothing or little is here: every other name in them raises when it is used.
_EMPTY: tuple[tuple[str, tuple[str, str]], ...] = (
    ("theano.sparse", _SPARSE),
    ("theano.typed_list", _LISTS),
    ("theano.sandbox.linalg", _LINALG),
    ("theano.tensor.blas", _INSIDE),
    ("theano.scalar", _C_CODE),
)


class _Missing(type):
    """The class of what is not there: a call of it raises, isinstance says no."""

    what: str
    fix: str

    def __call__(cls, *args: Any, **kwargs: Any) -> NoReturn:
        text = f"{cls.__qualname__}: gradc does not have {cls.what}."
        raise UnsupportedError(message(text, fix=cls.fix))

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _missing(f"{cls.__qualname__}.{name}", (cls.what, cls.fix))

    def __repr__(cls) -> str:
        return f"<{cls.__qualname__}: not in gradc>"


def _missing(qualified: str, reason: tuple[str, str]) -> _Missing:
    what, fix = reason
    name = qualified.rpartition(".")[2]
    return _Missing(name, (), {"__qualname__": qualified, "what": what, "fix": fix})


class _MissingModule(ModuleType):
    """A module of which every name is missing."""

    def __init__(self, name: str, reason: tuple[str, str]) -> None:
        super().__init__(name, f"{name}: gradc does not have {reason[0]}.")
        self.__dict__["_reason"] = reason
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _missing(f"{self.__name__}.{name}", self.__dict__["_reason"])


def fill(modules: dict[str, ModuleType]) -> None:
    """Put what is missing into the modules of Theano's names, making those that are not there."""
    for name, words, reason in NOT_THERE:
        module = _module(modules, name)
        for word in words.split():
            if not hasattr(module, word):
                setattr(module, word, _missing(f"{name}.{word}", reason))
    for name, reason in _EMPTY:
        nothing = _MissingModule(name, reason)
        module = _module(modules, name, nothing)
        if not isinstance(module, _MissingModule):  # it has some names; all others are missing
            module.__dict__["__getattr__"] = nothing.__getattr__


def _module(
    modules: dict[str, ModuleType], name: str, made: ModuleType | None = None
) -> ModuleType:
    """The module of that name, made if need be and put into its parent."""
    if name not in modules:
        modules[name] = made or ModuleType(name, f"{name}: what of it is in gradc, and what not.")
        parent, _, word = name.rpartition(".")
        owner = _module(modules, parent)
        if not hasattr(owner, "__path__"):
            owner.__path__ = []
        if not hasattr(owner, word) or word == "conv":
            setattr(owner, word, modules[name])
    return modules[name]
