"""Convolutions and pooling: a small network that is trained, and every way of cutting images."""

import numpy as np
import theano
import theano.tensor as T
from theano.tensor.nnet.abstract_conv import conv2d_grad_wrt_inputs, conv2d_grad_wrt_weights
from theano.tensor.nnet.neighbours import images2neibs, neibs2images
from theano.tensor.signal import pool

floatX = theano.config.floatX
rng = np.random.RandomState(2)


def draw(*shape):
    return rng.normal(size=shape).astype(floatX)


def weighed(array):
    """One number of an array, in which every element counts."""
    return np.sum(array * np.cos(np.arange(array.size)).reshape(array.shape))


class ConvPool:
    """A convolution, the greatest of each window, and tanh with a bias a filter."""

    def __init__(self, images, image_shape, filter_shape, **options):
        self.W = theano.shared(draw(*filter_shape) * np.asarray(0.3, floatX), borrow=True)
        self.b = theano.shared(np.zeros(filter_shape[0], floatX), borrow=True)
        maps = T.nnet.conv2d(
            input=images,
            filters=self.W,
            input_shape=image_shape,
            filter_shape=filter_shape,
            **options,
        )
        pooled = pool.pool_2d(input=maps, ws=(2, 2), ignore_border=True)
        self.output = T.tanh(pooled + self.b.dimshuffle("x", 0, "x", "x"))
        self.params = [self.W, self.b]


def trained():
    """Costs of some steps, and the first filters behind them."""
    x, y = T.matrix("x"), T.ivector("y")
    first = ConvPool(x.reshape((8, 1, 12, 12)), (8, 1, 12, 12), (3, 1, 3, 3))
    second = ConvPool(first.output, (8, 3, 5, 5), (4, 3, 2, 2), border_mode="half")
    flat = second.output.flatten(2)
    W = theano.shared(draw(4 * 3 * 3, 5) * np.asarray(0.3, floatX))
    p = T.nnet.softmax(T.dot(flat, W))
    cost = -T.mean(T.log(p)[T.arange(y.shape[0]), y])
    params = first.params + second.params + [W]
    grads = T.grad(cost, params)
    rate = np.asarray(0.2, floatX)
    train = theano.function(
        [x, y], cost, updates=[(p, p - rate * g) for p, g in zip(params, grads)]
    )
    images, labels = draw(8, 144), rng.randint(0, 5, 8).astype("int32")
    return [train(images, labels) for _ in range(4)], first.W.get_value()


def convolved():
    """Every padding, stride, dilation, direction and grouping, with both gradients."""
    x, w = T.tensor4("x"), T.tensor4("w")
    images, filters = draw(2, 4, 7, 6), draw(6, 2, 3, 2)
    found = []
    for options in (
        {"num_groups": 2}, {"num_groups": 2, "border_mode": "full", "subsample": (2, 1)},
        {"num_groups": 2, "border_mode": "half", "filter_dilation": (1, 2)},
        {"num_groups": 2, "border_mode": (2, 1), "filter_flip": False, "subsample": (2, 2)},
    ):  # fmt: skip
        y = T.nnet.conv2d(x, w, **options)
        outputs = [y] + T.grad(T.sum(T.sin(y)), [x, w])
        values = theano.function([x, w], outputs)(images, filters)
        found += [weighed(each) for each in values]
    y = T.tensor4("y")
    back = conv2d_grad_wrt_inputs(y, w, (2, 4, 7, 6), subsample=(2, 1), num_groups=2)
    of_w = conv2d_grad_wrt_weights(x, y, (6, 2, 3, 2), subsample=(2, 1), num_groups=2)
    f = theano.function([x, y, w], [back, of_w])
    return found + f(images, draw(2, 6, 3, 5), filters)


def pooled():
    """Every mode, with windows that overlap, are cut off or padded."""
    x = T.tensor4("x")
    found = []
    for mode in ("max", "sum", "average_inc_pad", "average_exc_pad"):
        for ws, border, stride, pad in (
            ((2, 2), True, None, (0, 0)), ((2, 2), False, None, (0, 0)),
            ((3, 2), False, (2, 1), (0, 0)), ((3, 2), True, (1, 2), (2, 1)),
            ((2, 3), True, (3, 4), (1, 1)), ((2, 2), False, (3, 1), (0, 0)),
        ):  # fmt: skip
            if mode == "average_exc_pad" and any(pad):
                continue  # Theano has no gradient for it
            y = pool.pool_2d(x, ws, border, stride, pad, mode)
            found += [y, T.grad(T.sum(y**3), x)]
    same = pool.max_pool_2d_same_size(x, (2, 2))
    values = theano.function([x], found + [same])(draw(2, 2, 5, 7))
    ties = theano.function([x], T.grad(T.sum(found[0]), x))(np.ones((1, 1, 4, 4), floatX))
    return [weighed(each) for each in values], ties


def neighbours():
    """Patches of images, and back."""
    x = T.tensor4("x")
    apart = images2neibs(x, (2, 3))
    outputs = [apart, images2neibs(x, (3, 3), (1, 2), mode="ignore_borders"),
               images2neibs(x, (3, 3), (1, 1), mode="wrap_centered"),
               neibs2images(apart, (2, 3), x.shape)]  # fmt: skip
    return theano.function([x], outputs)(draw(1, 2, 4, 6))


costs, first_filters = trained()
numbers = convolved()
pool_sums, tie = pooled()
patches = neighbours()
RESULTS = {
    "costs": costs, "filters": first_filters, "convolved": numbers[:-2], "of_inputs": numbers[-2],
    "of_weights": numbers[-1], "pooled": pool_sums, "ties": tie, "apart": patches[0],
    "overlapping": patches[1], "round": patches[2], "together": patches[3],
}  # fmt: skip
