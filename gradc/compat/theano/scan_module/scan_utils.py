"""theano.scan_module.scan_utils: what programs take from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradc.compat.theano.retyping import retyped
from gradc.control.given import until
from gradc.errors import ArgumentError, message
from gradc.graph import parts
from gradc.graph.compare import equal_computations
from gradc.graph.replace import checked
from gradc.graph.replace import clone as cloned
from gradc.graph.variable import Input, Variable
from gradc.graph.walk import leaves
from gradc.sharedvar import SharedVariable

__all__ = ["clone", "equal_computations", "map_variables", "until"]


def clone(
    output: Any, replace: Any = None, strict: bool = True, share_inputs: bool = True,
    copy_inputs: bool | None = None,
) -> Any:  # fmt: skip
    """A copy of what computes the output, with variables replaced.

    strict=False: a replacement may have another dtype, as far as the operations behind it take it.
    share_inputs=False: inputs and shared variables are new ones; the latter have the same storage,
    and default updates of their own.
    copy_inputs: Theano's older word for share_inputs, with this meaning of True.
    Raises: TypeError, ValueError as gradc.clone.
    """
    shares = share_inputs if copy_inputs is None else copy_inputs
    pairs = dict(replace.items() if isinstance(replace, Mapping) else replace or ())
    listed = [output] if isinstance(output, Variable) else list(output)
    for leaf in [] if shares else leaves(listed, stop=pairs):
        if isinstance(leaf, SharedVariable):
            pairs.setdefault(leaf, leaf.clone())
    if not strict and any(_is_other(old, new) for old, new in pairs.items()):
        return _other_dtypes(output, pairs, shares)
    return cloned(output, pairs, strict=strict, share_inputs=shares)


def _is_other(old: Any, new: Any) -> bool:
    """Whether a replacement is an array of another dtype and the same rank."""
    if not (isinstance(old, Variable) and isinstance(new, Variable)):
        return False
    is_array = not (old.type.is_object or new.type.is_object)
    return is_array and old.ndim == new.ndim and old.dtype != new.dtype


def _other_dtypes(output: Any, pairs: Mapping[Variable, Any], shares: bool) -> Any:
    listed = [output] if isinstance(output, Variable) else list(output)
    same = {old: new for old, new in pairs.items() if not _is_other(old, new)}
    values = checked("clone", same) | {each: pairs[each] for each in pairs if each not in same}
    for leaf in [] if shares else leaves(listed, stop=values):
        if isinstance(leaf, Input):
            values[leaf] = values.get(leaf) or Input(leaf.type, leaf.name)
    values = retyped(listed, values)
    found = [values.get(each, each) for each in listed]
    return found[0] if isinstance(output, Variable) else found


def map_variables(
    replacer: Callable[[Variable], Variable], graphs: Sequence[Variable],
    additional_inputs: Sequence[Variable] = (),
) -> list[Variable]:  # fmt: skip
    """The graphs with every variable v replaced by replacer(v), what it depends on first.

    What a loop reads from outside is replaced where it enters; the step itself is left alone.
    additional_inputs: what replacer uses besides; it needs no mention here.
    Raises: ArgumentError for a replacement of another type.
    """

    def checked(variable: Variable) -> Variable:
        new = replacer(variable)
        if not isinstance(new, Variable) or not variable.type.resembles(new.type):
            what = f"map_variables: {variable} is {variable.type}, replacer gives {new!r}."
            raise ArgumentError(message(what, fix="give a variable of the same dtype and rank."))
        return new

    return parts.map_variables(checked, graphs)
