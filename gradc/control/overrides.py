"""Derivatives that a user states for a graph, and what follows from one of them.

An Override gives, for the first `count` inputs of a subgraph, gradients from cotangents (vjp) or,
of its outputs, tangents from tangents (jvp).  Where only one is stated the other is its transpose:
both are linear in what they are given, so the derivative of one by it is the other, and forward
and reverse mode agree.  Inputs behind the first `count`, which the graph captured, have the
derivatives that follow from the graph.  Gradients of complex numbers are stated as `grad` gives
them, and conjugated on their way to and from pullbacks (differentiate/convention.py).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Protocol

from gradc.batch import batched
from gradc.differentiate import conjugate, jvp, pulled
from gradc.dtypes import dtype_info
from gradc.errors import GradError, message
from gradc.graph.describe import where
from gradc.graph.op import Apply
from gradc.graph.types import TensorType
from gradc.graph.undefined import Undefined
from gradc.graph.variable import Input, Variable
from gradc.graph.walk import substitute
from gradc.ops.calls import stretched
from gradc.ops.elemwise import add
from gradc.ops.lengths import as_dtype, zeros_like
from gradc.ops.reduce import sum
from gradc.value import value

__all__ = [
    "DEFAULT",
    "Batched",
    "Default",
    "Found",
    "Override",
    "plain_pull",
    "plain_push",
    "pulled_by",
    "pushed_by",
    "transposed",
]


class Default:
    """What an override gives where the derivative that follows from the graph will do."""

    def __reduce__(self) -> str:
        return "DEFAULT"

    def __repr__(self) -> str:
        return "DEFAULT"


DEFAULT = Default()
Found = Variable | Default | None
Directions = Sequence[Variable]


class Override(Hashable, Protocol):
    """A stated derivative; hashable, so that it can be a parameter."""

    @property
    def count(self) -> int:
        """How many inputs it is about: the first ones."""

    def __call__(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], given: Directions
    ) -> Sequence[Found]:
        """Gradients of the inputs (vjp), None where there is no path; tangents of outputs (jvp)."""


def pulled_by(
    params: Mapping[str, Any], node: Apply, cts: Sequence[Variable | None]
) -> tuple[Variable | None, ...]:
    """The gradients of a node's inputs by what is stated in its parameters."""
    stated: Override = params.get("vjp") or params["jvp"]
    inputs = node.inputs[: stated.count]
    whole = [zeros_like(y) if ct is None else ct for y, ct in zip(node.outputs, cts, strict=True)]
    if "vjp" in params:
        found = list(map(conjugate, stated(inputs, node.outputs, [*map(conjugate, whole)])))
    else:
        ways = [Input(_float(x.type)) for x in inputs]
        tangents = [_known(t) for t in stated(inputs, node.outputs, ways)]
        pairs = [(t, ct) for t, ct in zip(tangents, whole, strict=True) if t is not None]
        gradients = pulled([t for t, _ in pairs], ways, [as_dtype(ct, t.dtype) for t, ct in pairs])
        found = list(_at_zero(gradients, ways, inputs))
    _check(params["word"], "vjp", found, inputs)
    found += [DEFAULT] * (len(node.inputs) - len(inputs))
    if any(each is DEFAULT for each in found):
        plain = plain_pull(params, node, cts)
        found = [plain[k] if each is DEFAULT else each for k, each in enumerate(found)]
    return tuple(_known(each) for each in found)


def pushed_by(
    params: Mapping[str, Any], node: Apply, tangents: Sequence[Variable | None]
) -> tuple[Variable | None, ...]:
    """The tangents of a node's outputs by what is stated in its parameters."""
    stated: Override = params.get("jvp") or params["vjp"]
    inputs, captured = node.inputs[: stated.count], tangents[stated.count :]
    given = tangents[: stated.count]
    found: list[Variable | None] = [None] * len(node.outputs)
    if any(t is not None for t in given):
        whole = [zeros_like(x) if t is None else t for x, t in zip(inputs, given, strict=True)]
        if "jvp" in params:
            listed = list(stated(inputs, node.outputs, whole))
            _check(params["word"], "jvp", listed, node.outputs)
            found = [_known(each) for each in listed]
        else:
            found = transposed(stated, node, whole)
    if any(t is not None for t in captured):
        rest = plain_push(params, node, (*(None for _ in inputs), *captured))
        found = [_sum(a, b) for a, b in zip(found, rest, strict=True)]
    return tuple(found)


def transposed(
    stated: Override, node: Apply, tangents: Sequence[Variable]
) -> list[Variable | None]:
    """Tangents by a stated gradient: the gradient of its product with them, by the cotangents.

    Of complex numbers the product is real(conj(gradient) * tangent), whose gradient by the first is
    the second.
    """
    inputs, cts = node.inputs[: stated.count], [Input(_float(y.type)) for y in node.outputs]
    found = stated(inputs, node.outputs, list(cts))
    if any(each is DEFAULT for each in found):
        what = "a gradient of which only a part is stated has no forward mode."
        word = node.op.keywords.get("word", node.op.name)
        raise GradError(message(f"{word}: {what}", [], "state a jvp too."))
    pairs = [(_known(g), t) for g, t in zip(found, tangents, strict=True)]
    given = [(g, t) for g, t in pairs if g is not None]
    if not given:
        return [None] * len(cts)
    tangents_out = pulled(
        [g for g, _ in given], list(cts), [conjugate(as_dtype(t, g.dtype)) for g, t in given]
    )
    return list(map(conjugate, _at_zero(tangents_out, cts, node.outputs)))


def plain_pull(
    params: Mapping[str, Any], node: Apply, cts: Sequence[Variable | None]
) -> list[Variable | None]:
    """Gradients by the graph itself, whatever is stated; of placeholders, since one input may
    depend on another or stand in two places.
    """
    inputs = params["graph"].placeholders()
    given: dict[Variable, Variable] = {Input(ct.type): ct for ct in cts if ct is not None}
    seeds = iter(given)
    seeded = [None if ct is None else next(seeds) for ct in cts]
    found = pulled(params["graph"](inputs), inputs, seeded)
    return _put(node, found, inputs, given)


def plain_push(
    params: Mapping[str, Any], node: Apply, tangents: Sequence[Variable | None]
) -> list[Variable | None]:
    """Tangents by the graph itself, whatever is stated."""
    inputs = params["graph"].placeholders()
    moving = {x: Input(t.type) for x, t in zip(inputs, tangents, strict=True) if t is not None}
    found = jvp(params["graph"](inputs), list(moving), list(moving.values()))
    given = [t for t in tangents if t is not None]
    return _put(node, found, inputs, dict(zip(moving.values(), given, strict=True)))


def _put(
    node: Apply,
    found: Sequence[Variable | None],
    inputs: Sequence[Variable],
    given: Mapping[Variable, Variable],
) -> list[Variable | None]:
    """What was derived of placeholders, for the node's own inputs."""
    values: dict[Variable, Variable] = {**dict(zip(inputs, node.inputs, strict=True)), **given}
    there = iter(substitute([each for each in found if each is not None], values))
    return [None if each is None else next(there) for each in found]


def _float(type: TensorType) -> TensorType:
    return type if dtype_info(type.dtype).is_inexact else type.with_dtype("float64")


def _known(found: Found) -> Variable | None:
    return found if isinstance(found, Variable) else None


def _sum(a: Variable | None, b: Variable | None) -> Variable | None:
    if a is None or b is None:
        return b if a is None else a
    return add(a, b)


def _at_zero(
    found: Sequence[Variable | None], ways: Sequence[Variable], like: Sequence[Variable]
) -> list[Variable | None]:
    """What is linear in `ways` has a derivative by them that does not depend on where it is."""
    zeros = {way: zeros_like(x, dtype=way.dtype) for way, x in zip(ways, like, strict=True)}
    there = iter(substitute([each for each in found if each is not None], zeros))
    return [None if each is None else next(there) for each in found]


def _check(word: str, rule: str, found: Sequence[Found], like: Sequence[Variable]) -> None:
    """Raise unless there is one for each, of its rank."""
    if len(found) != len(like):
        what = f"{word}: its {rule} gives {len(found)} results for {len(like)} variables."
        raise GradError(message(what, [where(each) for each in like], "give one for each."))
    for each, x in zip(found, like, strict=True):
        if isinstance(each, Variable) and not isinstance(each, Undefined) and each.ndim != x.ndim:
            what = f"{word}: its {rule} gives {each.type} for {x.type}."
            raise GradError(message(what, [where(x)], "give floats of the variable's own shape."))


@value
class Batched:
    """An override for each element of a batch: what a batched subgraph states.

    inputs, outputs: types of one element.  of_inputs, of_outputs: which carry the batch.
    """

    stated: Override
    inputs: tuple[TensorType, ...]
    outputs: tuple[TensorType, ...]
    of_inputs: tuple[bool, ...]
    of_outputs: tuple[bool, ...]
    gives_inputs: bool

    @property
    def count(self) -> int:
        """How many inputs it is about."""
        return self.stated.count

    def __call__(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], given: Directions
    ) -> Sequence[Found]:
        """The results of every element; of an input that all elements share, their sum."""
        of_given = self.outputs if self.gives_inputs else self.inputs[: self.count]
        elements = [Input(each) for each in (*self.inputs[: self.count], *self.outputs)]
        ways = [Input(_float(each)) for each in of_given]
        split = self.count
        found = self.stated(elements[:split], elements[split:], list(ways))
        known = zip((*elements, *ways), (*inputs, *outputs, *given), strict=True)
        replace: dict[Variable, Variable] = dict(known)
        made = iter(batched([each for each in found if isinstance(each, Variable)], replace))
        flags = self.of_inputs if self.gives_inputs else self.of_outputs
        types = self.inputs if self.gives_inputs else self.outputs
        batch = next(x for x, t in zip(inputs, self.inputs, strict=False) if x.ndim > t.ndim)
        return [
            _fitted(next(made), types[k].ndim, flags[k], batch)
            if isinstance(each, Variable)
            else each
            for k, each in enumerate(found)
        ]


def _fitted(x: Variable, ndim: int, flag: bool, batch: Variable) -> Variable:
    if flag:
        return x if x.ndim > ndim else stretched(x, batch)
    return sum(x, axis=0) if x.ndim > ndim else x
