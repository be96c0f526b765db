"""What random graphs are made of: leaves of all ranks, lengths and layouts, and a pool that grows.

Takes a numpy Generator; gives Items, variables with their values.  Every node is evaluated as it is
made, by its reference, so the generator knows shapes and values: it steers clear of what would say
nothing (infinities, sums that cancel all digits) and of shapes too large.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.random import Generator

import gradc
import gradc.tensor as T
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Input, Variable
from gradc.graph.walk import toposort
from gradc.sharedvar import SharedVariable

Array = np.ndarray[Any, Any]

LENGTHS = (0, 1, 7, 1025)
LENGTH_ODDS = (0.06, 0.22, 0.52, 0.20)
MOST_ELEMENTS = 30_000
MOST_VALUE = 50.0
FLOATS = ("float64", "float64", "float32")
INTEGERS = ("int64", "int32", "int8", "uint8", "bool")


@dataclass(frozen=True)
class Item:
    """A variable and its value. exact: its bits do not depend on how it is computed."""

    variable: Variable
    value: Array
    exact: bool = False

    @property
    def is_float(self) -> bool:
        return self.value.dtype.kind == "f"


@dataclass
class Case:
    """Graphs to be compiled as one function.

    inputs with the arguments of a call; updates with the shared variables' first values; scale:
    the largest number that occurs, to which rounding is compared.
    """

    inputs: list[Variable] = field(default_factory=list)
    arguments: list[Array] = field(default_factory=list)
    shared: dict[SharedVariable, Array] = field(default_factory=dict)
    outputs: list[Variable] = field(default_factory=list)
    updates: dict[SharedVariable, Variable] = field(default_factory=dict)


class Pool:
    """A pool of items that grows by one operation at a time."""

    def __init__(self, rng: Generator, case: Case, lengths: Sequence[int] = LENGTHS) -> None:
        self.rng = rng
        self.case = case
        self.lengths = lengths
        self.items: list[Item] = []
        self.leaves: list[Item] = []

    # -- leaves --------------------------------------------------------------------------------

    def shape(self, ndim: int) -> tuple[int, ...]:
        """Random lengths whose product stays small."""
        odds = [LENGTH_ODDS[LENGTHS.index(n)] for n in self.lengths]
        while True:
            drawn = self.rng.choice(self.lengths, size=ndim, p=np.array(odds) / sum(odds))
            if np.prod(drawn) <= MOST_ELEMENTS:
                return tuple(int(n) for n in drawn)

    def numbers(self, shape: tuple[int, ...], dtype: str) -> Array:
        """Values of a leaf: no ties among floats."""
        if dtype == "bool":
            return self.rng.integers(0, 2, size=shape).astype(bool)
        if dtype.startswith(("int", "uint")):
            return self.rng.integers(0 if dtype[0] == "u" else -5, 6, size=shape).astype(dtype)
        return self.rng.normal(size=shape).astype(dtype)

    def leaf(self, shape: tuple[int, ...], dtype: str, shared: bool = False) -> Item:
        """An argument in a random layout, or a shared variable; some lengths are static."""
        value = self.numbers(shape, dtype)
        static = tuple(n if n == 1 or self.rng.random() < 0.25 else None for n in shape)
        name = f"v{len(self.case.inputs) + len(self.case.shared)}"
        if shared:
            variable = gradc.shared(value, name=name, shape=static)
            self.case.shared[variable] = value
        else:
            variable = Input(TensorType(dtype, static), name)
            self.case.inputs.append(variable)
            self.case.arguments.append(layout(self.rng, value))
        item = Item(variable, value, exact=True)
        self.leaves.append(item)
        self.items.append(item)
        return item

    # -- operations ----------------------------------------------------------------------------

    def pick(self, wanted: Callable[[Item], bool] = lambda item: True) -> Item | None:
        """A random item, new ones more often."""
        found = [item for item in self.items if wanted(item)]
        if not found:
            return None
        return found[int(len(found) * self.rng.random() ** 0.6)]

    def add(self, variable: Variable, inputs: Sequence[Item], exact: bool = False) -> Item | None:
        """Evaluate and keep a new variable, squashed if its numbers are large."""
        value = value_of(variable, inputs)
        if value.size > MOST_ELEMENTS:
            return None
        if value.dtype.kind == "f":
            if not np.isfinite(value).all():
                return None
            if value.size and np.abs(value).max() > MOST_VALUE:
                variable = T.tanh(variable / 10)
                value, exact = value_of(variable, inputs), False
        item = Item(variable, value, exact)
        self.items.append(item)
        return item


def value_of(variable: Variable, inputs: Sequence[Item]) -> Array:
    """The reference's value, from those of `inputs`."""
    known = {each.variable: each.value for each in inputs}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for node in toposort([variable], stop=known):
            arrays = [v.data if isinstance(v, Constant) else known[v] for v in node.inputs]
            results = node.op.rule.evaluate(arrays, node.op.keywords)
            known.update(zip(node.outputs, map(np.asarray, results), strict=True))
    return variable.data if isinstance(variable, Constant) else known[variable]


def layout(rng: Generator, value: Array) -> Array:
    """Equal numbers at other places in memory: strided, reversed, transposed, byte-swapped."""
    choice = rng.integers(8)
    if value.ndim == 0 or choice < 2:
        return value
    if choice == 2:
        return np.asfortranarray(value)
    if choice == 3:
        return value[..., ::-1].copy()[..., ::-1]
    if choice == 4:
        wide = np.zeros((*value.shape[:-1], 2 * value.shape[-1] + 1), value.dtype)
        wide[..., 1::2] = value
        return wide[..., 1::2]
    if choice == 5:
        return value.astype(value.dtype.newbyteorder())
    if choice == 6:
        bytes_ = np.empty(value.nbytes + 1, np.uint8)[1:]
        unaligned = bytes_.view(value.dtype).reshape(value.shape)
        unaligned[...] = value
        return unaligned
    frozen = value.copy()
    frozen.setflags(write=False)
    return frozen
