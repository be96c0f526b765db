"""Names and keywords that programs written for Theano or numpy use."""

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc import graph
from gradc.errors import ArgumentError, CostTypeError

pytestmark = pytest.mark.usefixtures("quickly")


@pytest.mark.parametrize("prefix", ["", *"bwilfd"])
@pytest.mark.parametrize("rank", [5, 6, 7])
def test_plural_constructors_of_high_ranks(prefix: str, rank: int) -> None:
    made = getattr(T, f"{prefix}tensor{rank}s")("a", "b")
    assert [each.name for each in made] == ["a", "b"]
    assert all(each.type == getattr(T, f"{prefix}tensor{rank}")().type for each in made)


def test_keywords_and_methods_agree_with_numpy() -> None:
    x, y = T.dmatrix("x"), T.dtensor3("y")
    a, b = np.array([[0.5, -2.0, 4.0]]), np.arange(24.0).reshape(2, 3, 4)
    f = gradc.function(
        [x, y],
        [T.transpose(y, axes=(2, 0, 1)), x.neg(), x.inv(), x.abs_(), gradc.dot(x, x.T)],
    )
    wanted = [b.transpose(2, 0, 1), -a, 1 / a, abs(a), a @ a.T]
    for got, want in zip(f(a, b), wanted, strict=True):
        np.testing.assert_array_equal(got, want)
    methods, functions = [x.erf(), x.erfc()], [T.erf(x), T.erfc(x)]
    assert graph.equal_computations(methods, functions)
    with pytest.raises(ArgumentError, match="twice"):
        T.transpose(y, 2, 0, 1, axes=(0, 1, 2))


def test_values_are_called_x() -> None:
    assert T.as_tensor_variable(x=3, name="three", ndim=1).ndim == 1
    assert T.constant(x=[1, 2], dtype="int8").dtype == "int8"


def test_a_cost_of_the_wrong_type_is_a_type_error() -> None:
    x = T.dvector("x")
    for cost in (x, x.argmax()):
        with pytest.raises(TypeError) as caught:
            T.grad(cost, x)
        assert isinstance(caught.value, CostTypeError)
        assert isinstance(caught.value, ValueError)


def test_parts_of_a_graph_by_theanos_names() -> None:
    x, w = T.dvector("x"), gradc.shared(np.ones(2), "w")
    z = T.exp(x * w)
    assert graph.inputs([z]) == [x, w]
    assert graph.orphans([x], [z]) == [w]
    assert graph.ops([x, w], [z]) == {z.owner, z.owner.inputs[0].owner}


def test_second_names_of_arguments() -> None:
    x, y = T.dmatrix("x"), T.dtensor3("y")
    same = [
        (T.reshape(x, newshape=(2, 2)), T.reshape(x, (2, 2))),
        (T.flatten(y, outdim=2), y.flatten(2)),
        (T.stack(tensors=[x, x], axis=1), T.stack([x, x], axis=1)),
        (T.mean(x, axis=0, op=True), T.mean(x, axis=0)),
    ]
    for one, other in same:
        assert graph.is_same_graph(one, other)
    assert T.identity(x) is x
    assert T.matrix(dtype="floatX").dtype == gradc.config.floatX
    with pytest.raises(TypeError, match="reshape: takes shape= or newshape=, and both were given"):
        T.reshape(x, (2, 2), newshape=(2, 2))
    with pytest.raises(TypeError, match="neither was given"):
        T.reshape(x)


def test_what_theano_has_and_arrays_have_not() -> None:
    assert gradc._asarray([1, 2], "float32").dtype == "float32"
    assert gradc._asarray(np.ones((2, 2)), "int64", order="F").flags.f_contiguous
    with pytest.raises(TypeError, match="has no name"):
        T.TensorType("float64", (None,), name="rows")


def test_where_as_numpy_has_it() -> None:
    x = T.dmatrix("x")
    places = T.where(x > 0)
    assert graph.equal_computations(list(places), list(T.nonzero(x > 0)))
    assert graph.is_same_graph(T.where(x > 0, x, 0), T.switch(x > 0, x, 0))
    with pytest.raises(TypeError, match="two values, or a condition alone"):
        T.where(x > 0, x)
