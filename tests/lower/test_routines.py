"""Steps of routines: what is read where it stands, several outputs, rows and blocks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ShapeError
from gradc.graph.graph import Graph
from gradc.graph.op import DECLARATIONS, Op
from gradc.kernel.check import check_program
from gradc.kernel.program import Nest, Program, Routine
from gradc.kernel.routine import RoutineFn
from gradc.lower import lower, prepare
from gradc.ops.kinds import Routine as RoutineKind
from gradc.ops.kinds import signature_of
from gradc.sizes import size

pytestmark = pytest.mark.usefixtures("quickly")


@pytest.fixture
def extremes() -> Iterator[Op]:
    """An operation of two outputs and two inputs, one of which serves every row."""
    rule = RoutineKind(
        name="toy_extremes",
        doc="For this test.",
        signature="(n),(m,n)->(m),()",
        c=RoutineFn("toy_extremes", "toy.h", fails=True),
        dtypes=lambda dtypes: (dtypes[0], (dtypes[0], "int64")),
        scratch=lambda letters, dtype: ((dtype, letters["n"] * 2),),
        work=lambda letters: letters["n"] * letters["m"],
        complaint="row {v0} has no extremes.",
        fix="give it some.",
        ref=lambda x, y: (x, y),
        pullback=lambda cts, outs, x, y: (None, None),
    )
    yield Op(rule)
    del DECLARATIONS["toy_extremes"]


def steps(program: Program) -> list[Routine]:
    check_program(program)
    found = [step for segment in program.segments for step in segment.steps]
    return [step for step in found if isinstance(step, Routine)]


def test_a_signature_is_read() -> None:
    found = signature_of("(n),(m,n),k->(m,k),()")
    assert (found.inputs, found.outputs) == (("n", "mn", ""), ("mk", ""))
    assert (found.lengths, found.arrays) == (((2, "k"),), (0, 1))
    assert found.letters == ("n", "m", "k")


def test_a_step_of_several_outputs(extremes: Op) -> None:
    x, y = T.matrix("x"), T.matrix("y")
    best, count = extremes(x, y)
    assert (best.type.ndim, count.type.ndim, count.dtype) == (2, 1, "int64")
    graph = prepare(Graph([x, y], [best * 2, count]))
    (step,) = steps(lower(graph))
    assert [each.apart.constant for each in step.reads] == [None, 0]  # y serves every row
    assert len(step.writes) == 2
    assert step.writes[1].apart.constant == 1
    assert step.note is not None
    unused = prepare(Graph([x, y], [count]))
    assert len(steps(lower(unused))) == 1


def test_lengths_of_a_letter_agree(extremes: Op) -> None:
    with pytest.raises(ShapeError, match="axis 0 of operand 0 has static length 3, axis 1 of op"):
        extremes(T.constant(np.zeros(3)), T.constant(np.zeros((2, 4))))


def test_what_lies_in_one_run_is_read_where_it_stands() -> None:
    x = T.matrix("x")
    here = [T.sort(x[2:]), T.sort(x[3]), T.sort(x.dimshuffle(0, "x", 1)), T.sort(x.flatten())]
    f = gradc.function([x], here)
    program = f.stages.program
    assert all(each.reads[0].buffer == 0 for each in steps(program))
    assert not any(isinstance(step, Nest) for step in program.segments[0].steps)
    moved = gradc.function([x], [T.sort(x[:, ::2]), T.sort(x[::-1]), T.sort(x, 0)])
    assert all(each.reads[0].buffer != 0 for each in steps(moved.stages.program))
    a = np.random.default_rng(0).normal(size=(5, 6))
    expected = [np.sort(a[2:]), np.sort(a[3]), np.sort(a)[:, None], np.sort(a.ravel())]
    for got, wanted in zip(f(a), expected, strict=True):
        np.testing.assert_array_equal(got, wanted)
    for got, wanted in zip(moved(a), [np.sort(a[:, ::2]), np.sort(a[::-1]), np.sort(a, 0)],
                           strict=True):  # fmt: skip
        np.testing.assert_array_equal(got, wanted)


def test_one_row_is_one_block_with_its_own_scratch() -> None:
    x, rows = T.vector("x"), T.matrix("rows")
    f = gradc.function([x, rows], [T.sort(x), T.sort(rows)])
    many, one = steps(f.stages.program)  # the larger result first
    buffers = f.stages.program.buffers
    assert one.blocks == size(1)
    assert buffers[one.scratch[0]].place == "work"
    assert many.blocks.constant is None
    assert buffers[many.scratch[0]].place == "scratch"
