"""Neural-network functions under Theano's names: `T.nnet.softmax`, `T.nnet.conv2d` and so on.

Composed of operations: the rules that stabilise log(softmax(x)) and its kin see through all of
them, and a compiler that fuses loses nothing by it.
"""

from gradc.ops.math import sigmoid, softplus
from gradc.ops.nnet import logsoftmax, relu, softmax
from gradc.tensor.nnet import neighbours
from gradc.tensor.nnet.activations import (
    elu,
    gelu,
    hard_sigmoid,
    selu,
    softsign,
    swish,
    ultra_fast_sigmoid,
)
from gradc.tensor.nnet.convolutions import (
    causal_conv1d,
    conv1d,
    conv2d,
    conv2d_grad_wrt_inputs,
    conv2d_grad_wrt_weights,
    conv2d_transpose,
    conv3d,
    conv3d_grad_wrt_inputs,
    conv3d_grad_wrt_weights,
    get_conv_output_shape,
    separable_conv2d,
    separable_conv3d,
)
from gradc.tensor.nnet.crossentropies import (
    binary_crossentropy,
    categorical_crossentropy,
    confusion_matrix,
    crossentropy_categorical_1hot,
    crossentropy_softmax_1hot,
    crossentropy_softmax_1hot_with_bias,
    crossentropy_softmax_argmax_1hot_with_bias,
    crossentropy_softmax_max_and_argmax_1hot,
    crossentropy_softmax_max_and_argmax_1hot_with_bias,
    sigmoid_binary_crossentropy,
)
from gradc.tensor.nnet.layers import (
    h_softmax,
    prepend_0_to_each_row,
    prepend_1_to_each_row,
    prepend_scalar_to_each_row,
    softmax_with_bias,
)
from gradc.tensor.nnet.noise import dropout
from gradc.tensor.nnet.normalization import (
    batch_normalization,
    batch_normalization_test,
    batch_normalization_train,
    layer_norm,
)
from gradc.tensor.nnet.upsampling import (
    bilinear_kernel_1D,
    bilinear_kernel_2D,
    bilinear_upsampling,
    frac_bilinear_upsampling,
)

__all__ = [
    "batch_normalization",
    "batch_normalization_test",
    "batch_normalization_train",
    "bilinear_kernel_1D",
    "bilinear_kernel_2D",
    "bilinear_upsampling",
    "binary_crossentropy",
    "categorical_crossentropy",
    "causal_conv1d",
    "confusion_matrix",
    "conv1d",
    "conv2d",
    "conv2d_grad_wrt_inputs",
    "conv2d_grad_wrt_weights",
    "conv2d_transpose",
    "conv3d",
    "conv3d_grad_wrt_inputs",
    "conv3d_grad_wrt_weights",
    "crossentropy_categorical_1hot",
    "crossentropy_softmax_1hot",
    "crossentropy_softmax_1hot_with_bias",
    "crossentropy_softmax_argmax_1hot_with_bias",
    "crossentropy_softmax_max_and_argmax_1hot",
    "crossentropy_softmax_max_and_argmax_1hot_with_bias",
    "dropout",
    "elu",
    "frac_bilinear_upsampling",
    "gelu",
    "get_conv_output_shape",
    "h_softmax",
    "hard_sigmoid",
    "layer_norm",
    "logsoftmax",
    "neighbours",
    "prepend_0_to_each_row",
    "prepend_1_to_each_row",
    "prepend_scalar_to_each_row",
    "relu",
    "selu",
    "separable_conv2d",
    "separable_conv3d",
    "sigmoid",
    "sigmoid_binary_crossentropy",
    "softmax",
    "softmax_with_bias",
    "softplus",
    "softsign",
    "swish",
    "ultra_fast_sigmoid",
]
