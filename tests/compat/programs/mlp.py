"""A multilayer perceptron with penalties, in the manner of the Deep Learning Tutorials."""

import numpy
import theano
import theano.tensor as T
from digits import blobs


class HiddenLayer:
    def __init__(self, rng, input, n_in, n_out, activation=T.tanh):
        bound = numpy.sqrt(6.0 / (n_in + n_out))
        values = rng.uniform(low=-bound, high=bound, size=(n_in, n_out))
        values = numpy.asarray(values, dtype=theano.config.floatX)
        if activation == theano.tensor.nnet.sigmoid:
            values *= 4
        self.W = theano.shared(value=values, name="W", borrow=True)
        self.b = theano.shared(numpy.zeros((n_out,), dtype=theano.config.floatX), name="b")
        linear = T.dot(input, self.W) + self.b
        self.output = linear if activation is None else activation(linear)
        self.params = [self.W, self.b]


class MLP:
    def __init__(self, rng, input, n_in, n_hidden, n_out):
        self.hidden = HiddenLayer(rng, input, n_in, n_hidden, T.tanh)
        self.top = HiddenLayer(rng, self.hidden.output, n_hidden, n_out, T.nnet.softmax)
        self.L1 = abs(self.hidden.W).sum() + abs(self.top.W).sum()
        self.L2_sqr = (self.hidden.W**2).sum() + (self.top.W**2).sum()
        self.params = self.hidden.params + self.top.params

    def negative_log_likelihood(self, y):
        return -T.mean(T.log(self.top.output)[T.arange(y.shape[0]), y])


data_x, data_y = blobs(90, 10, 3, 3)
train_x = theano.shared(numpy.asarray(data_x, dtype=theano.config.floatX))
train_y = theano.shared(numpy.asarray(data_y, dtype="int32"))
index = T.lscalar()
x = T.matrix("x")
y = T.ivector("y")
classifier = MLP(numpy.random.RandomState(1234), x, 10, 7, 3)
cost = classifier.negative_log_likelihood(y) + 0.001 * classifier.L1 + 0.0001 * classifier.L2_sqr
gparams = [T.grad(cost, param) for param in classifier.params]
updates = [(param, param - 0.05 * gparam) for param, gparam in zip(classifier.params, gparams)]
train_model = theano.function(
    inputs=[index],
    outputs=cost,
    updates=updates,
    givens={x: train_x[index * 30 : (index + 1) * 30], y: train_y[index * 30 : (index + 1) * 30]},
)
prediction = theano.function([x], T.argmax(classifier.top.output, axis=1))
RESULTS = {"costs": [train_model(k % 3) for k in range(9)]}
RESULTS["predictions"] = prediction(train_x.get_value())
for number, param in enumerate(classifier.params):
    RESULTS["%s%d" % (param.name, number)] = param.get_value()
