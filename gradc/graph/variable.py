"""Variables: what users hold and write expressions with.

A variable is the `index`-th output of its owner, or a leaf (owner None): an input, a constant, a
shared variable.  Variables are told apart by identity; name, tag and call site belong to this one.
They carry no generated equality or hash, so a deep graph never recurses.

Operators and methods look their operation up in OPERATORS, the one table that `gradc.ops` fills:
so expressions can be written here without the graph layer knowing any operation.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from gradc.dtypes import name_of
from gradc.graph.methods import OPERATORS, Methods
from gradc.graph.pickled import reduced_output, without_folder
from gradc.graph.site import Site, user_site
from gradc.graph.types import TensorType

if TYPE_CHECKING:
    from gradc.graph.op import Apply

__all__ = ["Constant", "Input", "Variable", "WeakInput", "constant_key"]


class Variable(Methods):
    """One array-valued expression.

    Attributes: type (TensorType), owner (the Apply that computes it, None for leaves), index
    (which output of the owner), name, tag (free space for the user), site (where it was made).
    """

    __slots__ = (
        "__dict__",  # notes that programs keep on variables, as Keras does: x._keras_shape = ...
        "__weakref__", "_made", "_tag", "index", "name", "owner", "site", "type",
    )  # fmt: skip

    def __init__(
        self,
        type: TensorType,
        owner: Apply | None = None,
        index: int = 0,
        name: str | None = None,
        site: Site | None = None,
    ) -> None:
        self.type = type
        self.owner = owner
        self.index = index
        self.name = name
        self.site = site
        self._tag: SimpleNamespace | None = None
        self._made: Any = None  # functions that x.eval() compiled

    @property
    def tag(self) -> SimpleNamespace:
        """Free space for the user's own notes on this variable."""
        if self._tag is None:
            self._tag = SimpleNamespace()
        return self._tag

    @property
    def rng(self) -> Any:
        """Of a draw of a stream: the shared variable of its state."""
        return self._drawn("rng")

    @property
    def rstate(self) -> Any:
        """As `rng`, under the name of Theano's MRG streams."""
        return self._drawn("rng")

    @property
    def update(self) -> Any:
        """Of a draw of a stream: its state, and the state after a call."""
        return self._drawn("update")

    @property
    def permutation(self) -> Any:
        """Of rows that a stream has shuffled: their order."""
        return self._drawn("permutation")

    @property
    def clients(self) -> Any:
        """Who reads it in the last FunctionGraph that has it: (node, position) or ("output", k)."""
        return OPERATORS["clients"](self)

    def _drawn(self, word: str) -> Any:
        if self._tag is None or not hasattr(self._tag, word):
            raise AttributeError(f"{self} has no {word!r}: no random stream has made it.")
        return getattr(self._tag, word)

    @property
    def dtype(self) -> str:
        """The name of the element type."""
        return self.type.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.type.ndim

    @property
    def broadcastable(self) -> tuple[bool, ...]:
        """Per axis, whether its length is statically 1."""
        return self.type.broadcastable

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
        """np.sin(v), array + v, np.add.reduce(v): numpy hands over what has a variable in it."""
        return OPERATORS["array_ufunc"](ufunc, method, operands, options)

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        """np.sum(v), np.concatenate([v, w]): numpy hands over what has a variable in it."""
        return OPERATORS["array_function"](function, args, options)

    def clone(self, name: str | None = None) -> Variable:
        """A leaf of the same type, with the same name (or another) and a copy of the tag."""
        copied = Input(self.type, self.name if name is None else name)
        copied._tag = None if self._tag is None else SimpleNamespace(**vars(self._tag))
        return copied

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        if self.owner is None:
            return f"<{self.type}>"
        return f"{self.owner.op.name}.{self.index}" if self.index else self.owner.op.name

    def __repr__(self) -> str:
        return f"<{self} : {self.type}>"

    def __reduce__(self) -> tuple[Any, ...]:
        if self.owner is not None:
            return reduced_output(self)
        notes, slots = cast(Any, object.__getstate__(self))
        return _leaf, (type(self),), {**(notes or {}), **slots, "site": without_folder(self.site)}

    def __setstate__(self, slots: dict[str, Any]) -> None:
        for word, each in slots.items():
            setattr(self, word, each)


def _leaf(kind: type[Variable]) -> Variable:
    return kind.__new__(kind)


class Input(Variable):
    """A leaf whose value is an argument of the call."""

    __slots__ = ()

    def __init__(self, type: TensorType, name: str | None = None) -> None:
        super().__init__(type, name=name, site=user_site())


class WeakInput(Input):
    """An input that stands for a Python number: beside floats it takes their dtype (NEP 50).

    sample: a number of its kind, which promotion looks at.
    """

    __slots__ = ("sample",)

    def __init__(self, type: TensorType, name: str | None = None, sample: complex = 1.0) -> None:
        super().__init__(type, name)
        self.sample = sample


class Constant(Variable):
    """A leaf with a value of its own, read-only; `number` if it has one element, else None."""

    __slots__ = ("data", "number")

    def __init__(self, data: npt.ArrayLike, name: str | None = None) -> None:
        array = np.array(data, order="C")
        array.setflags(write=False)
        super().__init__(TensorType(name_of(array.dtype), array.shape), name=name, site=user_site())
        self.data = array
        self.number: Any = array.item() if array.size == 1 else None

    def clone(self, name: str | None = None) -> Constant:
        """A constant of its own with the same value and name (or another)."""
        return Constant(self.data, self.name if name is None else name)

    def __setstate__(self, slots: dict[str, Any]) -> None:
        super().__setstate__(slots)
        self.data.setflags(write=False)

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        return str(self.data[()]) if self.data.ndim == 0 else f"<constant {self.type}>"


def constant_key(constant: Constant) -> tuple[str, tuple[int, ...], bytes]:
    """What makes two constants one: dtype, shape and bytes (so 0.0 and -0.0 stay apart)."""
    return (name_of(constant.data.dtype), constant.data.shape, constant.data.tobytes())


Build = Callable[..., Any]
