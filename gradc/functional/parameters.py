"""The parameters of a Python function: which are static, and where they stand.

Takes functions and what a user says of their parameters; gives names and positions.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gradc.errors import ArgumentError, message

__all__ = ["positional", "positions", "signature_of", "static_names"]

Signature = inspect.Signature | None
_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def signature_of(function: Callable[..., Any]) -> Signature:
    """The function's signature; some builtins have none."""
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def static_names(
    word: str, signature: Signature, names: str | Iterable[str], numbers: int | Iterable[int]
) -> tuple[str, ...]:
    """The static parameters that are named, and those at positions; word: the function's name.

    Raises: ArgumentError for one that is not there.
    """
    known = None if signature is None else signature.parameters
    found = [names] if isinstance(names, str) else list(names)
    for name in found:
        if known is None or name not in known:
            shown = "cannot be read" if known is None else f"are {', '.join(known)}"
            what = f"jit: {word} has no parameter {name!r}; its parameters {shown}."
            raise ArgumentError(message(what, fix="name a parameter in static_argnames=."))
    places = [each.name for each in (known or {}).values() if each.kind in _BY_PLACE]
    for number in (numbers,) if isinstance(numbers, int) else numbers:
        if not -len(places) <= number < len(places):
            shown = f"they are {', '.join(places)}" if places else "there are none"
            what = f"jit: {word} has no parameter at position {number}; {shown}."
            raise ArgumentError(message(what, fix="name it in static_argnames= instead."))
        found.append(places[number])
    return tuple(dict.fromkeys(found))


def positional(signature: Signature) -> tuple[str, ...]:
    """The parameters, if a call may give all of them by position; else none."""
    found = () if signature is None else tuple(signature.parameters.values())
    is_plain = all(each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD for each in found)
    return tuple(each.name for each in found) if is_plain else ()


def positions(signature: Signature, names: Sequence[str]) -> frozenset[int]:
    """Where static arguments stand."""
    found = () if signature is None else tuple(signature.parameters)
    return frozenset(found.index(name) for name in names if name in found)
