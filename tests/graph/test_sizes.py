"""Size polynomials against Python integers."""

import random

import pytest

from gradc.sizes import (
    Call,
    Length,
    Size,
    ceil_div,
    floor_div,
    maximum,
    minimum,
    product,
    size,
    wrap,
)

N, M = size(Length("arg", 0)), size(Length("arg", 1))


def value(expression: Size, n: int, m: int) -> int:
    return expression.evaluate(lambda length: (n, m)[length.index])


def test_one_length_written_two_ways_is_one_value():
    assert N * M == M * N
    assert N + 1 - 1 == N
    assert (N + M) * (N - M) == N * N - M * M
    assert hash(N + M) == hash(M + N)
    assert 3 - N == -(N - 3)


def test_constants():
    assert size(0).constant == 0
    assert (N - N).constant == 0
    assert (N * 0 + 7).constant == 7
    assert N.constant is None
    assert str(size(0)) == "0"
    assert str(2 * N * M + 3) == "2*arg0.0*arg1.0 + 3"


def test_division_rounds_as_python_and_cancels_exact_factors():
    assert floor_div(N, 1) == N
    assert floor_div(6 * N + 4, 2) == 3 * N + 2
    assert floor_div(-7, 2).constant == -4
    assert floor_div(5, 0).constant == 0
    assert ceil_div(7, 2).constant == 4
    assert ceil_div(-7, 2).constant == -3


def test_extrema_are_decided_where_the_difference_is_known():
    assert minimum(N, N + 2) == N
    assert maximum(N, N + 2) == N + 2
    assert minimum(N + M, N) == N
    assert maximum(N, N + 2 * M) == N + 2 * M
    assert {type(atom) for atom in maximum(N, M).atoms} == {Call}


def test_wrap_counts_negative_positions_from_the_end():
    assert wrap(-1, N) == N - 1
    assert wrap(2, N) == size(2)
    assert wrap(M, N) == M  # a length is never negative
    index = size(Length("value", 1))
    assert wrap(index, N).evaluate({Length("arg", 0): 10, Length("value", 1): -3}.__getitem__) == 7
    assert wrap(index, N).evaluate({Length("arg", 0): 10, Length("value", 1): 3}.__getitem__) == 3


def test_product_of_none_is_one():
    assert product([]) == size(1)
    assert product([N, 2, M]) == 2 * N * M


def test_substitution_reaches_into_calls():
    expression = maximum(floor_div(N, 3), M)
    replaced = expression.substitute({Length("arg", 0): size(10), Length("arg", 1): size(2)})
    assert replaced.constant == 3


@pytest.mark.parametrize("seed", range(20))
def test_random_expressions_evaluate_as_integers(seed):
    random_ = random.Random(seed)
    n, m = random_.randint(0, 9), random_.randint(0, 9)
    pairs = [(N, n), (M, m), (size(3), 3), (size(-2), -2)]
    for _ in range(12):
        (a, i), (b, j) = random_.choice(pairs), random_.choice(pairs)
        pairs.append(
            random_.choice(
                [
                    (a + b, i + j),
                    (a - b, i - j),
                    (a * b, i * j),
                    (minimum(a, b), min(i, j)),
                    (maximum(a, b), max(i, j)),
                    (floor_div(a, b), i // j if j else 0),
                ]
            )
        )
    for expression, number in pairs:
        assert value(expression, n, m) == number
