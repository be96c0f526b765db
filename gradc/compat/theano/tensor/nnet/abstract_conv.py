"""theano.tensor.nnet.abstract_conv: gradc's convolutions, also as the classes that Theano has.

An operation of these classes is called with variables, as in `AbstractConv2d_gradInputs(imshp,
kshp, subsample=(2, 2), border_mode="half")(filters, output_grad, (rows, columns))`.
"""

# ruff: noqa: N801  # Theano's names

from collections.abc import Callable
from typing import Any, ClassVar

from gradc.errors import ArgumentError, message
from gradc.graph.variable import Variable
from gradc.tensor.nnet import (
    bilinear_kernel_1D,
    bilinear_kernel_2D,
    bilinear_upsampling,
    causal_conv1d,
    conv2d,
    conv2d_grad_wrt_inputs,
    conv2d_grad_wrt_weights,
    conv2d_transpose,
    conv3d,
    conv3d_grad_wrt_inputs,
    conv3d_grad_wrt_weights,
    frac_bilinear_upsampling,
    get_conv_output_shape,
    separable_conv2d,
    separable_conv3d,
)
from gradc.tensor.windows import shape_of

__all__ = [
    "AbstractConv2d",
    "AbstractConv2d_gradInputs",
    "AbstractConv2d_gradWeights",
    "AbstractConv3d",
    "AbstractConv3d_gradInputs",
    "AbstractConv3d_gradWeights",
    "BaseAbstractConv",
    "bilinear_kernel_1D",
    "bilinear_kernel_2D",
    "bilinear_upsampling",
    "causal_conv1d",
    "conv2d",
    "conv2d_grad_wrt_inputs",
    "conv2d_grad_wrt_weights",
    "conv2d_transpose",
    "conv3d",
    "conv3d_grad_wrt_inputs",
    "conv3d_grad_wrt_weights",
    "frac_bilinear_upsampling",
    "get_conv_output_shape",
    "separable_conv2d",
    "separable_conv3d",
]


class BaseAbstractConv:
    """A convolution, or one of its gradients, with all but its arrays: what the classes share."""

    convdim: ClassVar[int]
    _function: ClassVar[Callable[..., Variable]]

    def __init__(
        self, imshp: Any = None, kshp: Any = None, border_mode: Any = "valid",
        subsample: Any = None, filter_flip: bool = True, filter_dilation: Any = None,
        num_groups: int = 1, unshared: bool = False,
    ) -> None:  # fmt: skip
        self.imshp, self.kshp = imshp, kshp
        self.border_mode, self.filter_flip = border_mode, filter_flip
        self.subsample = (1,) * self.convdim if subsample is None else subsample
        self.filter_dilation = (1,) * self.convdim if filter_dilation is None else filter_dilation
        self.num_groups, self.unshared = num_groups, unshared
        if unshared and self.convdim != 2:
            what = f"{type(self).__name__}: unshared filters are along rows and columns only."
            raise ArgumentError(message(what, fix="leave unshared out, or use AbstractConv2d."))

    def _applied(self, *operands: Any) -> Variable:
        options = {"unshared": True} if self.unshared else {}
        return type(self)._function(
            *operands, border_mode=self.border_mode, subsample=self.subsample,
            filter_flip=self.filter_flip, filter_dilation=self.filter_dilation,
            num_groups=self.num_groups, **options,
        )  # fmt: skip

    def _shape(self, known: Any, last: Any, count: int = 2) -> list[Any]:
        """The first lengths of a shape that may be known, and the last ones, which are given."""
        word, d = type(self).__name__, self.convdim
        first = [None] * count if known is None else list(known)[:-d]
        return [*first, *shape_of(word, "shape", last, d)]


class _Forward(BaseAbstractConv):
    def __call__(self, img: Any, kern: Any) -> Variable:
        """The convolution of images with filters."""
        return self._applied(img, kern, self.imshp, self.kshp)


class _OfWeights(BaseAbstractConv):
    def __call__(
        self, img: Any, topgrad: Any, shape: Any, add_assert_shape: Any = True
    ) -> Variable:
        """The gradient by the filters, of which `shape` is that of the last axes."""
        shapes = self._shape(self.kshp, shape, 4 if self.unshared else 2)
        return self._applied(img, topgrad, shapes, self.imshp)


class _OfInputs(BaseAbstractConv):
    def __call__(
        self, kern: Any, topgrad: Any, shape: Any, add_assert_shape: Any = True
    ) -> Variable:
        """The gradient by the images, of which `shape` is that of the last axes."""
        return self._applied(topgrad, kern, self._shape(self.imshp, shape), self.kshp)


class AbstractConv2d(_Forward):
    """conv2d as an operation."""

    convdim, _function = 2, conv2d


class AbstractConv3d(_Forward):
    """conv3d as an operation."""

    convdim, _function = 3, conv3d


class AbstractConv2d_gradWeights(_OfWeights):
    """conv2d_grad_wrt_weights as an operation."""

    convdim, _function = 2, conv2d_grad_wrt_weights


class AbstractConv3d_gradWeights(_OfWeights):
    """conv3d_grad_wrt_weights as an operation."""

    convdim, _function = 3, conv3d_grad_wrt_weights


class AbstractConv2d_gradInputs(_OfInputs):
    """conv2d_grad_wrt_inputs as an operation."""

    convdim, _function = 2, conv2d_grad_wrt_inputs


class AbstractConv3d_gradInputs(_OfInputs):
    """conv3d_grad_wrt_inputs as an operation."""

    convdim, _function = 3, conv3d_grad_wrt_inputs
