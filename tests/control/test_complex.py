"""Gradients of complex numbers that users state, against those that follow by themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T

pytestmark = pytest.mark.usefixtures("quickly")

Z = np.array([1.0 + 2.0j, -0.5 + 0.25j, 3.0 - 1.0j])
W = np.array([0.5 - 1.0j, 2.0 + 1.5j, -1.0 + 0.5j])


class Product(gradc.Op):
    """z w, whose gradients are conj(w) gz and conj(z) gz."""

    itypes = otypes = None

    def make_node(self, *inputs: Any) -> gradc.Apply:
        return gradc.Apply(self, inputs, [inputs[0].type])

    def perform(self, node: Any, inputs: list[Any], output_storage: list[list[Any]]) -> None:
        output_storage[0][0] = inputs[0] * inputs[1]

    def grad(self, inputs: list[Any], output_grads: list[Any]) -> list[Any]:
        z, w = inputs
        return [T.conj(w) * output_grads[0], T.conj(z) * output_grads[0]]


class Length(gradc.Op):
    """abs(z), by Theano's formula: gz z / abs(z)."""

    def make_node(self, z: Any) -> gradc.Apply:
        return gradc.Apply(self, [z], [T.dvector().type])

    def perform(self, node: Any, inputs: list[Any], output_storage: list[list[Any]]) -> None:
        output_storage[0][0] = np.abs(inputs[0])

    def L_op(self, inputs: list[Any], outputs: list[Any], output_grads: list[Any]) -> list[Any]:
        return [output_grads[0] * inputs[0] / outputs[0]]


def _graph(**stated: Any) -> Any:
    z, w = T.zvector("z"), T.zvector("w")
    return gradc.OpFromGraph([z, w], [z * w], **stated)


PRODUCTS: dict[str, Callable[[Any, Any], Any]] = {
    "Op": Product(),
    "lop_overrides": _graph(
        lop_overrides=lambda inputs, outs, gs: [T.conj(x) * gs[0] for x in inputs[::-1]]
    ),
    "in part": _graph(
        grad_overrides=[lambda inputs, gs: T.conj(inputs[1]) * gs[0], "default"]
    ),
    "rop_overrides": _graph(
        rop_overrides=lambda inputs, ts: [ts[0] * inputs[1] + ts[1] * inputs[0]]
    ),
    "vjp": gradc.custom_gradient(vjp=lambda ct, out, z, w: (T.conj(w) * ct, T.conj(z) * ct))(
        lambda z, w: z * w
    ),
    "jvp": gradc.custom_gradient(jvp=lambda ts, out, z, w: ts[0] * w + ts[1] * z)(
        lambda z, w: z * w
    ),
}  # fmt: skip
LENGTHS: dict[str, Callable[[Any], Any]] = {
    "L_op": Length(),
    "vjp": gradc.custom_gradient(vjp=lambda ct, out, z: ct * z / out)(lambda z: abs(z)),
    "jvp": gradc.custom_gradient(jvp=lambda ts, out, z: T.real(T.conj(z) * ts[0]) / out)(
        lambda z: abs(z)
    ),
}


def _derived(product: Any, length: Any, z: Any, w: Any, t: Any) -> list[Any]:
    """Gradients of both orders, of a batch too, and tangents."""

    def cost(z: Any, w: Any) -> Any:
        return (length(product(z, w) + 1j) ** 3).sum() + T.imag(product(z, 2j * z)).sum()

    g = gradc.grad(cost(z, w), [z, w])
    second = gradc.grad(T.real((g[0] * (1 - 2j)).sum()), [z, w])
    rows = gradc.vmap(product, in_axes=(0, None))(T.stack([z, w]), w)
    batch = gradc.grad((abs(rows) ** 2).sum() + T.imag(rows).sum(), [z, w])
    return [*g, *second, *batch]


def _forward(product: Any, length: Any, z: Any, w: Any, t: Any) -> list[Any]:
    return [gradc.jvp(product(z, w), z, t), gradc.jvp(length(z), z, t),
            gradc.jvp(product(z, w), [z, w], [t, z])]  # fmt: skip


def test_what_users_state_is_what_grad_gives() -> None:
    z, w, t = T.zvector("z"), T.zvector("w"), T.zvector("t")
    plain = (lambda z, w: z * w), abs
    wanted = gradc.function(
        [z, w, t],
        [*_derived(*plain, z, w, t), *_forward(*plain, z, w, t)],
        on_unused_input="ignore",
    )(Z, W, Z - W)
    pairs = [(p, "vjp") for p in PRODUCTS] + [("vjp", each) for each in LENGTHS]
    found = []
    for p, q in pairs:
        found += _derived(PRODUCTS[p], LENGTHS[q], z, w, t)
        if p != "in part":  # which has no forward mode
            found += _forward(PRODUCTS[p], LENGTHS[q], z, w, t)
    there = iter(gradc.function([z, w, t], found)(Z, W, Z - W))
    for p, q in pairs:
        for k, want in enumerate(wanted[: 6 if p == "in part" else None]):
            np.testing.assert_allclose(next(there), want, rtol=1e-12, err_msg=f"{p} {q} {k}")


def test_a_real_variable_is_moved_by_the_real_part() -> None:
    """A real factor, whose stated gradient is complex."""
    x, z, t = T.dvector("x"), T.zvector("z"), T.dvector("t")
    rules: dict[str, Any] = {
        "vjp": lambda ct, out, x, z: (T.conj(z) * ct, x * ct),
        "jvp": lambda ts, out, x, z: ts[0] * z + x * ts[1],
    }
    made = [gradc.custom_gradient(**{k: rule})(lambda x, z: x * z) for k, rule in rules.items()]
    found = []
    for f in (lambda x, z: x * z, *made):
        found += gradc.grad((abs(f(x, z)) ** 2 + T.imag(f(x, z))).sum(), [x, z])
        found.append(gradc.jvp(f(x, z), x, t))
    there = gradc.function([x, z, t], found)(Z.real, W, Z.imag)
    for k in range(3):
        assert there[3 + k].dtype == there[k].dtype
        np.testing.assert_allclose(there[3 + k], there[k])
        np.testing.assert_allclose(there[6 + k], there[k])


def test_the_branch_of_a_complex_ifelse_has_the_gradient() -> None:
    z, w, c = T.zvector("z"), T.zvector("w"), T.dscalar("c")
    y = gradc.ifelse(c > 0, z * w, w * 2j)
    f = gradc.function([z, w, c], gradc.grad((abs(y) ** 2).sum(), [z, w]))
    np.testing.assert_allclose(f(Z, W, 1.0), [2 * Z * abs(W) ** 2, 2 * W * abs(Z) ** 2])
    np.testing.assert_allclose(f(Z, W, -1.0), [0 * Z, 8 * W])


def test_a_complex_scan_has_the_gradient() -> None:
    z, w = T.zvector("z"), T.zvector("w")
    y, _ = gradc.scan(lambda s, z: s * z, outputs_info=[w], non_sequences=[z], n_steps=3)
    f = gradc.function([z, w], gradc.grad((abs(y[-1]) ** 2).sum(), [z, w]))
    a = abs(Z) ** 2
    for got, want in zip(f(Z, W), [6 * Z * a**2 * abs(W) ** 2, 2 * W * a**3], strict=True):
        np.testing.assert_allclose(got, want)
