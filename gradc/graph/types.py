"""Types of variables.

Takes a dtype and static lengths; gives TensorType values.  A length is an int where it is known
while building and None where only the call knows it.  An axis broadcasts when its length is
statically 1, never because it happens to be 1 at the call: so loops stay simple and gradients
are well defined.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from gradc.dtypes import check_dtype
from gradc.errors import ArgumentTypeError, ShapeError, message, printable
from gradc.graph.methods import OPERATORS
from gradc.value import keyed

if TYPE_CHECKING:
    from gradc.graph.variable import Input

__all__ = ["StaticShape", "TensorType", "TensorTypes"]

StaticShape = tuple[int | None, ...]


class TensorTypes(type):
    """Lets a type be written with Theano's `broadcastable` in the place of a shape."""

    def __call__(  # noqa: D102
        cls,
        dtype: Any,
        shape: Sequence[int | bool | None] | None = None,
        broadcastable: Sequence[bool] | None = None,
        name: str | None = None,
    ) -> TensorType:
        if name is not None:
            what = "TensorType: a type is its dtype and lengths, and has no name."
            raise ArgumentTypeError(message(what, fix="name the variable: TensorType(...)(name)."))
        lengths = broadcastable if shape is None else shape
        if lengths is None:
            what = "TensorType: a type has a dtype and lengths."
            raise ArgumentTypeError(message(what, fix='write TensorType("float64", (None, 3)).'))
        made: TensorType = super().__call__(dtype, lengths)
        return made


@keyed
class TensorType(metaclass=TensorTypes):
    """An array type: dtype and, per axis, the length or None.

    In the place of lengths may stand flags, whether an axis broadcasts: True is length 1, False is
    None.  Calling a type makes an input of it.
    """

    dtype: str
    shape: StaticShape

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", check_dtype(self.dtype))
        lengths = ((1 if n else None) if isinstance(n, bool) else n for n in self.shape)
        object.__setattr__(self, "shape", tuple(lengths))
        for length in self.shape:
            if length is not None and length < 0:
                raise ShapeError(message(f"a length cannot be negative, got {self.shape}."))

    is_object: ClassVar[bool] = False  # whether it holds Python objects (graph/objects.py)

    def __call__(self, name: str | None = None) -> Input:
        """A new input of this type."""
        made: Input = OPERATORS["make_input"](self, name)
        return made

    def make_variable(self, name: str | None = None) -> Input:
        """A new input of this type: what calling it gives."""
        return self(name)

    def filter(
        self, data: Any, strict: bool = False, allow_downcast: bool | None = None
    ) -> npt.NDArray[Any]:
        """The value as an array of this type.

        strict: it must be an array of the dtype already.  allow_downcast: whether numbers may lose
        digits; None: only Python numbers may.
        Raises: ArgumentTypeError for a dtype that does not fit, ShapeError for wrong lengths.
        """
        array = np.asarray(data)
        is_number = type(data) in (bool, int, float)
        may_cast = not strict and (
            allow_downcast
            or np.can_cast(array.dtype, self.dtype, "safe")
            or (allow_downcast is None and is_number)
        )
        if array.dtype != self.dtype and not may_cast:
            what = f"{printable(repr(data), 60)} is {array.dtype}, not {self.dtype}."
            raise ArgumentTypeError(message(what, fix="cast it, or pass allow_downcast=True."))
        if not self.accepts(TensorType(self.dtype, array.shape)):
            what = f"an array of shape {array.shape} is no {self}."
            raise ShapeError(message(what, fix="pass one of these lengths."))
        return array.astype(self.dtype, copy=False)

    def is_valid_value(self, data: Any) -> bool:
        """Whether the value is an array of this type already."""
        return isinstance(data, np.ndarray) and (
            data.dtype == self.dtype and self.accepts(TensorType(self.dtype, data.shape))
        )

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def broadcastable(self) -> tuple[bool, ...]:
        """Per axis, whether it stretches against a longer one."""
        return tuple(length == 1 for length in self.shape)

    def accepts(self, other: TensorType) -> bool:
        """Whether every value of `other` is one of this type."""
        return (
            self.dtype == other.dtype
            and self.ndim == other.ndim
            and all(a is None or a == b for a, b in zip(self.shape, other.shape, strict=True))
        )

    def resembles(self, other: TensorType) -> bool:
        """Whether one may stand in the other's place, but for lengths: of one dtype and rank."""
        return not other.is_object and self.dtype == other.dtype and self.ndim == other.ndim

    def with_shape(self, shape: Sequence[int | None]) -> TensorType:
        """The same dtype with other lengths."""
        return TensorType(self.dtype, tuple(shape))

    def with_dtype(self, dtype: str) -> TensorType:
        """The same lengths with another dtype."""
        return TensorType(dtype, self.shape)

    def __str__(self) -> str:
        return f"{self.dtype}[{', '.join('?' if n is None else str(n) for n in self.shape)}]"
