"""MLPClassifier and MLPRegressor: scikit-learn's multi-layer perceptrons, trained by compiled code.

Both fit as scikit-learn's do: Glorot's uniform weights, minibatches in an order drawn each epoch,
an end when the loss (or the score on rows held back) stops falling.
"""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target, unique_labels
from sklearn.utils.validation import check_is_fitted, validate_data

from gradc.errors import ArgumentError, message
from gradc.sklearn.minimising import minimised
from gradc.sklearn.network import ACTIVATIONS, forward, slopes
from gradc.sklearn.parameters import check_choice, check_flag, check_real, check_whole
from gradc.sklearn.training import Progress, Settings, Training

__all__ = ["MLPClassifier", "MLPRegressor"]

Array = npt.NDArray[Any]
_RATES = ("constant", "invscaling", "adaptive")


class _Perceptron(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What both estimators share. Parameters are scikit-learn's."""

    def __init__(
        self, hidden_layer_sizes: Any = (100,), activation: str = "relu", *, solver: str = "adam",
        alpha: float = 0.0001, batch_size: Any = "auto", learning_rate: str = "constant",
        learning_rate_init: float = 0.001, power_t: float = 0.5, max_iter: int = 200,
        shuffle: bool = True, random_state: Any = None, tol: float = 1e-4, verbose: bool = False,
        warm_start: bool = False, momentum: float = 0.9, nesterovs_momentum: bool = True,
        early_stopping: bool = False, validation_fraction: float = 0.1, beta_1: float = 0.9,
        beta_2: float = 0.999, epsilon: float = 1e-8, n_iter_no_change: int = 10,
        max_fun: int = 15000,
    ) -> None:  # fmt: skip
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun

    # -- what the two differ in --------------------------------------------------------------------

    def _targets(self, y: Array, dtype: Any, is_part: bool) -> tuple[str, Array, int]:
        """Kind of output, what is to be learned, number of outputs."""
        raise NotImplementedError

    def _decided(self, outputs: Array) -> Array:
        """What `predict` says to the outputs of the last layer."""
        raise NotImplementedError

    # -- fitting -----------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any) -> Any:
        """Learn from rows X [n, features] and what belongs to them, y [n] or [n, outputs].

        Raises: ArgumentError (a ValueError) for parameters out of range.
        """
        return self._learn(X, y, goes_on=self.warm_start and hasattr(self, "coefs_"))

    def _learn_part(self, X: Any, y: Any) -> Any:
        if self.early_stopping:
            what = f"{type(self).__name__}: partial_fit cannot stop early: it is one epoch."
            raise ArgumentError(message(what, fix="set_params(early_stopping=False), or use fit."))
        return self._learn(X, y, goes_on=hasattr(self, "coefs_"), is_part=True)

    def _learn(self, X: Any, y: Any, goes_on: bool, is_part: bool = False) -> Any:
        """goes_on: from the weights there are.  is_part: one epoch, and the rule of descent knows
        what it knew at the end of the last.
        """
        hidden = self._check()
        X, y = validate_data(
            self, X, y, multi_output=True, dtype=(np.float64, np.float32), reset=not goes_on
        )
        if goes_on:
            X = X.astype(self.coefs_[0].dtype, copy=False)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        kind, target, outputs = self._targets(y, X.dtype, is_part)
        random = check_random_state(self.random_state)
        sizes = [X.shape[1], *hidden, outputs]
        self.n_outputs_, self.n_layers_, self.out_activation_ = outputs, len(sizes), kind
        first = self._weights() if goes_on else self._drawn(sizes, random, X.dtype)
        if self.solver == "lbfgs":
            weights = self._fit_whole(kind, first, X, target)
        else:
            before = getattr(self, "_progress", None) if goes_on else None
            weights = self._fit_batches(
                self._settings(kind), first, before, X, target, y, is_part, random
            )
        self._keep(weights)
        if not all(np.isfinite(each).all() for each in weights):
            what = f"{type(self).__name__}: the weights became infinite or nan."
            raise ArgumentError(message(what, fix="scale X, or use a lower learning_rate_init."))
        return self

    def _check(self) -> list[int]:
        """The sizes of hidden layers, once all parameters have been looked at."""
        check_choice(self, "activation", tuple(ACTIVATIONS))
        check_choice(self, "solver", ("adam", "sgd", "lbfgs"))
        check_choice(self, "learning_rate", _RATES)
        for flag in ("shuffle", "warm_start", "nesterovs_momentum", "early_stopping"):
            check_flag(self, flag)
        for name in ("max_iter", "max_fun"):
            check_whole(self, name)
        for name in ("alpha", "power_t", "tol"):
            check_real(self, name, 0)
        for name in ("learning_rate_init", "epsilon"):
            check_real(self, name, 0, is_above=True)
        for name in ("momentum", "beta_1", "beta_2", "validation_fraction"):
            check_real(self, name, 0, 1)
        if self.n_iter_no_change != np.inf:
            check_whole(self, "n_iter_no_change")
        if self.batch_size != "auto":
            check_whole(self, "batch_size")
        sizes = np.atleast_1d(np.asarray(self.hidden_layer_sizes, dtype=object)).tolist()
        if not all(isinstance(each, (int, np.integer)) and each > 0 for each in sizes):
            what = f"{type(self).__name__}: hidden_layer_sizes must be > 0, got {sizes}."
            raise ArgumentError(message(what, fix="pass the numbers of units, such as (100, 50)."))
        return [int(each) for each in sizes]

    def _settings(self, kind: str) -> Settings:
        return Settings(
            activation=self.activation, kind=kind, solver=self.solver, alpha=float(self.alpha),
            learning_rate=self.learning_rate, learning_rate_init=float(self.learning_rate_init),
            power_t=float(self.power_t), momentum=float(self.momentum),
            nesterovs_momentum=bool(self.nesterovs_momentum), beta_1=float(self.beta_1),
            beta_2=float(self.beta_2), epsilon=float(self.epsilon),
        )  # fmt: skip

    def _drawn(self, sizes: list[int], random: np.random.RandomState, dtype: Any) -> list[Array]:
        """First weights and intercepts: Glorot and Bengio (2010), drawn as scikit-learn does."""
        factor = 2.0 if self.activation == "logistic" else 6.0
        found = []
        for fan_in, fan_out in itertools.pairwise(sizes):
            edge = np.sqrt(factor / (fan_in + fan_out))
            found.append(random.uniform(-edge, edge, (fan_in, fan_out)).astype(dtype))
            found.append(random.uniform(-edge, edge, fan_out).astype(dtype))
        return found

    def _weights(self) -> list[Array]:
        """w1, b1, w2, b2, ... as they are."""
        pairs = zip(self.coefs_, self.intercepts_, strict=True)
        return [each for pair in pairs for each in pair]

    def _keep(self, weights: list[Array]) -> None:
        self.coefs_, self.intercepts_ = weights[::2], weights[1::2]

    def _fit_whole(self, kind: str, first: list[Array], x: Array, y: Array) -> list[Array]:
        """By L-BFGS over all rows at once."""
        function = slopes(len(first) // 2, self.activation, kind, x.dtype.name)
        shares, alpha = np.ones(len(x), x.dtype), np.asarray(self.alpha / len(x), x.dtype)
        found = minimised(
            lambda *weights: function(x, y, shares, alpha, *weights), first,
            maxfun=self.max_fun, maxiter=self.max_iter, gtol=self.tol,
        )  # fmt: skip
        self.n_iter_, self.loss_ = min(found.steps, self.max_iter), found.cost
        self._progress: Progress | None = None
        if not found.ends:
            self._warn(f"L-BFGS stopped after {found.steps} iterations, {found.message}")
        return found.weights

    def _fit_batches(
        self, settings: Settings, first: list[Array], before: Progress | None, x: Array,
        y: Array, given: Array, is_part: bool, random: np.random.RandomState,
    ) -> list[Array]:  # fmt: skip
        """By minibatches, epoch by epoch."""
        held = None
        if self.early_stopping:
            x, y, held = self._held_back(x, y, given, random)
        progress = Progress.onwards(before, held is not None)
        descent = progress.descent if is_part else None
        training = Training.of(settings, first, x, y, self._batch_size(len(x)), descent)
        epochs, idle = 0, False
        while epochs < (1 if is_part else self.max_iter) and not idle:
            loss = training.epoch(random if self.shuffle else None)
            score = None if held is None else self._score_held(held, training)
            epochs += 1
            if self.verbose:
                print(f"Iteration {epochs}, loss = {loss:.8f}")
            if progress.epoch(loss, score, len(x), self.tol) and held is not None:
                progress.weights = training.values()
            training.end_epoch(progress.seen)
            idle = progress.idle > self.n_iter_no_change
            if idle and training.slow_down():
                progress.idle, idle = 0, False
        if not idle and not is_part:
            self._warn(f"the maximum of {self.max_iter} iterations was reached")
        progress.descent = training.descent()
        final = training.end()
        self._show(progress, epochs)
        return final if progress.weights is None else progress.weights

    def _batch_size(self, rows: int) -> int:
        if self.batch_size == "auto":
            return min(200, rows)
        if self.batch_size > rows:
            text = "batch_size is larger than the number of rows, which is taken instead."
            warnings.warn(text, stacklevel=5)
        return min(int(self.batch_size), rows)

    def _show(self, progress: Progress, epochs: int) -> None:
        """What scikit-learn's estimators tell of a training."""
        is_held = progress.scores is not None
        self._progress = progress
        self.n_iter_, self.t_ = epochs, progress.seen
        self.loss_curve_, self.loss_ = progress.losses, progress.losses[-1]
        self.best_loss_ = None if is_held else -progress.best
        self.validation_scores_ = progress.scores
        self.best_validation_score_ = progress.best if is_held else None

    def _held_back(
        self, x: Array, y: Array, given: Array, random: np.random.RandomState
    ) -> tuple[Array, Array, tuple[Array, Array]]:
        """Rows to learn from, and rows to score with."""
        stratify = y if is_classifier(self) and self.n_outputs_ == 1 else None
        x, held_x, y, _, _, held_y = train_test_split(
            x, y, given, random_state=random, test_size=self.validation_fraction, stratify=stratify
        )
        if len(held_x) < 2:
            what = f"{type(self).__name__}: the validation set has {len(held_x)} rows."
            raise ArgumentError(message(what, fix="increase validation_fraction."))
        return x, y, (held_x, held_y)

    def _score_held(self, held: tuple[Array, Array], training: Training) -> float:
        x, y = held
        found = self._decided(self._outputs(x, training.values()))
        return float(accuracy_score(y, found) if is_classifier(self) else r2_score(y, found))

    def _warn(self, text: str) -> None:
        warnings.warn(
            f"{type(self).__name__}: {text}, and it has not converged yet.",
            ConvergenceWarning, stacklevel=5,
        )  # fmt: skip

    # -- predicting --------------------------------------------------------------------------------

    def _outputs(self, x: Array, weights: list[Array]) -> Array:
        function = forward(
            len(weights) // 2, self.activation, self.out_activation_, weights[0].dtype.name
        )
        found: Array = function(x.astype(weights[0].dtype, copy=False), *weights)
        return found

    def _of(self, X: Any) -> Array:
        """The outputs for rows."""
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        return self._outputs(rows, self._weights())

    def predict(self, X: Any) -> Array:
        """What belongs to each row: a class, labels or numbers."""
        found: Array = self._decided(self._of(X))
        return found


def _has_batches(estimator: _Perceptron) -> bool:
    if estimator.solver == "lbfgs":
        what = "partial_fit learns by minibatches, which solver='lbfgs' does not."
        raise AttributeError(message(what, fix="set_params(solver='adam'), or use fit."))
    return True


class MLPClassifier(ClassifierMixin, _Perceptron):  # type: ignore[misc]
    """Classes by layers of units, minimising the crossentropy; several labels a row too.

    Parameters, attributes and defaults are those of sklearn.neural_network.MLPClassifier, but that
    X is dense, and there is no sample_weight.
    """

    @available_if(_has_batches)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, *, classes: Any = None) -> Any:
        """Learn for one epoch, going on from the last fit or partial_fit.

        classes: all that there will be; needed the first time.
        Raises: ArgumentError (a ValueError) as `fit`, for other classes, and with early_stopping.
        """
        known = getattr(self, "classes_", None)
        if classes is None and known is None:
            what = "MLPClassifier: classes must be passed on the first call to partial_fit."
            raise ArgumentError(message(what, fix="pass classes=numpy.unique(all labels)."))
        if classes is not None:
            given = unique_labels(classes)
            if known is not None and not np.array_equal(known, given):
                what = f"MLPClassifier: classes is {given}, not {known} as before."
                raise ArgumentError(message(what, fix="leave it out, or make a new estimator."))
            if known is None:
                is_several = type_of_target(y).startswith("multilabel")
                self._label_binarizer = LabelBinarizer().fit(y if is_several else given)
                self.classes_ = self._label_binarizer.classes_
        return self._learn_part(X, y)

    def _targets(self, y: Array, dtype: Any, is_part: bool) -> tuple[str, Array, int]:
        before = getattr(self, "classes_", None) if self.warm_start or is_part else None
        if before is None:
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        else:
            self._check_classes(before, unique_labels(y), is_part)
        if self._label_binarizer.y_type_ == "multiclass":
            return "softmax", np.searchsorted(self.classes_, y), len(self.classes_)
        target = self._label_binarizer.transform(y).astype(dtype)
        return "logistic", target, target.shape[1]

    def _check_classes(self, before: Array, found: Array, is_part: bool) -> None:
        """Raise unless they are the classes of before, or some of them in a part."""
        new = np.setdiff1d(found, before)
        if len(new) or not (is_part or np.array_equal(found, before)):
            what = f"MLPClassifier: y has the classes {found}, not {before} as before."
            fix = "go on with the same classes, or make a new estimator for others."
            raise ArgumentError(message(what, fix=fix))

    def _decided(self, outputs: Array) -> Array:
        flat = outputs.ravel() if self.n_outputs_ == 1 else outputs
        found: Array = self._label_binarizer.inverse_transform(flat)
        return found

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class (or label) for each row: [n, classes]."""
        found = self._of(X)
        return np.hstack([1 - found, found]) if self.n_outputs_ == 1 else found

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of predict_proba."""
        found: Array = np.log(self.predict_proba(X))
        return found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class MLPRegressor(RegressorMixin, _Perceptron):  # type: ignore[misc]
    """Numbers by layers of units, minimising half the squared distance; several a row too.

    Parameters, attributes and defaults are those of sklearn.neural_network.MLPRegressor, but that X
    is dense, and there is no sample_weight.  Of several numbers a row the loss is their mean, while
    the weights descend by their sum; lbfgs, which needs both to be of one function, takes the sum
    for both here.
    """

    @available_if(_has_batches)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any) -> Any:
        """Learn for one epoch, going on from the last fit or partial_fit.

        Raises: ArgumentError (a ValueError) as `fit`, and with early_stopping.
        """
        return self._learn_part(X, y)

    def _targets(self, y: Array, dtype: Any, is_part: bool) -> tuple[str, Array, int]:
        target = np.ascontiguousarray(y.reshape(len(y), -1), dtype)
        return "identity", target, target.shape[1]

    def _decided(self, outputs: Array) -> Array:
        return outputs.ravel() if self.n_outputs_ == 1 else outputs
