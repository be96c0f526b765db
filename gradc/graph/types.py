"""Types of variables.

Takes a dtype and static lengths; gives TensorType values.  A length is an int where it is known
while building and None where only the call knows it.  An axis broadcasts when its length is
statically 1, never because it happens to be 1 at the call: so loops stay simple and gradients
are well defined.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.dtypes import check_dtype
from gradc.errors import ShapeError, message
from gradc.value import value

__all__ = ["StaticShape", "TensorType"]

StaticShape = tuple[int | None, ...]


@value
class TensorType:
    """An array type: dtype and, per axis, the length or None."""

    dtype: str
    shape: StaticShape

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", check_dtype(self.dtype))
        object.__setattr__(self, "shape", tuple(self.shape))
        for length in self.shape:
            if length is not None and length < 0:
                raise ShapeError(message(f"a length cannot be negative, got {self.shape}."))

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

    def with_shape(self, shape: Sequence[int | None]) -> TensorType:
        """The same dtype with other lengths."""
        return TensorType(self.dtype, tuple(shape))

    def with_dtype(self, dtype: str) -> TensorType:
        """The same lengths with another dtype."""
        return TensorType(dtype, self.shape)

    def __str__(self) -> str:
        return f"{self.dtype}[{', '.join('?' if n is None else str(n) for n in self.shape)}]"
