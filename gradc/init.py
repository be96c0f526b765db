"""First values of parameters: numpy arrays, drawn from a generator that is given.

    rng = np.random.default_rng(1)
    w = gradc.shared(gradc.init.he_normal((784, 500), rng), name="w")

Each takes a shape, and `rng`: a numpy Generator, which moves on, or a seed.  dtype: float32 or
float64, `gradc.config.floatX` by default.  What depends on how many numbers go into a unit and out
of it reads them off the shape: [in, out] for a matrix that rows are multiplied with from the right,
[out, in, *window] for filters of a convolution; `fans=(in, out)` says it otherwise.
Raises: ArgumentError for a shape or number that does not fit; ArgumentTypeError for no generator.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.dtypes import check_dtype
from gradc.errors import ArgumentError, ArgumentTypeError, message, printable
from gradc.options import config

__all__ = [
    "constant",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "ones",
    "orthogonal",
    "uniform",
    "zeros",
]

Array = npt.NDArray[Any]
Shape = int | Sequence[int]
Rng = np.random.Generator | int
Fans = tuple[float, float] | None


def zeros(shape: Shape, dtype: str | None = None) -> Array:
    """All 0."""
    return constant(shape, 0.0, dtype)


def ones(shape: Shape, dtype: str | None = None) -> Array:
    """All 1."""
    return constant(shape, 1.0, dtype)


def constant(shape: Shape, value: Any, dtype: str | None = None) -> Array:
    """All `value`."""
    kind = _dtype("constant", dtype)
    return np.full(_lengths("constant", shape), _number("constant", "value", value), kind)


def uniform(
    shape: Shape, rng: Rng, low: float = -0.05, high: float = 0.05, dtype: str | None = None
) -> Array:
    """Numbers from [low, high)."""
    return _even("uniform", shape, rng, low, high, dtype)


def normal(
    shape: Shape, rng: Rng, std: float = 0.05, mean: float = 0.0, dtype: str | None = None
) -> Array:
    """Normal numbers of mean `mean` and standard deviation `std`."""
    return _bell("normal", shape, rng, std, mean, dtype)


def glorot_uniform(
    shape: Shape, rng: Rng, gain: float = 1.0, fans: Fans = None, dtype: str | None = None
) -> Array:
    """Uniform, of variance gain^2 2 / (in + out), for tanh; gain 4 for sigmoid.

    Source: Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward
    neural networks, equation 16.
    """
    name = "glorot_uniform"
    return _around(name, shape, rng, _gain(name, gain) * _glorot(name, shape, fans), dtype)


def glorot_normal(
    shape: Shape, rng: Rng, gain: float = 1.0, fans: Fans = None, dtype: str | None = None
) -> Array:
    """Normal, of variance gain^2 2 / (in + out). Source: as glorot_uniform."""
    name = "glorot_normal"
    return _bell(name, shape, rng, _gain(name, gain) * _glorot(name, shape, fans), 0.0, dtype)


def he_uniform(
    shape: Shape, rng: Rng, gain: float = 1.0, fans: Fans = None, dtype: str | None = None
) -> Array:
    """Uniform, of variance gain^2 2 / in, for relu.

    Source: He, Zhang, Ren, Sun (2015), Delving Deep into Rectifiers, equation 10.
    """
    name = "he_uniform"
    return _around(name, shape, rng, _gain(name, gain) * _he(name, shape, fans), dtype)


def he_normal(
    shape: Shape, rng: Rng, gain: float = 1.0, fans: Fans = None, dtype: str | None = None
) -> Array:
    """Normal, of variance gain^2 2 / in, for relu. Source: as he_uniform."""
    name = "he_normal"
    return _bell(name, shape, rng, _gain(name, gain) * _he(name, shape, fans), 0.0, dtype)


def lecun_uniform(
    shape: Shape, rng: Rng, gain: float = 1.0, fans: Fans = None, dtype: str | None = None
) -> Array:
    """Uniform, of variance gain^2 / in.

    Source: LeCun, Bottou, Orr, Müller (1998), Efficient BackProp, section 4.6.
    """
    name = "lecun_uniform"
    return _around(name, shape, rng, _gain(name, gain) * _lecun(name, shape, fans), dtype)


def lecun_normal(
    shape: Shape, rng: Rng, gain: float = 1.0, fans: Fans = None, dtype: str | None = None
) -> Array:
    """Normal, of variance gain^2 / in, for selu too. Source: as lecun_uniform."""
    name = "lecun_normal"
    return _bell(name, shape, rng, _gain(name, gain) * _lecun(name, shape, fans), 0.0, dtype)


def orthogonal(shape: Shape, rng: Rng, gain: float = 1.0, dtype: str | None = None) -> Array:
    """A matrix whose rows (or columns, if these are fewer) are orthogonal, of norm `gain`.

    Axes behind the first are taken as one.
    Source: Saxe, McClelland, Ganguli (2014), Exact solutions to the nonlinear dynamics of learning,
    section 3; drawn evenly as Mezzadri (2007), How to generate random matrices, section 5, says.
    """
    lengths = _lengths("orthogonal", shape)
    if len(lengths) < 2:
        what = f"orthogonal: a matrix is needed, got the shape {lengths}."
        raise ArgumentError(message(what, fix="give two axes or more."))
    kind = _dtype("orthogonal", dtype)
    rows, columns = lengths[0], math.prod(lengths[1:])
    drawn = _generator("orthogonal", rng).normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(drawn)
    q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
    found = q if rows >= columns else q.T
    return np.ascontiguousarray(_gain("orthogonal", gain) * found.reshape(lengths), kind)


def _even(name: str, shape: Shape, rng: Rng, low: Any, high: Any, dtype: str | None) -> Array:
    """Uniform from low to high."""
    kind, lengths = _dtype(name, dtype), _lengths(name, shape)
    low, high = _number(name, "low", low), _number(name, "high", high)
    if low > high:
        what = f"{name}: low={low} is above high={high}."
        raise ArgumentError(message(what, fix="exchange them."))
    return _generator(name, rng).uniform(low, high, lengths).astype(kind)


def _bell(name: str, shape: Shape, rng: Rng, std: Any, mean: Any, dtype: str | None) -> Array:
    """Normal, of a standard deviation and a mean."""
    kind, lengths = _dtype(name, dtype), _lengths(name, shape)
    std, mean = _number(name, "std", std, 0.0), _number(name, "mean", mean)
    return _generator(name, rng).normal(mean, std, lengths).astype(kind)


def _around(name: str, shape: Shape, rng: Rng, std: float, dtype: str | None) -> Array:
    """Uniform around 0, of a standard deviation."""
    edge = std * math.sqrt(3.0)
    return _even(name, shape, rng, -edge, edge, dtype)


def _gain(name: str, gain: Any) -> float:
    return _number(name, "gain", gain, 0.0)


def _number(name: str, word: str, given: Any, least: float = -math.inf) -> float:
    """A finite number that is not below another."""
    if isinstance(given, bool) or not isinstance(given, (int, float, np.integer, np.floating)):
        what = f"{name}: {word} has to be a number, got {printable(repr(given), 60)}."
        raise ArgumentTypeError(message(what, fix="pass one number for the whole array."))
    if not math.isfinite(given) or given < least:
        rest = "" if least == -math.inf else f" from {least:g}"
        what = f"{name}: {word} has to be a finite number{rest}, got {given}."
        raise ArgumentError(message(what, fix="pass a number in that range."))
    return float(given)


def _glorot(name: str, shape: Shape, fans: Fans) -> float:
    return math.sqrt(2.0 / max(sum(_fans(name, shape, fans)), 1))


def _he(name: str, shape: Shape, fans: Fans) -> float:
    return math.sqrt(2.0) * _lecun(name, shape, fans)


def _lecun(name: str, shape: Shape, fans: Fans) -> float:
    return math.sqrt(1.0 / max(_fans(name, shape, fans)[0], 1))


def _fans(name: str, shape: Shape, fans: Any) -> tuple[float, float]:
    """How many numbers go into a unit, and out of it."""
    if fans is not None:
        if not isinstance(fans, (tuple, list)) or len(fans) != 2:
            what = f"{name}: fans has to be a pair (in, out), got {printable(repr(fans), 60)}."
            raise ArgumentTypeError(message(what, fix="pass how many numbers go in and out."))
        into, out = (_number(name, "fans", each, 0.0) for each in fans)
        return into, out
    lengths = _lengths(name, shape)
    if len(lengths) < 2:
        what = f"{name}: the shape {lengths} does not say what goes in and out of a unit."
        raise ArgumentError(message(what, fix="pass fans=(in, out), or use normal or zeros."))
    if len(lengths) == 2:
        return lengths[0], lengths[1]
    window = math.prod(lengths[2:])
    return lengths[1] * window, lengths[0] * window


def _lengths(name: str, shape: Any) -> tuple[int, ...]:
    try:
        lengths = tuple(map(operator.index, (shape,) if np.ndim(shape) == 0 else shape))
    except (TypeError, ValueError):
        what = f"{name}: {printable(repr(shape), 60)} is no shape."
        raise ArgumentTypeError(
            message(what, fix="pass whole numbers, such as (784, 10).")
        ) from None
    if any(n < 0 for n in lengths):
        what = f"{name}: the shape {lengths} has a length below 0."
        raise ArgumentError(message(what, fix="lengths are 0 or more."))
    return lengths


def _generator(name: str, rng: Any) -> np.random.Generator:
    is_seed = isinstance(rng, (int, np.integer)) and not isinstance(rng, bool) and rng >= 0
    if isinstance(rng, np.random.Generator) or is_seed:
        return np.random.default_rng(rng)
    what = f"{name}: rng has to be a numpy Generator or a seed, got {printable(repr(rng), 60)}."
    raise ArgumentTypeError(message(what, fix="pass np.random.default_rng(seed)."))


def _dtype(name: str, dtype: str | None) -> str:
    found = check_dtype(config.floatX if dtype is None else dtype)
    if found not in ("float32", "float64"):
        what = f"{name}: dtype has to be float32 or float64, got {found}."
        raise ArgumentError(message(what, fix="leave it out for gradc.config.floatX."))
    return found
