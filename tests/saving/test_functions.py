"""Compiled functions on disk: where there is no compiler, and where somebody changed them."""

from __future__ import annotations

import json
import os
import pickle
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import (
    ArgumentError,
    FileFormatError,
    GradcError,
    IndexBoundsError,
    UntrustedError,
    WrongMachineError,
)
from gradc.runtime.sealed import seal, unseal
from tests.extend.operations import Cube

pytestmark = pytest.mark.usefixtures("quickly")

POINT = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def made() -> Any:
    x, k, i = T.dmatrix("x"), T.dscalar("k"), T.lscalar("i")
    w = gradc.shared(np.ones((3, 2)), "w")
    y = T.tanh(T.dot(x, w)) * k + np.arange(200.0).reshape(100, 2)[:1]
    inputs = [x, gradc.In(k, value=2.0), gradc.In(i, name="row", value=0)]
    outputs = {"y": y, "row": T.sort(x, axis=1)[i], "slope": gradc.grad(y.sum(), w)}
    return gradc.function(inputs, outputs, updates=[(w, w + k)], name="step")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    f = made()
    path = tmp_path_factory.mktemp("saved") / "step"
    f.save(path)
    return f, path


@pytest.fixture
def copied(saved: tuple[Any, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved[1], tmp_path / "step"))


def test_it_is_the_same_function(saved: tuple[Any, Path], tmp_path: Path) -> None:
    f, path = saved
    assert sorted(os.listdir(path)) == ["arrays.npz", "function.json", "kernel.c", "kernel.so"]
    assert {each.stat().st_mode & 0o777 for each in path.iterdir()} == {0o600}
    g = gradc.load_function(path)
    again = pickle.loads(pickle.dumps(f))
    for _ in range(2):
        got, want = g(POINT, row=1), again(POINT, row=1)
        assert list(got) == ["y", "row", "slope"]
        for key, each in got.items():
            np.testing.assert_array_equal(each, want[key])
    (w,) = g.get_shared()
    assert (w.name, w.get_value().tolist()) == ("w", [[5.0, 5.0]] * 3)
    assert f.get_shared()[0].get_value().tolist() == [[1.0, 1.0]] * 3
    assert str(g.stages.optimized) == str(f.stages.optimized).replace(str(Path(__file__)), "")
    with pytest.raises(IndexBoundsError, match=r"test_functions\.py:\d+"):
        g(POINT, row=5)
    with pytest.raises(GradcError, match=r"x : float64\[\?, \?\] .*test_functions.py"):
        g(POINT[:, :2])
    g.save(tmp_path / "second")
    pickle.loads(pickle.dumps(g))(POINT)
    assert gradc.load_function(tmp_path / "second")(POINT)["y"].shape == (2, 2)


STARTS = """
import sys, numpy as np, gradc
f = gradc.load_function(sys.argv[1])
print(f(np.ones((2, 3)))["y"].shape, "gradc.descent" in sys.modules)
"""


def test_where_there_is_no_compiler(saved: tuple[Any, Path], tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path), "GRADC_CC": "no-such-compiler"}
    done = subprocess.run(
        [sys.executable, "-c", STARTS, saved[1]], env=environment, capture_output=True, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("(2, 2) False\n", "")


@pytest.mark.parametrize("name", ["arrays.npz", "function.json", "kernel.c", "kernel.so"])
def test_damage_is_found(copied: Path, name: str) -> None:
    file = copied / name
    good, draw = file.read_bytes(), random.Random(7)
    place = draw.randrange(len(good))
    flipped = good[:place] + bytes([good[place] ^ 4]) + good[place + 1 :]
    for data in (flipped, good[:-1], good[: len(good) // 2], b"", good + b"\0"):
        file.write_bytes(data)
        with pytest.raises(FileFormatError, match=r"load_function: .*step: .*" + name):
            gradc.load_function(copied)
    file.unlink()
    with pytest.raises(FileFormatError, match=f"there is no {name}"):
        gradc.load_function(copied)


def _mode(path: str, mode: int) -> Callable[[Path], None]:
    return lambda place: os.chmod(place / path, mode)


def _link(place: Path) -> None:
    (place / "kernel.so").rename(place.parent / "kernel.so")
    (place / "kernel.so").symlink_to(place.parent / "kernel.so")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (_mode("", 0o777), "is writable by others"),
        (_mode("", 0o770), "is writable by others"),
        (_mode("..", 0o777), "is writable by others"),
        (_mode("kernel.so", 0o622), "is no regular file of this user alone"),
        (_mode("function.json", 0o660), "is no regular file of this user alone"),
        (_link, "kernel.so"),
        (lambda place: os.chown(place / "kernel.so", 12345, -1), "of this user alone"),
        (lambda place: os.chown(place, 12345, -1), "belongs to user 12345"),
    ],
)
def test_what_others_may_write_is_not_run(copied: Path, change: Any, text: str) -> None:
    try:
        change(copied)
    except PermissionError:
        pytest.skip("only root gives files away")
    with pytest.raises(UntrustedError, match=text) as raised:
        gradc.load_function(copied)
    assert isinstance(raised.value, PermissionError)
    assert "chmod -R go-w" in raised.value.hint


def _changed(place: Path, **parts: Any) -> None:
    body = unseal((place / "function.json").read_bytes())
    (place / "function.json").write_bytes(seal(body | parts))


@pytest.mark.parametrize(
    ("parts", "error", "text"),
    [
        ({"features": ["avx1024"]}, WrongMachineError, "the processor lacks avx1024"),
        ({"system": ["linux", "pdp11", "little"]}, WrongMachineError, "is for linux pdp11 little"),
        ({"plan": "{}"}, WrongMachineError, "its plan cannot be read"),
        ({"options": {}}, WrongMachineError, "another version of gradc"),
        ({"graph": [1]}, WrongMachineError, "another version of gradc"),
        ({"format": "gradc function 9"}, FileFormatError, "of another format"),
        ({"files": {}}, FileFormatError, "kernel.so is not what was saved"),
    ],
)
def test_other_machines_and_versions(copied: Path, parts: Any, error: Any, text: str) -> None:
    _changed(copied, **parts)
    with pytest.raises(error, match=text):
        gradc.load_function(copied)


def test_a_graph_that_names_something_else_is_refused(copied: Path) -> None:
    text = json.dumps(unseal((copied / "function.json").read_bytes())["graph"])
    for old, new in (('"sort"', '"sorted"'), ('"tanh"', '"sinh"'), ("gradc.ops", "os")):
        assert old in text
        _changed(copied, graph=json.loads(text.replace(old, new)))
        try:
            gradc.load_function(copied)(POINT)
        except WrongMachineError:
            continue
        assert new == '"sinh"'  # the code decides what is computed; the graph is for messages


def test_a_library_of_something_else_is_refused(copied: Path) -> None:
    data = b"\x7fELF" + bytes(200)
    body = unseal((copied / "function.json").read_bytes())
    (copied / "kernel.so").write_bytes(data)
    from gradc.runtime.store import described

    _changed(copied, files=body["files"] | {"kernel.so": described(data)})
    with pytest.raises(WrongMachineError, match="cannot load"):
        gradc.load_function(copied)


def test_what_cannot_be_saved_says_so(saved: tuple[Any, Path], tmp_path: Path) -> None:
    x = T.dvector("x")
    cases = [
        (gradc.function([x], Cube()(x)), "it holds Python code"),
        (gradc.function([x], {1: x + 1}), "keys that are no text"),
        (gradc.function([x], x + 1, mode="REFERENCE"), "it is interpreted"),
    ]
    for f, text in cases:
        with pytest.raises(ArgumentError, match=text):
            f.save(tmp_path / "a")
    with pytest.raises(ArgumentError, match="is there already"):
        saved[0].save(saved[1])
    with pytest.raises(FileNotFoundError):
        saved[0].save(tmp_path / "no" / "such")
    with pytest.raises(FileNotFoundError):
        gradc.load_function(tmp_path / "none")
    assert os.listdir(tmp_path) == []


def test_a_write_that_fails_leaves_nothing(
    saved: tuple[Any, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = os.rename

    def fails(source: Any, target: Any, **where: Any) -> None:
        if Path(target).name == "step":
            raise OSError("disk")
        rename(source, target, **where)

    monkeypatch.setattr(os, "rename", fails)
    with pytest.raises(OSError, match="disk"):
        saved[0].save(tmp_path / "step")
    assert os.listdir(tmp_path) == []
