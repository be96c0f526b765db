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
from sklearn.utils.validation import check_is_fitted, validate_data

from gradc.errors import ArgumentError, message
from gradc.sklearn.minimising import minimised
from gradc.sklearn.network import ACTIVATIONS, forward, slopes
from gradc.sklearn.parameters import check_choice, check_flag, check_real, check_whole
from gradc.sklearn.training import Settings, Training

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

    def _targets(self, y: Array, dtype: Any) -> tuple[str, Array, int]:
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
        hidden = self._check()
        again = self.warm_start and hasattr(self, "coefs_")
        X, y = validate_data(
            self, X, y, multi_output=True, dtype=(np.float64, np.float32), reset=not again
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        kind, target, outputs = self._targets(y, X.dtype)
        random = check_random_state(self.random_state)
        sizes = [X.shape[1], *hidden, outputs]
        self.n_outputs_, self.n_layers_, self.out_activation_ = outputs, len(sizes), kind
        first = self._weights() if again else self._drawn(sizes, random, X.dtype)
        if self.solver == "lbfgs":
            weights = self._fit_whole(kind, first, X, target)
        else:
            weights = self._fit_batches(self._settings(kind), first, X, target, y, random)
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
        for name in ("alpha", "learning_rate_init", "power_t", "tol", "epsilon"):
            check_real(self, name, 0)
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
        if not found.ends:
            self._warn(f"L-BFGS stopped after {found.steps} iterations, {found.message}")
        return found.weights

    def _fit_batches(
        self, settings: Settings, first: list[Array], x: Array, y: Array, given: Array,
        random: np.random.RandomState,
    ) -> list[Array]:  # fmt: skip
        """By minibatches, epoch by epoch."""
        held = None
        if self.early_stopping:
            x, y, held = self._held_back(x, y, given, random)
        size = min(200, len(x)) if self.batch_size == "auto" else int(self.batch_size)
        if size > len(x):
            text = "batch_size is larger than the number of rows, which is taken instead."
            warnings.warn(text, stacklevel=3)
            size = len(x)
        training = Training.of(settings, first, x, y, size)
        self.validation_scores_: list[float] | None = None if held is None else []
        best, weights, idle = -np.inf, training.values(), 0
        for epoch in range(1, self.max_iter + 1):
            loss = training.epoch(random if self.shuffle else None)
            reached = -loss if held is None else self._score_held(held, training)
            if self.verbose:
                print(f"Iteration {epoch}, loss = {loss:.8f}")
            # scikit-learn: a loss that fell by less than tol, or a score that rose by less
            stays = loss > -best - self.tol if held is None else reached < best + self.tol
            idle = idle + 1 if stays else 0
            if reached > best:
                best = reached
                weights = training.values() if held is not None else weights
            training.end_epoch()
            if idle > self.n_iter_no_change:
                if not training.slow_down():
                    break
                idle = 0
        else:
            self._warn(f"the maximum of {self.max_iter} iterations was reached")
        self.n_iter_, self.loss_curve_ = len(training.losses), training.losses
        self.loss_ = training.losses[-1]
        self.t_ = self.n_iter_ * len(x)
        self.best_loss_ = min(training.losses) if held is None else None
        self.best_validation_score_ = None if held is None else best
        final = training.end()
        return final if held is None else weights

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
        score = float(accuracy_score(y, found) if is_classifier(self) else r2_score(y, found))
        assert self.validation_scores_ is not None
        self.validation_scores_.append(score)
        return score

    def _warn(self, text: str) -> None:
        warnings.warn(
            f"{type(self).__name__}: {text}, and it has not converged yet.",
            ConvergenceWarning, stacklevel=4,
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


class MLPClassifier(ClassifierMixin, _Perceptron):  # type: ignore[misc]
    """Classes by layers of units, minimising the crossentropy; several labels a row too.

    Parameters, attributes and defaults are those of sklearn.neural_network.MLPClassifier, but that
    X is dense, and there is neither partial_fit nor sample_weight.
    """

    def _targets(self, y: Array, dtype: Any) -> tuple[str, Array, int]:
        before = getattr(self, "classes_", None) if self.warm_start else None
        self._label_binarizer = LabelBinarizer().fit(y)
        self.classes_ = self._label_binarizer.classes_
        if before is not None and not np.array_equal(before, self.classes_):
            what = f"MLPClassifier: y has the classes {self.classes_}, not {before} as before."
            fix = "warm_start goes on with the same classes; make a new estimator for others."
            raise ArgumentError(message(what, fix=fix))
        if self._label_binarizer.y_type_ == "multiclass":
            return "softmax", np.searchsorted(self.classes_, y), len(self.classes_)
        target = self._label_binarizer.transform(y).astype(dtype)
        return "logistic", target, target.shape[1]

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
    is dense, and there is neither partial_fit nor sample_weight.  Of several numbers a row the loss
    is their mean, while the weights descend by their sum; lbfgs, which needs both to be of one
    function, takes the sum for both here.
    """

    def _targets(self, y: Array, dtype: Any) -> tuple[str, Array, int]:
        target = np.ascontiguousarray(y.reshape(len(y), -1), dtype)
        return "identity", target, target.shape[1]

    def _decided(self, outputs: Array) -> Array:
        return outputs.ravel() if self.n_outputs_ == 1 else outputs
