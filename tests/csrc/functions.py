"""The vector functions under test: their judges, and the arguments that are hard for each.

`exact` computes with mpmath and judges float64; `wide` computes float64 arrays with numpy, scipy
or glibc and judges float32.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import mpmath
import numpy as np
import scipy.special
from mpmath import mp

PI_2 = math.pi / 2
LN2 = math.log(2)


@dataclass(frozen=True, slots=True)
class Function:
    """A function, where it is sampled (ranges of each argument), and points to go around."""

    name: str
    exact: Callable[..., mpmath.mpf]
    wide: Callable[..., np.ndarray]
    ranges: tuple[tuple[float, float], ...]
    hard: tuple[float, ...] = ()
    arity: int = 1


def _limited(function, limit=2000):
    """For functions that are 0, 1 or beyond 2^1024 outside +-limit: mpmath would not return."""
    return lambda x: function(max(-limit, min(limit, x)))


def _sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def _wide_sigmoid(x):
    return np.where(x < 0, np.exp(np.minimum(x, 0)), 1) / (1 + np.exp(-np.abs(x)))


def _pow(x, y):
    size = mp.exp(max(-2000, min(2000, y * mp.log(abs(x)))))
    return -size if x < 0 and int(y) % 2 else size


def _softplus(x):
    return mp.log1p(mp.exp(max(-2000, -abs(x)))) + max(x, 0)


def _cbrt(x):
    return mp.sign(x) * mp.cbrt(abs(x))


def _near_one(steps: int = 40) -> tuple[float, ...]:
    return tuple(1 + s * 2.0**-k for k in range(1, 53, 52 // (steps // 2)) for s in (1, -0.5))


# Multiples of pi/2, and the doubles nearest to one: Muller et al., Handbook of Floating-Point
# Arithmetic (2nd ed.), 10.2.2 names 6381956970095103 * 2^797, 2^-60.9 away.
TURNS = (
    *(k * PI_2 for k in (*range(1, 30), 1000, 1e5, 1e6, 2**20, 2**29, 2**30, 1e10, 1e22)),
    math.ldexp(6381956970095103, 797),
    math.ldexp(5.0, 60),
    2.0**20,
    2.0**30,
    2.0**40,
    53895.59375,  # beside a pole of tan: 2.25 ulp in float32 once
    1.7976931348623157e308,
)
FOLDS = tuple((k + 0.5) * LN2 for k in (-1075, -1022, -60, -54, -3, -2, -1, 0, 1, 2, 53, 1023))

FUNCTIONS = (
    Function(
        "exp", _limited(mp.exp), np.exp, ((-745, 709), (-1, 1)), (709.78, -708.4, -745.1, *FOLDS)
    ),
    Function(
        "exp2",
        _limited(lambda x: mp.power(2, x)),
        np.exp2,
        ((-1074, 1023), (-1, 1)),
        (0.5, -1022.5),
    ),
    Function("expm1", _limited(mp.expm1), np.expm1, ((-40, 709), (-1, 1)), (709.78, -37.4, *FOLDS)),
    Function("log", mp.log, np.log, ((0, 4), (0.7, 1.5)), (math.sqrt(0.5), *_near_one())),
    Function("log2", lambda x: mp.log(x) / mp.ln2, np.log2, ((0, 4), (0.7, 1.5)), _near_one()),
    Function("log10", mp.log10, np.log10, ((0, 4), (0.7, 1.5)), _near_one()),
    Function("log1p", mp.log1p, np.log1p, ((-1, 4), (-0.5, 1)), (-1 + 2**-53, 0.4142, -0.2929)),
    Function("sin", mp.sin, np.sin, ((-4, 4), (-1e5, 1e5), (-1e9, 1e9)), TURNS),
    Function("cos", mp.cos, np.cos, ((-4, 4), (-1e5, 1e5), (-1e9, 1e9)), TURNS),
    Function("tan", mp.tan, np.tan, ((-4, 4), (-1e5, 1e5), (-1e9, 1e9)), TURNS),
    Function("sinh", _limited(mp.sinh), np.sinh, ((-2, 2), (-710, 710)), (1.0, 710.47, 22.0)),
    Function("cosh", _limited(mp.cosh), np.cosh, ((-2, 2), (-710, 710)), (1.0, 710.47, 22.0)),
    Function("tanh", _limited(mp.tanh), np.tanh, ((-1, 1), (-22, 22)), (0.55, 19.06, 22.0)),
    Function("asin", mp.asin, np.arcsin, ((-1, 1), (0.49, 0.6)), (0.5, 1 - 2**-53)),
    Function("acos", mp.acos, np.arccos, ((-1, 1), (0.49, 0.6)), (0.5, 1 - 2**-53, -1 + 2**-53)),
    Function("atan", mp.atan, np.arctan, ((-3, 3), (-100, 100)), (0.5, 2.0, 1.0)),
    Function("asinh", mp.asinh, np.arcsinh, ((-3, 3), (-1e3, 1e3)), (2.0**55, 2.0**26)),
    Function(
        "acosh", mp.acosh, np.arccosh, ((1, 3), (1, 1e3)), (1 + 2**-52, 2.0**55, *_near_one())
    ),
    Function("atanh", mp.atanh, np.arctanh, ((-1, 1), (-0.3, 0.3)), (1 - 2**-53, 0.5)),
    Function(
        "sigmoid", _limited(_sigmoid), _wide_sigmoid, ((-745, 40), (-5, 5)), (-709.8, 36.7, *FOLDS)
    ),
    Function(
        "softplus",
        _softplus,
        lambda x: np.logaddexp(x, 0),
        ((-745, 40), (-3, 3)),
        (-0.8814, 36.7, -37.4, *FOLDS),
    ),
    Function("erf", _limited(mp.erf, 40), scipy.special.erf, ((-6, 6), (-1.1, 1.1)), (1.0, 5.92)),
    Function(
        "erfc", _limited(mp.erfc, 40), scipy.special.erfc, ((-6, 26.5), (0, 1)), (0.5, 26.54, 27.2)
    ),
    Function("cbrt", _cbrt, np.cbrt, ((-8, 8),), (1.0, 8.0, 2**0.5, 2**1.5, 2**-0.5)),
    Function("atan2", mp.atan2, np.arctan2, ((-3, 3), (-1e3, 1e3)), (1.0, 2.0, 1e-300, 1e300), 2),
    Function("hypot", mp.hypot, np.hypot, ((-3, 3), (-1e3, 1e3)), (1e-300, 1e300, 5e-324), 2),
    Function("pow", _pow, np.power, ((0, 10), (-50, 50)), (1 + 2**-52, 1 - 2**-53, 0.5, 700.0), 2),
)
NAMES = tuple(f.name for f in FUNCTIONS)


def _around(points, dtype) -> np.ndarray:
    """Each point, its neighbours, and their negatives."""
    with np.errstate(over="ignore", under="ignore"):
        steps = [np.asarray(points, dtype)]
        for direction in (-np.inf, np.inf):
            for _ in range(2):
                steps.append(np.nextafter(steps[-1], dtype(direction)))
    both = np.concatenate(steps)
    both = both[np.isfinite(both)]
    return np.concatenate([both, -both])


def _column(f: Function, dtype, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` arguments: a third any bits, a third small and of all sizes, a third in range."""
    info = np.finfo(dtype)
    bits = rng.integers(0, 2**info.bits, count // 3, dtype=np.uint64)
    anything = bits.astype(np.uint32 if info.bits == 32 else np.uint64).view(dtype)
    sizes = rng.choice([-1, 1], count // 3) * np.exp2(rng.uniform(-70, 10, count // 3))
    inside = [rng.uniform(lo, hi, count // (3 * len(f.ranges))) for lo, hi in f.ranges]
    near = (info.tiny, info.smallest_subnormal, 3 * info.smallest_subnormal, info.max, 1.0, 0.5)
    hard = _around((*f.hard, *near), dtype)
    parts = [anything, sizes, *inside, hard]
    with np.errstate(over="ignore", under="ignore"):
        out = np.concatenate([np.asarray(p).astype(dtype) for p in parts])
    return out[np.isfinite(out) & (out != 0)]  # zeros have their own tests


def arguments(f: Function, dtype, count: int, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Random and hard arguments, finite; for two arguments, paired at random."""
    rng = np.random.default_rng((seed, NAMES.index(f.name)))
    columns = [_column(f, dtype, count, rng) for _ in range(f.arity)]
    if f.arity == 1:
        return tuple(columns)
    size = min(len(c) for c in columns)
    x, y = (rng.permutation(c)[:size] for c in columns)
    if f.name == "pow":  # results of all sizes, and negative x only with whole y
        big = rng.uniform(-740, 709, len(x)).astype(dtype)
        with np.errstate(all="ignore"):
            y = np.where(rng.random(len(x)) < 0.5, (big / np.log(np.abs(x))).astype(dtype), y)
            y = np.where(x < 0, np.rint(y), y)
        keep = np.isfinite(y) & (x != 0)
        return x[keep], y[keep]
    return x, y
