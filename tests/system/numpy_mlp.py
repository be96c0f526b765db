"""The lecture's program in numpy, its gradients written by hand: what examples/mlp.py must equal.

With z the output's argument, p = sigmoid(z): -log p = log(1 + exp(-z)) and -log(1 - p) =
log(1 + exp(z)), by logaddexp; d xent / dz = p - y.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit as sigmoid

Array = npt.NDArray[np.float64]


class NumpyMLP:
    """Parameters and one training step."""

    def __init__(self, w_1: Array, b_1: Array, w_2: Array, b_2: Array) -> None:
        self.w_1, self.b_1, self.w_2 = w_1.copy(), b_1.copy(), w_2.copy()
        self.b_2 = float(b_2)

    def forward(self, x: Array) -> tuple[Array, Array]:
        """The hidden layer, and the argument of the output's sigmoid."""
        hidden = sigmoid(-(x @ self.w_1) - self.b_1)
        return hidden, -(hidden @ self.w_2) - self.b_2

    def predict(self, x: Array) -> npt.NDArray[np.bool_]:
        """Whether label 1 is the likelier one."""
        return sigmoid(self.forward(x)[1]) > 0.5

    def train(self, x: Array, y: Array, rate: float = 0.1) -> tuple[npt.NDArray[np.bool_], Array]:
        """One step; gives predictions and losses before it."""
        hidden, z = self.forward(x)
        p = sigmoid(z)
        loss = y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)
        dz = (p - y) / len(y)
        da = -np.outer(dz, self.w_2) * hidden * (1 - hidden)
        gradients = (
            -(x.T @ da) + 0.02 * self.w_1,
            -da.sum(axis=0),
            -(hidden.T @ dz) + 0.02 * self.w_2,
            -dz.sum(),
        )
        self.w_1 -= rate * gradients[0]
        self.b_1 -= rate * gradients[1]
        self.w_2 -= rate * gradients[2]
        self.b_2 -= rate * float(gradients[3])
        return p > 0.5, loss
