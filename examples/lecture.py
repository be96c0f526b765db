"""The lecture's case study: a two-layer network, trained on random data.

Every line of the program below is one of the lecture's (Na, "Introduction to Theano
Programming"), for the Python and the numpy of today; its `w` is both weights.  There is nothing to
learn in random labels, so this shows the mechanics only: examples/mlp.py is the same program on
real digits.
"""

import argparse

import numpy as np

import gradc
import gradc.tensor as T

parser = argparse.ArgumentParser(description="The lecture's network on random data.")
parser.add_argument("--steps", type=int, default=10_000, help="training steps")
parser.add_argument("--seed", type=int, default=0, help="of the data and the first weights")
args = parser.parse_args()

rng = np.random.default_rng(args.seed)
N = 400  # number of samples
feats = 784  # dimensionality of features
D = (rng.standard_normal((N, feats)), rng.integers(size=N, low=0, high=2).astype("float64"))

# Declare symbolic variables.
x = T.matrix("x")
y = T.vector("y")
w_1 = gradc.shared(rng.standard_normal((feats, 300)), name="w1")
b_1 = gradc.shared(np.zeros(300), name="b1")
w_2 = gradc.shared(rng.standard_normal(300), name="w2")
b_2 = gradc.shared(0.0, name="b2")

print("Initial model:")
print(w_1.get_value(), b_1.get_value())
print(w_2.get_value(), b_2.get_value())

# Construct the expression graph.
p_1 = T.sigmoid(-T.dot(T.sigmoid(-T.dot(x, w_1) - b_1), w_2) - b_2)  # probability of target 1
prediction = p_1 > 0.5  # the prediction threshold
xent = -y * T.log(p_1) - (1 - y) * T.log(1 - p_1)  # cross-entropy loss
cost = xent.mean() + 0.01 * ((w_1**2).sum() + (w_2**2).sum())  # the cost to minimize
gw_1, gb_1, gw_2, gb_2 = T.grad(cost, [w_1, b_1, w_2, b_2])

# Compile.
train = gradc.function(
    inputs=[x, y],
    outputs=[prediction, xent],
    updates={
        w_1: w_1 - 0.1 * gw_1,
        b_1: b_1 - 0.1 * gb_1,
        w_2: w_2 - 0.1 * gw_2,
        b_2: b_2 - 0.1 * gb_2,
    },
    name="train",
)
predict = gradc.function(inputs=[x], outputs=prediction, name="predict")

# Train.
for _ in range(args.steps):
    pred, err = train(D[0], D[1])

print("Final model:")
print(w_1.get_value(), b_1.get_value())
print(w_2.get_value(), b_2.get_value())
print("target values for D:", D[1].astype(int))
print("predictions on D:", predict(D[0]).astype(int))
