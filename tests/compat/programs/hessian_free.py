"""Hessian-free optimisation: products by Rop, solved by conjugate gradients."""

import numpy as np
import theano
import theano.tensor as T
from digits import blobs

floatX = theano.config.floatX
random = np.random.RandomState(8)
x, t = T.matrices("x", "t")
sizes = [(5, 6), (6,), (6, 2), (2,)]
params = [theano.shared((0.5 * random.randn(*size)).astype(floatX)) for size in sizes]
W1, b1, W2, b2 = params
s = T.dot(T.tanh(T.dot(x, W1) + b1), W2) + b2
y = T.nnet.sigmoid(s)
cost = T.nnet.binary_crossentropy(y, t).sum(axis=1).mean()

v = [T.TensorType(floatX, [False] * p.ndim)() for p in params]
damping = T.scalar()
Jv = T.Rop(s, params, v)
HJv = T.grad(T.sum(T.grad(cost, s) * Jv), s, consider_constant=[Jv], disconnected_inputs="ignore")
Gv = T.grad(T.sum(HJv * s), params, consider_constant=[HJv, Jv], disconnected_inputs="ignore")
product = theano.function(
    [x, t, damping] + v, [g + damping * each for g, each in zip(Gv, v)], on_unused_input="ignore"
)
by_lop = theano.function([x, t] + v, T.Lop(s, params, HJv), on_unused_input="ignore")
gradient = theano.function([x, t], [cost] + T.grad(cost, params))
value = theano.function([x, t], cost)


def dot(a, b):
    return sum(float((p * q).sum()) for p, q in zip(a, b))


def solve(inputs, right, steps):
    found = [np.zeros_like(each) for each in right]
    rest = [each.copy() for each in right]
    direction, norm = [each.copy() for each in rest], dot(rest, rest)
    for _ in range(steps):
        image = product(*(inputs + [0.1] + direction))
        alpha = norm / dot(direction, image)
        found = [(p + alpha * d).astype(floatX) for p, d in zip(found, direction)]
        rest = [(r - alpha * q).astype(floatX) for r, q in zip(rest, image)]
        norm, old = dot(rest, rest), norm
        direction = [(r + norm / old * d).astype(floatX) for r, d in zip(rest, direction)]
    return found


data_x, data_y = blobs(40, 5, 2, 9)
inputs = [data_x.astype(floatX), np.eye(2)[data_y].astype(floatX)]
costs = []
for _ in range(4):
    now = gradient(*inputs)
    costs.append(now[0])
    for p, step in zip(params, solve(inputs, [-each for each in now[1:]], 5)):
        p.set_value(p.get_value() + step)
costs.append(value(*inputs))
ones = [np.ones(size, dtype=floatX) for size in sizes]
RESULTS = {"costs": costs, "lop": [each.sum() for each in by_lop(*(inputs + ones))]}
for number, p in enumerate(params):
    RESULTS["p%d" % number] = p.get_value()
