"""A nest that reads a convolution runs behind each image that is finished, where that is legal."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, InternalError
from gradc.kernel.check import check_program
from gradc.kernel.program import Load, Nest, Routine, Step, Store
from gradc.sizes import size
from gradc.value import replace
from tests.kernel.programs import with_first

Array = np.ndarray[Any, Any]
TOLERANCE = {"float32": 1e-4, "float64": 1e-11}


def steps_of(f: Any) -> list[Step]:
    """The steps of a function, its Program checked."""
    check_program(f.stages.program)
    return [step for segment in f.stages.program.segments for step in segment.steps]


def followed(f: Any) -> list[Routine]:
    """The convolutions behind whose images something runs."""
    return [s for s in steps_of(f) if isinstance(s, Routine) and s.after is not None]


def kinds(f: Any) -> list[str]:
    return [type(step).__name__ for step in steps_of(f)]


def numbers(dtype: str, *shapes: Sequence[int]) -> list[Array]:
    rng = np.random.default_rng(7)
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def operands(dtype: str = "float64") -> list[Any]:
    """Images, filters and a bias, of any length."""
    return [T.tensor(dtype, (None,) * 4, "x"), T.tensor(dtype, (None,) * 4, "w"),
            T.tensor(dtype, (None,), "b")]  # fmt: skip


def biased(x: Any, w: Any, b: Any, **options: Any) -> Any:
    return T.nnet.conv2d(x, w, **options) + b[:, None, None]


def on(threads: int, f: Any, *arrays: Array) -> list[Array]:
    with gradc.config.override(threads=threads):
        return [np.array(each) for each in f(*arrays)]


def agrees(inputs: list[Any], outputs: list[Any], sets: Sequence[list[Array]], dtype: str) -> Any:
    """The reference's numbers; the bits of steps apart, on one thread and on two."""
    f = gradc.function(inputs, outputs)
    with gradc.config.override(fuse=False):
        apart = gradc.function(inputs, outputs)
    reference = gradc.function(inputs, outputs, mode="REFERENCE")
    assert followed(f)
    assert not followed(apart)
    for arrays in sets:
        alone, together, one_by_one = on(1, f, *arrays), on(2, f, *arrays), on(2, apart, *arrays)
        for got, other, third, wanted in zip(
            alone, together, one_by_one, reference(*arrays), strict=True
        ):
            np.testing.assert_array_equal(got, other)
            np.testing.assert_array_equal(got, third)
            scale = TOLERANCE[dtype]
            np.testing.assert_allclose(got, wanted, rtol=scale, atol=scale)
    return f


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", [T.relu, T.tanh, T.sigmoid])
def test_bias_and_activation(dtype: str, activation: Callable[[Any], Any]) -> None:
    """No images, one, three of few places, and enough for chunks of whole images."""
    x, w, b = operands(dtype)
    sets = [numbers(dtype, (n, 3, 9, 8), (5, 3, 3, 2), (5,)) for n in (0, 1, 3, 16)]
    sets.append(numbers(dtype, (2, 3, 2, 9), (0, 3, 1, 1), (0,)))
    f = agrees([x, w, b], [activation(biased(x, w, b))], sets, dtype)
    assert kinds(f) == ["Routine"]


@pytest.mark.parametrize(
    ("options", "channels"),
    [
        ({"border_mode": "half"}, 4),
        ({"border_mode": (2, 1), "subsample": (2, 1)}, 4),
        ({"border_mode": "full", "filter_dilation": (1, 2)}, 4),
        ({"num_groups": 2}, 2),
        ({"num_groups": 4, "filter_flip": False}, 1),
    ],
)
def test_every_kind_of_convolution(options: dict[str, Any], channels: int) -> None:
    x, w, b = operands()
    sets = [numbers("float64", (n, 4, 9, 8), (8, channels, 3, 2), (8,)) for n in (1, 3, 16, 37)]
    outputs = [T.tanh(T.nnet.conv2d(x, w, **options) + b.dimshuffle("x", 0, "x", "x"))]
    assert kinds(agrees([x, w, b], outputs, sets, "float64")) == ["Routine"]


def test_one_axis_and_three() -> None:
    for word, d in ((T.nnet.conv1d, 1), (T.nnet.conv3d, 3)):
        x, w = (T.tensor("float64", (None,) * (2 + d), name) for name in "xw")
        sets = [numbers("float64", (n, 2, *(5,) * d), (3, 2, *(2,) * d)) for n in (1, 20)]
        assert kinds(agrees([x, w], [T.relu(word(x, w))], sets, "float64")) == ["Routine"]


@pytest.mark.parametrize(
    ("n", "groups", "side"),
    [
        (1, 1, 70),  # blocks of places
        (12, 1, 70),  # images one by one
        (3, 4, 98),  # groups of few images
        (5, 3, 20),  # an image and a part of one would be a chunk
        (40, 2, 10),
    ],
)
def test_few_images_and_many(n: int, groups: int, side: int) -> None:
    """Large enough for several chunks, which are of whole images where these are many."""
    x, w, b = operands("float32")
    shapes = ((n, 4 * groups, side, side), (8 * groups, 4, 3, 3), (8 * groups,))
    sets = [numbers("float32", *shapes)]
    agrees([x, w, b], [T.relu(biased(x, w, b, num_groups=groups))], sets, "float32")
    agrees([x, w], [T.tanh(T.nnet.conv2d(x, w, num_groups=groups))], [sets[0][:2]], "float32")


def test_the_result_lies_where_the_nest_stores() -> None:
    x, w, b = operands()
    f = gradc.function([x, w, b], T.relu(biased(x, w, b)))
    (step,) = steps_of(f)
    assert isinstance(step, Routine)
    assert isinstance(step.after, Nest)
    assert f.stages.program.buffers[step.writes[0].buffer].place == "out"
    text = str(f.stages.program)
    assert "behind each image: %6 = relu(add(%3, %4))" in text
    assert re.search(r"for i0 < n0:\n +for i1 < n1 in n\d+ chunks of n\d+:", text)
    source = str(f.stages.source)
    assert "static int routine0_convolve_after(GC_CHUNK)" in source
    assert "routine0_convolve_after, n" in source
    alone = gradc.function([x, w], T.nnet.conv2d(x, w))
    assert "NULL, 0);" in str(alone.stages.source)


def test_between_two_convolutions() -> None:
    """Workspace takes the result in place too; what follows the second has its own."""
    x, w, b = operands()
    first = T.tanh(biased(x, w, b, border_mode="half"))
    out = T.relu(biased(first, w, b, border_mode="half") + first)
    sets = [numbers("float64", (n, 3, 7, 6), (3, 3, 3, 3), (3,)) for n in (1, 3, 16)]
    f = agrees([x, w, b], [out], sets, "float64")
    assert [f.stages.program.buffers[s.writes[0].buffer].place for s in followed(f)] == [
        "work",
        "out",
    ]


def test_more_operands_of_the_same_shape() -> None:
    """Also the images themselves, whose memory may not be written before all are read."""
    x, w, b = operands()
    r = T.tensor4("r", dtype="float64")
    inner = T.exp(x)  # workspace that dies here
    outputs = [T.relu(biased(inner, w, b, border_mode="half") + inner + r)]
    sets = [numbers("float64", (n, 3, 7, 6), (3, 3, 3, 3), (3,), (n, 3, 7, 6)) for n in (1, 3, 16)]
    f = agrees([x, w, b, r], outputs, sets, "float64")
    assert kinds(f) == ["Nest", "Routine"]


def test_memory_that_others_leave() -> None:
    """What dies in the step is not written while images read it, nor before the nest has."""
    x, r = (T.tensor("float64", (None, 3, 7, 6), name) for name in "xr")
    w, b = T.tensor("float64", (3, 3, 3, 3), "w"), T.tensor("float64", (3,), "b")
    sets = [numbers("float64", (n, 3, 7, 6), (3, 3, 3, 3), (3,), (n, 3, 7, 6)) for n in (1, 3, 16)]
    mine, other = T.sort(x, axis=3), T.sort(r, axis=3)  # in workspace of one size
    y = T.nnet.conv2d(mine, w, border_mode="half") + b[:, None, None]
    for inner, outputs in ((mine, [y]), (other, []), (other * mine, [y])):
        z = T.nnet.conv2d(T.relu(y + inner) - r, w)
        agrees([x, w, b, r], [z, *outputs], sets, "float64")


def test_a_result_that_others_read_is_kept() -> None:
    x, w, b = operands()
    y = T.nnet.conv2d(x, w)
    z = T.tanh(y + b[:, None, None])
    sets = [numbers("float64", (n, 2, 6, 7), (3, 2, 3, 3), (3,)) for n in (1, 3, 16)]
    for outputs in ([z, y], [z, y.reshape((-1,))], [z, T.sort(y, axis=3)], [T.cast(z, "float32")]):
        f = agrees([x, w, b], outputs, sets, "float32")
        (step,) = followed(f)
        assert step.after is not None
        stored = {s.access.buffer for s in step.after.statements if isinstance(s, Store)}
        assert step.writes[0].buffer not in stored


def test_several_values_of_one_sweep() -> None:
    x, w, b = operands()
    y = biased(x, w, b)
    sets = [numbers("float64", (n, 2, 6, 7), (3, 2, 3, 3), (3,)) for n in (1, 16)]
    f = agrees([x, w, b], [T.tanh(y), T.exp(y) * y], sets, "float64")
    assert kinds(f) == ["Routine"]


def test_gradients() -> None:
    """The gradient by the images is a convolution too, and is multiplied by a slope behind each."""
    x, w, b = operands()
    y = T.tanh(biased(x, w, b, border_mode="half"))
    cost = T.sum(T.tanh(biased(y, w, b, border_mode="half")) ** 2)
    sets = [numbers("float64", (n, 3, 6, 5), (3, 3, 3, 3), (3,)) for n in (1, 3, 16)]
    f = agrees([x, w, b], [y, T.grad(cost, x)], sets, "float64")
    assert "convolve_inputs" in {step.fn.name for step in followed(f)}


@pytest.mark.parametrize(
    "make",
    [
        lambda y: T.mean(T.relu(y), axis=(2, 3)),
        lambda y: T.tanh(y[:, :, ::-1]),
        lambda y: T.relu(y.dimshuffle(1, 0, 2, 3)),
        lambda y: y[:, :, 1:] * y[:, :, :-1],
        lambda y: y / T.sum(y, axis=0, keepdims=True),
    ],
)
def test_what_reads_other_images_or_places_waits(make: Callable[[Any], Any]) -> None:
    x, w, _ = operands()
    f = gradc.function([x, w], make(T.nnet.conv2d(x, w)))
    assert not followed(f)
    arrays = numbers("float64", (3, 2, 6, 7), (3, 2, 3, 3))
    wanted = gradc.function([x, w], make(T.nnet.conv2d(x, w)), mode="REFERENCE")(*arrays)
    np.testing.assert_allclose(f(*arrays), wanted, rtol=1e-11, atol=1e-12)


def test_rows_of_convolutions_wait() -> None:
    x, w = T.tensor4("x", dtype="float64"), T.tensor("float64", (None,) * 5, "w")
    out = T.tanh(gradc.vmap(lambda w: T.nnet.conv2d(x, w))(w))
    f = gradc.function([x, w], out)
    assert not followed(f)
    a, k = numbers("float64", (2, 2, 5, 5), (3, 4, 2, 2, 2))
    each = gradc.function([x, w], T.stack([T.tanh(T.nnet.conv2d(x, w[k])) for k in range(3)]))
    assert len(followed(each)) == 3
    np.testing.assert_allclose(f(a, k), each(a, k), rtol=1e-12)


def test_lengths_that_are_known() -> None:
    """One chunk an image, whose number is the chunk's; and several."""
    for side in (5, 200):
        x = T.tensor("float64", (None, 1, side, side), "x")
        w, b = T.tensor("float64", (4, 1, 2, 2), "w"), T.tensor("float64", (4,), "b")
        sets = [numbers("float64", (n, 1, side, side), (4, 1, 2, 2), (4,)) for n in (1, 9)]
        f = agrees([x, w, b], [T.tanh(biased(x, w, b))], sets, "float64")
        assert ("i0 = chunk;" in str(f.stages.source)) == (side == 5)


def test_axes_of_length_one() -> None:
    """One image has nothing to run behind; one channel is no loop."""
    x, w, b = T.tensor("float64", (1, None, None, None)), *operands()[1:]
    a, k, c = numbers("float64", (1, 2, 30, 31), (1, 2, 3, 3), (1,))
    f = gradc.function([x, w, b], T.tanh(biased(x, w, b)))
    assert not followed(f)
    f(a, k, c)
    x, w = T.tensor4("x", dtype="float64"), T.tensor("float64", (1, None, None, None))
    out = T.tanh(T.nnet.conv2d(x, w))
    agrees([x, w], [out], [[np.repeat(a, n, 0), k] for n in (1, 5)], "float64")


def test_updates() -> None:
    """What the images become is written behind the commit, and from the old ones."""
    a, k = numbers("float64", (16, 3, 6, 6), (3, 3, 3, 3))
    s, w = gradc.shared(a.copy()), gradc.shared(k)
    y = T.nnet.conv2d(s, w, border_mode="half")
    f = gradc.function([], T.sum(s), updates=[(s, T.tanh(y) + s)])
    check_program(f.stages.program)
    wanted = a
    convolved = gradc.function(
        [x := T.tensor4("x", dtype="float64")], T.nnet.conv2d(x, w, border_mode="half")
    )
    for _ in range(2):
        f()
        wanted = np.tanh(convolved(wanted)) + wanted
    np.testing.assert_allclose(s.get_value(), wanted, rtol=1e-12)


def test_in_loops() -> None:
    x, w, b = operands()

    def step(s: Any) -> Any:
        return T.tanh(biased(s, w, b, border_mode="half") + s)

    states, _ = gradc.scan(step, outputs_info=[x], n_steps=5)
    arrays = numbers("float64", (9, 3, 6, 6), (3, 3, 3, 3), (3,))
    unrolled = x
    for _ in range(5):
        unrolled = step(unrolled)
    (wanted,) = on(1, gradc.function([x, w, b], [unrolled]), *arrays)
    for out in (states[-1], states):
        f = gradc.function([x, w, b], [out])
        check_program(f.stages.program)
        assert "behind each image" in str(f.stages.program)
        for threads in (1, 2):
            (got,) = on(threads, f, *arrays)
            np.testing.assert_array_equal(got if out is not states else got[-1], wanted)


def test_results_that_are_given() -> None:
    """Memory of the caller's, also that of an argument."""
    x, w, b = operands()
    arrays = numbers("float64", (16, 3, 8, 8), (3, 3, 3, 3), (3,))
    f = gradc.function([x, w, b], T.relu(biased(x, w, b, border_mode="half") + x))
    wanted = f(*arrays)
    out = np.full_like(wanted, np.nan)
    assert f(*arrays, out=out) is out
    np.testing.assert_array_equal(out, wanted)
    given = arrays[0].copy()
    assert f(given, *arrays[1:], out=given) is given
    np.testing.assert_array_equal(given, wanted)


def test_profiles() -> None:
    x, w, b = operands()
    y = T.relu(biased(x, w, b))
    with gradc.config.override(profile_memory=True):
        f = gradc.function([x, w, b], y, profile=True)
    f(*numbers("float64", (16, 3, 8, 8), (4, 3, 3, 3), (4,)))
    text = f.profile.summary("str")
    rows = re.findall(r"routine 0: %3 = convolve.* \[(.*)\]", text)
    assert rows[0].count("test_conv_epilogue.py") >= 2
    assert "T.relu(biased(x, w, b))" in text.split("By line")[1]


def test_what_does_not_fit_is_said_before() -> None:
    x, w, b = operands()
    kept = gradc.shared(np.zeros(()), "kept")
    said = []
    for fuse in (True, False):
        with gradc.config.override(fuse=fuse):
            f = gradc.function([x, w, b], T.relu(biased(x, w, b)), updates={kept: kept + 1})
        assert bool(followed(f)) == fuse
        for shapes in (((2, 3, 5, 5), (4, 3, 6, 2), (4,)), ((2, 3, 5, 5), (4, 3, 2, 2), (3,))):
            with pytest.raises(ArgumentError) as caught:
                f(*map(np.zeros, shapes))
            said.append(str(caught.value))
    assert said[:2] == said[2:]
    assert "reach over 6 elements of axis 2" in said[0]
    assert kept.get_value() == 0


def test_programs_that_break_a_rule() -> None:
    x, w, b = operands()
    program = gradc.function([x, w, b], T.relu(biased(x, w, b, border_mode="half"))).stages.program
    (step,) = program.segments[0].steps
    assert isinstance(step, Routine)
    assert step.after is not None
    nest = step.after
    body = nest.blocks[-1].body
    load = next(s for s in body if isinstance(s, Load) and s.access.buffer == step.writes[0].buffer)
    moved = replace(load, access=replace(load.access, offset=size(1)))
    elsewhere = tuple(moved if each is load else each for each in body)
    over = tuple(
        replace(s, access=replace(s.access, buffer=0)) if isinstance(s, Store) else s for s in body
    )
    for changed, said in (
        (replace(step, fn=replace(step.fn, after=False)), "lets nothing run behind images"),
        (replace(step, after=replace(nest, cut=0)), "is not cut within them"),
        (replace(step, after=replace(nest, base=0)), "or more before it"),
        (with_body(step, nest, elsewhere), "is read where it is not finished"),
        (with_body(step, nest, over), "b0 is an argument"),
    ):
        with pytest.raises(InternalError, match=said):
            check_program(with_first(program, changed))


def with_body(step: Routine, nest: Nest, body: tuple[Any, ...]) -> Routine:
    blocks = (*nest.blocks[:-1], replace(nest.blocks[-1], body=body))
    return replace(step, after=replace(nest, blocks=blocks))


# Below all: tests speak of lines of this file.
pytestmark = pytest.mark.usefixtures("quickly")
