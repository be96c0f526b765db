"""Gradients judged by differences: `verify_grad`, `numeric_grad`.

Takes Python functions of variables, or of arrays, and points; raises where the gradient that gradc
derives is not the slope.  For tests of users: of their own operations and custom gradients.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.call.modes import DebugMode, Mode, get_mode
from gradc.compile import function
from gradc.differentiate import grad
from gradc.errors import ArgumentError, ArgumentTypeError, GradientError, message
from gradc.graph.types import TensorType
from gradc.graph.variable import Input, Variable
from gradc.ops.complexes import conj, real
from gradc.ops.declare import is_complex, is_inexact
from gradc.ops.elemwise import mul
from gradc.ops.reduce import sum

__all__ = ["numeric_grad", "verify_grad"]

Array = npt.NDArray[Any]
Points = Array | Sequence[Any]

_STEPS = {"float64": 1e-7, "float32": 3e-4}  # near the cube root of a unit in the last place
_TOLERANCES = {"float64": 1e-4, "float32": 1e-2}
for _table in (_STEPS, _TOLERANCES):
    _table |= {"complex128": _table["float64"], "complex64": _table["float32"]}


class numeric_grad:  # noqa: N801  # Theano's name
    """The gradient of f at a point by central differences; it stands in `gf`.

    f: a function of arrays that gives a real number.  pt: an array, or a list of them, of floats
    or complex numbers, whose parts are moved one after the other.
    eps: the step; 1e-7 by default, 3e-4 where an array (or out_type) is float32 or complex64.
    gf: an array where pt is one, else a list; df/dRe + i df/dIm of complex numbers, as grad has it.
    """

    def __init__(
        self, f: Callable[..., Any], pt: Points, eps: float | None = None,
        out_type: str | None = None,
    ) -> None:  # fmt: skip
        points = [np.array(each) for each in (pt if isinstance(pt, (list, tuple)) else [pt])]
        _check_floats("numeric_grad", points)
        dtypes = [each.dtype.name for each in points] + ([out_type] if out_type else [])
        step = eps or max(_STEPS.get(each, 1e-7) for each in dtypes)
        found = [self._slopes(f, points, k, step) for k in range(len(points))]
        self.gf: Any = found if isinstance(pt, (list, tuple)) else found[0]

    @staticmethod
    def _slopes(f: Callable[..., Any], points: list[Array], k: int, step: float) -> Array:
        result = np.zeros_like(points[k])
        ways = (1, 1j) if np.iscomplexobj(result) else (1,)
        for place, way in itertools.product(np.ndindex(points[k].shape), ways):
            ends, moved = [], []
            for sign in (1, -1):
                point = points[k].copy()
                point[place] += sign * step * way
                moved.append(point[place])
                ends.append(float(f(*points[:k], point, *points[k + 1 :])))
            result[place] += way * (ends[0] - ends[1]) / float(abs(moved[0] - moved[1]))
        return result

    @staticmethod
    def abs_rel_err(a: Array, b: Array) -> tuple[Array, Array]:
        """Absolute and relative errors of two arrays, element by element."""
        error = np.abs(a - b)
        return error, error / np.maximum(np.abs(a) + np.abs(b), 1e-8)

    def max_err(
        self, g_pt: Points, abs_tol: float, rel_tol: float
    ) -> tuple[int, tuple[int, ...], float, float]:
        """Where a gradient is worst: (which array, place, absolute and relative error there).

        Worst is where the smaller of the two errors, each in units of its tolerance, is largest.
        """
        ours = self.gf if isinstance(self.gf, list) else [self.gf]
        given = list(g_pt) if isinstance(g_pt, (list, tuple)) else [g_pt]
        worst: tuple[float, tuple[int, tuple[int, ...], float, float]] = (-1.0, (0, (), 0.0, 0.0))
        for k, (a, b) in enumerate(zip(ours, given, strict=True)):
            absolute, relative = self.abs_rel_err(np.asarray(a), np.asarray(b))
            for place in np.ndindex(np.shape(a)):
                one, other = float(absolute[place]), float(relative[place])
                size = min(one / abs_tol, other / rel_tol)
                size = np.inf if np.isnan(size) else size
                if size > worst[0]:
                    worst = size, (k, place, one, other)
        return worst[1]


def verify_grad(
    fun: Callable[..., Variable],
    pt: Sequence[Any],
    n_tests: int = 2,
    rng: Any = None,
    eps: float | None = None,
    out_type: str | None = None,
    abs_tol: float | None = None,
    rel_tol: float | None = None,
    mode: str | Mode | None = None,
    cast_to_output_type: bool = False,
    no_debug_ref: bool = True,
) -> None:
    """Raise GradientError unless the gradient of `fun` at `pt` is what differences say.

    fun: takes one variable an array of pt and gives one variable.  pt: arrays of floats or complex
    numbers; real and imaginary parts are moved, and summed up where the output is complex.
    n_tests: how often; each time the outputs are summed with other random weights.
    rng: numpy's Generator or RandomState; default_rng(0) by default.
    eps: the step of numeric_grad.  out_type: float32 for its tolerances whatever pt has.
    abs_tol, rel_tol: an element is wrong where both errors are larger; 1e-4, or 1e-2 for float32.
    mode: of gradc.function.
    cast_to_output_type: sum the outputs in their own dtype; False sums in float64.
    no_debug_ref: in DebugMode take the differences of a function that is made as by default; only
        the gradient is debugged.
    Raises: GradientError; ArgumentTypeError for pt that are no floats; ArgumentError.
    """
    points = [np.array(each) for each in pt]
    _check_floats("verify_grad", points)
    dtypes = {*(each.dtype.name for each in points), *([out_type] if out_type else [])}
    allowed = max(_TOLERANCES[each] for each in dtypes)
    tolerances = abs_tol or allowed, rel_tol or allowed
    random = np.random.default_rng(0) if rng is None else rng
    inputs = [_input(k, each) for k, each in enumerate(points)]
    cost, weights = _cost(fun(*inputs), cast_to_output_type)
    gradients = grad(cost, inputs, disconnected_inputs="ignore")
    plain = None if no_debug_ref and isinstance(get_mode(mode), DebugMode) else mode
    value = function([*inputs, weights], cost, mode=plain, on_unused_input="ignore")
    slopes = function([*inputs, weights], gradients, mode=mode, on_unused_input="ignore")
    shape = function(inputs, fun(*inputs), mode=plain, on_unused_input="ignore")(*points).shape
    for _ in range(n_tests):
        w = np.asarray(random.uniform(0.5, 1.5, shape), weights.dtype)
        if is_complex(weights.dtype):
            w = w + np.asarray(1j * random.uniform(0.5, 1.5, shape), weights.dtype)
        by_differences = numeric_grad(lambda *xs, w=w: value(*xs, w), points, eps, out_type)
        _judge(by_differences, slopes(*points, w), tolerances)


def _input(k: int, point: Array) -> Input:
    shape = tuple(n if n == 1 else None for n in point.shape)
    return Input(TensorType(point.dtype.name, shape), f"x{k}")


def _cost(output: Variable, casts: bool) -> tuple[Variable, Input]:
    """A weighted sum of the output: one number, that no two elements cancel out of."""
    if not isinstance(output, Variable) or not is_inexact(output.dtype):
        what = f"verify_grad: fun gives {output!r}, not one variable of a float dtype."
        raise ArgumentError(message(what, fix="test one output at a time."))
    wide = "complex128" if is_complex(output.dtype) else "float64"
    weights = Input(output.type if casts else output.type.with_dtype(wide), "weights")
    return sum(real(mul(output, conj(weights)))), weights


def _judge(
    by_differences: numeric_grad, slopes: Sequence[Array], tolerances: tuple[float, float]
) -> None:
    k, place, absolute, relative = by_differences.max_err(slopes, *tolerances)
    if (absolute > tolerances[0] and relative > tolerances[1]) or np.isnan(absolute):
        raise GradientError(
            message(
                f"verify_grad: the gradient of input {k} at {place} is {slopes[k][place]}, "
                f"differences give {by_differences.gf[k][place]}: off by {absolute:.3g}, "
                f"relative {relative:.3g}.",
                fix="correct the gradient; at a kink or with much rounding choose another point, "
                "eps, abs_tol or rel_tol.",
            )
        )


def _check_floats(caller: str, points: Sequence[Array]) -> None:
    for k, each in enumerate(points):
        if each.dtype.name not in _STEPS:
            what = f"{caller}: pt[{k}] is {each.dtype.name}, not float32, float64 or complex."
            raise ArgumentTypeError(message(what, fix="whole numbers have no slope: bind them."))
