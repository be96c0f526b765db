"""What tutorials begin with: a product, a line through points, classes without hidden units."""

import numpy as np
import theano
from digits import blobs
from theano import tensor as T

# a product of scalars
a = T.scalar()
b = T.scalar()
multiply = theano.function(inputs=[a, b], outputs=a * b)

# a line
random = np.random.RandomState(4)
trX = np.linspace(-1, 1, 31)
trY = 2 * trX + random.randn(*trX.shape) * 0.33
X = T.scalar()
Y = T.scalar()
w = theano.shared(np.asarray(0.0, dtype=theano.config.floatX))
cost = T.mean(T.sqr(X * w - Y))
gradient = T.grad(cost=cost, wrt=w)
train = theano.function(
    inputs=[X, Y],
    outputs=cost,
    updates=[[w, w - gradient * 0.01]],
    allow_input_downcast=True,
)
line = [train(x, y) for _ in range(3) for x, y in zip(trX, trY)]


# classes
def floatX(value):
    return np.asarray(value, dtype=theano.config.floatX)


data_x, data_y = blobs(96, 8, 4, 5)
onehot = np.eye(4)[data_y]
X = T.fmatrix()
Y = T.fmatrix()
W = theano.shared(floatX(random.randn(8, 4) * 0.01))
py_x = T.nnet.softmax(T.dot(X, W))
cost = T.mean(T.nnet.categorical_crossentropy(py_x, Y))
gradient = T.grad(cost=cost, wrt=W)
train = theano.function(
    inputs=[X, Y], outputs=cost, updates=[[W, W - gradient * 0.05]], allow_input_downcast=True
)
predict = theano.function(inputs=[X], outputs=T.argmax(py_x, axis=1), allow_input_downcast=True)
classes = [
    train(data_x[start : start + 32], onehot[start : start + 32])
    for _ in range(4)
    for start in (0, 32, 64)
]
RESULTS = {
    "product": multiply(3, 2),
    "line": line,
    "slope": w.get_value(),
    "classes": classes,
    "W": W.get_value(),
    "predictions": predict(data_x),
}
