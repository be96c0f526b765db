"""`Op`: operations of the user's own, written as Theano's are.

Takes a class with make_node and perform; its instances give variables, with derivatives where the
class has grad.  What a compiled function runs of it is `perform`, on copies, before anything is
written: so destroy_map and view_map need no care, and a call that it ends changes nothing.

An Op stands in its nodes itself, so a few names belong to gradc: rule, kind, params, keywords.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NoReturn

import numpy as np

from gradc.errors import (
    ArgumentError,
    ArgumentTypeError,
    DTypeError,
    GradError,
    ShapeError,
    message,
    printable,
)
from gradc.extend.code import Code
from gradc.extend.gradients import gradients, tangents_of
from gradc.graph.describe import where
from gradc.graph.objects import OBJECTS, Type
from gradc.graph.op import BUILT, DECLARATIONS, Apply, Array
from gradc.graph.site import inherit, user_site
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.ops.convert import as_variable

__all__ = ["Held", "Op", "is_overridden", "object_constant", "result_of", "type_of"]

_OURS = ("rule", "kind", "params", "keywords")


class Op(Code):
    """An operation in Python: subclass it, with at least perform.

    make_node(*inputs): gives Apply(self, inputs, [type() of each output]).  Without it, itypes and
        otypes say what it takes and gives.
    perform(node, inputs, output_storage): computes on numpy arrays; output_storage[k][0] = array,
        of exactly the type of output k.  It gets copies, which it may change and keep.
    grad(inputs, output_grads), or L_op(inputs, outputs, output_grads): the gradient of each input,
        as expressions; None where there is no path.  An output that the cost does not depend on has
        the gradient 0.
    R_op(inputs, eval_points): forward mode; follows from the gradient where it is left out.
    infer_shape(node, input_shapes): the lengths of each output, a tuple of ints and of integer
        scalars.  Without it, a call runs perform before memory is planned for what follows.
    connection_pattern(node): per input, whether it is connected to each output.
    do_constant_folding(node): whether perform may run while building where all is constant.
    params_type, get_params(node): where a class has them, perform gets what get_params gives as its
        fourth argument; without get_params that is params_type.get_params(self).
    __props__: names of attributes; operations of a class are equal where these are.  Without it
        each is equal to itself only.  Equal operations on equal inputs are computed once.
    default_output: which of several outputs a call gives.

    vectorize runs perform for each element.  A function that holds one is compiled by each process
    that makes it, but for libraries, which the cache has.
    Raises, when it is applied: ArgumentTypeError.  From calls: what perform raises, with the line
    where it was applied in a note; DTypeError, ShapeError for results that are not as announced.
    Source: Theano's class of this name.
    """

    itypes: ClassVar[Any] = None
    otypes: ClassVar[Any] = None
    default_output: int | None = None
    params_type: ClassVar[Any] = None
    view_map: ClassVar[Any] = {}
    destroy_map: ClassVar[Any] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for word in _OURS:
            if word in cls.__dict__:
                _refuse(cls.__name__, word)
        if isinstance(cls.__dict__.get("name"), str):  # a word for messages, as Theano has it
            cls._label = cls.__dict__["name"]
            del cls.name

    _label: str | None = None

    def __setattr__(self, word: str, value: Any) -> None:
        if word in _OURS:
            _refuse(type(self).__name__, word)
        object.__setattr__(self, word, value)

    @property
    def name(self) -> str:
        """What it is called in messages: the class, if it has no name; never the word of ours."""
        word = self._label or type(self).__name__
        return f"{type(self).__module__}.{word}" if word in DECLARATIONS else word

    @name.setter
    def name(self, word: str) -> None:
        self._label = word

    # -- what users write ------------------------------------------------------------------------

    def make_node(self, *inputs: Any) -> Apply:
        """A node on these inputs, by itypes and otypes."""
        if self.itypes is None or self.otypes is None:
            what = f"{self}: there is no make_node, and no itypes and otypes."
            raise ArgumentTypeError(message(what, fix="write one of them."))
        if len(inputs) != len(self.itypes):
            what = f"{self}: takes {len(self.itypes)} input(s), got {len(inputs)}."
            raise ArgumentTypeError(message(what))
        given = [self._taken(*each) for each in zip(inputs, self.itypes, strict=True)]
        return Apply(self, given, [type_of(self.name, each) for each in self.otypes])

    def _taken(self, given: Any, announced: Any) -> Variable:
        wanted = type_of(self.name, announced)
        found = _variable(given, wanted)
        if not wanted.accepts(found.type):
            what = f"{self.name}: an input is {wanted}, got {found.type}."
            raise ArgumentTypeError(message(what, [where(found)], "cast or reshape it first."))
        return found

    def perform(
        self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any
    ) -> None:
        """Compute the outputs of arrays."""
        what = f"{self}: there is no perform, so it cannot be computed."
        fix = "write one, or a rule that puts something else in its place."
        raise ArgumentTypeError(message(what, [where(node.outputs[0])], fix))

    def grad(self, inputs: list[Any], output_grads: list[Any]) -> Any:
        """The gradients of the inputs; complex ones as `grad` gives them, dC/dRe + i dC/dIm."""
        what = f"{self}: there is no grad."
        raise GradError(message(what, [where(each) for each in inputs], "write grad or L_op."))

    def L_op(self, inputs: list[Any], outputs: list[Any], output_grads: list[Any]) -> Any:
        """The gradients of the inputs, where they are easier to say by the outputs."""
        return self.grad(inputs, output_grads)

    def R_op(self, inputs: list[Any], eval_points: list[Any]) -> Any:
        """The tangents of the outputs, by those of the inputs, None where they are zero."""
        return tangents_of(self, inputs, eval_points)

    def infer_shape(self, node: Apply, input_shapes: list[Any]) -> Any:
        """The lengths of the outputs."""
        raise NotImplementedError

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Per input, whether it is connected to each output."""
        return [[True] * len(node.outputs) for _ in node.inputs]

    def get_params(self, node: Apply) -> Any:
        """What perform gets besides arrays."""
        return self.params_type.get_params(self)

    def do_constant_folding(self, node: Apply) -> bool:
        """Whether perform may run while building, where all inputs are constants."""
        return True

    # -- applying it -----------------------------------------------------------------------------

    def __call__(self, *inputs: Any, return_list: bool = False, **options: Any) -> Any:
        """The outputs for these inputs: one variable, or a list.  options go to make_node."""
        self._check()
        site = user_site()
        with inherit(site):
            node: Any = self.make_node(*inputs, **options)
        if not isinstance(node, Apply):
            what = f"{self}: make_node gives {printable(repr(node), 60)}, not an Apply."
            fix = "return gradc.Apply(self, inputs, [output types])."
            raise ArgumentTypeError(message(what, fix=fix))
        given: tuple[Any, ...] = node.inputs
        for each in given:
            if not isinstance(each, Variable):
                what = f"{self}: make_node puts {printable(repr(each), 60)} among the inputs."
                raise ArgumentTypeError(message(what, fix="convert it: T.as_tensor_variable(x)."))
        node.site = site
        for output in node.outputs:
            output.site = site
        for tell in BUILT:
            tell(node)
        if self.default_output is not None and not return_list:
            return node.outputs[self.default_output]
        return node.outputs[0] if len(node.outputs) == 1 and not return_list else [*node.outputs]

    def _check(self) -> None:
        try:
            hash(self)
        except TypeError as error:
            what = f"{self}: it has no hash ({error})."
            fix = "list what tells it from others in __props__: numbers, text, tuples."
            raise ArgumentTypeError(message(what, fix=fix)) from None

    def _props(self) -> tuple[Any, ...] | None:
        words = getattr(type(self), "__props__", None)
        return None if words is None else tuple(getattr(self, word) for word in words)

    def __eq__(self, other: object) -> bool:
        props = self._props()
        if props is None or type(other) is not type(self):
            return self is other
        return props == other._props()

    def __hash__(self) -> int:
        props = self._props()
        return id(self) >> 4 if props is None else hash((type(self), props))

    def __str__(self) -> str:
        words = getattr(type(self), "__props__", None)
        if not words:
            return self.name
        shown = (f"{word}={getattr(self, word, '?')!r}" for word in words)
        return f"{self.name}{{{', '.join(shown)}}}"

    __repr__ = __str__

    # -- what gradc asks (Code) ------------------------------------------------------------------

    def types(self, inputs: Sequence[Variable]) -> tuple[TensorType, ...]:
        """By make_node."""
        return tuple(each.type for each in self.make_node(*inputs).outputs)

    def run(self, node: Apply, arrays: Sequence[Array]) -> tuple[Array, ...]:
        """By perform."""
        given = [_operand(*each) for each in zip(node.inputs, arrays, strict=True)]
        storage: list[list[Any]] = [[None] for _ in node.outputs]
        params = () if self.params_type is None and not is_overridden(self, "get_params") else (
            self.get_params(node),
        )  # fmt: skip
        self.perform(node, given, storage, *params)
        pairs_out = zip(node.outputs, storage, strict=True)
        return tuple(result_of(self, output, cell[0]) for output, cell in pairs_out)

    def folds(self, node: Apply) -> bool:
        """As do_constant_folding says."""
        return bool(self.do_constant_folding(node))

    def pull(
        self, cts: Sequence[Variable | None], outs: Sequence[Variable], inputs: Sequence[Variable]
    ) -> tuple[Variable | None, ...]:
        """By L_op or grad."""
        return gradients(self, cts, outs, inputs)

    def push(self, tangents: Sequence[Variable | None], node: Apply) -> tuple[Variable | None, ...]:
        """By R_op."""
        found = self.R_op(list(node.inputs), list(tangents))
        listed = list(found) if isinstance(found, (list, tuple)) else [found]
        if len(listed) != len(node.outputs):
            what = f"{self}: R_op gives {len(listed)} tangents for {len(node.outputs)} outputs."
            raise GradError(message(what, [where(each) for each in node.outputs]))
        return tuple(None if each is None else as_variable(each) for each in listed)


def _variable(given: Any, wanted: TensorType) -> Variable:
    """What an input of this type is given as a variable; an object of a user's type is kept."""
    if isinstance(given, Variable):
        return given
    if isinstance(wanted, Type) and wanted.is_object:
        return object_constant(wanted, given)
    return as_variable(given, dtype=wanted.dtype)


def object_constant(type: Type, value: Any, name: str | None = None) -> Variable:
    """A Python object as an operand of operations in Python.

    type: a gradc.Type, whose filter the object goes through; gradc.generic takes any.
    It is handed on as it is, and must not change.  Raises: what filter raises.
    """
    made: Variable = Held(type, type.filter(value))()
    made.name = name
    return made


def _operand(variable: Variable, array: Array) -> Any:
    """An operand as perform gets it."""
    if variable.type.is_object:
        return OBJECTS.get(array)
    return array.astype(variable.dtype, copy=False)


def is_overridden(op: Op, word: str) -> bool:
    """Whether a user's class has its own method of this name."""
    return getattr(type(op), word) is not getattr(Op, word)


def type_of(owner: str, given: Any) -> TensorType:
    """A type as users list it: itself, or what makes variables of it, as T.dmatrix does."""
    made = given() if callable(given) and not isinstance(given, TensorType) else given
    found = made.type if isinstance(made, Variable) else made
    if not isinstance(found, TensorType):
        what = f"{owner}: {printable(repr(given), 60)} is no type."
        raise ArgumentTypeError(message(what, fix="list types, such as T.dvector or x.type."))
    return found


def _refuse(owner: str, word: str) -> NoReturn:
    what = f"{owner}: {word!r} is an attribute that gradc keeps for itself."
    raise ArgumentError(message(what, fix=f"call it otherwise, for example {word}_."))


def result_of(op: Code, output: Variable, value: Any) -> Array:
    """What perform gave for an output, if it is of the type that was announced."""
    if isinstance(output.type, Type) and output.type.is_object:
        return OBJECTS.put(output.type.filter(value))
    if value is None:
        what = f"{op.name}: perform left the output {output.index} empty."
        fix = f"set output_storage[{output.index}][0] to an array."
        raise ArgumentTypeError(message(what, [where(output)], fix))
    array = np.asarray(value)
    if type(value) in (bool, int, float):
        array = output.type.filter(value) if not output.ndim else array
    if array.dtype.kind not in "biufc" or array.dtype.newbyteorder("=") != np.dtype(output.dtype):
        what = f"{op.name}: perform gave {array.dtype} for an output of {output.type}."
        fix = f"convert it: value.astype({output.dtype!r}); or announce that dtype in make_node."
        raise DTypeError(message(what, [where(output)], fix))
    fits = array.ndim == output.ndim and all(
        n is None or n == m for n, m in zip(output.type.shape, array.shape, strict=True)
    )
    if not fits:
        what = f"{op.name}: perform gave shape {array.shape} for an output of {output.type}."
        raise ShapeError(message(what, [where(output)], "give it the rank that was announced."))
    return array


class Held(Op):
    """A Python object, which does not change: an operation without inputs that gives it."""

    def __init__(self, type: Type, value: Any) -> None:
        self.type, self.value = type, value

    def make_node(self, *inputs: Any) -> Apply:
        """A node with the object."""
        return Apply(self, (), [self.type])

    def perform(
        self, node: Apply, inputs: list[Any], output_storage: list[list[Any]], *params: Any
    ) -> None:
        """The object itself."""
        output_storage[0][0] = self.value

    def __str__(self) -> str:
        return f"{self.type}({printable(repr(self.value), 40)})"
