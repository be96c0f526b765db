"""numpy by hand: everything allocated beforehand, computed in place, BLAS on its own threads.

Gradients are derived on paper.  Sources: numpy's user guide on `out=` of universal functions and of
matmul.  Where there is nothing to gain by that, the formula is evaluated as it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.harness.task import Task
from benchmarks.harness.workload import Case, Data

__all__ = [
    "about",
    "evaluate",
    "fused",
    "gauss",
    "gp",
    "layernorm",
    "lecture",
    "logistic",
    "lstm",
    "mlp",
    "random",
    "xent",
]

Array = Any


def about() -> str:
    """Version."""
    return f"numpy {np.__version__}"


def sigmoid(x: Array, out: Array) -> Array:
    """1 / (1 + exp(-x)); where exp overflows, the result is 0, as it should be."""
    np.negative(x, out=out)
    with np.errstate(over="ignore"):
        np.exp(out, out=out)
    np.add(out, 1, out=out)
    return np.reciprocal(out, out=out)


def slope(activation: str, y: Array, out: Array) -> Array:
    """The activation's derivative from its value: y (1 - y), or 1 - y y."""
    if activation == "sigmoid":
        np.subtract(1, y, out=out)
        return np.multiply(out, y, out=out)
    np.multiply(y, y, out=out)
    return np.subtract(1, out, out=out)


ACTIVATIONS: dict[str, Callable[..., Array]] = {"sigmoid": sigmoid, "tanh": np.tanh}


def recur(step: Callable[..., Any], rows: Array, start: tuple[Array, ...]) -> list[Array]:
    """All states of a recurrence, one step of Python after the other."""
    outs = [np.empty((len(rows), *each.shape), each.dtype) for each in start]
    states = start
    for k, row in enumerate(rows):
        states = step(row, *states)
        for out, state in zip(outs, states, strict=True):
            out[k] = state
    return outs


WORDS = SimpleNamespace(
    exp=np.exp, log=np.log, log1p=np.log1p, tanh=np.tanh, dot=np.dot,
    sigmoid=lambda x: sigmoid(x, np.empty_like(x)), sum=np.sum, mean=np.mean, max=np.max,
    recur=recur,
)  # fmt: skip


def evaluate(case: Case, data: Data) -> Task:
    """The formula as it stands."""
    names = case.workload.outputs

    def run() -> tuple[Array, ...]:
        found = case.formula(WORDS, data)
        return tuple(found[name] for name in names)

    return Task(run, lambda outputs: dict(zip(names, outputs, strict=True)))


def fused(case: Case, data: Data) -> Task:
    """Function by function over the whole arrays, in two of them."""
    a, b, c, d = (data[name] for name in "abcd")
    bend = ACTIVATIONS[case.activation]
    out, other = np.empty_like(a), np.empty_like(a)

    def run() -> Array:
        np.multiply(a, b, out=other)
        np.add(other, c, out=other)
        bend(other, out=out)
        np.multiply(d, d, out=other)
        np.negative(other, out=other)
        np.exp(other, out=other)
        np.multiply(out, other, out=out)
        np.exp(a, out=other)
        np.log1p(other, out=other)
        return np.add(out, other, out=out)

    return Task(run, lambda result: {"out": result})


def random(case: Case, data: Data) -> Task:
    """Generator's standard_normal, into one array."""
    generator = np.random.default_rng(0)
    out = np.empty_like(data["like"])

    def run() -> Array:
        return generator.standard_normal(out=out, dtype=out.dtype)

    return Task(run, lambda result: {"out": result})


def lecture(case: Case, data: Data) -> Task:
    """The lecture's step: h = f(-a), a = x w_1 + b_1; p = sigmoid(-z), z = h w_2 + b_2.

    The learning rate is put into the small factor of the large product.
    """
    data = {name: value.copy(order="K") for name, value in case.straight(data).items()}
    x, y = data["x"], data["y"]
    w_1, b_1, w_2, b_2 = (data[name] for name in case.workload.parameters)
    n, size, rate = len(x), len(b_1), case.workload.update.rate
    bend = ACTIVATIONS[case.activation]
    hidden, back = np.empty((n, size), x.dtype), np.empty((n, size), x.dtype)
    step_1, step_2 = np.empty_like(w_1), np.empty_like(w_2)
    z, p, row, xent, other = (np.empty(n, x.dtype) for _ in range(5))
    prediction = np.empty(n, bool)

    def run() -> tuple[Array, Array]:
        np.matmul(x, w_1, out=hidden)
        np.add(hidden, b_1, out=hidden)
        np.negative(hidden, out=hidden)
        bend(hidden, out=hidden)
        np.matmul(hidden, w_2, out=z)
        np.add(z, b_2, out=z)
        np.logaddexp(0, z, out=xent)  # -log p
        np.negative(xent, out=p)
        np.exp(p, out=p)
        np.greater(p, 0.5, out=prediction)
        np.negative(z, out=other)
        np.logaddexp(0, other, out=other)  # -log(1 - p)
        np.multiply(xent, y, out=xent)
        np.subtract(1, y, out=row)
        np.multiply(row, other, out=other)
        np.add(xent, other, out=xent)
        np.subtract(p, y, out=row)
        np.multiply(row, rate / n, out=row)  # rate * d cost / d(-z)
        slope(case.activation, hidden, back)
        np.multiply(back, row[:, None], out=back)
        np.multiply(back, w_2, out=back)
        np.matmul(row, hidden, out=step_2)
        np.multiply(w_2, 1 - 0.02 * rate, out=w_2)
        np.add(w_2, step_2, out=w_2)
        np.add(b_2, row.sum(), out=b_2)
        np.matmul(x.T, back, out=step_1)
        np.multiply(w_1, 1 - 0.02 * rate, out=w_1)
        np.subtract(w_1, step_1, out=w_1)
        np.subtract(b_1, back.sum(axis=0), out=b_1)
        return prediction, xent

    return _training(case, data, run)


def mlp(case: Case, data: Data) -> Task:
    """A minibatch step; velocities keep their place, and so do all intermediate arrays."""
    data = {name: value.copy(order="K") for name, value in case.straight(data).items()}
    x, y = data["x"], data["y"]
    w_1, b_1, w_2, b_2 = (data[name] for name in case.workload.parameters)
    update, n = case.workload.update, len(x)
    bend = ACTIVATIONS[case.activation]
    hidden, back = np.empty((n, len(b_1)), x.dtype), np.empty((n, len(b_1)), x.dtype)
    score, other = np.empty((n, len(b_2)), x.dtype), np.empty((n, len(b_1)), x.dtype)
    velocities = [np.zeros_like(each) for each in (w_1, b_1, w_2, b_2)]
    gradients = [np.empty_like(each) for each in (w_1, b_1, w_2, b_2)]
    rows = np.arange(n)

    def run() -> tuple[Array]:
        np.matmul(x, w_1, out=hidden)
        np.add(hidden, b_1, out=hidden)
        bend(hidden, out=hidden)
        np.matmul(hidden, w_2, out=score)
        np.add(score, b_2, out=score)
        cost = _crossentropy(score, rows, y)
        np.multiply(score, update.rate, out=score)  # rate * d cost / d score
        np.matmul(score, w_2.T, out=back)
        np.multiply(back, slope(case.activation, hidden, other), out=back)
        np.matmul(x.T, back, out=gradients[0])
        np.sum(back, axis=0, out=gradients[1])
        np.matmul(hidden.T, score, out=gradients[2])
        np.sum(score, axis=0, out=gradients[3])
        for parameter, velocity, gradient in zip(
            (w_1, b_1, w_2, b_2), velocities, gradients, strict=True
        ):
            np.multiply(velocity, update.momentum, out=velocity)
            np.subtract(velocity, gradient, out=velocity)
            np.add(parameter, velocity, out=parameter)
        return (cost,)

    return _training(case, data, run)


def xent(case: Case, data: Data) -> Task:
    """Softmax in the array of the gradient."""
    scores, labels = case.straight(data)["scores"], data["labels"]
    gradient = np.empty_like(scores)
    rows = np.arange(len(scores))

    def run() -> tuple[Array, Array]:
        np.copyto(gradient, scores)
        return _crossentropy(gradient, rows, labels), gradient

    def values(outputs: Any) -> Data:
        return {"cost": outputs[0], "d_scores": case.straight({"scores": outputs[1]})["scores"]}

    return Task(run, values)


def _crossentropy(scores: Array, rows: Array, labels: Array) -> Array:
    """The mean crossentropy; leaves its gradient in `scores`."""
    n = len(scores)
    np.subtract(scores, scores.max(axis=1, keepdims=True), out=scores)
    picked = scores[rows, labels].sum()
    np.exp(scores, out=scores)
    sums = scores.sum(axis=1, keepdims=True)
    np.divide(scores, sums * n, out=scores)
    scores[rows, labels] -= 1 / n
    return (np.log(sums).sum() - picked) / n


def layernorm(case: Case, data: Data) -> Task:
    """Four sweeps by columns and rows, in two arrays of their own."""
    x, w, gamma = data["x"], data["w"], data["gamma"]
    units = x.shape[1]
    off, slope = np.empty_like(x), np.empty_like(x)

    def run() -> tuple[Array, ...]:
        np.subtract(x, x.mean(axis=1, keepdims=True), out=off)
        var = np.einsum("ij,ij->i", off, off)[:, None] / units
        root = 1 / np.sqrt(var + np.asarray(1e-5, x.dtype))
        np.multiply(off, root, out=off)
        np.multiply(off, w, out=slope)
        d_gamma, d_beta = slope.sum(axis=0) / x.size, w.sum(axis=0) / x.size
        cost = np.dot(d_gamma, gamma) + np.dot(d_beta, data["beta"])
        np.multiply(w, gamma / x.size, out=slope)
        shared = np.einsum("ij,ij->i", slope, off)[:, None] / units
        np.subtract(slope, slope.mean(axis=1, keepdims=True), out=slope)
        np.multiply(off, shared, out=off)
        np.subtract(slope, off, out=slope)
        np.multiply(slope, root, out=slope)
        return cost, slope, d_gamma, d_beta

    names = ("cost", *("d_" + name for name in case.workload.parameters))
    return Task(run, lambda outputs: dict(zip(names, outputs, strict=True)))


def gauss(case: Case, data: Data) -> Task:
    """One array of residuals; sums of squares and products by BLAS."""
    t, y = data["t"], data["y"]
    mu, scale, sigma = data["mu"], data["slope"], data["sigma"]
    n, z = len(y), np.empty_like(y)

    def run() -> tuple[Array, ...]:
        np.multiply(t, scale, out=z)
        np.subtract(y, z, out=z)
        np.subtract(z, mu, out=z)
        np.divide(z, sigma, out=z)
        squares = np.dot(z, z)
        cost = -0.5 * squares - n * (np.log(sigma) + 0.5 * np.log(2 * np.pi))
        return cost, z.sum() / sigma, np.dot(z, t) / sigma, (squares - n) / sigma

    names = ("cost", *("d_" + name for name in case.workload.parameters))
    return Task(run, lambda outputs: dict(zip(names, outputs, strict=True)))


def lstm(case: Case, data: Data) -> Task:
    """Backpropagation through time by hand; products of all steps at once where they can be."""
    x, start, w, u, b = (case.straight(data)[name] for name in ("x", "start", "w", "u", "b"))
    steps, batch, units = len(x), *start.shape
    gates = np.empty((steps, batch, 4, units), x.dtype)
    h, c = (np.empty((steps + 1, batch, units), x.dtype) for _ in range(2))
    bent, d_z = np.empty_like(h[1:]), np.empty_like(gates)
    h[0] = c[0] = start

    def run() -> tuple[Array, ...]:
        np.matmul(x, w, out=gates.reshape(steps, batch, -1))
        for t in range(steps):
            z = gates[t].reshape(batch, -1)
            z += h[t] @ u + b
            sigmoid(gates[t, :, :3], gates[t, :, :3])
            np.tanh(gates[t, :, 3], out=gates[t, :, 3])
            i, f, o, g = (gates[t, :, k] for k in range(4))
            c[t + 1] = f * c[t] + i * g
            np.tanh(c[t + 1], out=bent[t])
            np.multiply(o, bent[t], out=h[t + 1])
        cost = np.mean(h[1:] ** 2)
        d_h, d_c = np.zeros_like(start), np.zeros_like(start)
        for t in reversed(range(steps)):
            i, f, o, g = (gates[t, :, k] for k in range(4))
            d_h = d_h + h[t + 1] * (2 / bent.size)
            d_c = d_c + d_h * o * (1 - bent[t] ** 2)
            d_z[t, :, 0] = d_c * g * i * (1 - i)
            d_z[t, :, 1] = d_c * c[t] * f * (1 - f)
            d_z[t, :, 2] = d_h * bent[t] * o * (1 - o)
            d_z[t, :, 3] = d_c * i * (1 - g**2)
            d_h, d_c = d_z[t].reshape(batch, -1) @ u.T, d_c * f
        rows = d_z.reshape(steps * batch, -1)
        d_w = x.reshape(steps * batch, -1).T @ rows
        return cost, d_w, h[:-1].reshape(steps * batch, -1).T @ rows, rows.sum(axis=0)

    names = ("out", *("d_" + name for name in case.workload.parameters))
    return Task(run, lambda outputs: dict(zip(names, outputs, strict=True)))


def gp(case: Case, data: Data) -> Task:
    """One factor and one inverse; the gradient is a sum over what is left of the inverse."""
    data = case.straight(data)
    distances, unit, y = data["distances"], data["unit"], data["y"]
    length = np.exp(-2 * data["length"])
    smooth, kernel = np.empty(distances.shape), np.empty(distances.shape)

    def run() -> tuple[Array, ...]:
        np.multiply(distances, -0.5 * length, out=smooth)
        np.add(smooth, data["height"], out=smooth)
        np.exp(smooth, out=smooth)
        np.multiply(unit, np.exp(data["noise"]), out=kernel)
        np.add(kernel, smooth, out=kernel)
        factor, inverse = np.linalg.cholesky(kernel), np.linalg.inv(kernel)
        alpha = inverse @ y
        cost = 0.5 * np.dot(y, alpha) + np.log(np.diagonal(factor)).sum()
        inverse -= np.outer(alpha, alpha)
        slope = 0.5 * np.exp(data["noise"]) * np.vdot(inverse, unit)
        inverse *= smooth
        return cost, 0.5 * inverse.sum(), 0.5 * length * np.vdot(inverse, distances), slope

    names = ("cost", *("d_" + name for name in case.workload.parameters))
    return Task(run, lambda outputs: dict(zip(names, outputs, strict=True)))


def logistic(case: Case, data: Data) -> Task:
    """Two products of a matrix and a vector, and a few rows between."""
    data = case.straight(data)
    x, y, w, b = (data[name] for name in "xywb")
    z, p, other = np.empty(len(x)), np.empty(len(x)), np.empty(len(x))

    def run() -> tuple[Array, ...]:
        np.matmul(x, w, out=z)
        np.add(z, b, out=z)
        np.logaddexp(0, z, out=p)
        cost = p.sum() - np.dot(y, z) + 0.5 * np.dot(w, w)
        sigmoid(z, out=other)
        np.subtract(other, y, out=other)
        return cost, np.matmul(other, x) + w, other.sum()

    names = ("cost", *("d_" + name for name in case.workload.parameters))
    return Task(run, lambda outputs: dict(zip(names, outputs, strict=True)))


def _training(case: Case, data: Data, run: Callable[[], tuple[Array, ...]]) -> Task:
    def values(outputs: Any) -> Data:
        parameters = {name: data[name] for name in case.workload.parameters}
        return {**dict(zip(case.workload.outputs, outputs, strict=True)), **parameters}

    return Task(run, values)
