"""Rules of descent: ten steps of each beside the papers' formulas in numpy, all in one library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc import optim
from gradc.errors import ArgumentError, ArgumentTypeError
from gradc.kernel.program import Nest

pytestmark = pytest.mark.usefixtures("quickly")

Array = np.ndarray[Any, Any]
STEPS = 10
START = np.random.default_rng(3).normal(size=(4, 3))
AIMS = np.random.default_rng(4).normal(size=(STEPS, 4, 3))


def slope(p: Array, aim: Array) -> Array:
    """Of the sum of cos(p) + (p - aim)^2 / 2."""
    return -np.sin(p) + p - aim


def plain(p: Array, rate: float = 0.1) -> Array:
    for aim in AIMS:
        p = p - rate * slope(p, aim)
    return p


def heavy(p: Array, mu: float = 0.9) -> Array:
    v = np.zeros_like(p)
    for aim in AIMS:
        v = mu * v - 0.1 * slope(p, aim)
        p = p + v
    return p


def ahead(p: Array, mu: float = 0.9) -> Array:
    """Sutskever's theta; what moves is theta + mu v."""
    theta, v = p, np.zeros_like(p)
    for aim in AIMS:
        v = mu * v - 0.1 * slope(theta + mu * v, aim)
        theta = theta + v
    return theta + mu * v


def squares_added(p: Array) -> Array:
    s = np.zeros_like(p)
    for aim in AIMS:
        g = slope(p, aim)
        s = s + g**2
        p = p - 0.1 * g / (np.sqrt(s) + 1e-10)
    return p


def squares_averaged(p: Array) -> Array:
    s = np.zeros_like(p)
    for aim in AIMS:
        g = slope(p, aim)
        s = 0.8 * s + (1 - 0.8) * g**2
        p = p - 0.1 * g / (np.sqrt(s) + 1e-8)
    return p


def units_corrected(p: Array) -> Array:
    s, u = np.zeros_like(p), np.zeros_like(p)
    for aim in AIMS:
        g = slope(p, aim)
        s = 0.95 * s + 0.05 * g**2
        d = -np.sqrt(u + 1e-6) / np.sqrt(s + 1e-6) * g
        u = 0.95 * u + 0.05 * d**2
        p = p + d
    return p


def moments(p: Array, decay: float = 0.0) -> Array:
    m, v = np.zeros_like(p), np.zeros_like(p)
    for t, aim in enumerate(AIMS, 1):
        g = slope(p, aim)
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        p = p - 0.1 * ((m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8) + decay * p)
    return p


RULES: dict[str, tuple[Callable[..., Any], Callable[[Array], Array]]] = {
    "sgd": (lambda c, p: optim.sgd(c, p, 0.1), plain),
    "momentum": (lambda c, p: optim.momentum(c, p, 0.1), heavy),
    "nesterov": (lambda c, p: optim.nesterov(c, p, 0.1), ahead),
    "adagrad": (lambda c, p: optim.adagrad(c, p, 0.1), squares_added),
    "rmsprop": (lambda c, p: optim.rmsprop(c, p, 0.1, rho=0.8), squares_averaged),
    "adadelta": (lambda c, p: optim.adadelta(c, p), units_corrected),
    "adam": (lambda c, p: optim.adam(c, p, 0.1), moments),
    "adamw": (lambda c, p: optim.adamw(c, p, 0.1, weight_decay=0.3), lambda p: moments(p, 0.3)),
}


def cost_of(p: Any, aim: Any) -> Any:
    return T.sum(T.cos(p) + 0.5 * (p - aim) ** 2)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_as_the_papers_say(dtype: str) -> None:
    aim = T.matrix("aim", dtype=dtype)
    params, updates = {}, {}
    for name, (rule, _) in RULES.items():
        p = params[name] = gradc.shared(START.astype(dtype), name=name)
        updates |= rule(cost_of(p, aim), [p])
    step = gradc.function([aim], [], updates=updates)
    for each in AIMS.astype(dtype):
        step(each)
    for name, (_, formula) in RULES.items():
        found = params[name].get_value()
        assert found.dtype == dtype
        rtol = 1e-11 if dtype == "float64" else 2e-4
        np.testing.assert_allclose(found, formula(START), rtol=rtol, atol=rtol / 10, err_msg=name)


def test_as_torch_does() -> None:
    torch = pytest.importorskip("torch")
    there = {
        "sgd": lambda p: torch.optim.SGD(p, 0.1),
        "momentum": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9),
        "nesterov": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True),
        "adagrad": lambda p: torch.optim.Adagrad(p, 0.1),
        "rmsprop": lambda p: torch.optim.RMSprop(p, 0.1, alpha=0.8),
        "adadelta": lambda p: torch.optim.Adadelta(p, rho=0.95),
        "adam": lambda p: torch.optim.Adam(p, 0.1),
        "adamw": lambda p: torch.optim.AdamW(p, 0.1, weight_decay=0.3),
    }
    for name, make in there.items():
        p = torch.tensor(START, requires_grad=True)
        optimizer = make([p])
        for aim in AIMS:
            optimizer.zero_grad()
            torch.sum(torch.cos(p) + 0.5 * (p - torch.tensor(aim)) ** 2).backward()
            optimizer.step()
        np.testing.assert_allclose(p.detach().numpy(), RULES[name][1](START), rtol=1e-9)


def test_a_parameter_is_one_sweep() -> None:
    w, v = gradc.shared(START, name="w"), gradc.shared(START[0], name="v")
    gw, gv = T.matrix("gw"), T.vector("gv")
    f = gradc.function([gw, gv], [], updates=optim.adamw([gw, gv], [w, v], 0.1))
    nests = [each for part in f.stages.program.segments for each in part.steps]
    assert all(isinstance(each, Nest) for each in nests)
    assert sum(len(each.axes) > 0 for each in nests) == 2, f.stages.program


def test_rates_that_change() -> None:
    s = optim.schedules
    t = T.lscalar("t")
    cases = [
        (s.constant(0.5), lambda k: 0.5),
        (s.step(0.5, 10, 0.2), lambda k: 0.5 * 0.2 ** (k // 10)),
        (s.exponential(0.5, 0.9, 3), lambda k: 0.5 * 0.9 ** (k / 3)),
        (s.cosine(0.5, 20, 0.1), lambda k: 0.1 + 0.2 * (1 + np.cos(np.pi * min(k, 20) / 20))),
        (s.warmup(5, 0.5), lambda k: 0.5 * min((k + 1) / 5, 1)),
        (
            s.warmup(5, s.step(0.5, 10)),
            lambda k: 0.5 * min((k + 1) / 5, 1) * 0.1 ** (max(k - 5, 0) // 10),
        ),
    ]
    f = gradc.function([t], [T.as_variable(rate(t)) for rate, _ in cases])
    for k in (0, 1, 4, 5, 9, 10, 16, 20, 30):
        np.testing.assert_allclose(f(k), [formula(k) for _, formula in cases], rtol=1e-14)
    for wrong in (lambda: s.cosine(0.1, 0), lambda: s.step(-1.0, 3), lambda: s.warmup(2.5, 0.1)):
        with pytest.raises(ArgumentError):
            wrong()


def test_rates_are_given_in_any_way() -> None:
    rate = gradc.shared(np.float64(0.1), name="rate")
    p, q, r = (gradc.shared(START.astype("float32")) for _ in range(3))
    aim = T.fmatrix("aim")
    updates = {
        **optim.sgd(cost_of(p, aim), [p], rate),
        **optim.sgd(cost_of(q, aim), [q], optim.schedules.step(0.1, 1, 0.5)),
        **optim.adam(cost_of(r, aim), [r], lambda step: 0.1 / (step + 1)),
    }
    assert [each.dtype for each in updates].count("int64") == 2
    f = gradc.function([aim], [], updates=updates)
    value = START.astype("float32")
    for k, each in enumerate(AIMS.astype("float32")[:3]):
        rate.set_value(0.1 * 0.5**k)
        f(each)
        value = value - np.float32(0.1 * 0.5**k) * slope(value, each)
    np.testing.assert_allclose(p.get_value(), value, rtol=1e-5)
    np.testing.assert_allclose(q.get_value(), p.get_value(), rtol=1e-6)


def test_clipping() -> None:
    a, b = T.matrix("a"), T.fvector("b")
    outputs = [
        *optim.clip_by_value([a, b], 0.5),
        *optim.clip_by_global_norm([a, b], 2.0),
        *optim.clip_by_global_norm([a, b], 1e6),
        optim.global_norm([a, b]),
    ]
    x, y = 3 * START, np.array([1.0, -4.0], "float32")
    norm = np.sqrt(np.sum(x**2) + np.sum(y**2))
    expected = [
        np.clip(x, -0.5, 0.5),
        np.clip(y, -0.5, 0.5),
        x * 2 / norm,
        y * 2 / norm,
        x,
        y,
        norm,
    ]
    f = gradc.function([a, b], outputs)
    for found, wanted in zip(f(x, y), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert [each.dtype for each in f(0 * x, 0 * y)[2:4]] == ["float64", "float32"]
    assert not np.any(f(0 * x, 0 * y)[2])
    with pytest.raises(ArgumentError, match="there are no gradients"):
        optim.global_norm([])


def test_wrong_arguments() -> None:
    w, x = gradc.shared(START, name="w"), T.matrix("x")
    cost = T.sum(w**2)
    cases = [
        (lambda: optim.sgd(cost, w, 0.1), ArgumentTypeError, "params has to be a list"),
        (lambda: optim.sgd(cost, [x], 0.1), ArgumentTypeError, "has to be a shared variable"),
        (lambda: optim.sgd(cost, [w, w], 0.1), ArgumentError, "w stands twice"),
        (lambda: optim.sgd(cost, [gradc.shared(1)], 0.1), ArgumentTypeError, "float32 or float64"),
        (lambda: optim.sgd(cost, [w], -0.1), ArgumentError, "learning_rate has to be 0 or more"),
        (lambda: optim.sgd(cost, [w], "fast"), ArgumentTypeError, "learning_rate has to be a num"),
        (lambda: optim.sgd(cost, [w], x), ArgumentTypeError, "learning_rate is float64"),
        (lambda: optim.sgd(cost, [w], lambda k: x), ArgumentTypeError, "by its schedule, is float"),
        (lambda: optim.adam(cost, [w], beta1=x), ArgumentTypeError, "beta1 is float64"),
        (lambda: optim.adamw(cost, [w], epsilon=np.ones(2)), ArgumentTypeError, "epsilon has to"),
        (lambda: optim.rmsprop(cost, [w], rho=1j), ArgumentTypeError, "rho has to be a number"),
        (lambda: optim.schedules.step(x, 3), ArgumentTypeError, "step: rate is float64"),
        (lambda: optim.clip_by_value([x], x), ArgumentTypeError, "limit is float64"),
        (lambda: optim.clip_by_global_norm([x], 0), ArgumentError, "limit has to be above 0"),
        (lambda: optim.clip_by_global_norm(x, 1), ArgumentTypeError, "to be a list of variables"),
        (lambda: optim.momentum(cost, [w], 0.1, 1.0), ArgumentError, "momentum has to be from 0"),
        (lambda: optim.adam(cost, [w], beta2=1.5), ArgumentError, "beta2 has to be from 0"),
        (lambda: optim.sgd([x, x], [w], 0.1), ArgumentError, "2 gradients for 1 parameters"),
        (lambda: optim.sgd([T.vector()], [w], 0.1), ArgumentError, "1 axes, its parameter 2"),
        (lambda: optim.sgd(3.0, [w], 0.1), ArgumentTypeError, "a scalar or a list of gradients"),
    ]
    for call, kind, text in cases:
        with pytest.raises(kind, match=text):
            call()
