"""shape_of_variables: shapes from shapes, without arrays."""

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError
from gradc.printing import shape_of_variables


def test_every_variable_has_its_shape() -> None:
    x, y = T.dmatrix("x"), T.dmatrix("y", shape=(20, 5))
    w = gradc.shared(np.ones((3, 5)), "w")
    z = T.dot(x, y)
    joined = T.concatenate([z, w, z[::2]])
    total = joined.sum(axis=1)
    found = shape_of_variables(total, {x: (10**6, 20)})
    assert found[x] == (10**6, 20)
    assert found[y] == (20, 5)
    assert found[z] == (10**6, 5)
    assert found[joined] == (10**6 + 3 + 10**6 // 2, 5)
    assert found[total] == (10**6 + 3 + 10**6 // 2,)


def test_what_is_missing_is_named() -> None:
    x, k = T.dvector("x"), T.lscalar("k")
    with pytest.raises(ArgumentError, match="no shape of 1 lengths for x"):
        shape_of_variables(x * 2, {})
    with pytest.raises(ArgumentError, match="numbers in an input"):
        shape_of_variables(T.arange(k), {k: ()})
