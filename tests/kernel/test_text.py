"""Programs as readable loops."""

from __future__ import annotations

import pytest

from gradc.kernel.formula import factor, formula, place
from gradc.sizes import floor_div, size
from gradc.value import replace
from tests.kernel.programs import EXAMPLES, n, update


def test_formulas() -> None:
    assert formula(0) == "0"
    assert formula(n(0) * n(1) * 2 - 1) == "2 * n0 * n1 - 1"
    assert formula(-n(0)) == "-n0"
    assert formula(5 - n(0)) == "5 - n0"
    assert formula(floor_div(n(0) + 1, 4), "gc_") == "gc_floor_div(n0 + 1, 4)"
    assert factor(n(0) + 1) == "(n0 + 1)"
    assert factor(n(0) * 2) == "2 * n0"
    assert factor(-n(0)) == "(-n0)"


def test_places() -> None:
    assert place(0, [("i0", n(1)), ("j", size(1))]) == "i0 * n1 + j"
    assert place(n(0) - 1, [("j", size(-1))]) == "n0 - j - 1"
    assert place(0, [("j", size(0))]) == "0"
    assert place(0, [("i0", n(1) + 1), ("j", size(2))]) == "i0 * (n1 + 1) + 2 * j"
    assert place(0, [("j", -n(0))]) == "j * (-n0)"


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_prints_without_c(name: str) -> None:
    text = str(EXAMPLES[name]().program)
    assert "commit" in text
    assert not any(word in text for word in ("{", ";", "const", "_t "))


UPDATE = """\
program: 2 inputs, 2 shared, 1 output, 2 updates
  b0 : float64[n0, n1]  argument 0, input
  b1 : float64[n0]  argument 1, input
  b2 : float64[n1]  argument 2, shared
  b3 : float64[n2]  argument 3, shared
  b4 : float64[n0]  out 0, output
  b5 : float64[n1]  out 1, update
  b6 : float64[n2]  out 2, update
  b7 : float64[n0]  work, slot 0
  b8 : float64[]  work, slot 1
  b9 : float64[]  partial, slot 2
segment 0
  n0 = length of axis 0 of argument 0
  n1 = length of axis 1 of argument 0
  n2 = length of axis 0 of argument 3
  slot 0: n0 x 8 bytes: b7 (steps 1 to 2)
  slot 1: 1 x 8 bytes: b8 (steps 1 to 3)
  slot 2: 1 x 8 bytes: b9 (steps 1 to 1)
  peak workspace: 8 * n0 + 16 bytes, each slot rounded up to 64
  step 0: product  %4 = dot(%0, %2)
    gemv n0 x 1 x n1 in 1 blocks: b4<1, 0> = 1.0 * b0<n1, 1> @ b2<1, 0>
  step 1: nest
    fold f0: a0 + x from 0 over i0 of float64, states in b9, result a0 in b8
    for i0 < n0 in 1 chunks of n0 (vector):
      v0 = b4[i0]
      v1 = b1[i0]
      v2 = v0 - v1
      b7[i0] = v2
      f0 takes v1
  ---- commit: nothing from here on can fail ----
  step 2: product  %9
    gemv n1 x 1 x n0 in 1 blocks: b5<1, 0> = -0.1 * b0<1, n1> @ b7<1, 0> + 1.0 * b2
  step 3: nest  %11
    v0 = b8[0]
    for i0 < n2 in 1 chunks of n2 (vector):
      v1 = b3[i0]
      v2 = 0.5
      v3 = v1 * v2
      v4 = v3 + v0
      b6[i0] = v4"""


def test_whole_text_of_an_update() -> None:
    assert str(update().program) == UPDATE


def test_peak_counts_workers() -> None:
    program = update().program
    (segment,) = program.segments
    slot = replace(segment.slots[0], per_worker=True)
    segment = replace(segment, slots=(slot, *segment.slots[1:]))
    text = str(replace(program, segments=(segment,)))
    assert "peak workspace: 16 + workers * (8 * n0) bytes" in text
