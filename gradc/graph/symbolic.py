"""What Python itself asks of a variable: truth, a number, a length, equality.

Takes nothing of ours; gives the mixin below the methods (gradc.graph.methods), and OPERATORS, the
table that `gradc.ops` fills when it is imported, where methods look operations up.  `truth` stands
there only while Theano's alias is installed.  A variable has
no numbers, so most of this is refused, with what to write instead; lengths and integers that are
known while building are given.

`==` is identity, so that variables may be keys and members; a comparison of a variable with a
number by `==` is surely meant otherwise, and raises.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from gradc.errors import ArgumentTypeError, Where, message

if TYPE_CHECKING:
    from gradc.graph.variable import Variable

__all__ = ["OPERATORS", "Symbolic", "bind"]

OPERATORS: dict[str, Callable[..., Any]] = {}


def bind(**functions: Callable[..., Any]) -> None:
    """Give operators and methods their operation; the last word of `gradc.ops`."""
    OPERATORS.update(functions)


class Symbolic:
    """An object without numbers, as Python sees it."""

    __slots__ = ()

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (numbers.Number, np.ndarray, np.generic)):
            _refuse(
                self,
                f"== compares which variable it is, not its value: {self} == {other!r}.",
                "use T.eq(x, y), which is symbolic.",
            )
        return self is other

    def __bool__(self) -> bool:
        if "truth" not in OPERATORS or not OPERATORS["truth"](self):
            _refuse(
                self,
                f"{self} is symbolic: it has no truth value before it is computed.",
                "choose with T.switch(condition, x, y), combine with & and |.",
            )
        return True

    def __len__(self) -> int:
        shape: tuple[int | None, ...] = self.type.shape  # type: ignore[attr-defined]
        if not shape or shape[0] is None:
            _refuse(self, f"{self} is symbolic: its length is not known yet.", "use x.shape[0].")
        return shape[0]

    def __index__(self) -> int:
        known: int | None = OPERATORS["static_index"](self)
        if known is None:
            _refuse(self, f"{self} is symbolic: Python needs its number, and has none yet.",
                    "T.zeros, T.arange and indices take variables; declare lengths that range "
                    "needs, shape=(3, None); to jit, name it in static_argnames.")  # fmt: skip
        return known

    def __float__(self) -> float:
        _refuse(
            self,
            f"{self} is symbolic: it has no number yet.",
            "compute with the functions of gradc.tensor, not those of math.",
        )

    def __int__(self) -> int:
        _refuse(
            self,
            f"{self} is symbolic: it has no number yet.",
            "use it as it is: lengths and indices may be variables.",
        )

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse(
            self,
            f"{self} is symbolic: it has no numbers yet.",
            "call a function of it: gradc.function([inputs], outputs)(numbers), or v.eval({x: "
            "numbers}); numpy's functions take it as it is: np.sin(v), np.stack([v, w]).",
        )

    def __iter__(self) -> Iterator[Variable]:
        shape = self.type.shape  # type: ignore[attr-defined]
        if not shape or shape[0] is None:
            _refuse(
                self,
                f"{self} cannot be iterated over: its length is not known while building.",
                "declare it with shape=(3, ...), or index it: x[0].",
            )
        return (OPERATORS["getitem"](self, k) for k in range(shape[0]))

    def __setitem__(self, key: Any, value: Any) -> None:
        _refuse(
            self,
            "an expression never changes: x[...] = y has nothing to write to.",
            "build a new one: x[...].set(y), or T.set_subtensor(x[...], y).",
        )


def _refuse(variable: Any, what: str, fix: str) -> NoReturn:
    site = variable.site
    place = (site.file, site.line, site.text) if site else ("", 0, "")
    raise ArgumentTypeError(message(what, [Where(str(variable), str(variable.type), *place)], fix))
