"""Random graphs: what is compiled gives what the references say of the graph as it was written.

300 graphs by default; `pytest tests/fuzz --graphs N --seed S` or `python -m tests.fuzz` for more.
A failure prints its seed, and the smallest graph that fails as a program to run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import GradcWarning
from gradc.graph.walk import toposort
from gradc.tensor.signal.pool import pool_2d
from tests.fuzz.batch import Batch, Fault
from tests.fuzz.cases import joined
from tests.fuzz.census import Census, undrawn
from tests.fuzz.hunt import BATCH, drawn, hunt, shrunk
from tests.fuzz.judge import precise
from tests.fuzz.snippet import snippet


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "batch" in metafunc.fixturenames:
        graphs = int(metafunc.config.getoption("--graphs"))
        first = int(metafunc.config.getoption("--seed"))
        metafunc.parametrize("batch", range(first, first - (-graphs // BATCH)))


def test_compiled_graphs_give_what_they_should(
    batch: int, record_property: Any, request: pytest.FixtureRequest
) -> None:
    census = Census()
    seconds = request.config.getoption("--shrink")
    failures = list(hunt(batch, BATCH, census, shrink=seconds))
    record_property("census", census.plain())
    assert not failures, "\n\n".join(map(str, failures))


@pytest.mark.slow
def test_everything_occurs() -> None:
    """No declaration, kind, dtype, layout or rule that 2,500 graphs leave out."""
    census = Census()
    failures = list(hunt(5000, 2500, census))
    print(census)
    assert not failures, "\n\n".join(map(str, failures))
    assert not census.missing()
    assert not undrawn()


def test_a_seed_means_the_same_graphs() -> None:
    first, second = (joined(drawn(3, 6)) for _ in range(2))
    names = [[str(n) for n in toposort(each.outputs)] for each in (first, second)]
    assert names[0] == names[1]
    for one, other in zip(first.arguments, second.arguments, strict=True):
        np.testing.assert_array_equal(one, other)


def test_graphs_are_what_they_should_be() -> None:
    """All ranks and many lengths; gradients, updates, indices and borrowed storage."""
    cases = [case for seed in (11, 12) for case in drawn(seed)]
    arguments = [each for case in cases for each in case.arguments]
    assert {each.ndim for each in arguments} == set(range(6))
    assert {0, 1, 3, 7, 1025} <= {n for each in arguments for n in each.shape}
    assert sum(len(case.updates) for case in cases) > len(cases) / 2
    assert sum(len(case.slopes) for case in cases) > len(cases) / 2
    assert any(case.bounds for case in cases)
    assert any(case.aliases for case in cases)
    assert any(case.is_special for case in cases)
    sizes = [len(toposort(case.outputs)) for case in cases]
    assert max(sizes) > 40
    assert min(sizes) < 4


def test_a_failure_is_shrunk() -> None:
    def with_cosh(cases: Any) -> list[Fault]:
        outputs = [(k, output) for case in cases for k, output in enumerate(case.outputs)]
        wrong = [k for k, y in outputs if any(n.op.name == "cosh" for n in toposort([y]))]
        return [Fault(0, "cosh", result=f"output {k}") for k in wrong]

    def can_shrink(case: Any) -> bool:
        wrong = [int(fault.result.split()[1]) for fault in with_cosh([case])]
        size = len(toposort(case.outputs))
        return bool(wrong) and len(toposort([case.outputs[wrong[0]]])) < 0.5 * size

    found = ((seed, k, case) for seed in range(40) for k, case in enumerate(drawn(seed, 8)))
    seed, number, case = next(each for each in found if can_shrink(each[2]))
    least = shrunk(seed, number, with_cosh, seconds=3, most=20)
    assert least is not None
    assert with_cosh([least[0]])
    assert len(toposort(least[0].outputs)) < 0.7 * len(toposort(case.outputs))


@pytest.mark.usefixtures("quickly")
def test_a_failure_is_shown_as_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    case = max(drawn(4, 12), key=lambda each: len(toposort(each.outputs)))
    names: dict[str, Any] = {}
    exec(snippet(case), names)
    assert capsys.readouterr().out
    got = [each for each in names["got"] if each.dtype.kind != "f"]
    wanted = [each for each in names["wanted"] if each.dtype.kind != "f"]
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_verdict_is_strict() -> None:
    """A result off by a thousandth of a thousandth is a fault; so is another dtype or sign."""
    batch = Batch(drawn(5, 16))
    results = [verdict.plain for _, _, verdict, _ in batch.verdicts]
    assert not list(batch._compared(results, rewritten=True))
    floats = [each * (1 + 1e-6) if each.dtype == "float64" else each for each in results]
    moved = list(batch._compared(floats, rewritten=True))
    finite = [e for e in results if e.dtype == "float64" and np.isfinite(e).all() and e.any()]
    assert len(moved) >= 0.9 * len(finite) > 5


def test_shaken_windows_keep_their_largest() -> None:
    """Rounding moves an element and the largest alike: the gradient still goes where it goes."""
    x = T.tensor3("x")
    slope = gradc.grad(T.sum(T.exp(pool_2d(T.exp(x), (2, 2)))), x)
    value = np.random.default_rng(1).normal(size=(2, 4, 4))
    wide, shaken = (
        precise([slope], {x: value}, rng)[0] for rng in (None, np.random.default_rng(2))
    )
    assert np.count_nonzero(wide) == 8
    np.testing.assert_allclose(shaken.astype(float), wide.astype(float), rtol=1e-13)
    assert np.any(shaken != wide)


def test_a_damaged_library_is_made_anew(tmp_path: Path) -> None:
    batch = Batch(drawn(6, 3))
    with gradc.config.override(cache_dir=tmp_path, level=0):
        first = batch.run(batch.compiled())
        (library,) = tmp_path.glob("v1/*/kernel.so")
        image = bytearray(library.read_bytes())
        middle = len(image) // 2 // 64 * 64
        for k in range(0, middle, 64):
            image[middle + k] ^= 0x10
        library.chmod(0o600)
        library.write_bytes(bytes(image))
        with pytest.warns(GradcWarning, match="damaged"):
            f = batch.compiled()
        for one, other in zip(first, batch.run(f), strict=True):
            assert one.tobytes() == other.tobytes()
