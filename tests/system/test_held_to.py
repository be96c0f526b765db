"""What the lecture's program is held to, but for its speed (benchmarks/lecture.py)."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from examples import mlp
from gradc.kernel.program import Buffer, Nest, Product, Program

ROOT = Path(__file__).resolve().parents[2]
STRICT = ("-Wall", "-Wextra", "-Wconversion", "-Werror")


@pytest.fixture(scope="module")
def network() -> mlp.Network:
    return mlp.build(mlp.initial(0))


def products(program: Program) -> Counter[str]:
    steps = [step for segment in program.segments for step in segment.steps]
    inside = [step.product for step in steps if isinstance(step, Nest) and step.product]
    alone = [step for step in steps if isinstance(step, Product)]
    return Counter(each.routine for each in (*inside, *alone))


def nests(program: Program) -> int:
    return sum(isinstance(step, Nest) for segment in program.segments for step in segment.steps)


def is_matrix(buffer: Buffer) -> bool:
    return sum(length.constant != 1 for length in buffer.shape) >= 2


# -- the lecture's step --------------------------------------------------------------------------


def test_the_step_has_the_products_it_needs(network: mlp.Network) -> None:
    counts = products(network.train.stages.program)
    assert counts["gemm"] == 2
    assert counts["gemv"] <= 2
    assert counts["ger"] <= 2


def test_the_step_has_at_most_six_nests(network: mlp.Network) -> None:
    assert nests(network.train.stages.program) <= 6


def test_only_the_hidden_layer_and_its_gradient_are_stored(network: mlp.Network) -> None:
    program = network.train.stages.program
    full = [each for each in program.buffers if each.place == "work" and is_matrix(each)]
    assert len({each.index for each in full}) <= 2  # slots: sigmoid runs where the product stands


def test_the_c_is_short_and_clean(network: mlp.Network, tmp_path: Path) -> None:
    source = network.train.stages.source
    # 299 before products went by panels (two functions that pack) and parts compiled side by side
    assert source.text.count("\n") < 380
    file = tmp_path / "train.c"
    file.write_text(source.text)
    flags = ["-std=c11", "-O2", "-fopenmp-simd", *STRICT, f"-I{ROOT / 'csrc' / 'inline'}"]
    subprocess.run(["cc", *flags, "-c", str(file), "-o", str(tmp_path / "train.o")], check=True)


def test_the_shown_c_names_the_users_lines(network: mlp.Network) -> None:
    shown = str(network.train.stages.source)
    assert "mlp.py:" in shown
    assert "w_1" in shown
    assert "w_1" not in network.train.stages.source.text


def test_nothing_is_allocated_after_the_second_call(network: mlp.Network) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(400, 784)), rng.integers(0, 2, 400).astype(float)
    for _ in range(2):
        network.train(x, y)
    before = network.train._run.allocations
    for _ in range(3):
        network.train(x, y)
    assert network.train._run.allocations == before


# -- derivatives ---------------------------------------------------------------------------------


def small_cost() -> tuple[T.Variable, list[T.Variable], list[np.ndarray]]:
    """The lecture's cost, of a small network, as an expression of its inputs."""
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(7, 4)), rng.integers(0, 2, 7).astype(float)
    w_1, b_1, w_2, b_2 = T.matrix("w_1"), T.vector("b_1"), T.vector("w_2"), T.scalar("b_2")
    p_1 = T.sigmoid(-T.dot(T.sigmoid(-T.dot(x, w_1) - b_1), w_2) - b_2)
    xent = -y * T.log(p_1) - (1 - y) * T.log(1 - p_1)
    cost = xent.mean() + 0.01 * ((w_1**2).sum() + (w_2**2).sum())
    values = [rng.normal(size=shape) for shape in ((4, 3), 3, 3, ())]
    return cost, [w_1, b_1, w_2, b_2], [np.asarray(each) for each in values]


def test_first_derivatives_equal_finite_differences() -> None:
    cost, parameters, values = small_cost()
    f = gradc.function(parameters, [cost, *T.grad(cost, parameters)])
    _, *gradients = f(*values)
    rng = np.random.default_rng(6)
    directions = [rng.normal(size=value.shape) for value in values]
    h = 1e-6
    up = f(*(v + h * d for v, d in zip(values, directions, strict=True)))[0]
    down = f(*(v - h * d for v, d in zip(values, directions, strict=True)))[0]
    slope = sum(np.sum(g * d) for g, d in zip(gradients, directions, strict=True))
    np.testing.assert_allclose(slope, (up - down) / (2 * h), rtol=1e-8)


def test_second_derivatives_equal_finite_differences() -> None:
    cost, parameters, values = small_cost()
    rng = np.random.default_rng(7)
    directions = [rng.normal(size=value.shape) for value in values]
    gradients = T.grad(cost, parameters)
    slope = sum((g * d).sum() for g, d in zip(gradients, directions, strict=True))
    f = gradc.function(parameters, [*gradients, *T.grad(slope, parameters)])
    h = 1e-6
    up = f(*(v + h * d for v, d in zip(values, directions, strict=True)))[:4]
    down = f(*(v - h * d for v, d in zip(values, directions, strict=True)))[:4]
    for second, a, b in zip(f(*values)[4:], up, down, strict=True):
        np.testing.assert_allclose(second, (a - b) / (2 * h), rtol=1e-6, atol=1e-8)


# -- stable forms ----------------------------------------------------------------------------------


def larger(x: T.Variable, term: T.Variable) -> T.Variable:
    """A cost in which the term is one among others."""
    return (T.tanh(x) * 0.5 + term * 1.0 - 0.0).sum() + (x * 0).sum()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_log_of_one_plus_exp_does_not_overflow(dtype: str) -> None:
    x = T.vector("x", dtype=dtype)
    term = T.log(1 + T.exp(x))
    f = gradc.function([x], [term, T.grad(term.sum(), x)])
    value, slope = f(np.array([1000.0, -1000.0, 0.0], dtype))
    np.testing.assert_allclose(value, [1000, 0, np.log(2)], rtol=1e-6)
    np.testing.assert_allclose(slope, [1, 0, 0.5], rtol=1e-6)
    assert value[0] == 1000
    assert slope[0] == 1
    inside = gradc.function([x], T.grad(larger(x, term), x))(np.array([1000.0], dtype))
    np.testing.assert_array_equal(inside, [1])


def test_log_of_a_hand_written_softmax_does_not_overflow() -> None:
    v = T.vector("v")
    term = T.log(T.exp(v) / T.exp(v).sum())
    f = gradc.function([v], [term, T.grad(larger(v, term), v)])
    value, slope = f([0.0, 2000.0])
    np.testing.assert_array_equal(value, [-2000, 0])
    assert np.isfinite(slope).all()


def test_a_guard_keeps_the_gradient_at_zero() -> None:
    x = T.vector("x")
    term = T.switch(x > 0, T.log(x), 0.0)
    f = gradc.function([x], [T.grad(term.sum(), x), T.grad(larger(x, term), x)])
    slope, inside = f([0.0, 2.0])
    np.testing.assert_array_equal(slope, [0, 0.5])
    assert inside[0] == 0.5  # of tanh(x) / 2
    assert np.isfinite(inside).all()


# -- long chains -----------------------------------------------------------------------------------

CHAIN = """
import re
import sys
import numpy as np
import gradc
import gradc.tensor as T

sys.setrecursionlimit(400)
x = T.vector("x")
h = x
length = int(sys.argv[1])
for k in range(length):
    h = T.sin(h) + 0.001
f = gradc.function([x], [h, T.grad(h.sum(), x)])
value = np.linspace(-1, 1, 5)
slope = np.ones(5)
for k in range(length):
    slope = slope * np.cos(value)
    value = np.sin(value) + 0.001
got = f(np.linspace(-1, 1, 5))
np.testing.assert_allclose(got[0], value, rtol=1e-9)
np.testing.assert_allclose(got[1], slope, rtol=1e-9)
assert len(f.stages.graph.nodes) > 2 * length
str(f.stages.graph), str(f.stages.program), str(f.stages.source)
bodies = re.findall("^{\\n(.*?)^}\\n", f.stages.source.text, re.DOTALL | re.MULTILINE)
assert len(bodies) > length // 32
assert max(body.count("\\n") for body in bodies) < 400  # no function grows with the graph
"""


@pytest.mark.parametrize("length", [1000, pytest.param(5000, marks=pytest.mark.slow)])
def test_a_chain_of_thousands_of_nodes_needs_no_deep_recursion(length: int) -> None:
    """10,000 nodes, and their gradient; in `make test` a fifth, five times what Python allows."""
    subprocess.run([sys.executable, "-c", CHAIN, str(length)], check=True)
