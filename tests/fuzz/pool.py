"""What random graphs are made of: leaves of all ranks, lengths and layouts, and a pool that grows.

Takes Draws; gives Items, variables with their values.  Every node is evaluated as it is made, by
its reference, so the generator knows shapes and values: it steers clear of shapes too large and,
but in graphs of corner values, of what would say nothing (infinities, numbers without digits).
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import gradc
import gradc.tensor as T
from gradc.errors import LinAlgError, ShapeError
from gradc.graph.evaluate import evaluate
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Input, Variable
from gradc.graph.walk import leaves
from gradc.sharedvar import SharedVariable
from tests.fuzz.draws import Draws
from tests.fuzz.layouts import LAYOUTS, is_stretched, laid_out

Array = np.ndarray[Any, Any]

LENGTHS = (7, 1, 3, 1025, 0, 130)
ODDS = (44, 20, 10, 14, 5, 7)  # percent
MOST_ELEMENTS = 30_000
MOST_VALUE = 50.0
FLOATS = ("float64", "float64", "float32")
INTEGERS = ("int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64", "bool")
CORNERS = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, np.inf, -np.inf, np.nan, 5e-324, 1e-40, 700.0, -700.0)


@dataclass(frozen=True)
class Item:
    """A variable and its value. exact: its bits do not depend on how it is computed."""

    variable: Variable
    value: Array
    exact: bool = False

    @property
    def is_float(self) -> bool:
        return self.value.dtype.kind == "f"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape


@dataclass
class Case:
    """Graphs to be compiled as one function.

    arguments: of a call; those in `aliases` are the storage of a shared variable, those in `kept`
    stay as they are, since the graph was drawn for them.  bounds: the length that each index array
    among the inputs must stay below.  judges: for an output, the expression that says what it
    should be, where that is another one.  slopes: scalars, leaves and gradients.
    """

    inputs: list[Variable] = field(default_factory=list)
    arguments: list[Array] = field(default_factory=list)
    shared: dict[SharedVariable, Array] = field(default_factory=dict)
    outputs: list[Variable] = field(default_factory=list)
    updates: dict[SharedVariable, Variable] = field(default_factory=dict)
    aliases: dict[int, SharedVariable] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)
    bounds: dict[int, int] = field(default_factory=dict)
    judges: dict[Variable, Variable] = field(default_factory=dict)
    exact: set[Variable] = field(default_factory=set)
    slopes: list[tuple[Variable, Variable, Variable]] = field(default_factory=list)
    layouts: list[str] = field(default_factory=list)
    words: Counter[str] = field(default_factory=Counter)
    is_special: bool = False

    def call_arguments(self) -> list[Array]:
        """The arguments, borrowed storage as it is now."""
        return [
            self.aliases[k].get_value(borrow=True) if k in self.aliases else each
            for k, each in enumerate(self.arguments)
        ]

    def values(self) -> dict[Variable, Array]:
        """What every leaf is in the first call."""
        native = [each.astype(each.dtype.newbyteorder("=")) for each in self.arguments]
        return dict(zip(self.inputs, native, strict=True)) | dict(self.shared)


class Pool:
    """A pool of items that grows by one operation at a time."""

    def __init__(
        self, draws: Draws, case: Case, lengths: Sequence[int] = LENGTHS, special: bool = False
    ) -> None:
        self.draws = draws
        self.case = case
        self.lengths = lengths
        self.special = special
        self.items: list[Item] = []
        self.leaves: list[Item] = []
        self.known: dict[Variable, Array] = {}

    # -- leaves --------------------------------------------------------------------------------

    def length(self) -> int:
        """7 rather than others, so that operands often fit."""
        at = self.draws.below(100)
        for n, odds in zip(LENGTHS, ODDS, strict=True):
            at -= odds
            if at < 0 and n in self.lengths:
                return n
        return 7 if 7 in self.lengths else self.lengths[0]

    def shape(self, ndim: int) -> tuple[int, ...]:
        """Random lengths whose product stays small; one in four is that of the axis before."""
        shape: list[int] = []
        for _ in range(ndim):
            n = shape[-1] if shape and self.draws.chance(25) else self.length()
            shape.append(n if n * int(np.prod(shape)) <= MOST_ELEMENTS else 1)
        return tuple(shape)

    def numbers(self, shape: tuple[int, ...], dtype: str) -> Array:
        """Values of a leaf: of floats a quarter have ties; corner values in special graphs."""
        rng = self.draws.rng()
        if dtype == "bool":
            return rng.integers(0, 2, size=shape).astype(bool)
        if dtype.startswith(("int", "uint")):
            small = rng.integers(0 if dtype[0] == "u" else -5, 6, size=shape).astype(dtype)
            limits = np.iinfo(dtype)
            corners = np.array([limits.min, limits.max, limits.max - 1, 0, 1], dtype)
            return self._mixed(rng, small, corners)
        values = rng.normal(size=shape)
        if self.draws.chance(25):
            values = np.round(2 * values) / 2
        with np.errstate(under="ignore"):
            corners = np.array(CORNERS).astype(dtype)
        return self._mixed(rng, values.astype(dtype), corners)

    def _mixed(self, rng: np.random.Generator, values: Array, corners: Array) -> Array:
        if not self.special or not values.size:
            return values
        return np.where(rng.random(values.shape) < 0.4, rng.choice(corners, values.shape), values)

    def leaf(
        self,
        shape: tuple[int, ...],
        dtype: str,
        shared: bool = False,
        value: Array | None = None,
        *,
        static: bool = False,
        own: bool = False,
    ) -> Item:
        """An argument in some layout, or a shared variable; some lengths are static.

        own: the value stays as it is given.
        """
        if value is None:
            value = self.numbers(shape, dtype)
        lengths = tuple(n if n == 1 or static or self.draws.chance(20) else None for n in shape)
        name = f"v{len(self.case.inputs) + len(self.case.shared)}"
        variable: Variable
        if shared:
            variable = made = gradc.shared(value, name=name, shape=lengths)
            self.case.shared[made] = value
        else:
            variable = Input(TensorType(dtype, lengths), name)
            value = self._argument(variable, value, own)
        return self.keep(Item(variable, value, exact=True))

    def argument(self, dtypes: Sequence[str], ndim: int) -> Item:
        """An argument of the call; two in five as a shared variable is, to be its storage."""
        mine = [each for each in self.leaves if each.variable in self.case.shared]
        if mine and self.draws.chance(40):
            twin = self.draws.pick(mine)
            return self.leaf(twin.shape, twin.value.dtype.name)
        return self.leaf(self.shape(ndim), self.draws.pick(dtypes))

    def _argument(self, variable: Input, value: Array, own: bool) -> Array:
        """Make it an argument of the call; gives its value, which the layout may decide."""
        case = self.case
        layout = self.draws.pick([*LAYOUTS, *["alias"] * 5])
        alike = [
            each
            for each, other in case.shared.items()
            if (other.dtype, other.shape) == (value.dtype, value.shape) and each in self.known
        ]
        if layout == "alias" and alike and not own:
            owner = self.draws.pick(alike)
            value = case.shared[owner]
            case.aliases[len(case.inputs)] = owner
        elif layout == "alias":
            layout = "C"
        if is_stretched(layout) and own:
            layout = "C"
        if is_stretched(layout) and value.ndim:
            value = np.broadcast_to(value[:1], value.shape).copy()
        case.layouts.append("zero-size" if not value.size else layout if value.ndim else "scalar")
        if own:
            case.kept.add(len(case.inputs))
        case.inputs.append(variable)
        case.arguments.append(value if layout == "alias" else laid_out(layout, value))
        return value

    def index(self, length: int, shape: tuple[int, ...], *, low: int | None = None) -> Item:
        """Integers that index an axis: an argument, half of them counting from the end too."""
        rng, dtype = self.draws.rng(), self.draws.pick(("int64", "int32", "int16"))
        least = (-length if self.draws.below(2) else 0) if low is None else low
        value = rng.integers(least, max(length, least + 1), size=shape).astype(dtype)
        item = self.leaf(shape, dtype, value=value, own=True)
        if item.value.size:
            self.case.bounds[len(self.case.inputs) - 1] = length
        return item

    # -- operations ----------------------------------------------------------------------------

    def pick(self, wanted: Callable[[Item], bool] = lambda item: True) -> Item | None:
        """A random item, new ones more often."""
        found = [item for item in self.items if wanted(item)]
        if not found:
            return None
        return found[max(self.draws.below(len(found)), self.draws.below(len(found)))]

    def keep(self, item: Item) -> Item:
        """Into the pool as it is."""
        if item.variable.owner is None:
            self.leaves.append(item)
        self.items.append(item)
        self.known[item.variable] = item.value
        return item

    def add(self, variable: Variable, exact: bool = False) -> Item | None:
        """Evaluate and keep a new variable, squashed if its numbers are large."""
        if variable in self.known or isinstance(variable, Constant) or variable.ndim > 5:
            return None
        try:
            value = self.value_of(variable)
        except (ShapeError, LinAlgError):  # an axis that is not statically 1; a singular matrix
            return None
        if value.size > MOST_ELEMENTS:
            return None
        if value.dtype.kind == "f" and not self.special:
            if not np.isfinite(value).all():
                return None
            if value.size and np.abs(value).max() > MOST_VALUE:
                variable = T.tanh(variable / 10)
                value, exact = self.value_of(variable), False
        return self.keep(Item(variable, value, exact))

    def is_exact(self, variable: Variable) -> bool:
        """Whether all that a new variable is made of is exact."""
        known = {item.variable: item.exact for item in self.items}
        return all(known.get(each, True) for each in leaves([variable], stop=known))

    def value_of(self, variable: Variable) -> Array:
        """The reference's value, from what is known."""
        below = leaves([variable], stop=self.known)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return evaluate([variable], {v: self.known[v] for v in below if v in self.known})[0]
