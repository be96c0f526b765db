"""The harness's parts: cases, comparison, ratios, what variations keep, files, old Python."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.harness import report, store
from benchmarks.harness.catalogue import catalogue, find
from benchmarks.harness.first import measure_first
from benchmarks.harness.process import PeerFailed, Process
from benchmarks.harness.race import Mismatch, compare
from benchmarks.harness.result import Entry, Result
from benchmarks.harness.roster import GRADC, Peer
from benchmarks.harness.task import NotOffered, prepare
from benchmarks.harness.vary import Kept, kept, variations_of
from benchmarks.harness.workload import VARIATIONS, Case, Workload
from benchmarks.peers import with_numpy

ROOT = Path(__file__).resolve().parents[2]
WORKLOADS = [work for works in catalogue().values() for work in works]
NUMPY = Peer("numpy", "with_numpy", "numpy")


def result(variation: str = "plain", **seconds: list[float]) -> Result:
    """A Result of these rounds; `floor` among them."""
    made = Result.of(Case(find("lecture"), VARIATIONS[variation]), variation)
    made.floor = Entry(seconds.pop("floor", [1.0]))
    made.entries = {name: Entry(rounds) for name, rounds in seconds.items()}
    return made


def test_ratios() -> None:
    made = result(gradc=[2.0, 4.0, 2.0], numpy=[3.0], jax=[8.0], floor=[1.0, 1.1, 1.3])
    assert made.best == "numpy"
    assert made.ahead == 1.5
    assert made.above_floor == pytest.approx(2 / 1.1)
    assert made.is_disturbed
    assert "WARNING: the floor moved by 30 % between rounds" in report.table(made)
    goals = {what: is_reached for what, _, _, is_reached in made.goals()}
    assert goals == {"best peer / gradc": True, "gradc / floor": False}
    assert "| lecture (*) | 2.000 s | **3.000 s** |" in report.markdown({}, [made], [])
    quiet = result(gradc=[1.0], floor=[1.0, 1.19])
    assert not quiet.is_disturbed
    assert "(*)" not in report.markdown({}, [quiet], [])


def test_alone_there_is_no_ratio() -> None:
    made = result(gradc=[1.0])
    assert (made.best, made.ahead) == (None, None)


def test_what_a_variation_keeps() -> None:
    plain = result(gradc=[1.0], numpy=[2.0], jax=[3.0])
    larger = result("larger", gradc=[2.0], numpy=[5.0], jax=[3.7])
    renamed = result("renamed", gradc=[1.0], numpy=[1.7])
    found = [kept(plain, larger), kept(plain, renamed)]
    assert found == [
        Kept("lecture", "larger", "jax", 1.85, pytest.approx(0.925)),
        Kept("lecture", "renamed", "numpy", 1.7, pytest.approx(0.85)),
    ]
    assert [each.is_enough for each in found] == [True, False]
    lines = report.variations(found).splitlines()
    assert "BELOW 90 %" not in lines[1]
    assert "BELOW 90 %" in lines[2]
    assert variations_of(find("gauss")) == ["larger", "smaller", "renamed"]
    assert variations_of(find("lecture")) == [name for name in VARIATIONS if name != "plain"]


def test_other_values_end_the_race() -> None:
    work = find("lecture")
    own = {"xent": np.array([1.0, 100.0])}
    close = {"xent": own["xent"] * (1 + 1e-10)}
    assert compare(work, {"gradc": own, "numpy": close}, {"numpy": NUMPY})["numpy"] < 2e-10
    for other in (
        {"xent": np.array([1.0, 100.001])},
        {"xent": np.array([1.0, np.nan])},
        {"xent": np.array([[1.0, 100.0]])},
        {**own, "more": np.zeros(1)},
    ):
        with pytest.raises(Mismatch, match=r"lecture: numpy: .* differs from gradc's by"):
            compare(work, {"gradc": own, "numpy": other}, {"numpy": NUMPY})


def test_sums_near_nothing_are_measured_by_their_terms() -> None:
    work = find("lecture")
    own, other = {"xent": np.array(1e-12)}, {"xent": np.array(3e-12)}
    with pytest.raises(Mismatch):
        compare(work, {"gradc": own, "numpy": other}, {"numpy": NUMPY})
    found = compare(work, {"gradc": own, "numpy": other}, {"numpy": NUMPY}, {"xent": 1.0})
    assert found["numpy"] == pytest.approx(2e-12)


def test_a_peer_that_lacks_values_has_not_done_the_work() -> None:
    own = {"a": np.zeros(2), "b": np.zeros(2)}
    with pytest.raises(Mismatch):
        compare(find("lecture"), {"gradc": own, "numpy": {"a": own["a"]}}, {"numpy": NUMPY})


def test_results_are_added_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    share = Kept("lecture", "larger", "jax", 1.5, 0.95)
    store.write(file, [result(gradc=[1.0], numpy=[2.0])], [share])
    other = result(gradc=[1.0])
    other.name = "other"
    store.write(file, [other, result(gradc=[3.0], numpy=[2.0])], [])
    _, results, shares = store.read(file)
    assert [(each.name, each.own) for each in results] == [("lecture", 3.0), ("other", 1.0)]
    assert shares == [share]
    assert "| lecture | larger | jax | 1.50 | 95 % |" in report.markdown({}, results, shares)


def is_numpys(work: Workload) -> bool:
    """Whether numpy, by which the variations are judged, does this work."""
    try:
        prepare(with_numpy, Case(work), Case(work).data())
    except NotOffered:
        return False
    return True


SMALL = [work.resized(sizes={k: min(n, 12) for k, n in work.sizes.items()}) for work in WORKLOADS]
SAME = [
    Case(work, VARIATIONS[name])
    for work in SMALL
    for name in ("transposed", "renamed")
    if Case(work, VARIATIONS[name]).applies
]


@pytest.mark.parametrize("case", SAME, ids=lambda case: case.workload.name)
def test_transposed_and_renamed_do_the_same_work(case: Case) -> None:
    work = case.workload
    if not is_numpys(work):
        pytest.skip("numpy does not do this")
    turned = {"d_" + name for name in work.matrices if case.variation.is_transposed}
    values = computed(case)
    for name, value in computed(Case(work)).items():
        varied = values[name].T if name in turned else values[name]
        np.testing.assert_allclose(varied, value, work.rtol, work.rtol)


@pytest.mark.parametrize("name", ["larger", "smaller"])
def test_sizes_vary(name: str) -> None:
    sizes = Case(find("lecture"), VARIATIONS[name]).sizes
    larger = {"samples": 460, "features": 902, "hidden": 345}
    assert sizes == (
        larger if name == "larger" else {"samples": 340, "features": 666, "hidden": 255}
    )


def test_another_activation_computes_something_else() -> None:
    for work in SMALL:
        case = Case(work, VARIATIONS["activation"])
        assert case.applies == bool(work.activations)
        if case.applies and is_numpys(work):
            usual, other = computed(Case(work)), computed(case)
            assert any(not np.allclose(usual[name], other[name]) for name in usual)


def computed(case: Case) -> dict[str, Any]:
    """What numpy by hand makes of a case."""
    task = prepare(with_numpy, case, case.data())
    return task.values(task.run())


def test_transposed_data_is_handed_over_transposed() -> None:
    case = Case(find("lecture"), VARIATIONS["transposed"])
    assert case.data()["x"].shape == (784, 400)
    assert case.straight(case.data())["x"].shape == (400, 784)
    assert Case(find("lecture"), VARIATIONS["renamed"]).label("w_1") == "renamed_1_w"


def test_a_peer_without_a_way_says_so() -> None:
    case = Case(find("lecture"))
    with pytest.raises(NotOffered):
        prepare(SimpleNamespace(), case, case.data())


def test_a_worker_that_fails_says_why() -> None:
    message = "UnknownWorkload: no workload is called"
    with (
        Process(NUMPY, "no-such-workload", "plain") as process,
        pytest.raises(PeerFailed, match=message),
    ):
        process.ask("build")
    with Process(Peer("none", "with_none", "none"), "call", "plain") as process:
        with pytest.raises(PeerFailed, match="with_none"):
            process.ask("build")
        process.process.kill()
        process.process.wait()
        with pytest.raises(PeerFailed, match="ended"):
            process.ask("build")


def test_cold_and_warm_use_a_cache_of_their_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("benchmarks.harness.first.REPEATS", 1)
    monkeypatch.setenv("GRADC_CACHE_DIR", str(tmp_path))
    made = result(gradc=[1.0])
    measure_first(find("fused-8"), [GRADC], made)
    entry = made.entries["gradc"]
    assert None not in (entry.imported, entry.cold, entry.warm)
    assert not list(tmp_path.iterdir())


OLD = [
    *(ROOT / "benchmarks").glob("[a-z]*.py"),
    *(
        ROOT / "benchmarks/harness" / f"{name}.py"
        for name in ("catalogue", "measure", "task", "worker", "workload")
    ),
    *(ROOT / "benchmarks/peers" / f"{name}.py" for name in ("symbolic", "with_theano")),
]


@pytest.mark.parametrize("file", OLD, ids=lambda file: file.stem)
def test_what_theano_needs_is_old_python(file: Path) -> None:
    tree = ast.parse(file.read_text(), feature_version=(3, 7))
    modules = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert not modules & {"gradc", "jax", "torch", "pytensor"}
