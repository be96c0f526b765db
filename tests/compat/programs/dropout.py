"""A perceptron with dropout, and RMSprop, in the manner of Newmu's modern net.

Written for this folder: the numbers of a random stream differ from Theano's, so RESULTS are what
hardly depends on them.
"""

import numpy as np
import theano
import theano.tensor as T
from digits import blobs
from theano.sandbox.rng_mrg import MRG_RandomStreams as RandomStreams

srng = RandomStreams()


def floatX(X):
    return np.asarray(X, dtype=theano.config.floatX)


def init_weights(shape, random):
    return theano.shared(floatX(random.randn(*shape) * 0.1))


def rectify(X):
    return T.maximum(X, 0.0)


def dropout(X, p=0.0):
    if p > 0:
        retain_prob = 1 - p
        X *= srng.binomial(X.shape, p=retain_prob, dtype=theano.config.floatX)
        X /= retain_prob
    return X


def RMSprop(cost, params, lr=0.003, rho=0.9, epsilon=1e-6):
    updates = []
    for p, g in zip(params, T.grad(cost=cost, wrt=params)):
        acc = theano.shared(p.get_value() * 0.0)
        acc_new = rho * acc + (1 - rho) * g**2
        updates.append((acc, acc_new))
        updates.append((p, p - lr * g / T.sqrt(acc_new + epsilon)))
    return updates


def model(X, w_h, w_h2, w_o, p_drop_input, p_drop_hidden):
    h = rectify(T.dot(dropout(X, p_drop_input), w_h))
    h2 = rectify(T.dot(dropout(h, p_drop_hidden), w_h2))
    py_x = T.nnet.softmax(T.dot(dropout(h2, p_drop_hidden), w_o))
    return h, h2, py_x


data_x, data_y = blobs(256, 8, 3, 1)
random = np.random.RandomState(0)
X, Y = T.fmatrix() if theano.config.floatX == "float32" else T.dmatrix(), T.ivector()
weights = [init_weights(shape, random) for shape in ((8, 16), (16, 16), (16, 3))]
noise_h, noise_h2, noise_py_x = model(X, *(weights + [0.2, 0.5]))
h, h2, py_x = model(X, *(weights + [0.0, 0.0]))
cost = T.mean(T.nnet.categorical_crossentropy(noise_py_x, Y))
updates = RMSprop(cost, weights, lr=0.01)
train = theano.function(inputs=[X, Y], outputs=cost, updates=updates, allow_input_downcast=True)
predict = theano.function(inputs=[X], outputs=T.argmax(py_x, axis=1), allow_input_downcast=True)
kept = theano.function([X], dropout(T.ones_like(X), 0.3), allow_input_downcast=True)
labels = data_y.astype("int32")
costs = [
    train(data_x[k : k + 64], labels[k : k + 64]) for _ in range(40) for k in range(0, 256, 64)
]
RESULTS = {
    "accuracy": np.mean(predict(data_x) == labels),
    "cost": np.mean(costs[-16:]),
    "kept": np.mean(kept(np.ones((200, 50))) > 0),
    "scale": np.mean(kept(np.ones((200, 50)))),
    "two calls differ": np.mean(kept(data_x) != kept(data_x)),
}
