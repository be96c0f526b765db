"""Theano's names of operations, and numpy's where they differ: the same functions."""

from gradc.ops.compare import (
    and_,
    eq,
    ge,
    gt,
    invert,
    le,
    lt,
    neq,
    or_,
    xor,
)
from gradc.ops.convert import as_variable
from gradc.ops.elemwise import (
    abs,
    cast,
    int_div,
    mod,
    mul,
    neg,
    pow,
    reciprocal,
    sign,
    square,
    sub,
    true_div,
)
from gradc.ops.math import sigmoid
from gradc.ops.nnet import logsoftmax
from gradc.ops.special import digamma, trigamma

as_tensor_variable = as_tensor = as_variable
abs_, inv, sgn, sqr = abs, reciprocal, sign, square
absolute, negative, power, divide = abs, neg, pow, true_div
subtract, multiply, floor_div, floor_divide, remainder = sub, mul, int_div, int_div, mod
equal, not_equal, less, less_equal, greater, greater_equal = eq, neq, lt, le, gt, ge
bitwise_and, bitwise_or, bitwise_xor, bitwise_not = and_, or_, xor, invert
astype, log_softmax = cast, logsoftmax
psi, tri_gamma, expit = digamma, trigamma, sigmoid

__all__ = [
    "abs_", "absolute", "as_tensor", "as_tensor_variable", "astype", "bitwise_and", "bitwise_not",
    "bitwise_or", "bitwise_xor", "divide", "equal", "expit", "floor_div", "floor_divide", "greater",
    "greater_equal", "inv", "less", "less_equal", "log_softmax", "multiply", "negative",
    "not_equal", "power", "psi", "remainder", "sgn", "sqr", "subtract", "tri_gamma",
]  # fmt: skip
