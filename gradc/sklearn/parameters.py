"""Checks of estimators' parameters, when they are fitted, as scikit-learn wants it."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.errors import ArgumentError, message, printable

__all__ = ["check_choice", "check_flag", "check_real", "check_whole", "numbers_of"]


def check_choice(owner: Any, name: str, choices: Sequence[Any]) -> None:
    """Raise unless the parameter is one of some values. Raises: ArgumentError."""
    given = getattr(owner, name)
    is_known = given is None or isinstance(given, (str, bool, int, float))
    if not is_known or given not in choices:
        _refuse(owner, name, "one of " + ", ".join(map(repr, choices)))


def check_flag(owner: Any, name: str) -> None:
    """Raise unless the parameter is true or false. Raises: ArgumentError."""
    if not isinstance(getattr(owner, name), (bool, np.bool_)):
        _refuse(owner, name, "True or False")


def check_real(
    owner: Any, name: str, low: float, below: float | None = None, *, is_above: bool = False
) -> None:
    """Raise unless the parameter is a number from low to below another.

    is_above: low itself is none.  Raises: ArgumentError.
    """
    value = getattr(owner, name)
    is_real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    is_low = is_real and (value < low or (is_above and value == low))
    if not is_real or value != value or is_low or (below is not None and not value < below):
        rest = "" if below is None else f" and below {below}"
        _refuse(owner, name, f"a number {'above' if is_above else 'from'} {low}{rest}")


def check_whole(owner: Any, name: str) -> None:
    """Raise unless the parameter is a whole number above 0. Raises: ArgumentError."""
    value = getattr(owner, name)
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
        _refuse(owner, name, "a whole number above 0")


def numbers_of(word: str, name: str, given: Any) -> np.ndarray[Any, Any]:
    """An argument as an array of float64, 0 or more. Raises: ArgumentError."""
    try:
        found = np.asarray(given, "float64")
    except (TypeError, ValueError):
        found = np.full((), np.nan)
    if not (np.isfinite(found) & (found >= 0)).all():
        what = f"{word}: {name} has to be numbers from 0, got {printable(repr(given), 60)}."
        raise ArgumentError(message(what, fix="pass finite weights, one a row."))
    return found


def _refuse(owner: Any, name: str, wanted: str) -> None:
    shown = printable(repr(getattr(owner, name)), 60)
    what = f"{type(owner).__name__}: {name} has to be {wanted}, got {shown}."
    raise ArgumentError(message(what, fix=f"set_params({name}=...) mends it."))
