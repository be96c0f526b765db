"""What csrc/python offers; the layouts of tuples are read by read_port and read_rule there."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
PortNumbers = tuple[np.dtype[Any], int, int, int, int, int]
Rule = tuple[PortNumbers, tuple[int, ...], int]
Failure = tuple[int, int, tuple[int, ...]]

def describe(array: object) -> tuple[int, int, int, list[int]] | None: ...

class Cell:
    array: Array
    def __init__(self, array: Array, is_lent: bool = False) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: object) -> None: ...
    def keep(self, array: Array) -> None: ...
    def copy(self) -> Array: ...

class Kernel:
    def __init__(
        self,
        address: int,
        handle: object,
        args: tuple[PortNumbers, ...],
        outs: tuple[PortNumbers, ...],
        segments: int,
        fail: Callable[[int, int, tuple[int, ...]], BaseException],
        callbacks: tuple[Any, ...],
        /,
    ) -> None: ...
    def __call__(self, args: list[Array], /) -> list[Array]: ...

class CallPath:
    def __init__(
        self,
        run: Kernel | Callable[[list[Array]], list[Array]],
        rules: tuple[Rule, ...],
        cells: tuple[Cell, ...],
        constants: tuple[Array, ...],
        updated: tuple[int, ...],
        outs: tuple[PortNumbers, ...],
        borrowed: tuple[bool, ...],
        form: int,
        keys: tuple[Any, ...],
        /,
    ) -> None: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

class Choice:
    def __init__(
        self, function: CallPath, arguments: tuple[Any, ...], results: tuple[Any, ...] | None, /
    ) -> None: ...

class Dispatch:
    def _offer(self, choices: tuple[Choice, ...], /) -> None: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
