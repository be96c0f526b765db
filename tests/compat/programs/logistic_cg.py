"""Logistic regression by conjugate gradients over one flat vector of parameters."""

import numpy as np
import theano
import theano.tensor as T
from digits import blobs

n_in, n_out = 6, 3
data_x, data_y = blobs(60, n_in, n_out, 2)
train_x = theano.shared(np.asarray(data_x, dtype=theano.config.floatX))
train_y = T.cast(theano.shared(np.asarray(data_y, dtype=theano.config.floatX)), "int32")

theta = theano.shared(
    value=np.zeros(n_in * n_out + n_out, dtype=theano.config.floatX), name="theta", borrow=True
)
W = theta[0 : n_in * n_out].reshape((n_in, n_out))
b = theta[n_in * n_out : n_in * n_out + n_out]
minibatch_offset = T.lscalar()
x = T.matrix("x")
y = T.ivector("y")
p = T.nnet.softmax(T.dot(x, W) + b)
cost = -T.mean(T.log(p)[T.arange(y.shape[0]), y])
errors = T.mean(T.neq(T.argmax(p, axis=1), y))
batch = 20
givens = {
    x: train_x[minibatch_offset : minibatch_offset + batch],
    y: train_y[minibatch_offset : minibatch_offset + batch],
}
batch_cost = theano.function([minibatch_offset], cost, givens=givens, name="batch_cost")
batch_grad = theano.function([minibatch_offset], T.grad(cost, theta), givens=givens)
test_model = theano.function([minibatch_offset], errors, givens=givens)


def train_fn(value):
    theta.set_value(np.asarray(value, theano.config.floatX), borrow=True)
    return np.mean([batch_cost(k * batch) for k in range(3)])


def train_fn_grad(value):
    theta.set_value(np.asarray(value, theano.config.floatX), borrow=True)
    grad = batch_grad(0)
    for k in range(1, 3):
        grad += batch_grad(k * batch)
    return grad / 3


def conjugate_gradients(value, steps):
    """Polak and Ribiere, with halved steps until the cost falls."""
    grad = train_fn_grad(value)
    direction, costs = -grad, [train_fn(value)]
    for _ in range(steps):
        step = 4.0
        while step > 1e-4 and train_fn(value + step * direction) >= costs[-1]:
            step /= 2
        value = value + step * direction
        new = train_fn_grad(value)
        beta = max(0.0, float(new.dot(new - grad) / grad.dot(grad)))
        grad, direction = new, beta * direction - new
        costs.append(train_fn(value))
    return value, costs


found, costs = conjugate_gradients(theta.get_value(), 6)
RESULTS = {"costs": costs, "theta": found, "errors": [test_model(k * batch) for k in range(3)]}
