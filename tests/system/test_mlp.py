"""The program of the lecture, in gradc and in numpy: the same numbers, and what it prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from examples import mlp
from tests.system.numpy_mlp import NumpyMLP

ROOT = Path(__file__).resolve().parents[2]
RTOL = 1e-10


def assert_same(got: np.ndarray, want: np.ndarray) -> None:
    """Relative 1e-10 element by element; for elements near zero, of the largest one."""
    np.testing.assert_allclose(got, want, rtol=RTOL, atol=RTOL * 1e-3 * np.abs(want).max())


def assert_same_parameters(network: mlp.Network, twin: NumpyMLP) -> None:
    for name, parameter in network.parameters.items():
        assert_same(parameter.get_value(), getattr(twin, name))


def follow(start: dict[str, np.ndarray], data: mlp.Data, steps: int) -> tuple:
    network, twin = mlp.build(start), NumpyMLP(**start)
    for _ in range(steps):
        prediction, xent = network.train(data.x, data.y)
        expected, loss = twin.train(data.x, data.y)
        assert_same(xent, loss)
        np.testing.assert_array_equal(prediction, expected)
    assert_same_parameters(network, twin)
    return network, twin


def test_200_steps_on_digits_equal_numpy() -> None:
    train, test = mlp.load(0)
    network, twin = follow(mlp.initial(0), train, 200)
    np.testing.assert_array_equal(network.predict(test.x), twin.predict(test.x))


def test_200_steps_on_the_lectures_random_data_equal_numpy() -> None:
    rng = np.random.default_rng(1)
    data = mlp.Data(
        rng.standard_normal((400, 784)), rng.integers(0, 2, size=400).astype(np.float64)
    )
    follow(mlp.initial(1), data, 200)


@pytest.mark.slow
def test_test_accuracy_is_not_below_numpys() -> None:
    """The same program, from weights a tenth as large: it learns within some hundred steps."""
    train, test = mlp.load(0)
    start = mlp.initial(0)
    start["w_1"] = 0.1 * start["w_1"]
    network, twin = mlp.build(start), NumpyMLP(**start)
    for _ in range(300):
        network.train(train.x, train.y)
        twin.train(train.x, train.y)
    accuracy = network.accuracy(test)
    assert accuracy >= (twin.predict(test.x) == test.y).mean()
    assert accuracy > test.majority + 0.2


@pytest.mark.slow
def test_accuracy_of_the_whole_demo_is_not_below_numpys() -> None:
    train, test = mlp.load(0)
    network, twin = mlp.build(mlp.initial(0)), NumpyMLP(**mlp.initial(0))
    for _ in range(10_000):
        network.train(train.x, train.y)
        twin.train(train.x, train.y)
    assert network.accuracy(test) >= (twin.predict(test.x) == test.y).mean()
    assert network.accuracy(test) > 0.85


def test_enlarging_keeps_constants_and_brightness() -> None:
    images = np.random.default_rng(0).uniform(size=(5, 8, 8))
    large = mlp.enlarge(images)
    assert large.shape == (5, 28, 28)
    assert large.min() >= images.min()
    assert large.max() <= images.max()
    np.testing.assert_allclose(mlp.enlarge(np.full((1, 8, 8), 0.3)), 0.3)
    np.testing.assert_allclose(mlp.enlarge(images, 8), images, atol=1e-15)


def test_the_digits_are_split_without_overlap() -> None:
    train, test = mlp.load(3)
    assert train.x.shape == (400, 784)
    assert test.x.shape == (1397, 784)
    assert 0 <= train.x.min() <= train.x.max() <= 1
    assert set(np.unique(train.y)) == {0.0, 1.0}
    assert 0.5 <= train.majority < 0.6


def run_example(name: str, *args: str) -> str:
    command = [sys.executable, str(ROOT / "examples" / name), *args]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_demo_prints_its_accuracy_last_and_saves_a_picture(tmp_path: Path) -> None:
    picture = tmp_path / "new" / "mlp.png"
    lines = run_example("mlp.py", "--steps", "20", "--picture", str(picture)).splitlines()
    assert re.fullmatch(r"train accuracy: [01]\.\d{3}", lines[-2])
    assert re.fullmatch(r"test accuracy: [01]\.\d{3}", lines[-1])
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert any(line.startswith("norms before:") for line in lines)
    assert any(line.startswith("norms after:") for line in lines)
    assert any(line.startswith("majority class: train 0.") for line in lines)


def test_the_lecture_runs() -> None:
    text = run_example("lecture.py", "--steps", "3")
    assert text.startswith("Initial model:\n")
    assert "predictions on D: [" in text
