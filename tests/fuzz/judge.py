"""What a graph should give, and how far from it a right answer may be.

Takes a Case; gives a Verdict an output: its value by the references in its own dtypes, the same in
long double, and the spread of that when every rounding error that may occur does occur (Monte Carlo
arithmetic: each result of an operation that rounds, and each operand of a sum, is off by a random
fraction of four units in its last place).  So what an answer may be off by follows from how the
graph is conditioned at its values, element by element, and not from a constant.
Source: Parker, Monte Carlo arithmetic, UCLA CSD-970002, 1997.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradc.errors import GradcError
from gradc.graph.evaluate import in_order, taken
from gradc.graph.op import Apply
from gradc.graph.variable import Constant, Variable
from gradc.graph.walk import toposort
from tests.fuzz.doubts import MARGIN, ULPS, is_open, tossed, turns
from tests.fuzz.exact import CANCELS, COMPARED, JUMPS, LINEAR, MOVES, ORDERS, PICKS
from tests.fuzz.pool import Array, Case

__all__ = ["Verdict", "judge", "precise"]

SAMPLES = 3
SHAKE = 4.0  # units in the last place
SLOPE = 8.0  # ulps of 1: slopes like s * (1 - s) of sigmoid have no more digits
_WIDE = {"float": "longdouble", "compl": "clongdouble"}
KEEPS = PICKS | JUMPS  # their results are operands, or are not rounded


@dataclass(frozen=True)
class Verdict:
    """What an output should be: `plain` in its own dtype, `wide` more precisely, give or take.

    is_slope: another expression is the judge, of a gradient as it was written.  Stabilised ones
    have their digits absolutely: training takes slopes from stored values and not from a second
    exp.  is_open: only shape and dtype are judged.  turns: so it is where graphs are rewritten.
    """

    plain: Array
    wide: Array
    spread: Array
    is_exact: bool
    has_sign: bool = True
    is_slope: bool = False
    is_open: bool = False
    turns: bool = False

    @property
    def judged(self) -> float:
        """The share of elements that are compared."""
        return float(np.mean(np.isfinite(self.spread))) if self.spread.size else 1.0

    def fault(self, got: Any, *, rewritten: bool, special: bool) -> str:
        """What is wrong with a result, or ""."""
        want = self.plain
        if not isinstance(got, np.ndarray) or (got.dtype, got.shape) != (want.dtype, want.shape):
            return f"{got.dtype}{list(got.shape)}, wanted {want.dtype}{list(want.shape)}"
        if self.is_open or (rewritten and self.turns):
            return ""
        if want.dtype.kind != "f":
            bad = got != want if self.is_exact or not special else np.zeros(got.shape, bool)
        elif self.is_exact:
            bad = ~_same(got, want, self.has_sign)
        else:
            bad = self._far(got, rewritten=rewritten or self.is_slope)
        return self._shown(got, bad) if bad.any() else ""

    def _far(self, got: Array, *, rewritten: bool) -> Array:
        """Where a float is neither near the precise value nor near the plain one."""
        plain, wide = self.plain.astype("longdouble"), self.wide
        limits = np.finfo(got.dtype)
        with np.errstate(all="ignore"):
            slack = MARGIN * self.spread + ULPS * limits.eps * np.abs(wide) + 4 * limits.tiny
            slack += SLOPE * limits.eps if self.is_slope else 0
            between = np.where(np.isfinite(plain), np.abs(wide - plain), 0)
            far = ~(np.abs(got - wide) <= slack + 2 * between)
        with np.errstate(invalid="ignore"):  # a value without digits may as well be none
            far &= ~(np.isnan(got) & (slack > np.abs(wide)))
        same = (got == plain) | (np.isnan(got) & np.isnan(plain))
        far &= ~same
        if rewritten:  # better than what was written is right, where that is no number
            far &= np.isfinite(plain) & np.isfinite(wide)
        else:
            both = np.isfinite(plain) & np.isfinite(wide)
            far &= both | (np.isfinite(plain) == np.isfinite(wide))
        return far & np.isfinite(self.spread)

    def _shown(self, got: Array, bad: Array) -> str:
        at = tuple(int(k[0]) for k in np.nonzero(np.atleast_1d(bad)))
        one = [np.atleast_1d(each)[at] for each in (got, self.plain, self.wide, self.spread)]
        place = list(at) if got.ndim else []
        return (
            f"{got.dtype}{list(got.shape)}: {int(bad.sum())} wrong, first at {place}: {one[0]!r}, "
            f"wanted {one[1]!r} ({one[2]}, give or take {one[3]:.3g})"
        )


def _same(a: Array, b: Array, has_sign: bool) -> Array:
    """Bit by bit, but that all nan are one, and zeros where their sign was left open."""
    signs = np.signbit(a) == np.signbit(b) if has_sign else True
    return ((a == b) & signs) | (np.isnan(a) & np.isnan(b))


def judge(case: Case, results: Sequence[Variable]) -> list[Verdict]:
    """The verdicts on results of the case's graph, from its leaves' first values."""
    asked = [case.judges.get(each, each) for each in results]
    leaves = case.values()
    plain = precise(asked, leaves, wide=False)
    known = _valued(asked, leaves)
    pairs = [(result, case.judges.get(result, result)) for result in results]
    unsure = {a for result, a in pairs if is_open(a, result in case.judges, known)}
    try:
        sure = [each for each in asked if each not in unsure]
        shaken = [_valued(sure, leaves, np.random.default_rng(k)) for k in range(SAMPLES)]
    except GradcError:  # which matrices are singular depends on the last digits, as lengths may
        unsure, shaken = set(asked), []
    tosses = {node for node in toposort(asked) if tossed(node, known, shaken)}
    verdicts = []
    for (result, judging), value in zip(pairs, plain, strict=True):
        is_exact, wide = result in case.exact, known[judging]
        has_sign = is_exact and not any(n.op.name in ORDERS for n in toposort([judging]))
        spread = np.full(wide.shape, np.inf)
        if not tosses.isdisjoint(toposort([judging])):
            unsure.add(judging)
        if judging not in unsure:
            spread = _spread(wide, [each[judging] for each in shaken], result.dtype)
        verdicts.append(
            Verdict(
                np.asarray(value).astype(result.dtype, copy=False),
                wide,
                spread,
                is_exact,
                has_sign,
                is_slope=result in case.judges,
                is_open=judging in unsure,
                turns=turns(judging, known),
            )
        )
    return verdicts


def _spread(wide: Array, shaken: Sequence[Array], dtype: str) -> Array:
    """How far the samples are off; where all of few came near by chance, half of one rounding."""
    if any(each.shape != wide.shape for each in shaken):
        return np.full(wide.shape, np.inf)
    if wide.dtype.kind != "f":
        moved = np.any([each != wide for each in shaken], axis=0)
        return np.where(moved, np.inf, 0.0)
    with np.errstate(all="ignore"):
        gaps = [np.abs(each - wide) for each in shaken]
        spread = np.maximum(np.max(gaps, axis=0), SHAKE / 2 * np.finfo(dtype).eps * np.abs(wide))
    same = np.all([(each == wide) | (np.isnan(each) & np.isnan(wide)) for each in shaken], axis=0)
    return np.where(same, 0.0, np.where(np.isnan(spread), np.inf, spread))


def precise(
    variables: Sequence[Variable],
    leaves: Mapping[Variable, Array],
    rng: np.random.Generator | None = None,
    *,
    wide: bool = True,
) -> list[Array]:
    """By the references, floats in long double if `wide`, shaken if there is a generator."""
    known = _valued(variables, leaves, rng, wide=wide)
    return [known[each] for each in variables]


def _valued(
    variables: Sequence[Variable],
    leaves: Mapping[Variable, Array],
    rng: np.random.Generator | None = None,
    *,
    wide: bool = True,
) -> dict[Variable, Array]:
    """What `precise` gives, of everything behind the variables too."""
    known: dict[Variable, Array] = {each: _widened(value, wide) for each, value in leaves.items()}

    def value(each: Variable) -> Array:
        if each not in known and isinstance(each, Constant):
            known[each] = _widened(each.data, wide)
        return known[each]

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for node in in_order(variables, known):
            is_choice = node.op.kind == "Choice"  # the other branch may have no value
            arrays = [value(each) for each in (taken(node, known) if is_choice else node.inputs)]
            results = arrays if is_choice else _run(node, arrays, rng, wide)
            known.update(zip(node.outputs, results, strict=True))
        return known | {each: value(each) for each in variables}


def _widened(array: Array, wide: bool) -> Array:
    return array.astype("longdouble") if wide and array.dtype.kind == "f" else array


def _run(
    node: Apply, arrays: list[Array], rng: np.random.Generator | None, wide: bool
) -> list[Array]:
    params = node.op.keywords
    if wide:
        params = {key: _wide_param(key, value) for key, value in params.items()}
    rounds = node.op.name in LINEAR or (node.op.kind not in MOVES and node.op.name not in KEEPS)
    is_sum = node.op.kind not in ("Elemwise", "View") or node.op.name in CANCELS
    by_norm = node.op.name in LINEAR  # an element that comes out as 0 may be another's rounding
    if rng is not None and rounds and is_sum:
        first = COMPARED.get(node.op.name, 0)
        pairs = list(zip(arrays, node.inputs, strict=True))[first:]
        added = [_shaken(array, each.dtype, rng, by_norm=by_norm) for array, each in pairs]
        arrays = [*arrays[:first], *added]
    results = []
    for out, array in zip(node.outputs, node.op.rule.evaluate(arrays, params), strict=True):
        dtype = _WIDE.get(out.dtype[:5], out.dtype) if wide else out.dtype
        result = np.asarray(array).astype(dtype, copy=False)
        loses = node.op.name == "cast" and out.dtype == "float32"
        if rng is not None and _is_softmax(node):
            result = result * (1 + _exponents(arrays) * _off(out.dtype, rng, result.shape))
        results.append(result if rng is None or not (rounds or loses)
                       else _shaken(result, out.dtype, rng, by_norm=by_norm))  # fmt: skip
    return results


def _is_softmax(node: Apply) -> bool:
    """Whether a rule may take it for a softmax: then the greatest exponent is subtracted first."""
    if node.op.name != "true_div" or not node.outputs[0].dtype.startswith("float"):
        return False
    owner = node.inputs[0].owner
    return owner is not None and owner.op.name == "exp"


def _exponents(arrays: Sequence[Array]) -> Array:
    """How large the exponents of a softmax's numbers are, in all."""
    with np.errstate(all="ignore"):
        sizes = np.abs(np.log(arrays[0])) + np.abs(np.log(arrays[1]))
    return np.where(np.isfinite(sizes), sizes, 0)


def _off(dtype: str, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.uniform(-SHAKE, SHAKE, shape) * np.finfo(dtype).eps


def _wide_param(key: str, value: Any) -> Any:
    is_dtype = key in ("dtype", "acc_dtype") and isinstance(value, str)
    return "longdouble" if is_dtype and value.startswith("float") else value


def _shaken(array: Array, dtype: str, rng: np.random.Generator, *, by_norm: bool = False) -> Array:
    """Every element off a little; by_norm: by a little of the greatest.

    One that is no number says nothing about how large the others are.
    """
    if not dtype.startswith("float"):
        return array
    off = _off(dtype, rng, array.shape)
    size = np.max(np.abs(array), initial=0, where=np.isfinite(array)) if by_norm else array
    return np.asarray(array + off * size, array.dtype)
