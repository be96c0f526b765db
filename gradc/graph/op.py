"""Operations and their application.

A Declaration is what `gradc.ops` states about an operation, all in one value.  An Op is a
declaration with its parameters bound: a hashable value, the lecture's "operation".  An Apply is an
immutable node: an Op applied to variables, with n typed outputs.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from gradc.errors import ArgumentTypeError, GradError, InternalError, message
from gradc.graph.describe import where
from gradc.graph.methods import OPERATORS
from gradc.graph.pickled import Chain, without_folder
from gradc.graph.site import Site, user_site
from gradc.graph.types import TensorType
from gradc.graph.variable import Input, Variable
from gradc.sizes import Size
from gradc.value import keyed, record, value

__all__ = [
    "DECLARATIONS",
    "AnyOp",
    "Apply",
    "Array",
    "Declaration",
    "Guards",
    "Op",
    "Operand",
    "Pushforward",
    "Shape",
    "apply",
]

Array = npt.NDArray[Any]
Shape = tuple[Size, ...]
Pullback = Callable[..., tuple[Variable | None, ...]]
Pushforward = Callable[..., tuple[Variable | None, ...]]
Batching = Callable[["Apply", Sequence[Variable]], tuple[Variable, ...]]
Guards = Literal["elementwise", "reduction", "routed", "ended"]

DECLARATIONS: dict[str, Declaration] = {}  # every operation, by name
BUILT: list[Callable[[Apply], None]] = []  # who is told of each node that somebody writes


@value
class Operand:
    """What a shape rule may know of an input: its lengths and, for an integer scalar, its value."""

    shape: Shape
    value: Size | None = None


@record
class Declaration:
    """Everything about an operation. Subclasses, one a kind, say how the rest follows from it.

    name: unique; the word of the public function.
    doc: formula and danger; becomes the help text.
    ref: numpy reference, `ref(*arrays, **params)`; for several outputs it gives a tuple.
    pullback: `pullback(cts, outs, *inputs, **params)` gives one cotangent or None ("not
        connected") an input, written with the same operations; `outs` are the node's own outputs.
    merges: whether two applications to the same inputs are one value (random draws are not).
    is_slope: whether the pullback is the derivative; where another is wanted (grad_clip), or it
        cancels out, tests do not compare it with differences.
    pushforward: in place of the kind's forward mode, `pushforward(tangents, outs, *inputs,
        **params)`; what it takes and gives says `forward`.
    batching: in place of the kind's batching rule; what it takes and gives says `batch`.

    A new kind fills `infer`, `lengths`, `forward_by_kind`, `batch_by_kind` and `guards`.
    guards: how the guards of derivatives (differentiate/cotangent.py) travel through it, in both
        modes.  "elementwise": beside the value.  "reduction": any of those that are folded.
        "routed": elements move and are added, with factors that are not negative.  "ended": values
        are masked before they enter, as for matrix products.
    knows_lengths: whether `lengths` can say them; where it cannot, lowering puts something else in
        the place of a node.
    """

    kind: ClassVar[str] = ""
    guards: ClassVar[Guards] = "ended"
    knows_lengths: ClassVar[bool] = True

    name: str
    doc: str
    ref: Callable[..., Any]
    pullback: Pullback
    merges: bool = True
    is_slope: bool = True
    pushforward: Pushforward | None = None
    batching: Batching | None = None

    def __post_init__(self) -> None:
        if self.name in DECLARATIONS:
            raise InternalError(message(f"operation {self.name!r} is declared twice."))
        DECLARATIONS[self.name] = self

    def moves_half(self, params: Mapping[str, Any]) -> bool:
        """Whether its C takes float16, whose bits it moves; what computes is fed float32."""
        return True

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        """The types of the outputs; raises ShapeError or DTypeError on inputs that do not fit."""
        raise NotImplementedError

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        """The lengths of the outputs as size expressions; `infer` has accepted the inputs."""
        raise NotImplementedError

    def evaluate(self, arrays: Sequence[Array], params: Mapping[str, Any]) -> tuple[Array, ...]:
        """The reference's outputs."""
        result = self.ref(*arrays, **params)
        return result if isinstance(result, tuple) else (np.asarray(result),)

    def run(
        self, node: Apply, arrays: Sequence[Array], params: Mapping[str, Any]
    ) -> tuple[Array, ...]:
        """The reference's outputs for a node, which Python's code may want to know."""
        return self.evaluate(arrays, params)

    def forward(
        self, node: Apply, tangents: Sequence[Variable | None]
    ) -> tuple[Variable | None, ...]:
        """Forward mode: tangents of the node's outputs from those of its inputs.

        tangents: one an input, of its shape, of a float dtype (the input's, if that is a float);
            None is zero, and at least one is not None.
        Gives one an output, None where it is zero whatever the values.  It need not be stretched to
        the output's shape or cast to its dtype: whoever calls this does so.  What an output of
        whole numbers gets is not looked at.
        """
        if self.pushforward is None:
            return self.forward_by_kind(node, tangents)
        return self.pushforward(tangents, node.outputs, *node.inputs, **node.op.keywords)

    def forward_by_kind(
        self, node: Apply, tangents: Sequence[Variable | None]
    ) -> tuple[Variable | None, ...]:
        """The kind's rule for `forward`, which says what it takes and gives."""
        raise NotImplementedError

    def batch(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        """The node on every element of a batch: what `vectorize` puts in its place.

        inputs: in place of the node's; one that is of one rank more has the batch as its first
            axis, the others are the same for all elements.  At least one is batched.
        Gives one variable an output, batched in the same way; one of the output's own rank says
        that it is the same for all elements (the length of an axis is).
        Raises: VectorizeError where a length would depend on the element.
        """
        return (self.batching or self.batch_by_kind)(node, inputs)

    def batch_by_kind(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        """The kind's rule for `batch`, which says what it takes and gives."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}>"


class AnyOp:
    """What computes a variable: a declaration with its parameters, or an operation of a user's."""

    __slots__ = ()

    rule: Declaration
    takes_objects: ClassVar[bool] = False  # variables that are no arrays (graph/objects.py)

    @property
    def params(self) -> tuple[tuple[str, Hashable], ...]:
        """What the declaration leaves open."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The operation's word."""
        return self.rule.name

    @property
    def kind(self) -> str:
        """How the machine side treats it: Elemwise, Reduce, View, Contract and so on."""
        return self.rule.kind

    @property
    def keywords(self) -> dict[str, Any]:
        """The parameters as keywords."""
        return dict(self.params)

    def __call__(self, *inputs: Variable) -> Any:
        """The variable(s) this operation gives on `inputs`: one, or a tuple of several."""
        outputs = apply(self, inputs).outputs
        return outputs[0] if len(outputs) == 1 else outputs

    def bprop(self, inputs: Sequence[Variable], X: Variable, D: Any) -> Variable:
        """The gradient with respect to input X when D is the gradient on the output.

        Symbolic: sum over i of (d op(inputs)_i / d X) * D_i, summed over every position where X
        stands in `inputs`.  For several outputs D is a list, with None where nothing arrives.
        Shapes: the result has X's.  Raises: GradError if X is not one of `inputs`, or if the
        operation is not differentiable in it.
        Source: Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.5.6.
        """
        places = [k for k, each in enumerate(inputs) if each is X]
        if not places:
            raise GradError(message(f"{self.name}.bprop: X is not one of the inputs."))
        outputs = apply(self, inputs).outputs
        cts = tuple(map(_conjugate, D if isinstance(D, (list, tuple)) else (D,)))
        terms = self.rule.pullback(cts, outputs, *inputs, **self.keywords)
        found = [term for term in (terms[k] for k in places) if term is not None]
        if not found:
            raise GradError(message(f"{self.name}.bprop: the output does not depend on X."))
        total = found[0]
        for term in found[1:]:
            total = OPERATORS["add"](total, term)
        result: Variable = _conjugate(OPERATORS["fit"](total, X))
        return result


def _conjugate(ct: Any) -> Any:
    """A complex gradient as pullbacks want it, and back (differentiate/convention.py)."""
    is_complex = isinstance(ct, Variable) and ct.dtype.startswith("complex")
    return OPERATORS["conj"](ct) if is_complex else ct


@keyed
class Op(AnyOp):
    """A declaration with its parameters: what computes a variable.

    Beside a function of users', `y.owner.op == T.exp`, it is equal if that applies its declaration,
    with whatever parameters.
    """

    rule: Declaration
    params: tuple[tuple[str, Hashable], ...] = ()

    def __eq__(self, other: object) -> bool:
        if other.__class__ is Op:
            return self.rule is other.rule and self.params == other.params
        return getattr(other, "declaration", None) is self.rule

    def __hash__(self) -> int:
        return hash((self.rule, self.params))

    def __str__(self) -> str:
        if not self.params:
            return self.name
        return f"{self.name}{{{', '.join(f'{k}={_text(v)}' for k, v in self.params)}}}"

    __repr__ = __str__

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restore, (self.name, self.params))


def _text(value: object) -> str:
    return str(value).replace("'", "")


def _restore(name: str, params: tuple[tuple[str, Hashable], ...]) -> Op:
    return Op(DECLARATIONS[name], params)


class Apply:
    """An operation applied to variables. Immutable; told apart by identity.

    types: of the outputs; in the place of one may stand a variable that has it and the name, as
    make_node of operations written for Theano lists them.
    """

    __slots__ = ("__weakref__", "chain", "inputs", "op", "outputs", "site")

    def __init__(
        self,
        op: AnyOp,
        inputs: Sequence[Variable],
        types: Sequence[TensorType | Variable],
        site: Site | None = None,
        names: Sequence[str | None] = (),
    ) -> None:
        self.op = op
        self.inputs = tuple(inputs)
        self.site = site
        self.chain: weakref.ref[Chain] | None = None  # a pickler's (graph/pickled.py)
        padded = (*names, *(None,) * (len(types) - len(names)))
        self.outputs = tuple(
            _class_of(each)(each.type, self, k, padded[k] or each.name, site)
            if isinstance(each, Variable)
            else Variable(each, self, k, padded[k], site)
            for k, each in enumerate(types)
        )

    def __repr__(self) -> str:
        return f"{self.op}({', '.join(map(str, self.inputs))})"

    def __reduce__(self) -> tuple[Any, ...]:
        outputs = self.outputs
        types, names = tuple(y.type for y in outputs), tuple(y.name for y in outputs)
        parts = (self.op, self.inputs, types, without_folder(self.site), names)
        tags = {y.index: y._tag for y in outputs if y._tag is not None}
        return (Apply, parts, tags) if tags else (Apply, parts)

    def __setstate__(self, tags: dict[int, Any]) -> None:
        for index, tag in tags.items():
            self.outputs[index]._tag = tag


def _class_of(listed: Variable) -> type[Variable]:
    """Variable, or what a type of objects makes variables of."""
    is_users = listed.type.is_object and not isinstance(listed, Input)
    return type(listed) if is_users and not hasattr(listed, "get_value") else Variable


def _no_array(op: AnyOp, given: Variable) -> str:
    what = f"{op.name}: {given} is no array, but an object of the type {given.type}."
    fix = "take it apart with an operation in Python, gradc.as_op or gradc.Op."
    return message(what, [where(given)], fix)


def apply(op: AnyOp, inputs: Sequence[Variable]) -> Apply:
    """A new node, its output types from the declaration, its site the user's line.

    Raises: what the declaration raises; ArgumentTypeError for objects that are no arrays.
    """
    if not op.takes_objects:
        for each in inputs:
            if each.type.is_object:
                raise ArgumentTypeError(_no_array(op, each))
    node = Apply(op, inputs, op.rule.infer(inputs, op.keywords), user_site())
    for tell in BUILT:
        tell(node)
    return node
