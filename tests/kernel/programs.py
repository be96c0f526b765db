"""Programs built by hand, one a shape of loops, each with numpy's answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradc.affine import Affine
from gradc.dtypes import literal
from gradc.kernel.interface import Interface, Port
from gradc.kernel.program import (
    Access,
    Bound,
    Buffer,
    Check,
    Compute,
    Fold,
    FoldStep,
    Indexed,
    Literal_,
    Load,
    Matrix,
    Nest,
    Note,
    Pass,
    Position,
    Product,
    Program,
    Row,
    RowResult,
    Scale,
    Segment,
    SizeDef,
    Slot,
    Step,
    Store,
)
from gradc.kernel.scalar import ScalarFn, scalar_fn
from gradc.sizes import Length, Size, SizeLike, ceil_div, floor_div, maximum, minimum, size
from gradc.value import replace

ADD = scalar_fn("{x} + {y}")
SUB = scalar_fn("{x} - {y}")
MUL = scalar_fn("{x} * {y}")
DIV = scalar_fn("{x} / {y}")
EXP = scalar_fn("gc_exp")
SIGMOID = scalar_fn("gc_sigmoid")
GREATER = scalar_fn("{x} > {y}")
CAST = scalar_fn("gc_cast_{s}_{r}({x})")

F8 = "float64"
ONE, ZERO = size(1), size(0)
Array = np.ndarray[Any, Any]


def n(number: int) -> Size:
    """Entry `number` of the sizes."""
    return size(Length("size", number))


def strides(*values: SizeLike) -> tuple[Size, ...]:
    return tuple(map(size, values))


def at(buffer: int, *steps: SizeLike, offset: SizeLike = 0) -> Access:
    return Access(buffer, size(offset), strides(*steps))


def fold(init: str, step: str, combine: str, dtype: str, axes: Sequence[int], **more: Any) -> Fold:
    """A fold with one component."""
    return Fold(
        (init,), (step,), (combine,), "{a0}", dtype, (dtype,), dtype,
        more.pop("scope", "nest"), tuple(axes), **more,
    )  # fmt: skip


def total(axes: Sequence[int], dtype: str = F8, **more: Any) -> Fold:
    return fold("0", "{a0} + {x}", "{a0} + {b0}", dtype, axes, **more)


def greatest(axes: Sequence[int], dtype: str = F8, **more: Any) -> Fold:
    step = "{x} > {a0} || {x} != {x} ? {x} : {a0}"
    combine = "{b0} > {a0} || {b0} != {b0} ? {b0} : {a0}"
    return fold("-INFINITY", step, combine, dtype, axes, **more)


def argmax(axes: Sequence[int], linear: Sequence[tuple[int, SizeLike]], **more: Any) -> Fold:
    """Value and position of the first greatest element; the result is the position."""
    wins, joins = "gc_wins_max_f64({x}, {i}, {a0}, {a1})", "gc_wins_max_f64({b0}, {b1}, {a0}, {a1})"
    return Fold(
        ("-INFINITY", "INT64_MAX"),
        (f"{wins} ? {{x}} : {{a0}}", f"{wins} ? {{i}} : {{a1}}"),
        (f"{joins} ? {{b0}} : {{a0}}", f"{joins} ? {{b1}} : {{a1}}"),
        "{a1}", F8, (F8, "int64"), "int64", more.pop("scope", "nest"), tuple(axes),
        linear=tuple((axis, size(step)) for axis, step in linear), **more,
    )  # fmt: skip


def chunks_of(length: Size, least: int) -> Size:
    return maximum(minimum(floor_div(length, least), 16), 1)


@dataclass
class Builder:
    """Collects the parts of a one-segment Program."""

    ports: list[Port] = field(default_factory=list)
    outs: list[Port] = field(default_factory=list)
    buffers: list[Buffer] = field(default_factory=list)
    sizes: list[SizeDef] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def _add(self, dtype: str, shape: Sequence[SizeLike], place: Any, index: int) -> int:
        number = len(self.buffers)
        self.buffers.append(Buffer(number, dtype, tuple(map(size, shape)), place, index))
        return number

    def arg(self, *shape: SizeLike | None, dtype: str = F8, role: Any = "input") -> int:
        """An argument; None makes a new size of that axis."""
        index = len(self.ports)
        self.ports.append(Port(role, dtype, len(shape)))
        lengths = [
            self.define("length", index=index, axis=axis) if length is None else length
            for axis, length in enumerate(shape)
        ]
        return self._add(dtype, lengths, "arg", index)

    def out(self, *shape: SizeLike, dtype: str = F8, shared: int | None = None) -> int:
        role = "output" if shared is None else "update"
        self.outs.append(Port(role, dtype, len(shape), shared=shared))
        return self._add(dtype, shape, "out", len(self.outs) - 1)

    def work(self, *shape: SizeLike, dtype: str = F8, place: str = "work") -> int:
        elements = size(1)
        for length in shape:
            elements = elements * length
        number = len(self.slots)
        self.slots.append(Slot(number, elements, np.dtype(dtype).itemsize, place == "scratch"))
        return self._add(dtype, shape, place, number)

    def partial(self, *shape: SizeLike, dtype: str = F8) -> int:
        return self.work(*shape, dtype=dtype, place="partial")

    def define(self, source: Any, **more: Any) -> Size:
        self.sizes.append(SizeDef(len(self.sizes), source, **more))
        return n(len(self.sizes) - 1)

    def expression(self, value: SizeLike) -> Size:
        value = size(value)
        return value if value.constant is not None else self.define("expression", value=value)

    def cut(self, length: Size, least: int) -> tuple[Size, Size]:
        """Chunks of an axis, and their length."""
        chunks = self.expression(chunks_of(length, least))
        return chunks, self.expression(ceil_div(length, chunks))

    def equal(self, left: Size, right: Size) -> None:
        self.checks.append(Check("equal", left, right, len(self.notes)))
        self.notes.append(Note("ArgumentError", "lengths {v0} and {v1} differ."))

    def note(self, what: str) -> int:
        self.notes.append(Note("IndexBoundsError", what))
        return len(self.notes) - 1

    def nest(
        self, axes: Sequence[SizeLike], split: int, *blocks: Any, least: int | None = None,
        head: Any = (), title: str = "", nodes: tuple[int, ...] = (), **more: Any,
    ) -> None:  # fmt: skip
        lengths = tuple(map(size, axes))
        chunks, length = ONE, (lengths[0] if lengths else ONE)
        if least is not None:
            chunks, length = more.pop("chunks", None) or self.cut(lengths[0], least)
        self.steps.append(
            Nest(lengths, split, chunks, length, tuple(head), blocks, title=title,
                 nodes=nodes, **more)
        )  # fmt: skip

    def program(self, commit: int | None = None) -> Program:
        steps = tuple(self.steps)
        segment = Segment(
            tuple(self.sizes), tuple(self.checks), tuple(self.slots), steps,
            len(steps) if commit is None else commit,
        )  # fmt: skip
        interface = Interface(tuple(self.ports), tuple(self.outs), len(self.sizes), 1)
        return Program(interface, tuple(self.buffers), (segment,), tuple(self.notes))


@dataclass(frozen=True)
class Example:
    """A Program, arguments to try it on, and what numpy makes of them."""

    program: Program
    draws: tuple[Callable[[np.random.Generator], list[Array]], ...]
    expected: Callable[..., list[Array]]
    rtol: float = 1e-13


def shapes(*groups: Sequence[tuple[int, ...]], dtype: str = F8) -> Any:
    """Draws of normal numbers, one a group of shapes."""
    return tuple(
        lambda rng, group=group: [rng.standard_normal(s).astype(dtype) for s in group]
        for group in groups
    )


def elementwise() -> Example:
    """Two outputs of one sweep: s = sigmoid(-x - b), s > 0.5; b is a row."""
    b = Builder()
    x, row = b.arg(None, None), b.arg(None)
    b.equal(n(1), n(2))
    s, p = b.out(n(0), n(1)), b.out(n(0), n(1), dtype="bool")
    here = (n(1), 1)
    body = (
        Load(0, F8, at(x, *here)),
        Load(1, F8, at(row, 0, 1)),
        Compute(2, F8, scalar_fn("-{x}"), F8, (0,)),
        Compute(3, F8, SUB, F8, (2, 1)),
        Compute(4, F8, SIGMOID, F8, (3,)),
        Literal_(5, F8, literal(0.5, F8)),
        Compute(6, "bool", GREATER, F8, (4, 5)),
        Store(at(s, *here), F8, 4),
        Store(at(p, *here), "bool", 6),
    )
    b.nest((n(0), n(1)), 1, Pass(body), least=64, title="%4 = sigmoid(sub(neg(%0), %1))",
           nodes=(4, 5))  # fmt: skip

    def expected(x: Array, b: Array) -> list[Array]:
        s = 1 / (1 + np.exp(x + b))
        return [s, s > 0.5]

    draws = shapes([(3, 5), (5,)], [(300, 70), (70,)], [(0, 4), (4,)], [(4, 0), (0,)])
    return Example(b.program(), draws, expected)


def long_sum(dtype: str = F8) -> Example:
    """The sum of exp(x), and of x itself, over one long axis in chunks."""
    b = Builder()
    x = b.arg(None, dtype=dtype)
    out, plain = b.out(dtype=dtype), b.out(dtype=dtype)
    chunks, length = b.cut(n(0), 4096)
    p, q = b.partial(chunks, dtype=dtype), b.partial(chunks, dtype=dtype)
    body = (
        Load(0, dtype, at(x, 1)),
        Compute(1, dtype, EXP, dtype, (0,)),
        FoldStep(0, 1),
        FoldStep(1, 0),
    )
    folds = (total((0,), dtype, partial=(p,), out=out), total((0,), dtype, partial=(q,), out=plain))
    b.nest((n(0),), 0, Pass(body), least=1, chunks=(chunks, length), folds=folds,
           title="%2 = sum(exp(%0)), %3 = sum(%0)", nodes=(2, 3))  # fmt: skip

    def expected(x: Array) -> list[Array]:
        wide = x.astype(np.float64)
        return [np.exp(wide).sum().astype(dtype), wide.sum().astype(dtype)]

    lengths = (0, 1, 7, 16, 1000, 1024, 1025, 50_001)
    draws = tuple(lambda rng, k=k: [(rng.random(k) + 0.5).astype(dtype)] for k in lengths)
    return Example(b.program(), draws, expected, 1e-14 if dtype == F8 else 5e-7)


def softmax() -> Example:
    """Rows: max, exp and its sum, quotient; the exponentials wait in the output."""
    b = Builder()
    x = b.arg(None, None)
    out = b.out(n(0), n(1))
    here = (n(1), 1)
    top = Pass((Load(0, F8, at(x, *here)), FoldStep(0, 0)))
    ready = Row((RowResult(1, F8, 0),))
    middle = Pass((
        Load(2, F8, at(x, *here)),
        Compute(3, F8, SUB, F8, (2, 1)),
        Compute(4, F8, EXP, F8, (3,)),
        Store(at(out, *here), F8, 4),
        FoldStep(1, 4),
    ))  # fmt: skip
    one = Row((RowResult(5, F8, 1),))
    last = Pass((
        Load(6, F8, at(out, *here)),
        Compute(7, F8, DIV, F8, (6, 5)),
        Store(at(out, *here), F8, 7),
    ))  # fmt: skip
    folds = (greatest((1,), scope="row"), total((1,), scope="row"))
    b.nest((n(0), n(1)), 1, top, ready, middle, one, last, least=8, folds=folds,
           title="%1 = softmax(%0)", nodes=(1,))  # fmt: skip

    def expected(x: Array) -> list[Array]:
        e = np.exp(x - x.max(axis=1, keepdims=True)) if x.size else x
        return [e / e.sum(axis=1, keepdims=True) if x.size else x]

    draws = shapes([(3, 5)], [(100, 10)], [(9, 1500)], [(0, 3)])
    return Example(b.program(), draws, expected)


def columns(dtype: str = F8) -> Example:
    """Column sums and column maxima, in chunks."""
    b = Builder()
    x = b.arg(None, None, dtype=dtype)
    out, top = b.out(n(1), dtype=dtype), b.out(n(1), dtype=dtype)
    chunks, length = b.cut(n(0), 100)
    p, q = b.partial(chunks, n(1), dtype=dtype), b.partial(chunks, n(1), dtype=dtype)
    body = (Load(0, dtype, at(x, n(1), 1)), FoldStep(0, 0), FoldStep(1, 0))
    folds = (
        total((0,), dtype, partial=(p,), out=out),
        greatest((0,), dtype, partial=(q,), out=top),
    )
    b.nest((n(0), n(1)), 1, Pass(body), least=1, chunks=(chunks, length), folds=folds,
           title="%1 = sum(%0), %2 = max(%0)", nodes=(1, 2))  # fmt: skip

    def expected(x: Array) -> list[Array]:
        return [x.astype(F8).sum(axis=0).astype(dtype), x.max(axis=0, initial=-np.inf)]

    draws = tuple(
        lambda rng, s=s: [(rng.random(s) + 0.5).astype(dtype)]
        for s in ((5, 3), (129, 70), (1000, 33), (5000, 7), (0, 4), (4, 0))
    )
    return Example(b.program(), draws, expected, 1e-14 if dtype == F8 else 5e-7)


def rows_and_columns() -> Example:
    """Row sums, column sums and the whole sum of x * y in one sweep; the rows' largest, summed."""
    b = Builder()
    x, y = b.arg(None, None), b.arg(n(0), n(1))
    chunks, length = b.cut(n(0), 60)
    rows, cols, whole, tops = b.out(n(0)), b.out(n(1)), b.out(), b.out()
    p, q, r = b.partial(chunks, n(1)), b.partial(chunks), b.partial(chunks)
    here = (n(1), 1)
    body = (
        Load(0, F8, at(x, *here)),
        Load(1, F8, at(y, *here)),
        Compute(2, F8, MUL, F8, (0, 1)),
        FoldStep(0, 2),
        FoldStep(1, 2),
        FoldStep(2, 2),
        FoldStep(3, 2),
    )
    end = Row((
        RowResult(3, F8, 0),
        Store(at(rows, 1, 0), F8, 3),
        RowResult(4, F8, 3),
        FoldStep(4, 4),
    ))  # fmt: skip
    folds = (
        total((1,), scope="row"),
        total((0,), partial=(p,), out=cols),
        total((0, 1), partial=(q,), out=whole),
        greatest((1,), scope="row"),
        total((0,), partial=(r,), out=tops),
    )
    b.nest((n(0), n(1)), 1, Pass(body), end, least=1, chunks=(chunks, length), folds=folds,
           title="row and column sums of mul(%0, %1)", nodes=(2, 3, 4))  # fmt: skip

    def expected(x: Array, y: Array) -> list[Array]:
        z = x * y
        top = z.max(axis=1, initial=-np.inf).sum()
        return [z.sum(axis=1), z.sum(axis=0), z.sum(), np.asarray(top)]

    draws = tuple(
        lambda rng, s=s: [rng.random(s) + 0.5, rng.random(s)]
        for s in ((3, 5), (200, 1100), (3000, 9))
    )
    return Example(b.program(), draws, expected)


def axes_0_2_3() -> Example:
    """Sums over axes 0 and 2 of [b, c, hw]; once with c outermost, once in memory's order."""
    b = Builder()
    x = b.arg(None, None, None)
    out, same = b.out(n(1)), b.out(n(1))
    body = (Load(0, F8, at(x, n(2), n(1) * n(2), 1)), FoldStep(0, 0))
    end = Row((RowResult(1, F8, 0), Store(at(out, 1, 0, 0), F8, 1)))
    b.nest((n(1), n(0), n(2)), 1, Pass(body), end, least=2,
           folds=(total((1, 2), scope="row"),))  # fmt: skip
    chunks, length = b.cut(n(0), 150)
    p = b.partial(chunks, n(1))
    body = (Load(0, F8, at(x, n(1) * n(2), n(2), 1)), FoldStep(0, 0))
    b.nest((n(0), n(1), n(2)), 2, Pass(body), least=1, chunks=(chunks, length),
           folds=(total((0, 2), partial=(p,), out=same),))  # fmt: skip

    def expected(x: Array) -> list[Array]:
        return [x.sum(axis=(0, 2))] * 2

    draws = tuple(lambda rng, s=s: [rng.random(s)] for s in ((2, 3, 4), (700, 5, 9), (3, 2, 2000)))
    return Example(b.program(), draws, expected)


def middle_axis() -> Example:
    """Sums and argmax over axis 1 of [a, b, c]."""
    b = Builder()
    x = b.arg(None, None, None)
    out, where = b.out(n(0), n(2)), b.out(n(0), n(2), dtype="int64")
    p = b.partial(n(0), n(2))
    v, i = b.partial(n(0), n(2)), b.partial(n(0), n(2), dtype="int64")
    body = (Load(0, F8, at(x, n(1) * n(2), n(2), 1)), FoldStep(0, 0), FoldStep(1, 0))
    folds = (
        total((1,), partial=(p,), out=out),
        argmax((1,), [(1, 1)], partial=(v, i), out=where),
    )
    b.nest((n(0), n(1), n(2)), 2, Pass(body), least=2, folds=folds)

    def expected(x: Array) -> list[Array]:
        return [x.sum(axis=1), x.argmax(axis=1)]

    draws = tuple(lambda rng, s=s: [rng.random(s)] for s in ((2, 3, 4), (5, 300, 17)))
    return Example(b.program(), draws, expected)


def positions() -> Example:
    """argmax of rows, of everything, and of row sums; ties go to the first."""
    b = Builder()
    x = b.arg(None, None)
    rows, whole, sums = (b.out(*s, dtype="int64") for s in ((n(0),), (), ()))
    chunks, length = b.cut(n(0), 10)
    v, i = b.partial(chunks), b.partial(chunks, dtype="int64")
    u, k = b.partial(chunks), b.partial(chunks, dtype="int64")
    body = (Load(0, F8, at(x, n(1), 1)), FoldStep(0, 0), FoldStep(1, 0), FoldStep(2, 0))
    end = Row((
        RowResult(1, "int64", 0),
        Store(at(rows, 1, 0), "int64", 1),
        RowResult(2, F8, 2),
        FoldStep(3, 2),
    ))  # fmt: skip
    folds = (
        argmax((1,), [(1, 1)], scope="row"),
        argmax((0, 1), [(0, n(1)), (1, 1)], partial=(v, i), out=whole),
        total((1,), scope="row"),
        argmax((0,), [(0, 1)], partial=(u, k), out=sums),
    )
    b.nest((n(0), n(1)), 1, Pass(body), end, least=1, chunks=(chunks, length), folds=folds)

    def expected(x: Array) -> list[Array]:
        return [x.argmax(axis=1), np.asarray(x.argmax()), np.asarray(x.sum(axis=1).argmax())]

    draws = tuple(
        lambda rng, s=s: [rng.integers(0, 9, s).astype(F8)] for s in ((1, 1), (3, 5), (99, 1200))
    )
    return Example(b.program(), draws, expected)


def gather() -> Example:
    """x[i] with rows of x; negative indices count from the end."""
    b = Builder()
    x, index = b.arg(None, None), b.arg(None, dtype="int32")
    out = b.out(n(2), n(1))
    note = b.note("index {v0} is out of bounds for axis {v2} with length {v1}.")
    first = Row((
        Load(0, "int32", at(index, 1, 0)),
        Compute(1, "int64", CAST, "int32", (0,)),
        Bound(2, 1, n(0), 0, note),
    ))  # fmt: skip
    copy = Pass((Indexed(3, F8, at(x, 0, 1), ((2, n(1)),)), Store(at(out, n(1), 1), F8, 3)))
    b.nest((n(2), n(1)), 1, first, copy, least=4, fallible=True, title="%2 = gather(%0, %1)",
           nodes=(2,))  # fmt: skip

    def draw(rng: np.random.Generator, rows: int, cols: int, count: int) -> list[Array]:
        index = rng.integers(-rows, rows, count).astype("int32")
        return [rng.standard_normal((rows, cols)), index]

    draws = tuple(
        lambda rng, d=d: draw(rng, *d) for d in ((3, 4, 2), (50, 7, 100), (2, 0, 5), (2, 3, 0))
    )
    return Example(b.program(), draws, lambda x, i: [x[i]])


def scatter() -> Example:
    """A copy of x with values added at rows i; duplicates add up in order."""
    b = Builder()
    x, index, values = b.arg(None, None), b.arg(None, dtype="int64"), b.arg(n(2), n(1))
    out = b.out(n(0), n(1))
    note = b.note("index {v0} is out of bounds for axis {v2} with length {v1}.")
    whole = n(0) * n(1)
    b.nest((whole,), 0, Pass((Load(0, F8, at(x, 1)), Store(at(out, 1), F8, 0))), least=1000)
    first = Row((Load(0, "int64", at(index, 1, 0)), Bound(1, 0, n(0), 0, note)))
    add = Pass(
        (Load(2, F8, at(values, n(1), 1)), Store(at(out, 0, 1), F8, 2, "add", ((1, n(1)),))),
        vector=False,
    )
    b.nest((n(2), n(1)), 1, first, add, fallible=True, title="%3 = scatter(%0, %1, %2)", nodes=(3,))

    def expected(x: Array, i: Array, v: Array) -> list[Array]:
        out = x.copy()
        np.add.at(out, i, v)
        return [out]

    def draw(rng: np.random.Generator, rows: int, cols: int, count: int) -> list[Array]:
        index = rng.integers(-rows, rows, count)
        return [rng.standard_normal((rows, cols)), index, rng.standard_normal((count, cols))]

    draws = tuple(lambda rng, d=d: draw(rng, *d) for d in ((3, 4, 9), (50, 7, 1000), (2, 3, 0)))
    return Example(b.program(), draws, expected)


def matrix(buffer: int, row: SizeLike, col: SizeLike, *batch: SizeLike) -> Matrix:
    return Matrix(buffer, ZERO, size(row), size(col), strides(*batch))


def epilogue(dtype: str = F8) -> Example:
    """sigmoid(x @ w + b): a product in row blocks, the rest over each block when it is done."""
    b = Builder()
    x, w, bias = (b.arg(*s, dtype=dtype) for s in ((None, None), (None, None), (None,)))
    b.equal(n(1), n(2))
    b.equal(n(3), n(4))
    out = b.out(n(0), n(3), dtype=dtype)
    z = b.work(n(0), n(3), dtype=dtype)
    chunks, length = b.cut(n(0), 64)
    step = Product(
        "gemm", dtype, matrix(x, n(1), 1), matrix(w, n(3), 1), matrix(z, n(3), 1), n(0), n(3), n(1),
        (), Scale(literal(1.0, dtype)), Scale(literal(0.0, dtype)), None, chunks,
        "%5 = dot(%0, %1)", (5,),
    )  # fmt: skip
    body = (
        Load(0, dtype, at(z, n(3), 1)),
        Load(1, dtype, at(bias, 0, 1)),
        Compute(2, dtype, ADD, dtype, (0, 1)),
        Compute(3, dtype, SIGMOID, dtype, (2,)),
        Store(at(out, n(3), 1), dtype, 3),
    )
    b.nest((n(0), n(3)), 1, Pass(body), least=1, chunks=(chunks, length), product=step,
           title="%7 = sigmoid(add(%5, %2))", nodes=(5, 7))  # fmt: skip

    def expected(x: Array, w: Array, bias: Array) -> list[Array]:
        z = x.astype(F8) @ w.astype(F8) + bias
        return [(1 / (1 + np.exp(-z))).astype(dtype)]

    draws = shapes(
        [(3, 4), (4, 5), (5,)], [(300, 40), (40, 60), (60,)], [(1, 4), (4, 5), (5,)],
        [(3, 4), (4, 1), (1,)], [(3, 1), (1, 5), (5,)], [(3, 0), (0, 5), (5,)],
        [(0, 4), (4, 5), (5,)], [(3, 4), (4, 0), (0,)], [(1, 1), (1, 1), (1,)], dtype=dtype,
    )  # fmt: skip
    return Example(b.program(), draws, expected, 1e-12 if dtype == F8 else 2e-5)


def batched() -> Example:
    """x @ y' over a stack, x [b, m, k], y [b, n, k]; doubled by alpha from an argument."""
    b = Builder()
    x, y, alpha = b.arg(None, None, None), b.arg(n(0), None, n(2)), b.arg()
    out = b.out(n(0), n(1), n(3))
    blocks = b.expression(chunks_of(n(0), 4))
    b.steps.append(
        Product(
            "gemm", F8, matrix(x, n(2), 1, n(1) * n(2)), matrix(y, 1, n(2), n(3) * n(2)),
            matrix(out, n(3), 1, n(1) * n(3)), n(1), n(3), n(2), (n(0),), Scale(buffer=alpha),
            Scale("0.0"), None, blocks, "%4 = %2 * dot(%0, %1')", (4,),
        )
    )  # fmt: skip

    def expected(x: Array, y: Array, alpha: Array) -> list[Array]:
        return [alpha * (x @ y.transpose(0, 2, 1))]

    draws = shapes(
        [(3, 4, 5), (3, 6, 5), ()], [(20, 1, 5), (20, 6, 5), ()], [(9, 4, 1), (9, 1, 1), ()],
        [(0, 4, 5), (0, 6, 5), ()], [(2, 4, 0), (2, 6, 0), ()],
    )  # fmt: skip
    return Example(b.program(), draws, expected, 1e-12)


def update() -> Example:
    """One step of gradient descent: r = x' d goes into w by gemv, b by a nest, both in place.

    out: x @ w before the update.  w <- w - 0.1 x' (x w - y);  b <- b * 0.5 + sum(y).
    """
    b = Builder()
    x, y = b.arg(None, None), b.arg(n(0))
    w, c = b.arg(n(1), role="shared"), b.arg(None, role="shared")
    fit = b.out(n(0))
    new_w, new_c = b.out(n(1), shared=2), b.out(n(2), shared=3)
    d, s = b.work(n(0)), b.work()
    p = b.partial()
    one, none = Scale("1.0"), Scale("0.0")
    b.steps.append(
        Product("gemv", F8, matrix(x, n(1), 1), matrix(w, 1, 0), matrix(fit, 1, 0), n(0), ONE, n(1),
                (), one, none, None, ONE, "%4 = dot(%0, %2)", (4,))
    )  # fmt: skip
    body = (
        Load(0, F8, at(fit, 1)),
        Load(1, F8, at(y, 1)),
        Compute(2, F8, SUB, F8, (0, 1)),
        Store(at(d, 1), F8, 2),
        FoldStep(0, 1),
    )
    b.nest((n(0),), 0, Pass(body), folds=(total((0,), partial=(p,), out=s),))
    b.steps.append(
        Product("gemv", F8, matrix(x, 1, n(1)), matrix(d, 1, 0), matrix(new_w, 1, 0), n(1), ONE,
                n(0), (), Scale("-0.1"), one, w, ONE, "%9", (9,))
    )  # fmt: skip
    last = (
        Load(1, F8, at(c, 1)),
        Literal_(2, F8, "0.5"),
        Compute(3, F8, MUL, F8, (1, 2)),
        Compute(4, F8, ADD, F8, (3, 0)),
        Store(at(new_c, 1), F8, 4),
    )
    b.nest((n(2),), 0, Pass(last), head=(Load(0, F8, at(s, 0)),), title="%11", nodes=(11,))

    def expected(x: Array, y: Array, w: Array, c: Array) -> list[Array]:
        fit = x @ w
        return [fit, w - 0.1 * (x.T @ (fit - y)), c * 0.5 + y.sum()]

    draws = shapes([(3, 4), (3,), (4,), (2,)], [(50, 70), (50,), (70,), (9,)])
    return Example(b.program(commit=2), draws, expected, 1e-12)


def scalars() -> Example:
    """No loops at all: 2 x + 1, and the sum of that over no axis."""
    b = Builder()
    x = b.arg()
    out, same = b.out(), b.out()
    p = b.partial()
    head = (
        Load(0, F8, at(x)),
        Literal_(1, F8, "2.0"),
        Compute(2, F8, MUL, F8, (0, 1)),
        Literal_(3, F8, "-1.0"),
        Compute(4, F8, SUB, F8, (2, 3)),
        Store(at(out), F8, 4),
        FoldStep(0, 4),
    )
    b.nest((), 0, head=head, folds=(total((), partial=(p,), out=same),))
    return Example(b.program(), shapes([()]), lambda x: [2 * x + 1] * 2)


def index_grid() -> Example:
    """Positions as numbers: 10 i + j + n, and the diagonal of x reversed."""
    b = Builder()
    x = b.arg(None, n(0))
    out, diagonal = b.out(n(0), n(0), dtype="float32"), b.out(n(0))
    place = Affine(n(0), ((0, size(10)), (1, ONE)))
    body = (Position(0, "float32", place), Store(at(out, n(0), 1), "float32", 0))
    b.nest((n(0), n(0)), 1, Pass(body), least=3)
    back = at(x, -(n(0) + 1), offset=n(0) * n(0) - 1)
    b.nest((n(0),), 0, Pass((Load(0, F8, back), Store(at(diagonal, 1), F8, 0))))

    def expected(x: Array) -> list[Array]:
        i, j = np.indices(x.shape)
        return [(10 * i + j + len(x)).astype("float32"), np.diagonal(x)[::-1].copy()]

    return Example(b.program(), shapes([(1, 1)], [(7, 7)], [(20, 20)]), expected)


def folds_over_nothing() -> Example:
    """The sum and argmax of [n, 1] along the axis of length 1: every element is its own state."""
    b = Builder()
    x = b.arg(None)
    out, where, rows = b.out(n(0)), b.out(n(0), dtype="int64"), b.out(n(0), n(0))
    p, v, i = b.partial(n(0)), b.partial(n(0)), b.partial(n(0), dtype="int64")
    folds = (
        total((), partial=(p,), out=out),
        argmax((), [], partial=(v, i), out=where),
    )
    chunks = b.cut(n(0), 10)
    body = (Load(0, F8, at(x, 1)), FoldStep(0, 0), FoldStep(1, 0))
    b.nest((n(0),), 0, Pass(body), least=1, chunks=chunks, folds=folds)
    q = b.partial(n(0), n(0))
    body = (Load(0, F8, at(x, 0, 1)), FoldStep(0, 0))
    b.nest((n(0), n(0)), 1, Pass(body), least=1, chunks=chunks,
           folds=(total((), partial=(q,), out=rows),))  # fmt: skip

    def expected(x: Array) -> list[Array]:
        return [x, np.zeros(len(x), "int64"), np.tile(x, (len(x), 1))]

    return Example(b.program(), shapes([(3,)], [(100,)], [(0,)]), expected)


EXAMPLES: dict[str, Callable[[], Example]] = {
    "elementwise": elementwise,
    "long_sum": long_sum,
    "long_sum_float32": lambda: long_sum("float32"),
    "softmax": softmax,
    "columns": columns,
    "columns_float32": lambda: columns("float32"),
    "rows_and_columns": rows_and_columns,
    "axes_0_2_3": axes_0_2_3,
    "middle_axis": middle_axis,
    "positions": positions,
    "gather": gather,
    "scatter": scatter,
    "epilogue": epilogue,
    "epilogue_float32": lambda: epilogue("float32"),
    "batched": batched,
    "update": update,
    "scalars": scalars,
    "index_grid": index_grid,
    "folds_over_nothing": folds_over_nothing,
}


def with_first(program: Program, step: Step) -> Program:
    """The program with its first step replaced."""
    (segment,) = program.segments
    steps = (step, *segment.steps[1:])
    return replace(program, segments=(replace(segment, steps=steps),))


def scalar(text: str) -> ScalarFn:
    return scalar_fn(text)
