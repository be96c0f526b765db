"""LogisticRegression: scikit-learn's, its cost and gradient compiled, minimised by L-BFGS."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from gradc.errors import ArgumentError, message
from gradc.sklearn.minimising import minimised
from gradc.sklearn.network import forward, slopes
from gradc.sklearn.parameters import (
    check_choice,
    check_flag,
    check_real,
    check_whole,
    numbers_of,
)

__all__ = ["LogisticRegression"]

Array = npt.NDArray[Any]


class LogisticRegression(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # no types there
    """Classes by a linear score each, minimising the crossentropy with a penalty of squares.

    C: the inverse of the penalty's strength.  penalty: "l2", or None for none.  l1_ratio, dual,
    solver: as scikit-learn's words for what this is: 0 (or None), False, "lbfgs"; others raise.
    fit_intercept: whether scores have a constant.
    class_weight: None, "balanced", or a dict from class to weight.  max_iter, tol: of L-BFGS.
    warm_start: begin where the last fit ended.
    Attributes: classes_, coef_ [scores, features], intercept_ [scores], n_iter_; for two classes
    there is one score, that of the second.  Parameters and results are those of
    sklearn.linear_model.LogisticRegression with its default solver, which draws nothing and has one
    thread: there is no random_state and no n_jobs.
    """

    def __init__(
        self, C: float = 1.0, *, penalty: str | None = "l2", l1_ratio: float | None = 0.0,
        dual: bool = False, solver: str = "lbfgs", fit_intercept: bool = True,
        class_weight: Any = None, max_iter: int = 100, tol: float = 1e-4, warm_start: bool = False,
    ) -> None:  # fmt: skip
        self.C = C
        self.penalty = penalty
        self.l1_ratio = l1_ratio
        self.dual = dual
        self.solver = solver
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Learn from rows X [n, features] and their classes y [n].

        sample_weight: how much each row counts.
        Raises: ArgumentError (a ValueError) for parameters out of range, or fewer than two classes.
        """
        self._check()
        X, y = validate_data(self, X, y, dtype=(np.float64, np.float32))
        check_classification_targets(y)
        classes, numbers = np.unique(y, return_inverse=True)
        shares = self._shares(X, classes, numbers, sample_weight)
        before = self._before(X) if self.warm_start else None
        self.classes_ = classes
        if len(self.classes_) < 2:
            what = f"LogisticRegression: there is one class only, {self.classes_[0]!r}."
            raise ArgumentError(message(what, fix="pass rows of at least two classes."))
        outputs = 1 if len(self.classes_) == 2 else len(self.classes_)
        target = numbers[:, None].astype(X.dtype) if outputs == 1 else numbers
        first = [np.zeros((X.shape[1], outputs), X.dtype), np.zeros(outputs, X.dtype)]
        if before is not None and before[0].shape == first[0].shape:
            first = before
        w, b = self._minimised(X, target, shares, first)
        self.coef_, self.intercept_ = np.ascontiguousarray(w.T), b
        return self

    def _check(self) -> None:
        check_real(self, "C", 0)
        check_real(self, "tol", 0)
        check_whole(self, "max_iter")
        check_choice(self, "penalty", ("l2", None))
        check_choice(self, "l1_ratio", (0, None))
        check_choice(self, "dual", (False,))
        check_choice(self, "solver", ("lbfgs",))
        check_flag(self, "fit_intercept")
        check_flag(self, "warm_start")
        if self.C == 0:
            what = "LogisticRegression: C is 0, which would leave the penalty alone."
            raise ArgumentError(message(what, fix="pass a number above 0."))

    def _shares(self, x: Array, classes: Array, numbers: Array, given: Any) -> Array:
        """How much each row counts."""
        shares = np.ones(len(x))
        if given is not None:
            shares = numbers_of("LogisticRegression", "sample_weight", given)
            if shares.shape not in ((), (len(x),)):
                what = f"LogisticRegression: sample_weight has the shape {shares.shape}."
                raise ArgumentError(message(what, fix=f"give one weight a row, {len(x)}."))
            shares = np.broadcast_to(shares, (len(x),))
        if self.class_weight is not None:
            shares = shares * self._weights(classes, shares, numbers)[numbers]
        if not shares.sum() > 0:
            what = "LogisticRegression: sample_weight is zero for all rows."
            raise ArgumentError(message(what, fix="leave it out, or let some row count."))
        return shares.astype(x.dtype)

    def _weights(self, classes: Array, shares: Array, numbers: Array) -> Array:
        """What each class counts, as the scikit-learn that is there has it: new ones balance the
        shares of rows, old ones their number.
        """
        known = inspect.signature(compute_class_weight).parameters
        words = {"sample_weight": shares} if "sample_weight" in known else {}
        y = classes[numbers]
        found: Array = compute_class_weight(self.class_weight, classes=classes, y=y, **words)
        return found

    def _before(self, x: Array) -> list[Array] | None:
        if not hasattr(self, "coef_"):
            return None
        return [np.ascontiguousarray(self.coef_.T, x.dtype), self.intercept_.astype(x.dtype)]

    def _minimised(self, x: Array, target: Array, shares: Array, first: list[Array]) -> list[Array]:
        kind = "logistic" if target.ndim == 2 else "softmax"
        function = slopes(1, "identity", kind, x.dtype.name)
        strength = 0.0 if self.penalty is None else 1.0 / self.C
        penalty = np.asarray(strength / shares.sum(dtype="float64"), x.dtype)
        moves = first if self.fit_intercept else first[:1]
        fixed = first[len(moves) :]

        def cost(*weights: Array) -> Any:
            return function(x, target, shares, penalty, *weights, *fixed)[: len(moves) + 1]

        found = minimised(
            cost, moves, maxiter=self.max_iter, gtol=self.tol, ftol=64 * np.finfo(float).eps
        )
        self.n_iter_ = np.asarray([min(found.steps, self.max_iter)], "int32")
        if not found.ends:
            text = f"LogisticRegression: L-BFGS stopped after {found.steps} steps: {found.message}"
            warnings.warn(text, ConvergenceWarning, stacklevel=3)
        return [*found.weights, *fixed]

    # -- predicting --------------------------------------------------------------------------------

    def _outputs(self, X: Any, kind: str) -> Array:
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        kind_of = self.coef_.dtype
        function = forward(1, "identity", kind, kind_of.name)
        found: Array = function(rows.astype(kind_of, copy=False), self.coef_.T, self.intercept_)
        return found

    def decision_function(self, X: Any) -> Array:
        """The scores: [n, classes], for two classes [n]."""
        check_is_fitted(self)
        found = self._outputs(X, "identity")
        return found[:, 0] if len(self.classes_) == 2 else found

    def predict(self, X: Any) -> Array:
        """The likeliest class of each row."""
        scores = self.decision_function(X)
        places = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        found: Array = self.classes_[places]
        return found

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class for each row: [n, classes]."""
        check_is_fitted(self)
        if len(self.classes_) > 2:
            return self._outputs(X, "softmax")
        found = self._outputs(X, "logistic")
        return np.hstack([1 - found, found])

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of predict_proba."""
        found: Array = np.log(self.predict_proba(X))
        return found
