"""Minibatches: slices of shared data, which a function takes by their number.

The data is stored once; a batch is the part of it that a call looks at, so nothing is copied.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradc.errors import ArgumentError, ArgumentTypeError, message
from gradc.graph.describe import given_text, where
from gradc.graph.variable import Variable
from gradc.ops.compare import maximum, minimum
from gradc.ops.lengths import length
from gradc.ops.promises import specify_shape, with_length
from gradc.sharedvar import SharedVariable, shared
from gradc.tensor.constructors import lscalar
from gradc.value import value

__all__ = ["Minibatches", "minibatches"]


@value
class Minibatches:
    """Batches of shared data; what `minibatches` gives.

    index: the number of a batch, an input of the function.  givens: what stands for the variables
    of the data.  data: the shared arrays.  size: rows a batch; the last one may have fewer.
    """

    index: Variable
    givens: Mapping[Variable, Variable]
    data: tuple[SharedVariable, ...]
    size: int

    @property
    def rows(self) -> int:
        """How many rows the data has now. Raises: ArgumentError where its arrays disagree."""
        counts = [len(each.get_value(borrow=True)) for each in self.data]
        if len(set(counts)) > 1:
            what = f"minibatches: the arrays have {', '.join(map(str, counts))} rows."
            fix = "set all of them to as many."
            raise ArgumentError(message(what, [where(each) for each in self.data], fix))
        return counts[0]

    @property
    def count(self) -> int:
        """How many batches there are, the last one included that may be smaller."""
        return -(-self.rows // self.size)

    def shuffle(self, rng: np.random.Generator | int) -> None:
        """Bring the rows of the data into random order, all arrays alike: one copy an epoch.

        rng: a generator, or a seed.
        """
        order = np.random.default_rng(rng).permutation(self.rows)
        for each in dict.fromkeys(self.data):  # one array may stand for two variables
            each.set_value(each.get_value(borrow=True)[order], borrow=True)


def minibatches(data: Mapping[Variable, Any], size: int) -> Minibatches:
    """Batches of `size` rows for variables, from arrays of all rows.

        batches = minibatches({x: images, y: labels}, size=64)
        step = gradc.function([batches.index], cost, updates=updates, givens=batches.givens)
        for k in range(batches.count):
            step(k)

    data: from each variable to a shared variable, or to an array, which is made one.
    Raises: ArgumentError for no data or a size below 1, or arrays of different lengths;
    ArgumentTypeError for what is no data of its variable.  The function raises ArgumentError for a
    number of no batch.
    """
    if not isinstance(data, Mapping) or not data:
        got = given_text(data)
        what = f"minibatches: data has to be a dict of variables and arrays, got {got}."
        raise ArgumentTypeError(message(what, fix="write {x: images, y: labels}."))
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
        what = f"minibatches: size has to be a whole number above 0, got {given_text(size)}."
        raise ArgumentError(message(what, fix="pass how many rows a batch has."))
    index = lscalar("batch")
    arrays = {each: _stored(each, array) for each, array in data.items()}
    size = int(size)
    givens = {each: _part(array, index, size, each) for each, array in arrays.items()}
    found = Minibatches(index, givens, tuple(arrays.values()), size)
    _ = found.rows
    return found


def _stored(variable: Any, array: Any) -> SharedVariable:
    if not isinstance(variable, Variable) or variable.ndim == 0:
        what = f"minibatches: {given_text(variable)} is no variable with rows."
        raise ArgumentTypeError(message(what, fix="name the inputs that batches stand for."))
    found: SharedVariable = (
        array
        if isinstance(array, SharedVariable)
        else shared(_converted(variable, array), name=variable.name)
    )
    if found.ndim != variable.ndim or found.dtype != variable.dtype:
        what = f"minibatches: the data of {variable} is {found.type}, it has to be {variable.type}."
        fix = f'cast it, array.astype("{variable.dtype}"), and give it {variable.ndim} axes.'
        raise ArgumentTypeError(message(what, [where(found), where(variable)], fix))
    return found


def _converted(variable: Variable, array: Any) -> np.ndarray[Any, Any]:
    """The array in the variable's dtype; of floats digits may be lost, of others nothing."""
    try:
        given, wanted = np.asarray(array), np.dtype(variable.dtype)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numbers that the dtype does not hold
            found = given.astype(wanted)
        kept = wanted.kind in "fc" and np.can_cast(given.dtype, wanted, "same_kind")
        same = kept or (given.dtype.kind in "biuf" and bool((found == given).all()))
    except (TypeError, ValueError, OverflowError):
        same = False
    if not same:
        what = f"minibatches: the data of {variable} is not of its dtype, {variable.dtype}."
        fix = "pass an array of numbers that the dtype holds."
        raise ArgumentTypeError(message(what, [where(variable)], fix))
    return found


def _part(array: SharedVariable, index: Variable, size: int, variable: Variable) -> Variable:
    """The rows of one batch.

    Their count is stated, so that the number of no batch is an error: there it is another than the
    slice has, 1 at least behind the end, and more than `size` in front of the start.
    """
    first = index * size
    rows = maximum(minimum(length(array, 0) - first, size), 1) + maximum(-index, 0)
    part = with_length("minibatches", array[first : first + size], 0, rows)
    return specify_shape(part, variable.type.shape)
