"""ifelse in the steps of loops: compiled, the same as switch and as unrolled steps, and lazy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, IndexBoundsError, UnsupportedError
from gradc.kernel.check import check_program
from gradc.kernel.program import Callback, Nest, Product, Program, Repeat, Step

pytestmark = pytest.mark.usefixtures("quickly")

Pick = Callable[[Any, Any, Any], Any]
XS = np.array([[0.3, -0.2, 0.5], [-0.4, 0.1, -0.6], [0.2, 0.9, -0.1], [-0.5, -0.3, 0.2]])
W = np.array([[0.2, -0.5, 0.1], [0.7, 0.3, -0.2], [-0.1, 0.4, 0.6]])


def both(c: Any, a: Any, b: Any) -> Any:
    """As ifelse, by switch: both are computed."""
    if isinstance(a, (list, tuple)):
        return [T.switch(c, x, y) for x, y in zip(a, b, strict=True)]
    return T.switch(c, a, b)


def hidden(pick: Pick, x: Any, s: Any, w: Any) -> Any:
    return pick(x.sum() > 0, T.tanh(T.dot(s, w) + x), s * 0.9)


def ahead(pick: Pick, x: Any, s: Any, w: Any) -> Any:
    """A product that no state needs, in a branch."""
    return s * 0.5 + pick(x[0] > 0, T.tanh(T.dot(x, w)), x)


def kept(pick: Pick, x: Any, s: Any, w: Any) -> Any:
    """One branch is the state itself, the other the row."""
    return pick(T.max(x) > 0.4, s, x)


def nested(pick: Pick, x: Any, s: Any, w: Any) -> Any:
    inner = pick(x[1] > 0, T.exp(-s * s), T.sin(s) @ w)
    return pick(x[0] > 0, inner * x, T.dot(w, s) - x)


def several(pick: Pick, x: Any, s: Any, w: Any) -> Any:
    a, b = pick(T.dot(x, s) > 0.05, [s @ w, T.exp(x)], [x, T.cos(s).sum() * s])
    return a * 0.5 + b * 0.25


def looping(pick: Pick, x: Any, s: Any, w: Any) -> Any:
    """A loop in a branch."""
    rows, _ = gradc.scan(lambda r: T.tanh(r @ w), outputs_info=s, n_steps=2)
    return pick(x[2] > 0, rows[-1], s + x)


def number(pick: Pick, x: Any, s: Any, w: Any) -> Any:
    """Numbers, dear ones and cheap ones."""
    dear = pick(x[0] > 0, T.sum(T.tanh(s @ w)), T.prod(x))
    return s * 0.5 + pick(x[1] > 0, dear * dear, dear + 1)


def guarded(pick: Pick, x: Any, s: Any, w: Any) -> Any:
    """A branch whose slope is infinite where it is not taken."""
    return s * 0.5 + pick(x[0] > 0, T.log(T.maximum(x[0], 0)) * s, x)


STEPS = (hidden, ahead, kept, nested, several, looping, number, guarded)
PLACES = [T.dmatrix("x"), T.dvector("s"), T.dmatrix("w")]


def cost_of(rows: Sequence[Any]) -> Any:
    weights = np.cos(np.arange(12.0)).reshape(4, 3)
    return sum((T.sum(row * row * weights[k]) for k, row in enumerate(rows)), T.sum(rows[3]))


def results(rows: Sequence[Any]) -> list[Any]:
    cost = cost_of(rows)
    return [cost, *T.grad(cost, PLACES, disconnected_inputs="ignore")]


def scanned(step: Callable[..., Any], pick: Pick) -> list[Any]:
    x, s, w = PLACES
    rows, _ = gradc.scan(lambda x, s: step(pick, x, s, w), x, s)
    return results([rows[k] for k in range(4)])


def unrolled(step: Callable[..., Any]) -> list[Any]:
    x, s, w = PLACES
    rows = [s]
    for k in range(4):
        rows.append(step(both, x[k], rows[-1], w))
    return results(rows[1:])


def walked(steps: Sequence[Step], depth: int = 0) -> Iterator[tuple[int, Step]]:
    """All steps of a Program, and in how many loops they stand."""
    for each in steps:
        yield depth, each
        if isinstance(each, Repeat):
            yield from walked(each.steps, depth + 1)


def all_of(program: Program) -> list[tuple[int, Step]]:
    return [each for segment in program.segments for each in walked(segment.steps)]


def test_as_switch_and_as_unrolled() -> None:
    values = XS, np.array([0.1, -0.2, 0.3]), W
    lazy = gradc.function(PLACES, [each for step in STEPS for each in scanned(step, gradc.ifelse)])
    check_program(lazy.stages.program)
    steps = all_of(lazy.stages.program)
    assert not any(isinstance(each, Callback) for _, each in steps)
    plain = gradc.function(PLACES, [each for step in STEPS for each in scanned(step, both)])
    flat = gradc.function(PLACES, [each for step in STEPS for each in unrolled(step)])
    got, wanted, straight = lazy(*values), plain(*values), flat(*values)
    for k, (one, two, three) in enumerate(zip(got, wanted, straight, strict=True)):
        label = f"{STEPS[k // 4].__name__} {k % 4}"
        np.testing.assert_allclose(two, three, rtol=1e-12, atol=1e-14, err_msg=label)
        np.testing.assert_allclose(one, three, rtol=1e-12, atol=1e-14, err_msg=label)


@pytest.mark.parametrize("mode", ["FAST_COMPILE", "REFERENCE"])
def test_other_modes(mode: str) -> None:
    values = XS, np.array([0.1, -0.2, 0.3]), W
    outputs = [each for step in (hidden, several) for each in scanned(step, gradc.ifelse)]
    straight = [each for step in (hidden, several) for each in unrolled(step)]
    got = gradc.function(PLACES, outputs, mode=mode)(*values)
    for one, two in zip(got, gradc.function(PLACES, straight)(*values), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-12, atol=1e-14)


def test_what_is_not_taken_stands_in_a_loop_of_no_turn() -> None:
    """Products and vector math of a branch: in forward, two loops deep; in the gradient too."""
    x, s, w = PLACES
    rows, _ = gradc.scan(lambda x, s: hidden(gradc.ifelse, x, s, w), x, s)
    f = gradc.function(PLACES, [rows, *T.grad(T.sum(rows), [x, s])])
    steps = all_of(f.stages.program)
    assert not any(isinstance(each, Callback) for _, each in steps)
    depths = [depth for depth, each in steps if isinstance(each, Product) or
              (isinstance(each, Nest) and (each.product or "tanh" in each.title))]  # fmt: skip
    assert depths
    assert set(depths) == {2}, f.stages.program


def test_what_is_not_taken_cannot_fail() -> None:
    x, s, k = T.dmatrix("x"), T.dvector("s"), T.lmatrix("k")

    def step(x: Any, k: Any, s: Any) -> Any:
        return gradc.ifelse(x[0] > 0, s[k] * x, s + x)

    rows, _ = gradc.scan(step, [x, k], s)
    f = gradc.function([x, k, s], [rows, T.grad(T.sum(rows), s)])
    good = np.array([[0, 1, 2], [9, 9, 9], [2, 1, 0], [0, -99, 0]])
    got, slope = f(XS, good, np.ones(3))
    state, moves = np.ones(3), np.eye(3)
    for x_, k_ in zip(XS, good, strict=True):
        moves = x_[:, None] * moves[k_] if x_[0] > 0 else moves
        state = state[k_] * x_ if x_[0] > 0 else state + x_
    np.testing.assert_allclose(got[-1], state)
    assert np.isfinite(slope).all()
    with pytest.raises(IndexBoundsError):
        f(XS, np.full((4, 3), 9), np.ones(3))


def test_lengths_states_and_ends_of_other_kinds() -> None:
    """Branches of two lengths, whole numbers, two taps, a condition that ends the loop."""
    x, s, n = T.fmatrix("x"), T.fvector("s"), T.lscalar("n")

    def step(x: Any, t: Any, before: Any, last: Any, count: Any) -> Any:
        some = gradc.ifelse(t % 2, x[:2], T.concatenate([x, before]))
        new = T.sum(some) * last + gradc.ifelse(x[0] > 0, before, x)
        return [new, gradc.ifelse(x[1] > 0, count + t, count * 2)], gradc.until(t >= n)

    first = {"initial": T.stack([s, s * 2]), "taps": [-2, -1]}
    (rows, counts), _ = gradc.scan(step, [x, T.arange(4)], [first, T.constant(1)])
    f = gradc.function([x, s, n], [rows, counts, T.grad(T.sum(rows), x)])
    assert not any(isinstance(each, Callback) for _, each in all_of(f.stages.program))
    start, xs = np.array([0.5, 0.25, -1.0], "float32"), XS.astype("float32")
    for last in (9, 1):
        states, count, counted = [start, start * 2], 1, []
        for t, row in enumerate(xs[: last + 1]):
            some = row[:2] if t % 2 else np.concatenate([row, states[-2]])
            states.append(np.sum(some) * states[-1] + (states[-2] if row[0] > 0 else row))
            count = count + t if row[1] > 0 else count * 2
            counted.append(count)
        got = f(xs, start, last)
        np.testing.assert_allclose(got[0], states[2:], rtol=1e-5)
        np.testing.assert_array_equal(got[1], counted)
        assert got[2].shape == xs.shape
        assert (got[2][last + 1 :] == 0).all()


def test_a_branch_reads_the_last_row_of_a_loop_that_ends() -> None:
    """Its gradient is as long as the loop took steps, which a branch alone asks for."""
    x, limit = T.dmatrix("x"), T.dscalar("limit")
    sums, _ = gradc.scan(
        lambda x, s: (s + x.sum(), gradc.until(s + x.sum() > limit)), x, np.float64(0.1)
    )
    out = gradc.ifelse(limit > 0, sums[-1], x.sum())
    f = gradc.function([x, limit], [out, T.grad(out, x)])
    value = np.arange(12.0).reshape(4, 3)
    for ends, rows in ((5.0, 2), (-1.0, 4), (1e9, 4)):
        got, slope = f(value, ends)
        np.testing.assert_allclose(got, value[:rows].sum() + (ends > 0) * 0.1)
        np.testing.assert_array_equal(slope, np.repeat(np.arange(4) < rows, 3).reshape(4, 3))


def test_lengths_of_a_branch_are_asked_where_it_is_taken() -> None:
    c, x, y = T.dscalar("c"), T.dvector("x"), T.dvector("y")
    f = gradc.function([c, x, y], gradc.ifelse(c > 0, x + y, x))
    np.testing.assert_array_equal(f(-1.0, [1.0, 2.0], [3.0]), [1, 2])
    with pytest.raises(ArgumentError, match='axis 0 of "y" has length 1 where "x" has 2'):
        f(1.0, [1.0, 2.0], [3.0])


def test_rows_that_only_a_step_knows_the_length_of_are_refused() -> None:
    x = T.dmatrix("x")
    rows, _ = gradc.scan(lambda x: x[x > 0], x)
    with pytest.raises(UnsupportedError, match="the shape of a step's row follows from its own"):
        gradc.function([x], rows)
