"""`python -m benchmarks` as it is typed; one tiny race in real processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.harness import store
from benchmarks.harness.catalogue import catalogue, select
from benchmarks.harness.roster import NAMES, choose

ISSUED = {"lecture", "lecture32", "mlp", "fused", "gauss", "reductions", "xent", "logistic"}


def test_list_names_every_workload(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    listed = capsys.readouterr().out
    for file, workloads in catalogue().items():
        assert f"benchmarks/{file}.py\n" in listed
        for work in workloads:
            assert f"  {work.name} " in listed
    assert ISSUED | {"small_ops", "call"} <= set(listed.replace("/", " ").replace(".", " ").split())


def test_a_name_stands_for_a_workload_or_a_file() -> None:
    assert [work.name for work in select(["lecture"])] == ["lecture"]
    fused = [work.name for work in select(["fused"])]
    assert fused[:2] == ["fused-8", "fused-1e3"]
    assert len(fused) == 10
    assert [work.name for work in select(["fused-8", "fused"])] == fused
    assert len(select([])) == sum(map(len, catalogue().values()))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such"], "no workload is called 'no-such'; there are call, columns"),
        (["call", "--peers", "fortran"], "no peer is called 'fortran'; there are numpy, jax"),
        (["call", "--peers", "theano"], "theano: give --theano-python PATH"),
        (
            ["call", "--peers", "theano", "--theano-python", "/no/such/python"],
            "theano: /no/such/python cannot import theano",
        ),
    ],
)
def test_wrong_names_say_what_there_is(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert said in capsys.readouterr().err


def test_a_missing_peer_is_said_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = {"jax", "torch", "pytensor", "sklearn"}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name in absent else name)
    chosen, missing = choose(None, None)
    assert [peer.name for peer in chosen] == ["numpy"]
    assert [line.split(":")[0] for line in missing] == [name for name in NAMES if name != "numpy"]
    assert missing[0] == "jax: jax is not installed; pip install -e '.[bench]'"


def test_a_race_in_real_processes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "results.json"
    arguments = ["call", "--peers", "numpy", "--rounds", "1", "--json", str(file)]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert "call: a call with four arrays of 8 numbers, float64" in shown
    assert "beside a busy thread" in shown

    (data,) = json.loads(file.read_text())["results"]
    assert (data["name"], data["dtype"], data["variation"]) == ("call", "float64", "plain")
    assert list(data["entries"]) == ["gradc", "numpy"]
    for entry in [*data["entries"].values(), data["floor"]]:
        assert len(entry["rounds"]) == 1
        assert entry["rounds"][0] > 0
        assert entry["memory"] > 1_000_000
        assert entry["about"]
    assert data["entries"]["numpy"]["difference"] < 1e-12
    assert set(data["entries"]["gradc"]["latency"]) == {"p50", "p99", "busy_p50", "busy_p99"}

    machine, (result,), kept = store.read(file)
    assert set(machine) == {"date", "processor", "vectors", "system", "compiler", "python"}
    assert (result.best, kept) == ("numpy", [])
    assert main(["--markdown", str(file)]) == 0
    assert "| call | " in capsys.readouterr().out
