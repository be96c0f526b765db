"""The estimators beside scikit-learn's own: the same weights from the same seeds."""

from __future__ import annotations

import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn", minversion="1.6")

from sklearn import linear_model, neural_network  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.datasets import load_digits, make_regression  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import check_estimator  # noqa: E402

from gradc.errors import ArgumentError  # noqa: E402
from gradc.sklearn import LogisticRegression, MLPClassifier, MLPRegressor  # noqa: E402

pytestmark = [
    pytest.mark.usefixtures("quickly"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

DIGITS = load_digits()
X, Y = DIGITS.data[:300] / 16.0, DIGITS.target[:300]
NUMBERS, VALUES = make_regression(120, 6, noise=0.1, random_state=1)
VALUES = VALUES / VALUES.std()
SHORT = {"max_iter": 6, "epsilon": 1e-14, "random_state": 1, "hidden_layer_sizes": (20, 10)}

SETTINGS: list[dict[str, Any]] = [
    {},
    {"solver": "sgd", "activation": "tanh", "learning_rate": "invscaling", "batch_size": 64},
    {"solver": "sgd", "nesterovs_momentum": False, "learning_rate": "adaptive", "tol": 10.0,
     "n_iter_no_change": 1, "max_iter": 12},
    {"activation": "logistic", "early_stopping": True, "shuffle": False},
]  # fmt: skip
SLOW = [pytest.param(each, marks=pytest.mark.slow) for each in SETTINGS[1:]]


def weights(model: Any) -> list[Any]:
    return [*model.coefs_, *model.intercepts_]


def alike(mine: Any, theirs: Any) -> None:
    """The same weights, by the same way."""
    for word in ("n_iter_", "t_", "validation_scores_"):
        assert getattr(mine, word) == getattr(theirs, word)
    np.testing.assert_allclose(mine.loss_curve_, theirs.loss_curve_, rtol=1e-5)
    if theirs.best_loss_ is not None:
        np.testing.assert_allclose(mine.best_loss_, theirs.best_loss_, rtol=1e-5)
    for found, wanted in zip(weights(mine), weights(theirs), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)


def test_fits_beside_and_behind_each_other_know_nothing_of_each_other() -> None:
    """Compiled steps are used again; theirs is what each fit has to give."""
    asked = [(sizes, alpha, rows) for sizes in ((20, 10), (7, 3)) for alpha in (1e-4, 1.0)
             for rows in (300, 90)]  # fmt: skip

    def loss(kind: Any, sizes: tuple[int, ...], alpha: float, rows: int) -> Any:
        model = kind(**{**SHORT, "hidden_layer_sizes": sizes, "alpha": alpha})
        return model.fit(X[:rows], Y[:rows]).loss_curve_

    wanted = [loss(neural_network.MLPClassifier, *each) for each in asked]
    with ThreadPoolExecutor(4) as pool:
        beside = list(pool.map(lambda each: loss(MLPClassifier, *each), asked))
    behind = [loss(MLPClassifier, *each) for each in asked]
    np.testing.assert_allclose(beside, wanted, rtol=1e-5)
    np.testing.assert_array_equal(behind, beside)


@pytest.mark.parametrize("settings", [{"epsilon": 0.01}, *SLOW], ids=str)
def test_classifiers_learn_the_same(settings: dict[str, Any]) -> None:
    for labels in (Y, Y > 4):
        mine = MLPClassifier(**{**SHORT, **settings}).fit(X, labels)
        theirs = neural_network.MLPClassifier(**{**SHORT, **settings}).fit(X, labels)
        alike(mine, theirs)
        np.testing.assert_allclose(mine.predict_proba(X), theirs.predict_proba(X), rtol=1e-3)
        np.testing.assert_array_equal(mine.predict(X), theirs.predict(X))


def test_units_at_rest_learn_nothing() -> None:
    """Where a unit gets exactly 0, its slope is 0 in scikit-learn, not 1/2 as in T.nnet.relu."""

    def fitted(kind: Any) -> Any:
        model = kind(**{**SHORT, "warm_start": True, "solver": "sgd", "max_iter": 1})
        model.fit(X, Y)
        for each in weights(model):
            each[:] = np.where(each > 0, each, 0.0)
        model.coefs_[0][:] = 0
        model.intercepts_[0][:] = 0
        return model.fit(X, Y)

    found, wanted = fitted(MLPClassifier), fitted(neural_network.MLPClassifier)
    for ours, theirs in zip(weights(found), weights(wanted), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-13)
    assert not np.any(found.coefs_[0])


@pytest.mark.slow
def test_several_labels_and_numbers_a_row() -> None:
    several = np.stack([Y > 4, Y % 2], axis=1).astype(int)
    mine = MLPClassifier(**SHORT).fit(X, several)
    theirs = neural_network.MLPClassifier(**SHORT).fit(X, several)
    np.testing.assert_allclose(mine.predict_proba(X), theirs.predict_proba(X), rtol=1e-3)
    np.testing.assert_array_equal(mine.predict(X), theirs.predict(X))
    for target in (VALUES, np.stack([VALUES, -VALUES], axis=1)):
        model = MLPRegressor(**SHORT).fit(NUMBERS, target)
        other = neural_network.MLPRegressor(**SHORT).fit(NUMBERS, target)
        np.testing.assert_allclose(model.loss_curve_, other.loss_curve_, rtol=1e-5)
        np.testing.assert_allclose(
            model.predict(NUMBERS), other.predict(NUMBERS), rtol=1e-3, atol=1e-4
        )


@pytest.mark.slow
def test_by_lbfgs() -> None:
    settings = {"solver": "lbfgs", "max_iter": 300, "alpha": 1.0, "random_state": 1,
                "hidden_layer_sizes": (5,), "activation": "tanh"}  # fmt: skip
    mine = MLPRegressor(**settings).fit(NUMBERS, VALUES)
    theirs = neural_network.MLPRegressor(**settings).fit(NUMBERS, VALUES)
    np.testing.assert_allclose(
        mine.score(NUMBERS, VALUES), theirs.score(NUMBERS, VALUES), rtol=0.01
    )


@pytest.mark.parametrize(
    ("settings", "labels"),
    [({}, Y), pytest.param({"C": 0.1, "fit_intercept": False}, Y > 4, marks=pytest.mark.slow)],
    ids=["digits", "halves"],
)
def test_logistic_regressions_find_the_same(settings: dict[str, Any], labels: Any) -> None:
    shares = np.linspace(0.1, 2.0, len(X))
    options = {**settings, "tol": 1e-8, "max_iter": 2000}
    mine = LogisticRegression(**options).fit(X, labels, shares)
    theirs = linear_model.LogisticRegression(**options).fit(X, labels, shares)
    np.testing.assert_allclose(mine.coef_, theirs.coef_, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(mine.predict_proba(X), theirs.predict_proba(X), atol=1e-4)
    np.testing.assert_allclose(
        mine.decision_function(X), theirs.decision_function(X), rtol=1e-3, atol=1e-3
    )
    balanced = LogisticRegression(class_weight="balanced").fit(X, labels)
    other = linear_model.LogisticRegression(class_weight="balanced").fit(X, labels)
    np.testing.assert_array_equal(balanced.predict(X), other.predict(X))


@pytest.mark.slow
def test_balanced_weights_of_weighted_rows() -> None:
    shares = np.random.default_rng(0).uniform(size=len(X))
    options = {"class_weight": "balanced", "tol": 1e-8, "max_iter": 2000}
    mine = LogisticRegression(**options).fit(X, Y, shares)
    theirs = linear_model.LogisticRegression(**options).fit(X, Y, shares)
    np.testing.assert_allclose(mine.predict_proba(X), theirs.predict_proba(X), atol=1e-4)


def test_in_a_pipeline_and_pickled() -> None:
    for model in (MLPClassifier(**SHORT), LogisticRegression()):
        line = make_pipeline(StandardScaler(), clone(model)).fit(X.astype("float32"), Y)
        again = pickle.loads(pickle.dumps(line))
        np.testing.assert_array_equal(again.predict(X), line.predict(X))
        assert line.score(X, Y) > 0.2


@pytest.mark.parametrize("settings", [{"max_iter": 1}, *SLOW[-2:]], ids=str)
def test_warm_starts_go_on(settings: dict[str, Any]) -> None:
    def fitted(kind: Any) -> Any:
        model = kind(**{**SHORT, **settings, "warm_start": True})
        for _ in range(4):
            model.fit(X, Y)
        return model

    mine = fitted(MLPClassifier)
    alike(mine, fitted(neural_network.MLPClassifier))
    before = mine.classes_, weights(mine)
    with pytest.raises(ArgumentError, match=r"not .* as before"):
        mine.fit(X, Y > 4)
    assert mine.classes_ is before[0]
    assert all(x is y for x, y in zip(weights(mine), before[1], strict=True))


PARTS: list[dict[str, Any]] = [
    {"epsilon": 1e-3},
    {"solver": "sgd", "learning_rate": "adaptive", "tol": 10.0, "n_iter_no_change": 1},
    {"solver": "sgd", "learning_rate": "invscaling", "nesterovs_momentum": False},
]


@pytest.mark.parametrize(
    "settings", [PARTS[0], *(pytest.param(each, marks=pytest.mark.slow) for each in PARTS[1:])],
    ids=str,
)  # fmt: skip
def test_parts_go_on(settings: dict[str, Any]) -> None:
    """Of rows, one after the other, in between pickled; the second has not all classes."""

    def learned(kind: Any) -> Any:
        model = kind(**{**SHORT, **settings})
        for part in (slice(0, 120), slice(120, 126), slice(126, 300), slice(0, 300)):
            model = pickle.loads(pickle.dumps(model))
            model.partial_fit(X[part], Y[part], classes=np.arange(10))
        return model.partial_fit(X, Y)

    alike(learned(MLPClassifier), learned(neural_network.MLPClassifier))


@pytest.mark.slow
def test_parts_behind_fits_and_of_other_kinds() -> None:
    several = np.stack([Y > 4, Y % 2], axis=1).astype(int)
    for kind, theirs, rows, target, words in (
        (MLPClassifier, neural_network.MLPClassifier, X, several, {"classes": [0, 1]}),
        (MLPClassifier, neural_network.MLPClassifier, X, Y > 4, {"classes": [False, True]}),
        (MLPRegressor, neural_network.MLPRegressor, NUMBERS, VALUES, {}),
    ):
        models = kind(**SHORT), theirs(**SHORT)
        for model in models:
            model.partial_fit(rows, target, **words).partial_fit(rows, target)
        alike(*models)
        for model in models:
            model.fit(rows, target).partial_fit(rows[:50], target[:50])
        alike(*models)
        np.testing.assert_allclose(
            models[0].predict(rows), models[1].predict(rows), rtol=1e-3, atol=1e-4
        )


def test_wrong_parts() -> None:
    with pytest.raises(ArgumentError, match="classes must be passed on the first call"):
        MLPClassifier(**SHORT).partial_fit(X, Y)
    model = MLPClassifier(**SHORT).partial_fit(X, Y, classes=range(10))
    with pytest.raises(ArgumentError, match=r"classes is .* as before"):
        model.partial_fit(X, Y, classes=range(11))
    before = weights(model)
    with pytest.raises(ArgumentError, match=r"y has the classes .* as before"):
        model.partial_fit(X, Y + 1)
    with pytest.raises(ValueError, match="features"):
        model.partial_fit(X[:, 1:], Y)
    assert all(x is y for x, y in zip(weights(model), before, strict=True))
    with pytest.raises(ArgumentError, match="partial_fit cannot stop early"):
        MLPRegressor(early_stopping=True).partial_fit(NUMBERS, VALUES)
    assert not hasattr(MLPClassifier(solver="lbfgs"), "partial_fit")
    one = MLPClassifier(**SHORT).fit(X.astype("float32"), Y).partial_fit(X, Y)
    assert one.coefs_[0].dtype == "float32"


@pytest.mark.slow
def test_parts_after_another_solver() -> None:
    """States of a rule of descent that does not fit any more are left behind."""
    model = MLPClassifier(**SHORT).partial_fit(X, Y, classes=range(10))
    model.set_params(solver="sgd").partial_fit(X, Y)
    model.set_params(solver="lbfgs").fit(X, Y)
    model.set_params(solver="adam", hidden_layer_sizes=(5,)).fit(X, Y)
    assert model.partial_fit(X, Y).score(X, Y) > 0.1


def test_wrong_parameters() -> None:
    for settings, text in [
        ({"activation": "step"}, "activation has to be one of"),
        ({"hidden_layer_sizes": (3, 0)}, "hidden_layer_sizes must be > 0"),
        ({"alpha": -1.0}, "alpha has to be a number from 0"),
        ({"learning_rate_init": 0.0}, "learning_rate_init has to be a number above 0"),
        ({"tol": np.nan}, "tol has to be a number from 0"),
        ({"momentum": 1.0}, "momentum has to be a number from 0 and below 1"),
        ({"batch_size": 0}, "batch_size has to be a whole number above 0"),
    ]:
        with pytest.raises(ValueError, match=text):
            MLPClassifier(**settings).fit(X, Y)
    for settings in (
        {"C": 0.0}, {"max_iter": 2.5}, {"penalty": "l1"}, {"l1_ratio": 0.5}, {"dual": True},
        {"solver": "saga"}, {"penalty": np.ones(2)},
    ):  # fmt: skip
        with pytest.raises(ArgumentError, match=next(iter(settings))):
            LogisticRegression(**settings).fit(X, Y)
    for shares in (np.ones(3), np.ones((len(X), 1)), "a", [None] * len(X), -np.ones(len(X))):
        with pytest.raises(ArgumentError, match="sample_weight has"):
            LogisticRegression().fit(X, Y, shares)
    assert LogisticRegression(penalty=None, max_iter=300).fit(X, Y).score(X, Y) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "model", [MLPClassifier(max_iter=50), MLPRegressor(max_iter=50), LogisticRegression()], ids=str
)
def test_as_scikit_learn_checks(model: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(model)
