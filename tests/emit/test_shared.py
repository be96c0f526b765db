"""What is written once for many steps, and that no function grows with the graph."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np

from gradc.emit.emit import emit
from gradc.kernel.program import Compute, FoldStep, Load, Pass, Program, Store
from gradc.kernel.scalar import scalar_fn
from gradc.sizes import Size
from gradc.value import replace
from tests.emit.test_emit import TARGET, open_program
from tests.kernel.programs import F8, Builder, at, n, total

NEGATE = scalar_fn("-{x}")
LONGEST = 400  # lines


def length_of(b: Builder, argument: int) -> Size:
    return b.buffers[argument].shape[0]


def sums(count: int) -> Program:
    """The sums of `count` vectors, each of a length of its own."""
    b = Builder()
    for x in [b.arg(None) for _ in range(count)]:
        chunks = b.cut(length_of(b, x), 4096)
        partial, out = b.partial(chunks[0]), b.out()
        folds = (total((0,), partial=(partial,), out=out),)
        body = Pass((Load(0, F8, at(x, 1)), FoldStep(0, 0)))
        b.nest((length_of(b, x),), 0, body, least=1, chunks=chunks, folds=folds)
    return b.program()


def negations(*dtypes: str) -> Program:
    """-x of a vector a dtype."""
    b = Builder()
    for dtype in dtypes:
        x = b.arg(None, dtype=dtype)
        out = b.out(length_of(b, x), dtype=dtype)
        negated = Compute(1, dtype, NEGATE, dtype, (0,))
        body = Pass((Load(0, dtype, at(x, 1)), negated, Store(at(out, 1), dtype, 1)))
        b.nest((length_of(b, x),), 0, body, least=64)
    return b.program()


def longest(text: str) -> int:
    """The lines of the longest function's body."""
    bodies: list[str] = re.findall(r"^{\n(.*?)^}\n", text, re.DOTALL | re.MULTILINE)
    return max(body.count("\n") for body in bodies)


def test_steps_that_do_the_same_share_their_loops(tmp_path: Path) -> None:
    program = sums(3)
    text = emit(program, TARGET).text
    assert len(re.findall(r"fold0_add\(&f0,", text)) == 1
    for name in ("nest0_body", "nest0_tail_body"):
        assert len(re.findall(rf"\b{name}\(", text)) == 4  # written once, called by three
    call = open_program(tmp_path, program, "-O3", "-march=native")
    alone = open_program(tmp_path, sums(1), "-O3", "-march=native")
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(count) for count in (30_000, 5, 0)]
    for array, total_ in zip(arrays, call(arrays), strict=True):
        assert total_.tobytes() == alone([array])[0].tobytes()


def test_equal_text_on_other_types_is_not_shared(tmp_path: Path) -> None:
    program = negations("float32", "float64", "float32")
    text = emit(program, TARGET).text
    assert len(re.findall(r"\bnest0_body\(", text)) == 3
    assert "nest1_body" not in text
    arrays = [np.arange(5, dtype=dtype) for dtype in ("float32", "float64", "float32")]
    for array, out in zip(arrays, open_program(tmp_path, program, "-O1")(arrays), strict=True):
        np.testing.assert_array_equal(out, -array, strict=True)


def test_no_function_grows_with_the_number_of_arrays() -> None:
    """A thousand lengths, checks, outputs, pieces of workspace and steps."""
    program = sums(1000)
    (segment,) = program.segments
    sizes = [each.number for each in segment.sizes if each.source == "length"]
    assert len(sizes) == 1000
    b = Builder()
    for one, other in pairwise(sizes):
        b.equal(n(one), n(other))
    checked = replace(segment, checks=tuple(b.checks))
    text = emit(replace(program, segments=(checked,), notes=tuple(b.notes)), TARGET).text
    assert longest(text) < LONGEST
    assert "plan0_9" in text
