"""The callable that gradc.function gives.

Takes the stages of a compiled graph; gives results.  A call takes its arguments, locks the shared
variables it uses in the order of their ids, runs, and only then lets updates take effect: a call
that raises leaves every shared variable as it was, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.call.arguments import Argument, describe_value
from gradc.call.stages import Stages
from gradc.errors import ArgumentTypeError, message, printable
from gradc.graph.describe import where
from gradc.graph.graph import Graph
from gradc.sharedvar import SharedVariable

__all__ = ["Function", "Results", "Signature"]

Array = npt.NDArray[Any]
Run = Callable[[list[Array]], list[Array]]  # args of the Interface in, outs out


@dataclass(frozen=True)
class Results:
    """How outputs are returned: "one", "list", "dict" (with keys) or "none"."""

    form: str
    keys: tuple[Any, ...] = ()

    def pack(self, outputs: list[Array]) -> Any:
        """The outputs as the user asked for them."""
        if self.form == "one":
            return outputs[0]
        if self.form == "dict":
            return dict(zip(self.keys, outputs, strict=True))
        return outputs


@dataclass
class Default:
    """The value an input has when the caller gives none."""

    storage: Array


@dataclass(frozen=True)
class Signature:
    """The parameters of a function.

    defaults: by position.  hidden: positions of inputs whose default an update advances.
    """

    arguments: tuple[Argument, ...]
    defaults: Mapping[int, Default]

    def bind(self, function: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Array]:
        """One array a parameter, in order. Raises: ArgumentTypeError, ArgumentError."""
        values: list[Any] = [*args, *[_MISSING] * (len(self.arguments) - len(args))]
        if len(args) > len(self.arguments):
            raise ArgumentTypeError(self._count(function, len(args)))
        for name, value in kwargs.items():
            values[self._position(function, name, len(args))] = value
        taken = []
        for k, (argument, value) in enumerate(zip(self.arguments, values, strict=True)):
            if value is _MISSING:
                if k not in self.defaults:
                    raise ArgumentTypeError(self._count(function, len(args) + len(kwargs)))
                taken.append(self.defaults[k].storage)
            else:
                taken.append(argument.take(value, function))
        return taken

    def _position(self, function: str, name: str, given: int) -> int:
        for k, argument in enumerate(self.arguments):
            if argument.name == name:
                if k < given:
                    what = f"{function}: got two values for argument {argument.label}."
                    fix = "pass it by position or by name, not both."
                    raise ArgumentTypeError(message(what, [where(argument.variable)], fix))
                return k
        known = [argument.name for argument in self.arguments if argument.name]
        raise ArgumentTypeError(
            message(
                f'{function}: there is no argument "{printable(name)}".',
                [where(argument.variable) for argument in self.arguments],
                f"use one of {', '.join(known)}." if known else "pass arguments by position.",
            )
        )

    def _count(self, function: str, given: int) -> str:
        least = len(self.arguments) - len(self.defaults)
        wanted = str(least) if not self.defaults else f"{least} to {len(self.arguments)}"
        return message(
            f"{function}: takes {wanted} argument{'s' if wanted != '1' else ''}, got {given}.",
            [where(argument.variable, argument.label) for argument in self.arguments],
            f"call {function}({', '.join(a.name or '...' for a in self.arguments)}).",
        )


_MISSING = object()


class Function:
    """A compiled function of arrays.

    Call it with one array an input, by position or by name.  `stages` keeps everything it was made
    from: `print(f.stages.source)` shows the C.  May be called from several threads; calls that
    share variables wait for each other.
    """

    def __init__(
        self,
        name: str,
        signature: Signature,
        results: Results,
        shared: Sequence[SharedVariable],
        updated: Sequence[SharedVariable],
        constants: Sequence[Array],
        run: Run,
        explain: Callable[[Exception, Mapping[str, str]], Exception],
        stages: Stages,
    ) -> None:
        self.name = name
        self.stages = stages
        self._signature = signature
        self._results = results
        self._shared = tuple(shared)
        self._updated = tuple(updated)
        self._locked = tuple(sorted(shared, key=id))
        self._constants = list(constants)
        self._run = run
        self._explain = explain

    @property
    def graph(self) -> Graph:
        """The sealed graph the function was made from."""
        return self.stages.graph

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run. Returns what `outputs` asked for; shared variables have their new values then."""
        arrays = self._signature.bind(self.name, args, kwargs)
        if not self._shared:
            outs = self._call(arrays)
            return self._results.pack(outs)
        with ExitStack() as stack:
            for variable in self._locked:
                stack.enter_context(variable.lock)
            storages = [variable.storage for variable in self._shared]
            if self._updated:
                arrays = [self._apart(array) for array in arrays]
            outs = self._call([*arrays, *storages])
            count = len(outs) - len(self._updated)
            for variable, new in zip(self._updated, outs[count:], strict=True):
                if new is not variable.storage:
                    variable.storage = new
        return self._results.pack(outs[:count])

    def _apart(self, array: Array) -> Array:
        """The argument, copied if it shares memory with a variable that the call writes."""
        if any(np.may_share_memory(array, each.storage) for each in self._updated):
            return array.copy()
        return array

    def _call(self, arrays: list[Array]) -> list[Array]:
        try:
            return self._run([*arrays, *self._constants])
        except Exception as error:
            inputs = self._signature.arguments
            got = {
                str(argument.variable): describe_value(array)
                for argument, array in zip(inputs, arrays, strict=False)
            }
            shared = arrays[len(inputs) :]
            got |= {
                str(variable): describe_value(array)
                for variable, array in zip(self._shared, shared, strict=False)
            }
            raise self._explain(error, got) from None

    def __repr__(self) -> str:
        return f"<gradc function {self.name}: {self.signature}>"

    @property
    def signature(self) -> str:
        """Parameters and results as text."""
        inputs = ", ".join(
            f"{a.name or f'arg{a.position}'}: {a.variable.type}" for a in self._signature.arguments
        )
        outputs = ", ".join(str(each.type) for each in self.graph.outputs)
        return f"({inputs}) -> ({outputs})"
