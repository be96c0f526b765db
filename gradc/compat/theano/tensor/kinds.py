"""Classes that programs ask a node's operation for: isinstance(node.op, T.Elemwise).

In gradc an operation is a value with a kind; these classes have no instances of their own, and say
of such a value whether it is of theirs.
"""

from __future__ import annotations

from gradc.graph.op import Op

__all__ = [
    "ARange", "AdvancedBooleanSubtensor", "AdvancedIncSubtensor", "AdvancedIncSubtensor1",
    "AdvancedSubtensor", "AdvancedSubtensor1", "All", "Alloc", "Any", "Argmax", "CAReduce",
    "CAReduceDtype", "CumOp", "DimShuffle", "Dot", "Elemwise", "Flatten", "IncSubtensor", "Join",
    "MaxAndArgmax", "Prod", "Reshape", "Shape", "Shape_i", "SortOp", "SpecifyShape", "Subtensor",
    "Sum",
]  # fmt: skip


class _Kind(type):
    """A class that an operation belongs to by its kind or name."""

    kinds: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Op) and (
            instance.kind in cls.kinds or instance.name in cls.names
        )


class Elemwise(metaclass=_Kind):
    """An operation element by element."""

    kinds = ("Elemwise",)


class CAReduce(metaclass=_Kind):
    """A reduction: sum, prod, max, any."""

    kinds = ("Reduce",)


class Sum(metaclass=_Kind):
    """The sum over axes."""

    names = ("sum",)


class MaxAndArgmax(metaclass=_Kind):
    """The greatest element, or its place."""

    names = ("max", "argmax")


class Dot(metaclass=_Kind):
    """A product of matrices, with or without what is added to it."""

    kinds = ("Contract", "Gemm")


class DimShuffle(metaclass=_Kind):
    """Axes in another order."""

    names = ("dimshuffle", "transpose")


class Reshape(metaclass=_Kind):
    """The elements under other lengths."""

    kinds = ("Relabel",)


class Subtensor(metaclass=_Kind):
    """A part of an array by slices."""

    names = ("subtensor",)


class IncSubtensor(metaclass=_Kind):
    """An array with a part replaced or added to."""

    kinds = ("Scatter",)


class Join(metaclass=_Kind):
    """Arrays one behind the other."""

    kinds = ("Join",)


class Alloc(metaclass=_Kind):
    """A value stretched to a shape."""

    names = ("broadcast_to",)


def _class(name: str, doc: str, **fields: tuple[str, ...]) -> _Kind:
    return _Kind(name, (), {"__doc__": doc, **fields})


CAReduceDtype = CAReduce
Flatten = Reshape
Prod = _class("Prod", "The product over axes.", names=("prod",))
All = _class("All", "Whether all are true.", names=("all",))
Any = _class("Any", "Whether any is true.", names=("any",))
Argmax = _class("Argmax", "The place of the greatest element.", names=("argmax",))
ARange = _class("ARange", "Numbers that count up.", kinds=("Iota",))
CumOp = _class("CumOp", "Sums and products up to each place.", kinds=("Prefix",))
SortOp = _class("SortOp", "Elements in order.", names=("sort",))
Shape = Shape_i = _class("Shape", "The length of an axis.", kinds=("LengthOf",))
SpecifyShape = _class("SpecifyShape", "Promised lengths.", names=("specify_shape",))
AdvancedSubtensor = _class("AdvancedSubtensor", "Elements by index arrays.", kinds=("Gather",))
AdvancedSubtensor1 = AdvancedBooleanSubtensor = AdvancedSubtensor
AdvancedIncSubtensor = AdvancedIncSubtensor1 = IncSubtensor
