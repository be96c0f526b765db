"""Trees of arrays: tuples, lists, dicts, named tuples, dataclasses and None, with arrays as leaves.

Takes nested containers; gives their leaves in order, and a Structure that builds such containers
anew of other leaves.  JAX calls them pytrees.

A Structure is flat: the containers and leaves in postfix order, each container with its type and
the names of what it holds.  So it is a plain value, hashable, and no walk recurses.  A dict keeps
the order of its keys, and two dicts of other orders are of other structure.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradc.errors import ArgumentError, message

__all__ = [
    "LEAF",
    "Branch",
    "Structure",
    "children",
    "flatten",
    "leaves",
    "map",
    "names",
    "unflatten",
]


class Branch(NamedTuple):
    """A container: its type, and the names (keys, places, fields) of what it holds."""

    type: type
    keys: tuple[Any, ...]


LEAF = None
Structure = tuple[Branch | None, ...]  # postfix; LEAF (None) is a leaf, Branch(NoneType) a None


_PLAIN = {np.ndarray, float, int, bool}  # what most leaves are, so that they are soon recognised


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The leaves of a tree, from left to right, and its structure."""
    found: list[Any] = []
    structure: list[Branch | None] = []
    stack = [tree]
    while stack:  # a container before what it holds, from right to left; turned round below
        each = stack.pop()
        parts = None if type(each) in _PLAIN else children(each)
        if parts is None:
            found.append(each)
            structure.append(LEAF)
        else:
            branch, held = parts
            structure.append(branch)
            stack.extend(held)
    return found[::-1], tuple(structure[::-1])


def children(tree: Any) -> tuple[Branch, Sequence[Any]] | None:
    """A container and what it holds, one level down; None for a leaf."""
    kind = type(tree)
    if kind is tuple or kind is list:
        return Branch(kind, tuple(range(len(tree)))), tree
    if kind is dict or kind is OrderedDict:
        return Branch(kind, tuple(tree)), list(tree.values())
    if tree is None:
        return Branch(kind, ()), ()
    if isinstance(tree, tuple) and hasattr(kind, "_fields"):
        return Branch(kind, kind._fields), tree
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        fields = tuple(each.name for each in dataclasses.fields(tree))
        return Branch(kind, fields), [getattr(tree, name) for name in fields]
    return None


def unflatten(structure: Structure, found: Iterable[Any]) -> Any:
    """The tree of this structure with these leaves.

    A dataclass is filled field by field, without its __init__ and __post_init__, which may look at
    values.  Raises: ArgumentError if there are more or fewer leaves than places.
    """
    rest = list(found)
    if len(rest) != structure.count(LEAF):
        what = f"tree.unflatten: the tree has {structure.count(LEAF)} leaves, got {len(rest)}."
        raise ArgumentError(message(what, fix="give one value for each leaf."))
    given = iter(rest)
    stack: list[Any] = []
    for each in structure:
        if each is LEAF:
            stack.append(next(given))
        else:
            count = len(each.keys)
            held = stack[len(stack) - count :]
            del stack[len(stack) - count :]
            stack.append(_built(each, held))
    (tree,) = stack
    return tree


def _built(branch: Branch, held: list[Any]) -> Any:
    kind = branch.type
    if kind is list:
        return held
    if kind is tuple:
        return tuple(held)
    if kind is type(None):
        return None
    if issubclass(kind, dict):
        return kind(zip(branch.keys, held, strict=True))
    if issubclass(kind, tuple):
        return kind(*held)
    made = object.__new__(kind)
    for name, value in zip(branch.keys, held, strict=True):
        object.__setattr__(made, name, value)  # frozen ones too
    return made


def leaves(tree: Any) -> list[Any]:
    """The leaves of a tree, from left to right."""
    return flatten(tree)[0]


def map(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """The tree with every leaf replaced by the function of it, and of those of other trees there.

    Raises: ArgumentError if a tree is not of the first one's structure.
    """
    found, structure = flatten(tree)
    columns = [found]
    for other in others:
        held, shape = flatten(other)
        if shape != structure:
            what = "tree.map: the trees differ in structure."
            raise ArgumentError(message(what, fix="give trees of the same containers and keys."))
        columns.append(held)
    return unflatten(structure, [function(*each) for each in zip(*columns, strict=True)])


def names(structure: Structure, root: str = "") -> list[str]:
    """How a program would write each leaf: params['w'][0], state.count."""
    found: list[str] = []
    stack = [root]
    for each in reversed(structure):  # a container before what it holds, from right to left
        name = stack.pop()
        if each is LEAF:
            found.append(name)
        else:
            stack.extend(name + _step(each.type, key) for key in each.keys)
    return found[::-1]


def _step(kind: type, key: Any) -> str:
    is_field = not issubclass(kind, (list, dict)) and isinstance(key, str)
    return f".{key}" if is_field else f"[{key!r}]"
