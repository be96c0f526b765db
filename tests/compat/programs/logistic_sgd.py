"""Logistic regression by minibatches, in the manner of the Deep Learning Tutorials."""

import numpy as np
import theano
import theano.tensor as T
from digits import blobs


class LogisticRegression:
    def __init__(self, input, n_in, n_out):
        zeros = np.zeros((n_in, n_out), dtype=theano.config.floatX)
        self.W = theano.shared(value=zeros, name="W", borrow=True)
        zeros = np.zeros((n_out,), dtype=theano.config.floatX)
        self.b = theano.shared(value=zeros, name="b", borrow=True)
        self.p_y_given_x = T.nnet.softmax(T.dot(input, self.W) + self.b)
        self.y_pred = T.argmax(self.p_y_given_x, axis=1)
        self.params = [self.W, self.b]

    def negative_log_likelihood(self, y):
        return -T.mean(T.log(self.p_y_given_x)[T.arange(y.shape[0]), y])

    def errors(self, y):
        if y.ndim != self.y_pred.ndim:
            raise TypeError("y should have the shape of y_pred", ("y", y.type))
        if not y.dtype.startswith("int"):
            raise NotImplementedError()
        return T.mean(T.neq(self.y_pred, y))


def shared_dataset(rows, seed):
    x, y = blobs(rows, 12, 4, seed)
    shared_x = theano.shared(np.asarray(x, dtype=theano.config.floatX), borrow=True)
    shared_y = theano.shared(np.asarray(y, dtype=theano.config.floatX), borrow=True)
    return shared_x, T.cast(shared_y, "int32")


train_x, train_y = shared_dataset(120, 1)
test_x, test_y = shared_dataset(60, 1)
batch_size = 20
index = T.lscalar()
x = T.matrix("x")
y = T.ivector("y")
classifier = LogisticRegression(x, 12, 4)
cost = classifier.negative_log_likelihood(y)
test_model = theano.function(
    inputs=[index],
    outputs=classifier.errors(y),
    givens={
        x: test_x[index * batch_size : (index + 1) * batch_size],
        y: test_y[index * batch_size : (index + 1) * batch_size],
    },
)
g_W = T.grad(cost=cost, wrt=classifier.W)
g_b = T.grad(cost=cost, wrt=classifier.b)
train_model = theano.function(
    inputs=[index],
    outputs=cost,
    updates=[(classifier.W, classifier.W - 0.13 * g_W), (classifier.b, classifier.b - 0.13 * g_b)],
    givens={
        x: train_x[index * batch_size : (index + 1) * batch_size],
        y: train_y[index * batch_size : (index + 1) * batch_size],
    },
)
costs = [[train_model(k) for k in range(6)] for _ in range(3)]
RESULTS = {
    "costs": costs,
    "errors": [test_model(k) for k in range(3)],
    "W": classifier.W.get_value(),
    "b": classifier.b.get_value(borrow=True),
}
