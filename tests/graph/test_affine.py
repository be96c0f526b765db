"""Affine index maps against numpy's own views."""

import numpy as np

from gradc.affine import Affine, fixed, identity
from gradc.sizes import Length, size


def place(map_, *index):
    """The place that an index map of constants gives."""
    return tuple(
        a.offset.constant + sum(index[axis] * factor.constant for axis, factor in a.factors)
        for a in map_
    )


def test_identity_and_fixed():
    assert place(identity(3), 4, 5, 6) == (4, 5, 6)
    assert place((fixed(7),), 1) == (7,)


def test_sum_and_product_drop_what_vanishes():
    i, j = identity(2)
    assert (i + i * -1).factors == ()
    assert str(i * 2 + j + 3) == "(2)*i0 + i1 + 3"
    assert str(fixed(0)) == "0"
    assert (i * size(Length("arg", 0))).factor(0) == size(Length("arg", 0))
    assert i.factor(1) == size(0)


def test_composed_views_read_what_numpy_reads():
    x = np.arange(60).reshape(5, 12)
    i, j = identity(2)
    transpose = (j, i)
    slice_ = (i * 3 + 1, j * -1 + 4)  # x.T[1::3, ::-1]
    both = tuple(a.compose(slice_) for a in transpose)
    view = x.T[1::3, ::-1]
    for index in np.ndindex(view.shape):
        assert x[place(both, *index)] == view[index]


def test_values_compare():
    assert identity(2) == identity(2)
    assert Affine(size(1)) == fixed(1)
