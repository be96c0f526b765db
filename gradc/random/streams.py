"""Streams of random numbers that keep their own state, as Theano's programs use them.

Each draw has a state of its own, a shared variable of uint64[2]: the key of the draw and how many
calls have drawn.  Its default update counts the call, and is put in place with the other updates
after all that can fail; so two calls give other numbers, a call that fails advances nothing, and
what reads one draw twice reads the same numbers.  Draw k of the seed s has the key that k makes of
s: the same program gives the same numbers, whatever is compiled in between.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.errors import ArgumentError, ArgumentTypeError, GradcWarning, message
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.ops.convert import as_variable
from gradc.ops.lengths import length
from gradc.ops.taking import permute_row_elements
from gradc.random import raw
from gradc.random.keys import fold_in, key
from gradc.sharedvar import SharedVariable

__all__ = ["MRG_RandomStreams", "RandomStreams"]


class State(np.ndarray[Any, Any]):
    """The value of a draw's state, a key, which may be seeded as numpy's RandomState is."""

    def seed(self, seed: int | None = None) -> None:
        """Become the key of a number; None: of one of the machine's."""
        self[...] = key(_number(seed))


class _State(SharedVariable):
    """The state of one draw."""

    __slots__ = ()

    def get_value(
        self, borrow: bool = False, return_internal_type: bool = False
    ) -> npt.NDArray[Any]:
        """The key: its `seed(number)` makes it another, for set_value."""
        return super().get_value(borrow).view(State)


class _Streams:
    """What both kinds of streams share: states, seeds, updates."""

    def __init__(self, seed: int | None = None) -> None:
        self.state_updates: list[tuple[SharedVariable, Variable]] = []
        self.default_instance_seed = seed
        self._seed = _number(seed)

    def seed(self, seed: int | None = None) -> None:
        """Set all states, and those of draws to come, to what a new stream of this seed has.

        seed: None is the seed that was given when the stream was made.
        Raises: ArgumentTypeError for no whole number.
        """
        self._seed = _number(self.default_instance_seed if seed is None else seed)
        for k, (state, _) in enumerate(self.state_updates):
            state.set_value(self._start(k))

    def updates(self) -> list[tuple[SharedVariable, Variable]]:
        """The states and what follows them: for `updates=` of a function without default ones."""
        return list(self.state_updates)

    def gen(self, op: Callable[..., tuple[Variable, Any]], *args: Any, **kwargs: Any) -> Any:
        """A draw with a state of its own.

        op: takes the state and these arguments, gives the next state and the draw, as the functions
        of gradc.random.raw do.  The state is the draw's `.rng`, with its next `.update`.
        """
        state = _State(TensorType("uint64", (2,)), self._start(len(self.state_updates)))
        state.tag.is_rng = True
        state.default_update, draw = op(state, *args, **kwargs)
        self.state_updates.append((state, state.default_update))
        draw.tag.rng = state
        draw.tag.update = self.state_updates[-1]
        return draw

    def _start(self, k: int) -> npt.NDArray[np.uint64]:
        found: npt.NDArray[np.uint64] = fold_in(key(self._seed), k)
        return found

    def __getitem__(self, state: SharedVariable) -> npt.NDArray[Any]:
        """The value of a state."""
        return state.get_value(borrow=True)

    def __setitem__(self, state: SharedVariable, value: Any) -> None:
        state.set_value(value)


def _number(seed: Any) -> int:
    """A seed as a number; a secret one for None, Theano's vectors of six by all of their bits."""
    if seed is None:
        return int.from_bytes(os.urandom(8), "little")
    parts = np.asarray(seed)
    if parts.dtype.kind not in "iu":
        what = f"seed: a seed is a whole number, got {seed!r}."
        raise ArgumentTypeError(message(what, fix="pass an int, or None for one of the machine's."))
    number = 0
    for part in parts.reshape(-1).tolist():
        number = (number << 32 | part) if parts.ndim else part
    return number % (1 << 64) if parts.ndim == 0 else hash_of(number)


def hash_of(number: int) -> int:
    """64 bits of a long number."""
    folded = key(0)
    while number:
        folded = fold_in(folded, number % (1 << 61))
        number >>= 61
    return int(folded[0])


class RandomStreams(_Streams):
    """Draws that remember how far they are, under Theano's names.

    seed: an int; None for another one each time.
    size: None (what the parameters stretch to), an int, a tuple of ints and integer scalars such as
    x.shape, or a vector; ndim: its length, where that is not known while building.
    Gradients: of uniform and normal, those of low + (high - low) * u and avg + std * z.
    """

    def uniform(
        self, size: Any = None, low: Any = 0.0, high: Any = 1.0, ndim: int | None = None,
        dtype: Any = None,
    ) -> Any:  # fmt: skip
        """Numbers from [low, high); dtype: floatX, or that of low and high if that holds more."""
        return self.gen(raw.uniform, size, low, high, ndim=ndim, dtype=dtype)

    def normal(
        self, size: Any = None, avg: Any = 0.0, std: Any = 1.0, ndim: int | None = None,
        dtype: Any = None,
    ) -> Any:  # fmt: skip
        """Normal numbers of mean avg and standard deviation std; dtype as for uniform."""
        return self.gen(raw.normal, size, avg, std, ndim=ndim, dtype=dtype)

    def truncated_normal(
        self, size: Any = None, avg: Any = 0.0, std: Any = 1.0, ndim: int | None = None,
        dtype: Any = None,
    ) -> Any:  # fmt: skip
        """Normal numbers of mean avg and deviation std, of a law cut off at two of its own."""
        return self.gen(raw.truncated_normal, size, avg, std, ndim=ndim, dtype=dtype)

    def binomial(
        self, size: Any = None, n: Any = 1, p: Any = 0.5, ndim: int | None = None,
        dtype: Any = "int64", prob: Any = None,
    ) -> Any:  # fmt: skip
        """How many of n trials of chance p succeed. The gradient for p is 0."""
        return self.gen(raw.binomial, size, n, p, ndim=ndim, dtype=dtype, prob=prob)

    def poisson(
        self, size: Any = None, lam: Any = 1.0, ndim: int | None = None, dtype: Any = "int64"
    ) -> Any:
        """Counts of events that come lam times on average."""
        return self.gen(raw.poisson, size, lam, ndim=ndim, dtype=dtype)

    def random_integers(
        self, size: Any = None, low: Any = 0, high: Any = 1, ndim: int | None = None,
        dtype: Any = "int64",
    ) -> Any:  # fmt: skip
        """Whole numbers from low to high, both included."""
        return self.gen(raw.random_integers, size, low, high, ndim=ndim, dtype=dtype)

    def choice(
        self, size: Any = None, a: Any = 2, replace: bool = True, p: Any = None,
        ndim: int | None = None, dtype: Any = "int64",
    ) -> Any:  # fmt: skip
        """Elements of the vector a, or of 0, 1, ... a-1, with probabilities p (alike)."""
        return self.gen(raw.choice, size, a, replace, p, ndim=ndim, dtype=dtype)

    def permutation(
        self, size: Any = None, n: Any = 1, ndim: int | None = None, dtype: Any = "int64"
    ) -> Any:
        """The numbers 0, 1, ... n-1 in random order, once for each place of size: [*size, n]."""
        return self.gen(raw.permutation, size, n, ndim=ndim, dtype=dtype)

    def multinomial(
        self, size: Any = None, n: Any = 1, pvals: Any = (0.5, 0.5), ndim: int | None = None,
        dtype: Any = "int64",
    ) -> Any:  # fmt: skip
        """How often each outcome comes in n trials: [*size, k] for pvals [..., k]."""
        return self.gen(raw.multinomial, size, n, pvals, ndim=ndim, dtype=dtype)

    def shuffle_row_elements(self, input: Any) -> Any:
        """Each row (the last axis) in a random order of its own; the order is `.permutation`."""
        x = as_variable(input)
        front = [length(x, axis) for axis in range(x.ndim - 1)]
        order = self.permutation(front, length(x, x.ndim - 1))
        shuffled = permute_row_elements(x, order)
        shuffled.tag.permutation = order
        return shuffled


class MRG_RandomStreams(_Streams):  # noqa: N801  # Theano's name
    """The streams of Theano's rng_mrg, with the numbers of Philox.

    nstreams, which in Theano says how many threads of a GPU draw, is checked and means nothing
    here: each element counts for itself.  Else as RandomStreams.
    """

    def __init__(self, seed: Any = 12345) -> None:
        super().__init__(seed)

    @property
    def rstate(self) -> npt.NDArray[np.uint64]:
        """The state of the next draw that is made, before its first call."""
        return self._start(len(self.state_updates))

    def uniform(
        self, size: Any = None, low: Any = 0.0, high: Any = 1.0, ndim: int | None = None,
        dtype: Any = None, nstreams: int | None = None,
    ) -> Any:  # fmt: skip
        """Numbers from [low, high); dtype: floatX, or that of low and high if that holds more."""
        _check_streams(nstreams)
        return self.gen(raw.uniform, size, low, high, ndim=ndim, dtype=dtype)

    def normal(
        self, size: Any = None, avg: Any = 0.0, std: Any = 1.0, ndim: int | None = None,
        dtype: Any = None, nstreams: int | None = None, truncate: bool = False,
    ) -> Any:  # fmt: skip
        """Normal numbers of mean avg and deviation std; truncate: within two deviations."""
        _check_streams(nstreams)
        law = raw.cut_normal if truncate else raw.normal
        return self.gen(law, size, avg, std, ndim=ndim, dtype=dtype)

    def truncated_normal(
        self, size: Any = None, avg: Any = 0.0, std: Any = 1.0, ndim: int | None = None,
        dtype: Any = None, nstreams: int | None = None,
    ) -> Any:  # fmt: skip
        """Normal numbers of mean avg and deviation std, of a law cut off at two of its own."""
        _check_streams(nstreams)
        return self.gen(raw.truncated_normal, size, avg, std, ndim=ndim, dtype=dtype)

    def binomial(
        self, size: Any = None, n: Any = 1, p: Any = 0.5, ndim: int | None = None,
        dtype: Any = "int64", nstreams: int | None = None,
    ) -> Any:  # fmt: skip
        """How many of n trials of chance p succeed. The gradient for p is 0."""
        _check_streams(nstreams)
        return self.gen(raw.binomial, size, n, p, ndim=ndim, dtype=dtype)

    def multinomial(
        self, size: Any = None, n: Any = 1, pvals: Any = None, ndim: int | None = None,
        dtype: Any = "int64", nstreams: int | None = None,
    ) -> Any:  # fmt: skip
        """How often each outcome comes in n trials, for each row of pvals. size stays None."""
        _check_streams(nstreams)
        _check_unused("multinomial", size, ndim, pvals)
        return self.gen(raw.multinomial, None, n, pvals, dtype=dtype)

    def choice(
        self, size: Any = 1, a: Any = None, replace: bool = True, p: Any = None,
        ndim: int | None = None, dtype: Any = "int64", nstreams: int | None = None,
    ) -> Any:  # fmt: skip
        """Places in each row of p, [rows, size], of probabilities in proportion. a stays None."""
        _check_streams(nstreams)
        _check_unused("choice", a, ndim, p)
        return self.gen(raw.rows_chosen, size, p, replace, dtype)

    def multinomial_wo_replacement(
        self, size: Any = None, n: Any = 1, pvals: Any = None, ndim: int | None = None,
        dtype: Any = "int64", nstreams: int | None = None,
    ) -> Any:  # fmt: skip
        """As choice(size=n, replace=False, p=pvals), which Theano would rather have written."""
        warnings.warn(
            message("multinomial_wo_replacement: write choice(size=n, replace=False, p=pvals)."),
            GradcWarning, stacklevel=2,
        )  # fmt: skip
        _check_unused("multinomial_wo_replacement", size, ndim, pvals)
        return self.choice(n, None, False, pvals, None, dtype, nstreams)


def _check_streams(nstreams: Any) -> None:
    if nstreams is None or (isinstance(nstreams, (int, np.integer)) and nstreams > 0):
        return
    what = f"nstreams: a positive number of streams, got {nstreams!r}."
    raise ArgumentError(message(what, fix="leave it out: each element counts for itself."))


def _check_unused(name: str, first: Any, ndim: Any, chances: Any) -> None:
    word = "a" if name == "choice" else "size"
    if first is not None or ndim is not None:
        what = f"{name}: {word if first is not None else 'ndim'} has no meaning here."
        fix = "leave it out; gradc.tensor.shared_randomstreams.RandomStreams takes it."
        raise ArgumentError(message(what, fix=fix))
    if chances is None:
        word = "p" if name == "choice" else "pvals"
        raise ArgumentTypeError(message(f"{name}: needs {word}.", fix="pass rows of chances."))
