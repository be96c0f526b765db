"""Programs that break a rule are refused, naming the step."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gradc.errors import InternalError
from gradc.kernel.check import check_program
from gradc.kernel.program import (
    FoldStep,
    Load,
    Nest,
    Pass,
    Product,
    Program,
    Row,
    RowResult,
    Step,
    Store,
)
from gradc.sizes import size
from gradc.value import replace
from tests.kernel import programs as p

FIRST = "segment 0, step 0: "


@pytest.mark.parametrize("name", p.EXAMPLES)
def test_examples_pass(name: str) -> None:
    check_program(p.EXAMPLES[name]().program)


def refused(program: Program) -> str:
    with pytest.raises(InternalError) as caught:
        check_program(program)
    return str(caught.value).removeprefix("program, ").rstrip(".")


def nest_of(program: Program) -> Nest:
    step = program.segments[0].steps[0]
    assert isinstance(step, Nest)
    return step


def changed(program: Program, change: Callable[[Nest], Step]) -> str:
    return refused(p.with_first(program, change(nest_of(program))))


def body_of(nest: Nest) -> Pass:
    block = nest.blocks[0]
    assert isinstance(block, Pass)
    return block


def with_body(nest: Nest, *body: object) -> Nest:
    return replace(nest, blocks=(Pass(body), *nest.blocks[1:]))  # type: ignore[arg-type]


def test_locals() -> None:
    program = p.elementwise().program
    body = body_of(nest_of(program)).body
    assert changed(program, lambda x: with_body(x, *body[1:])) == FIRST + "v0 is not known here"
    twice = changed(program, lambda x: with_body(x, body[0], *body))
    assert twice == FIRST + "v0 is set twice"
    late = Row((Store(p.at(2, p.n(1), 0), p.F8, 4),))
    text = changed(program, lambda x: replace(x, blocks=(*x.blocks, late)))
    assert text == FIRST + "v4 is not known here"


def test_accesses() -> None:
    program = p.elementwise().program
    short = Load(0, p.F8, p.at(0, 1))
    text = changed(program, lambda x: with_body(x, short))
    assert text == FIRST + "an access to b0 has not 2 strides"
    moving = Row((Load(9, p.F8, p.at(0, p.n(1), 1)),))
    text = changed(program, lambda x: replace(x, blocks=(moving, *x.blocks)))
    assert text == FIRST + "an access to b0 moves along an inner loop"
    unknown = Load(0, p.F8, p.at(0, p.n(77), 1))
    assert changed(program, lambda x: with_body(x, unknown)) == FIRST + "n77 is unknown"
    other = Load(0, "int32", p.at(0, p.n(1), 1))
    text = changed(program, lambda x: with_body(x, other))
    assert text == FIRST + "b0 is float64, not int32"
    nowhere = Load(0, p.F8, p.at(9, p.n(1), 1))
    assert changed(program, lambda x: with_body(x, nowhere)) == FIRST + "there is no b9"
    early = Load(0, p.F8, p.at(2, p.n(1), 1))
    text = changed(program, lambda x: with_body(x, early))
    assert text == FIRST + "b2 is read before it is written"
    into = (*body_of(nest_of(program)).body, Store(p.at(0, p.n(1), 1), p.F8, 4))
    assert changed(program, lambda x: with_body(x, *into)) == FIRST + "b0 is an argument"


def test_commit() -> None:
    program = p.update().program
    (segment,) = program.segments
    early = replace(program, segments=(replace(segment, commit=3),))
    assert refused(early) == "segment 0, step 2: b5 is an update, before the commit"
    late = replace(segment, steps=(*segment.steps, segment.steps[0]))
    text = refused(replace(program, segments=(late,)))
    assert "is read behind its update in segment 0, step " in text
    program = p.gather().program
    (segment,) = program.segments
    late = replace(program, segments=(replace(segment, commit=0),))
    assert refused(late) == FIRST + "it may fail, behind the commit"
    text = changed(program, lambda x: replace(x, fallible=False))
    assert text == FIRST + "a statement may fail, and the nest says it cannot"


def test_scatter_runs_in_one_chunk() -> None:
    program = p.scatter().program
    (segment,) = program.segments
    steps = list(segment.steps)
    steps[1] = replace(steps[1], chunks=p.n(0))  # type: ignore[call-arg]
    text = refused(replace(program, segments=(replace(segment, steps=tuple(steps)),)))
    assert text == "segment 0, step 1: a scatter runs in several chunks"


def test_folds() -> None:
    program = p.softmax().program

    def with_fold(nest: Nest, **change: object) -> Nest:
        first = replace(nest.folds[0], **change)  # type: ignore[arg-type]
        return replace(nest, folds=(first, *nest.folds[1:]))

    text = changed(program, lambda x: with_fold(x, axes=(0, 1)))
    assert text == FIRST + "a row's fold is not over the inner axes"
    text = changed(program, lambda x: with_fold(x, states=()))
    assert text == FIRST + "a fold's components are miscounted"
    text = changed(program, lambda x: with_fold(x, element="float32"))
    assert text == FIRST + "f0 takes an element of another dtype"
    text = changed(program, lambda x: with_fold(x, scope="nest"))
    assert text == FIRST + "a fold lacks memory for its states"
    early = Row((RowResult(99, p.F8, 0),))
    text = changed(program, lambda x: replace(x, blocks=(early, *x.blocks)))
    assert text == FIRST + "f0 is not ready yet"
    again = Row((FoldStep(0, 1),))
    text = changed(program, lambda x: replace(x, blocks=(*x.blocks[:2], again, *x.blocks[2:])))
    assert text == FIRST + "f0 takes elements in two places"
    text = changed(program, lambda x: replace(x, blocks=x.blocks[:2]))
    assert text == FIRST + "f1 takes no element"


def test_products() -> None:
    program = p.batched().program
    step = program.segments[0].steps[0]
    assert isinstance(step, Product)

    def text(**change: object) -> str:
        return refused(p.with_first(program, replace(step, **change)))  # type: ignore[arg-type]

    assert text(dtype="int64") == FIRST + "BLAS does not multiply int64"
    assert text(routine="gemv") == FIRST + "gemv has one column"
    assert text(routine="ger") == FIRST + "ger has one term"
    assert text(batch=()) == FIRST + "b0 has another stack"
    assert text(y=replace(step.y, buffer=3)) == FIRST + "b3 is read before it is written"


def test_memory() -> None:
    program = p.update().program
    wrong = replace(program.buffers[7], index=5)
    buffers = (*program.buffers[:7], wrong, *program.buffers[8:])
    assert refused(replace(program, buffers=buffers)) == "program: b7 has no slot"
    wrong = replace(program.buffers[7], dtype="float32")
    buffers = (*program.buffers[:7], wrong, *program.buffers[8:])
    assert refused(replace(program, buffers=buffers)) == "program: b7 does not fit its slot"
    steps = program.segments[0].steps[:3]
    segment = replace(program.segments[0], steps=steps)
    text = refused(replace(program, segments=(segment,)))
    assert text == "program: out 2 is never written"


def test_sizes() -> None:
    program = p.elementwise().program
    (segment,) = program.segments
    undefined = replace(segment, sizes=segment.sizes[1:])
    text = refused(replace(program, segments=(undefined,)))
    assert text == "segment 0: n0 is unknown"
    twice = replace(segment, sizes=(*segment.sizes, segment.sizes[0]))
    assert refused(replace(program, segments=(twice,))) == "segment 0: n0 is defined twice"
    shape = replace(nest_of(program), axes=(size(3), p.n(55)))
    assert refused(p.with_first(program, shape)) == FIRST + "n55 is unknown"
