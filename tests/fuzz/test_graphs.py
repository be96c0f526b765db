"""Random graphs: what is compiled gives what `evaluate` gives on the graph as it was written.

Five graphs are compiled as one function, to save compiling.  A failure prints its seed:
`python -m tests.fuzz.test_graphs SEED` shows the graph and the difference.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.graph.evaluate import evaluate
from gradc.graph.variable import Variable
from gradc.graph.walk import ancestors
from tests.fuzz.cases import new_case
from tests.fuzz.pool import Case

FUNCTIONS = 40
GRAPHS = 5  # a function
# Rounding that may differ: of sums in another order, and of rewritten expressions.
TOLERANCE = {"float64": 1e-9, "float32": 5e-4}


def expected(case: Case, f: gradc.Function) -> list[np.ndarray[Any, Any]]:
    """Outputs, then new values, of the graph that no pass has touched."""
    native = [each.astype(each.dtype.newbyteorder("=")) for each in case.arguments]
    values = dict(zip(f.graph.inputs, native, strict=True)) | dict(case.shared)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return [np.asarray(each) for each in evaluate(f.graph.results, values)]


def differences(case: Case, f: gradc.Function) -> list[str]:
    """What is wrong after a call: one line each."""
    wanted = expected(case, f)
    outputs = f(*case.arguments)
    got = [*outputs, *(variable.get_value() for variable in case.updates)]
    names = [*(f"output {k}" for k in range(len(outputs))), *(f"new {v}" for v in case.updates)]
    rows = zip(names, got, wanted, f.graph.results, strict=True)
    found = [difference(name, a, b, tolerance(v)) for name, a, b, v in rows]
    return [each for each in found if each]


def tolerance(result: Variable) -> float:
    """By the coarsest numbers that the result depends on."""
    return max(TOLERANCE.get(each.dtype, 0.0) for each in ancestors([result]))


def difference(name: str, got: Any, want: Any, relative: float) -> str:
    """Why two arrays are not the same, or ""."""
    if not isinstance(got, np.ndarray) or got.dtype != want.dtype or got.shape != want.shape:
        return f"{name}: {got.dtype}{list(got.shape)}, wanted {want.dtype}{list(want.shape)}"
    if want.dtype.kind != "f":
        return "" if np.array_equal(got, want) else f"{name}: {got!r}, wanted {want!r}"
    finite = want[np.isfinite(want)]
    scale = 1 + (float(np.abs(finite).max()) if finite.size else 0.0)
    allowed = relative * scale
    if np.allclose(got, want, rtol=0, atol=allowed, equal_nan=True):
        return ""
    worst = np.nanmax(np.abs(got - want))
    return f"{name}: off by {worst:.3g} where {allowed:.3g} is allowed (largest {scale:.3g})"


def compile_case(seed: int) -> tuple[Case, gradc.Function]:
    case = new_case(np.random.default_rng(seed), GRAPHS)
    f = gradc.function(
        case.inputs, case.outputs, updates=case.updates, on_unused_input="ignore", name="fuzz"
    )
    return case, f


@pytest.mark.parametrize("seed", range(FUNCTIONS))
def test_compiled_equals_evaluated(seed: int) -> None:
    case, f = compile_case(seed)
    before = [each.tobytes() for each in case.arguments]
    found = differences(case, f)
    assert not found, f"python -m tests.fuzz.test_graphs {seed}\n" + "\n".join(found)
    assert [each.tobytes() for each in case.arguments] == before, "an argument was changed"


def test_the_graphs_are_what_they_should_be() -> None:
    """All ranks, lengths, layouts; gradients and updates in most of them."""
    cases = [new_case(np.random.default_rng(seed), GRAPHS) for seed in range(8)]
    arguments = [each for case in cases for each in case.arguments]
    assert {each.ndim for each in arguments} == set(range(6))
    assert {0, 1, 7, 1025} <= {n for each in arguments for n in each.shape}
    assert any(not each.flags.c_contiguous for each in arguments)
    assert any(not each.dtype.isnative for each in arguments)
    assert any(not each.flags.aligned for each in arguments)
    assert any(not each.flags.writeable for each in arguments)
    assert sum(len(case.updates) for case in cases) > 2 * len(cases)
    assert all(len(case.outputs) > 10 for case in cases)


if __name__ == "__main__":
    shown, function = compile_case(int(sys.argv[1]))
    print(function.graph)
    print("\n".join(differences(shown, function)) or "no difference")
