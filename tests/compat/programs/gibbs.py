"""A restricted Boltzmann machine by persistent contrastive divergence, in the manner of the
tutorials' rbm: the chain is a shared variable, three steps of Gibbs sampling are unrolled."""

import numpy
import theano
import theano.tensor as T
from theano.tensor.shared_randomstreams import RandomStreams

floatX = theano.config.floatX
theano_rng = RandomStreams(numpy.random.RandomState(1).randint(2**30))


def propagate(v, W, b):
    pre_sigmoid = T.dot(v, W) + b
    return [pre_sigmoid, T.nnet.sigmoid(pre_sigmoid)]


def sample(v, W, b):
    pre_sigmoid, mean = propagate(v, W, b)
    drawn = theano_rng.binomial(size=mean.shape, n=1, p=mean, dtype=floatX)
    return [pre_sigmoid, mean, drawn]


def free_energy(v):
    wx_b = T.dot(v, W) + hbias
    return -T.dot(v, vbias) - T.sum(T.log(1 + T.exp(wx_b)), axis=1)


random = numpy.random.RandomState(7)
coin = random.rand(400, 1) < 0.5
patterns = numpy.where(coin, [1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1])
noisy = numpy.where(random.rand(400, 6) < 0.1, 1 - patterns, patterns).astype(floatX)
W = theano.shared(numpy.asarray(0.01 * random.randn(6, 4), dtype=floatX), name="W", borrow=True)
hbias = theano.shared(numpy.zeros(4, dtype=floatX), name="hbias", borrow=True)
vbias = theano.shared(numpy.zeros(6, dtype=floatX), name="vbias", borrow=True)
chain = theano.shared(numpy.zeros((50, 6), dtype=floatX), borrow=True)

x = T.matrix("x")
state = chain
for _ in range(3):
    _, _, hidden = sample(state, W, hbias)
    _, visible_mean, state = sample(hidden, W.T, vbias)
cost = T.mean(free_energy(x)) - T.mean(free_energy(state))
params = [W, hbias, vbias]
gparams = T.grad(cost, params, consider_constant=[state])
updates = [(p, p - T.cast(0.1, floatX) * g) for p, g in zip(params, gparams)]
train_rbm = theano.function([x], cost, updates=updates + [(chain, state)])
walk = theano.function([], visible_mean, updates=[(chain, state)])
for _ in range(60):
    for k in range(8):
        train_rbm(noisy[50 * k : 50 * k + 50])
seen = numpy.concatenate([walk() for _ in range(200)])
RESULTS = {
    "mean": seen.mean(axis=0),
    "together": numpy.mean((seen[:, 0] > 0.5) == (seen[:, 1] > 0.5)),
    "apart": numpy.mean((seen[:, 0] > 0.5) != (seen[:, 5] > 0.5)),
}
