"""A perceptron of layer objects with Nesterov momentum, in the manner of Lasagne."""

from collections import OrderedDict

import numpy as np
import theano
import theano.tensor as T
from digits import blobs


def floatX(value):
    return np.asarray(value, dtype=theano.config.floatX)


class Layer:
    def __init__(self, incoming, shape=None):
        self.input_layer, self.params = incoming, OrderedDict()
        self.shape = shape

    def add_param(self, value, name, **tags):
        param = theano.shared(floatX(value), name=name)
        self.params[param] = set(tag for tag, is_set in tags.items() if is_set)
        return param


class InputLayer(Layer):
    def __init__(self, shape):
        super().__init__(None, shape)
        self.input_var = T.TensorType(theano.config.floatX, [s == 1 for s in shape])("input")


class DenseLayer(Layer):
    def __init__(self, incoming, num_units, nonlinearity, random):
        fan_in = int(np.prod(incoming.shape[1:]))
        super().__init__(incoming, (incoming.shape[0], num_units))
        bound = np.sqrt(6.0 / (fan_in + num_units))
        self.W = self.add_param(
            random.uniform(-bound, bound, (fan_in, num_units)), "W", regularizable=True
        )
        self.b = self.add_param(np.zeros(num_units), "b", regularizable=False)
        self.nonlinearity = nonlinearity

    def get_output_for(self, input):
        if input.ndim > 2:
            input = input.flatten(2)
        activation = T.dot(input, self.W) + self.b.dimshuffle("x", 0)
        return self.nonlinearity(activation)


def all_layers(layer):
    found = []
    while layer is not None:
        found.insert(0, layer)
        layer = layer.input_layer
    return found


def get_output(layer, input):
    for each in all_layers(layer)[1:]:
        input = each.get_output_for(input)
    return input


def nesterov_momentum(loss, params, learning_rate, momentum):
    updates = OrderedDict()
    for param, grad in zip(params, theano.grad(loss, params)):
        updates[param] = param - learning_rate * grad
    for param in params:
        value = param.get_value(borrow=True)
        velocity = theano.shared(
            np.zeros(value.shape, dtype=value.dtype), broadcastable=param.broadcastable
        )
        step = momentum * velocity + updates[param] - param
        updates[velocity] = step
        updates[param] = momentum * step + updates[param]
    return updates


random = np.random.RandomState(6)
network = InputLayer((None, 1, 4, 3))
input_var, target_var = network.input_var, T.ivector("targets")
network = DenseLayer(network, 9, T.nnet.relu, random)
network = DenseLayer(network, 5, lambda x: T.nnet.elu(x), random)
network = DenseLayer(network, 3, T.nnet.softmax, random)
params = [param for layer in all_layers(network) for param in layer.params]
weights = [p for layer in all_layers(network) for p, tags in layer.params.items() if tags]

prediction = get_output(network, input_var)
loss = T.nnet.categorical_crossentropy(prediction, target_var).mean()
loss = loss + 1e-3 * sum(T.sum(w**2) for w in weights)
accuracy = T.mean(T.eq(T.argmax(prediction, axis=1), target_var), dtype=theano.config.floatX)
train_fn = theano.function(
    [input_var, target_var], loss, updates=nesterov_momentum(loss, params, 0.1, 0.9)
)
val_fn = theano.function([input_var, target_var], [loss, accuracy])

x, y = blobs(80, 12, 3, 7)
x, y = floatX(x).reshape(80, 1, 4, 3), y.astype("int32")
RESULTS = {
    "losses": [train_fn(x[k : k + 20], y[k : k + 20]) for _ in range(3) for k in range(0, 80, 20)],
    "validation": val_fn(x, y),
    "inputs": len([v for v in theano.gof.graph.inputs([prediction]) if v.name]),
}
for number, param in enumerate(params):
    RESULTS["%s%d" % (param.name, number)] = param.get_value()
