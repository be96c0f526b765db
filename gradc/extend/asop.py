"""`as_op`: a Python function of arrays as an operation."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from gradc.errors import ArgumentTypeError, GradError, message
from gradc.extend.op import Op, type_of
from gradc.graph.describe import where
from gradc.graph.op import Apply
from gradc.graph.types import TensorType
from gradc.named import standing_name

__all__ = ["FromFunctionOp", "as_op"]

Types = Any  # a type, what makes variables of it, or a list of these


class FromFunctionOp(Op):
    """A function of arrays as an operation; `as_op` makes them.

    Equal to another one of the same function and types.
    """

    __props__ = ("fn", "takes", "gives")

    def __init__(
        self, fn: Callable[..., Any], itypes: Types, otypes: Types, infer_shape: Any = None
    ) -> None:
        self.fn = fn
        self.takes, self.gives = _types(itypes), _types(otypes)
        self.name = getattr(fn, "__name__", "as_op")
        self.__module__ = getattr(fn, "__module__", None) or type(self).__module__  # for pickle
        self.__doc__ = inspect.getdoc(fn)
        self._infer = infer_shape

    def make_node(self, *inputs: Any) -> Apply:
        """On inputs of the types that were announced."""
        if len(inputs) != len(self.takes):
            what = f"{self.name}: takes {len(self.takes)} input(s), got {len(inputs)}."
            raise ArgumentTypeError(message(what))
        given = [self._taken(*each) for each in zip(inputs, self.takes, strict=True)]
        return Apply(self, given, list(self.gives))

    def perform(self, node: Apply, inputs: list[Any], output_storage: list[list[Any]]) -> None:
        """Call the function."""
        found = self.fn(*inputs)
        is_one = len(self.gives) == 1 and self.gives[0].is_object  # which may be a list itself
        listed = found if isinstance(found, (tuple, list)) and not is_one else (found,)
        if len(listed) != len(output_storage):
            what = f"{self.name}: gave {len(listed)} arrays, otypes announce {len(output_storage)}."
            raise ArgumentTypeError(message(what, [where(node.outputs[0])]))
        for store, each in zip(output_storage, listed, strict=True):
            store[0] = each

    def infer_shape(self, node: Apply, input_shapes: list[Any]) -> Any:
        """As as_op was told."""
        if self._infer is None:
            raise NotImplementedError
        return self._infer(node, input_shapes)

    def grad(self, inputs: list[Any], output_grads: list[Any]) -> Any:
        """There is none."""
        what = f"{self}: there is no grad, as_op takes none."
        fix = "subclass gradc.Op with perform and grad; or gradc.zero_grad(y) of what it gives."
        raise GradError(message(what, [where(each) for each in inputs], fix))

    def __reduce_ex__(self, protocol: Any) -> Any:
        """By name, where it stands in its function's place."""
        return standing_name(self, self.fn) or super().__reduce_ex__(protocol)

    def __str__(self) -> str:
        return f"FromFunctionOp{{{self.name}}}"

    __repr__ = __str__


def _types(given: Any) -> tuple[TensorType, ...]:
    listed = list(given) if isinstance(given, (list, tuple)) else [given]
    return tuple(type_of("as_op", each) for each in listed)


def as_op(
    itypes: Types, otypes: Types, infer_shape: Callable[..., Any] | None = None
) -> Callable[[Callable[..., Any]], FromFunctionOp]:
    """A decorator: makes a function of numpy arrays an operation on variables.

    itypes, otypes: the types of what it takes and gives, one or a list; a type is T.dmatrix,
        TensorType("float64", (None, 3)), or x.type.
    infer_shape(node, input_shapes): the lengths of each output; without it the function runs before
        memory is planned for what follows.
    No gradient: subclass gradc.Op for one.  Raises: ArgumentTypeError.  Source: Theano.
    """
    takes, gives = _types(itypes), _types(otypes)
    return lambda fn: FromFunctionOp(fn, takes, gives, infer_shape)
