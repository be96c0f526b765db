"""theano.configparser: settings for a block of code or a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any

from gradc.compat.theano.settings import config

__all__ = ["change_flags", "config"]


class change_flags:  # noqa: N801  # Theano's name
    """Other settings of theano.config inside `with change_flags(floatX="float32"):`.

    Also a decorator, for a function's calls.  Names with dots go into a dict: change_flags(
    {"unittests.rseed": 1}), or change_flags(**{...}).
    """

    def __init__(
        self, args: Mapping[str, Any] | Iterable[tuple[str, Any]] = (), **kwargs: Any
    ) -> None:
        self._settings = {**dict(args), **kwargs}
        self._open: list[AbstractContextManager[None]] = []

    def __enter__(self) -> None:
        block = config.changed(self._settings)
        block.__enter__()
        self._open.append(block)

    def __exit__(self, *error: Any) -> None:
        self._open.pop().__exit__(*error)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, whose calls see these settings."""

        @wraps(function)
        def changed(*args: Any, **kwargs: Any) -> Any:
            with config.changed(self._settings):
                return function(*args, **kwargs)

        return changed
