"""A table of loop shapes, each written twice: as a scan, and unrolled in Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import gradc
import gradc.tensor as T
from gradc.control.given import initial_of, listed, returned, rows_of
from gradc.graph.evaluate import evaluate

Loop = Callable[..., Any]


@dataclass(frozen=True)
class Shape:
    """One loop: `build(loop, variables)` gives its outputs, `loop` being scan or `unrolled`."""

    name: str
    build: Callable[[Loop, Mapping[str, Any]], Any]
    options: dict[str, Any] = field(default_factory=dict)
    rows: int = 4


def values_of(rows: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(11)
    return {
        "x": rng.normal(size=(rows, 3)) * 0.7,
        "y": rng.normal(size=(rows, 3)) * 0.7,
        "w": rng.normal(size=3) * 0.7,
        "m": rng.normal(size=(3, 3)) * 0.5,
        "s": rng.normal(size=(3, 3)) * 0.7,
        "v": rng.normal(size=rows),
    }


def variables_of() -> dict[str, Any]:
    return {
        "x": T.dmatrix("x"), "y": T.dmatrix("y"), "w": T.dvector("w"), "m": T.dmatrix("m"),
        "s": T.dmatrix("s"), "v": T.dvector("v"),
    }  # fmt: skip


def unrolled(values: Mapping[Any, np.ndarray]) -> Loop:
    """A scan that is no loop, for these values of the variables."""

    def number(x: Any) -> int:
        return int(evaluate([T.as_tensor_variable(x)], values)[0])

    def loop(
        fn: Callable[..., Any],
        sequences: Any = None,
        outputs_info: Any = None,
        non_sequences: Any = None,
        n_steps: Any = None,
        truncate_gradient: int = -1,
        go_backwards: bool = False,
    ) -> Any:
        rows = [r for k, s in enumerate(listed(sequences)) for r in
                rows_of(k, s, "loop", go_backwards)]  # fmt: skip
        starts = [initial_of(k, each, "loop") for k, each in enumerate(listed(outputs_info))]
        if n_steps is None:
            n_steps = min(number(row.array.shape[0]) for row in rows)
        found: list[list[Any]] = [
            [] if each.first is None else [each.first[k] for k in range(-min(each.taps))]
            for each in starts
        ]
        fixed = listed(non_sequences)
        made: list[list[Any]] = []
        for t in range(number(n_steps)):
            given = [row.array[t] for row in rows]
            for each, past in zip(starts, found, strict=True):
                given += [past[tap] for tap in each.taps]
            result = returned(fn(*given, *fixed), "loop")
            made.append(result.outputs)
            for past, new in zip(found, result.outputs, strict=False):
                past.append(new)
            if result.condition is not None and number(result.condition):
                break
        if truncate_gradient > 0:
            return _truncated(made, starts, rows, fn, fixed, truncate_gradient)
        return _joined(made)

    return loop


def _truncated(made, starts, rows, fn, fixed, most):
    """The same once more, nothing going back through the first steps."""
    cut = len(made) - most
    found = [
        [] if each.first is None else [each.first[k] for k in range(-min(each.taps))]
        for each in starts
    ]
    outs = []
    for t in range(len(made)):
        given = [row.array[t] for row in rows]
        for each, past in zip(starts, found, strict=True):
            given += [past[tap] for tap in each.taps]
        new = returned(fn(*given, *fixed), "loop").outputs
        if t < cut:
            new = [gradc.zero_grad(each) for each in new]
        outs.append(new)
        for past, each in zip(found, new, strict=False):
            past.append(each)
    return _joined(outs)


def _joined(made: Sequence[Sequence[Any]]) -> Any:
    if not made:
        return None
    found = [T.stack(list(each)) for each in zip(*made, strict=True)]
    return found[0] if len(found) == 1 else found


def _ema(loop, v, **o):
    return loop(lambda x, s: 0.9 * s + x, v["x"], v["w"], **o)


def _rnn(loop, v, **o):
    return loop(lambda x, h: T.tanh(x + T.dot(h, v["m"])), v["x"], v["w"], **o)


def _pair(loop, v, **o):
    def step(x, y, a, b):
        return T.tanh(a * v["w"] + x), T.sin(b) + a * y

    return loop(step, [v["x"], v["y"]], [v["w"], T.zeros_like(v["w"])], **o)


def _crossed(loop, v, **o):
    return loop(lambda x, a, b: [T.tanh(b) * x, a + b], v["x"], [v["w"], v["s"][0]], **o)


def _tapped(taps):
    def build(loop, v, **o):
        start = {"initial": v["s"], "taps": list(taps)}

        def step(x, *past):
            total = x
            for k, each in enumerate(past):
                total = total + each * (0.5 + 0.2 * k) * v["w"]
            return T.tanh(total)

        return loop(step, v["x"], start, **o)

    return build


def _two_depths(loop, v, **o):
    infos = [{"initial": v["s"], "taps": [-3]}, {"initial": v["s"][:2], "taps": [-2, -1]}]
    return loop(lambda x, a, b2, b1: [T.tanh(a + b1 * x), T.sin(b2) * a], v["x"], infos, **o)


def _ahead(taps):
    def build(loop, v, **o):
        def step(*rows):
            *xs, y, s = rows
            return T.tanh(sum(x * (k + 1) for k, x in enumerate(xs)) + y * s)

        return loop(step, [{"input": v["x"], "taps": list(taps)}, v["y"]], v["w"], **o)

    return build


def _map(loop, v, **o):
    return loop(lambda x, y: T.exp(x) * y + v["w"], [v["x"], v["y"]], **o)


def _mixed(loop, v, **o):
    def step(x, s):
        h = T.tanh(x * s)
        return [T.sum(h * v["w"]), h, T.outer(h, x)]

    return loop(step, v["x"], [None, v["w"], None], **o)


def _scalar(loop, v, **o):
    return loop(lambda x, s: 0.9 * s + x * s, v["v"], 0.3, **o)


def _scalar_taps(loop, v, **o):
    start = {"initial": v["w"], "taps": [-3, -1]}
    return loop(lambda x, a, b: T.sin(a) + 0.5 * b + x, v["v"], start, **o)


def _places(loop, v, **o):
    places = T.arange(v["x"].shape[0])
    return loop(lambda i, s, x: T.tanh(s + x[i] * x[-1 - i]), places, v["w"], v["x"], **o)


def _steps_only(loop, v, **o):
    return loop(lambda s: T.sin(s * v["w"]), outputs_info=v["w"], n_steps=5, **o)


def _symbolic_steps(loop, v, **o):
    n = v["x"].shape[0] - 1
    return loop(lambda x, s: T.sin(s) + x * v["w"], v["x"], v["w"], n_steps=n, **o)


def _fewer(loop, v, **o):
    return loop(lambda x, s: T.sin(s) * x, v["x"], v["w"], n_steps=2, **o)


def _passed(loop, v, **o):
    """A state that stays, one that nobody reads, and one that is the row itself."""
    return loop(lambda x, a, b, c: [a, x * b, x + 0 * c], v["x"], [v["w"], v["w"], v["w"]], **o)


def _matrix(loop, v, **o):
    return loop(lambda x, s: T.tanh(T.dot(s, v["m"]) + x), v["x"], v["s"], **o)


def _product_of_states(loop, v, **o):
    return loop(lambda x, a: T.dot(a, v["m"]) * T.mean(x), v["x"], v["s"], **o)


def _softmax(loop, v, **o):
    return loop(lambda x, s: T.nnet.softmax(x + T.dot(s, v["m"])), v["x"], v["w"], **o)


def _nested(loop, v, **o):
    def outer(x, s):
        inner = loop(lambda z, r: T.tanh(z * r + s), x, T.mean(s) * T.ones_like(s))
        return inner[-1] + x

    return loop(outer, v["x"], v["w"], **o)


def _nested_map(loop, v, **o):
    def outer(x):
        return loop(lambda z, y: T.sin(z) * y, x, non_sequences=v["w"])

    return loop(outer, v["x"], **o)


def _nested_stack(loop, v, **o):
    def outer(x, s):
        rows = loop(lambda z, r: T.tanh(z + r * v["w"]), v["y"], s)
        return rows[-1] + x, T.sum(rows)

    return loop(outer, v["x"], [v["w"], None], **o)


def _until(limit):
    def build(loop, v, **o):
        def step(x, s):
            new = s + T.sqr(x)
            return new, gradc.until(T.sum(new) > limit)

        return loop(step, v["x"], T.sqr(v["w"]), **o)

    return build


def _until_pair(loop, v, **o):
    def step(a, b):
        new = T.sin(a) * v["w"] + b
        return [new, a * 0.5, T.sum(new)], gradc.until(T.sum(T.abs(a)) < 0.5)

    return loop(step, outputs_info=[v["w"], v["s"][0], None], n_steps=6, **o)


def _until_taps(loop, v, **o):
    def step(x, a, b):
        return 0.5 * a + T.tanh(b) * x, gradc.until(T.sum(T.abs(b)) < 0.8)

    return loop(step, v["x"], {"initial": v["s"][:2], "taps": [-2, -1]}, **o)


PLAIN = {
    "ema": _ema, "rnn": _rnn, "pair": _pair, "crossed": _crossed, "map": _map, "mixed": _mixed,
    "scalar": _scalar, "scalar taps": _scalar_taps, "places": _places, "passed": _passed,
    "matrix": _matrix, "contracted": _product_of_states, "softmax": _softmax,
    "taps -2 -1": _tapped((-2, -1)), "taps -1 -2": _tapped((-1, -2)), "taps -3": _tapped((-3,)),
    "taps -3 -1": _tapped((-3, -1)), "two depths": _two_depths, "nested": _nested,
    "nested map": _nested_map, "nested stack": _nested_stack,
    "ahead 0 1": _ahead((0, 1)), "ahead -1 0": _ahead((-1, 0)), "ahead -1 1": _ahead((-1, 1)),
    "ahead 2": _ahead((2,)), "steps only": _steps_only, "symbolic steps": _symbolic_steps,
    "fewer": _fewer,
}  # fmt: skip
UNTIL = {
    "until now": _until(-1.0), "until soon": _until(2.5), "until never": _until(1e9),
    "until pair": _until_pair, "until taps": _until_taps,
}  # fmt: skip


def shapes() -> list[Shape]:
    """The table."""
    found = []
    for name, build in {**PLAIN, **UNTIL}.items():
        found.append(Shape(name, build))
        if name not in ("steps only", "until pair"):
            found.append(Shape(f"{name}, backwards", build, {"go_backwards": True}))
    for name in ("rnn", "pair", "taps -2 -1", "taps -3 -1", "two depths", "mixed", "until taps"):
        build = {**PLAIN, **UNTIL}[name]
        found += [Shape(f"{name}, {k} back", build, {"truncate_gradient": k}) for k in (1, 2, 9)]
    for name in ("ema", "rnn", "pair", "taps -3 -1", "map", "mixed", "nested", "until soon"):
        build = {**PLAIN, **UNTIL}[name]
        found.append(Shape(f"{name}, one step", build, rows=1))
        found.append(Shape(f"{name}, no step", build, rows=0))
    return found
