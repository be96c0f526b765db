"""The examples with loops and draws hold what they say; smaller here than when they are run."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import gradc

ROOT = Path(__file__).parents[2]


def example(name: str) -> ModuleType:
    pytest.importorskip("sklearn")
    return importlib.import_module(f"examples.{name}")


def test_chains_find_the_posterior_that_importance_sampling_finds() -> None:
    hmc = example("hmc")
    problem = hmc.load()
    draws, moved = hmc.sample(problem, 500)
    assert draws.shape == (8, 500, 31)
    assert 0.9 < moved < 1
    assert hmc.r_hat(draws).max() < 1.01
    other, size = hmc.reference(problem, 30_000)
    assert size > 1000
    assert hmc.apart(hmc.estimate(draws), other).max() < 3.5  # the largest of 31
    wrong = draws + 0.5 * draws.std(axis=(0, 1))
    assert hmc.apart(hmc.estimate(wrong), other).min() > 5
    assert hmc.r_hat(np.concatenate([draws, wrong])).min() > 1.02


def test_the_fitted_rates_are_the_true_ones() -> None:
    example = importlib.import_module("examples.lotka_volterra")
    found = example.fit(example.simulate(0))
    assert found.holds(example.TRUTH)[1]
    assert 0.02 < found.half.min() < found.half.max() < 0.1
    exact = example.simulate(0) - example.NOISE * np.random.default_rng(0).standard_normal((50, 2))
    np.testing.assert_allclose(gradc.jit(example.solution)(example.TRUTH), exact, atol=1e-6)
    step = 1e-6 * np.eye(6)
    slopes = [
        (example.residuals(example.TRUTH + e, exact) - example.residuals(example.TRUTH - e, exact))
        / 2e-6
        for e in step
    ]
    jacobian = example.jacobian(example.TRUTH, exact)
    np.testing.assert_allclose(jacobian, np.transpose(slopes), atol=1e-6)


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    _, each, every = importlib.import_module("examples.lotka_volterra").coverage(20)
    assert each.min() >= 18
    assert every >= 18


def test_the_machine_is_a_law_and_learns_the_digits() -> None:
    rbm = example("rbm")
    rng = np.random.default_rng(0)
    small = {"w": rng.normal(size=(5, 10)), "visible": rng.normal(size=5),
             "hidden": rng.normal(size=10)}  # fmt: skip
    rows = (np.arange(2**5)[:, None] >> np.arange(5) & 1).astype(float)
    total = sum(np.exp(rbm.log_likelihood(small, row[None])) for row in rows)
    np.testing.assert_allclose(total, 1, rtol=1e-12)
    data = rbm.load()
    _, curve = rbm.train(data, 20, rbm.divergence)
    assert rbm.independent(data) < -25
    assert curve[-1].min() > -23


def test_letters_are_foretold() -> None:
    chars = importlib.import_module("examples.lstm_chars")
    text = chars.load(60_000)
    model = chars.Trigrams(text.train, len(text.alphabet))
    discount = model.best(text.choose)
    np.testing.assert_allclose(model.probabilities(discount).sum(axis=-1), 1, rtol=1e-9)
    share = np.bincount(text.judge) / len(text.judge)
    single = -np.sum(share * np.log2(np.maximum(share, 1e-9)))
    assert model.bits(text.judge, discount) < 0.75 * single
    best, curve = chars.train(text, 64, 200)
    assert chars.bits(best, text.judge) < 0.9 * single
    assert curve[0][1] > curve[-1][1] > 0
    written = chars.write(text, best, "The ", 50)
    assert len(written) == 54
    assert set(written) <= set(text.alphabet)


@pytest.mark.slow
def test_the_network_knows_more_than_trigrams() -> None:
    chars = importlib.import_module("examples.lstm_chars")
    text = chars.load()
    model = chars.Trigrams(text.train, len(text.alphabet))
    trigrams = model.bits(text.judge, model.best(text.choose))
    best, _ = chars.train(text, 128, 1500)
    assert chars.bits(best, text.judge) < trigrams - 0.15


def test_lenet_reads_digits(quickly: None) -> None:
    lenet = example("lenet")
    train, test = lenet.load()
    assert (train.x.shape, test.x.shape) == ((1280, 1, 28, 28), (517, 1, 28, 28))
    network = lenet.build(lenet.initial(), train)
    ((cost, accuracy),) = lenet.learn(network, test, 1)
    assert cost < 3
    assert accuracy > 0.8


def test_an_autoencoder_draws_what_was_wiped_out(quickly: None) -> None:
    autoencoder = example("autoencoder")
    train, test = autoencoder.load()
    network = autoencoder.build(autoencoder.initial(), train.x, train.x)
    curve = autoencoder.learn(network, train.x, 5)
    assert curve[-1] < 0.8 * curve[0]
    spoilt = autoencoder.spoil(test.x, np.random.default_rng(1))
    before, after = (np.square(each - test.x).mean() for each in (spoilt, network.redraw(spoilt)))
    assert after < before / 2.5


def test_running_averages_are_those_of_the_data(quickly: None) -> None:
    batchnorm = example("batchnorm")
    train, test = batchnorm.load()
    network = batchnorm.build(batchnorm.initial(), train)
    curve = batchnorm.learn(network, test, 3)
    assert curve[-1][1] > 0.9
    rows = train.x @ network.weights["w_0"].get_value()
    for name, found in {"mean_0": rows.mean(axis=0), "var_0": rows.var(axis=0)}.items():
        average = network.averages[name].get_value()
        np.testing.assert_allclose(average, found, atol=0.25 * np.abs(found).max())


def test_a_letter_sees_only_those_before_it(quickly: None, monkeypatch: pytest.MonkeyPatch) -> None:
    transformer = importlib.import_module("examples.transformer")
    monkeypatch.setattr(transformer, "BLOCKS", 1)  # compiles in half the time
    text = transformer.load(15_000)
    network = transformer.build(transformer.initial(len(text.alphabet)), text.train, 2)
    curve = transformer.learn(network, text, 2)
    assert curve[-1][0] < curve[0][0] < np.log(len(text.alphabet)) + 1
    letters = text.test[:4, :-1].copy()
    before, *_ = network.foretell(letters)
    np.testing.assert_allclose(before.sum(axis=-1), 1, rtol=1e-5)
    letters[:, 20:] = 0
    after, *looks = network.foretell(letters)
    np.testing.assert_array_equal(before[:, :20], after[:, :20])
    assert (before[:, 20:] != after[:, 20:]).any()
    for look in looks:
        assert not np.triu(look, 1).any()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("hmc", "--draws 500"), ("lotka_volterra", "--simulations 2"),
        ("rbm", "--epochs 5"), ("lstm_chars", "--steps 100"), ("lenet", "--epochs 1"),
        ("autoencoder", "--epochs 2"), ("batchnorm", "--epochs 2"), ("transformer", "--epochs 1"),
    ],
)  # fmt: skip
def test_the_example_prints_and_saves_a_picture(name: str, options: str, tmp_path: Path) -> None:
    picture = tmp_path / "new" / "picture.png"
    script = str(ROOT / "examples" / f"{name}.py")
    command = [sys.executable, script, *options.split(), "--picture", str(picture)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert len(lines) >= (3 if name == "transformer" else 4)
    assert lines[-1].startswith("picture: ")
    assert picture.read_bytes().startswith(b"\x89PNG")
