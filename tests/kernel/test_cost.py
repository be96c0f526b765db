"""The estimate of how long a segment runs: a formula of the sizes."""

from __future__ import annotations

import numpy as np

import gradc
import gradc.tensor as T
from gradc.kernel.cost import picoseconds
from gradc.sizes import Length


def estimate(f: gradc.Function, lengths: dict[int, int]) -> int:
    def number(length: Length) -> int:
        return lengths[length.index]

    return sum(picoseconds(each).evaluate(number) for each in f.stages.program.segments)


def test_it_grows_with_the_work() -> None:
    x = T.vector("x")
    cheap, dear = gradc.function([x], x + 1), gradc.function([x], T.tanh(x) + T.exp(x))
    for n in (8, 1000, 10**6):
        assert estimate(cheap, {0: n}) < estimate(dear, {0: n}) < estimate(dear, {0: 2 * n})
    assert estimate(dear, {0: 8}) < 10**6  # a microsecond
    assert 10**8 < estimate(dear, {0: 10**6}) < 10**11  # between 0.1 and 100 ms


def test_products_count() -> None:
    x, y = T.matrix("x"), T.matrix("y")
    f = gradc.function([x, y], T.dot(x, y))
    sizes = {each.number: each for each in f.stages.program.segments[0].sizes}
    lengths: dict[int, int] = {}
    for number, each in sorted(sizes.items()):
        computed = each.value
        if computed is None:
            lengths[number] = 400
        elif "panel" in str(computed):  # worked out by C alone
            lengths[number] = 400 * 416
        else:
            lengths[number] = computed.evaluate(lambda length: lengths[length.index])
    assert 10**9 < estimate(f, lengths) < 10**11  # 64 million multiplications


def test_it_stands_in_the_plan() -> None:
    x = T.vector("x")
    f = gradc.function([x], x * 2)
    assert "frame->cost = gc_add(gc_mul(n0, " in str(f.stages.source)
    np.testing.assert_array_equal(f(np.ones(3)), [2, 2, 2])
