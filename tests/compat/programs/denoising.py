"""A denoising autoencoder that hides some of its input, in the manner of the tutorials' dA."""

import numpy
import theano
import theano.tensor as T
from digits import blobs
from theano.tensor.shared_randomstreams import RandomStreams


class DA:
    def __init__(self, numpy_rng, theano_rng, input, n_visible, n_hidden):
        self.theano_rng = theano_rng
        if not theano_rng:
            self.theano_rng = RandomStreams(numpy_rng.randint(2**30))
        bound = 4 * numpy.sqrt(6.0 / (n_hidden + n_visible))
        values = numpy_rng.uniform(low=-bound, high=bound, size=(n_visible, n_hidden))
        self.W = theano.shared(numpy.asarray(values, dtype=theano.config.floatX), name="W")
        self.b = theano.shared(numpy.zeros(n_hidden, dtype=theano.config.floatX), name="b")
        self.b_prime = theano.shared(numpy.zeros(n_visible, dtype=theano.config.floatX))
        self.x = input
        self.params = [self.W, self.b, self.b_prime]

    def get_corrupted_input(self, input, corruption_level):
        return (
            self.theano_rng.binomial(
                size=input.shape, n=1, p=1 - corruption_level, dtype=theano.config.floatX
            )
            * input
        )

    def get_cost_updates(self, corruption_level, learning_rate):
        tilde_x = self.get_corrupted_input(self.x, corruption_level)
        y = T.nnet.sigmoid(T.dot(tilde_x, self.W) + self.b)
        z = T.nnet.sigmoid(T.dot(y, self.W.T) + self.b_prime)
        L = -T.sum(self.x * T.log(z) + (1 - self.x) * T.log(1 - z), axis=1)
        cost = T.mean(L)
        gparams = T.grad(cost, self.params)
        updates = [(p, p - learning_rate * g) for p, g in zip(self.params, gparams)]
        return (cost, updates)


points, _ = blobs(200, 12, 3, 5)
data = theano.shared(numpy.asarray(points > 0, dtype=theano.config.floatX), borrow=True)
index = T.lscalar()
x = T.matrix("x")
rng = numpy.random.RandomState(123)
RESULTS = {}
for level in (0.0, 0.3):
    da = DA(rng, RandomStreams(rng.randint(2**30)), x, 12, 8)
    cost, updates = da.get_cost_updates(corruption_level=level, learning_rate=0.1)
    train_da = theano.function(
        [index], cost, updates=updates, givens={x: data[index * 20 : (index + 1) * 20]}
    )
    costs = [[train_da(k) for k in range(10)] for _ in range(30)]
    RESULTS["first %s" % level] = numpy.mean(costs[0])
    RESULTS["last %s" % level] = numpy.mean(costs[-1])
    corrupted = theano.function([x], da.get_corrupted_input(x, level))
    ones = numpy.ones((300, 20), dtype=theano.config.floatX)
    RESULTS["kept %s" % level] = numpy.mean(corrupted(ones))
