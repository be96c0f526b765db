"""theano.gof.utils: small tools that programs import from there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any

from gradc.errors import UnsupportedError
from gradc.graph.variable import Variable

__all__ = [
    "MethodNotDefined", "difference", "flatten", "give_variables_names", "hash_from_code",
    "hash_from_file", "memoize", "uniq",
]  # fmt: skip


class MethodNotDefined(UnsupportedError):
    """A method that a class may leave out is asked for, and is not there."""


def hash_from_code(msg: str | bytes) -> str:
    """A text that tells texts apart and may be part of a name: "m" and SHA-256 in hex."""
    data = msg.encode() if isinstance(msg, str) else msg
    return f"m{hashlib.sha256(data).hexdigest()}"


def hash_from_file(file_path: str) -> str:
    """The same of a file's bytes."""
    return hash_from_code(Path(file_path).read_bytes())


def uniq(seq: Sequence[Any]) -> list[Any]:
    """The items, each where it stands first."""
    return [each for i, each in enumerate(seq) if seq.index(each) == i]


def difference(seq1: Iterable[Any], seq2: Collection[Any]) -> list[Any]:
    """The items of seq1 that are not in seq2."""
    return [each for each in seq1 if each not in seq2]


def flatten(a: Any) -> list[Any]:
    """The items of tuples, lists and sets in each other; of anything else itself."""
    if isinstance(a, (tuple, list, set)):
        return [item for each in a for item in flatten(each)]
    return [a]


def memoize(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function, called once for each list of arguments."""
    known: dict[Hashable, Any] = {}

    def remembering(*args: Any, **kwargs: Any) -> Any:
        key = (args, tuple(sorted(kwargs.items())))
        if key not in known:
            known[key] = f(*args, **kwargs)
        return known[key]

    return remembering


def give_variables_names(variables: Iterable[Variable]) -> list[str]:
    """A name for each variable, its own where nobody before has that."""
    found: list[str] = []
    for k, each in enumerate(variables):
        word = each.name or f"_{k}"
        while word in found:
            word += "_"
        found.append(word)
    return found
