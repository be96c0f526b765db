"""The callable that gradc.function gives.

Takes plain data: names, types, storages and something to run; gives results.  The calls themselves
are C (csrc/python/invoke.c): they take arguments, lock the shared variables in one order, run, and
only then let updates take effect, so a call that raises leaves every shared variable as it was, to
the bit.  What the class adds is said in Python: arguments of any other form, and errors in the
user's words.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy.typing as npt

from gradc.call.failures import out_error
from gradc.call.kept import Kept
from gradc.call.profile import ProfileStats
from gradc.call.request import Recipe
from gradc.call.signature import Results, Signature
from gradc.call.stages import Stages
from gradc.graph.graph import Graph
from gradc.graph.variable import Variable
from gradc.kernel.interface import Interface
from gradc.runtime._native import CallPath
from gradc.runtime.executable import BAD_OUT, Executable, KernelFailure, port_numbers
from gradc.sharedvar import Container, SharedVariable

__all__ = ["Function"]

Array = npt.NDArray[Any]
Run = Executable | Callable[[list[Array]], list[Array]]  # args of the Interface in, outs out
Explain = Callable[[KernelFailure, Mapping[Variable, Array]], Exception]

_FORMS = {"one": 0, "list": 1, "dict": 2, "tuple": 3}


class Function(CallPath):
    """A compiled function of arrays.

    f(x, y, b=z): call it with one array an input, by position or by name; it returns what `outputs`
    asked for, and shared variables have their new values then.  f(x, out=array) writes the result
    into an array of yours, of the output's dtype and lengths and C-contiguous; a list or dict of
    arrays, or None, where the function returns that.  If the call raises, what out= holds is
    undefined; everything else is as it was.

    `profile` has the times of its steps, if it was made with profile=True.
    `stages` keeps everything the function was made from: `print(f.stages.source)` shows the C.  May
    be called from several threads; calls that share variables wait for each other.
    Pickled and copied it is its graph and options, never code: it is compiled again, which the
    cache makes quick.  Shared variables go along; those of one pickle stay shared.
    """

    def __init__(
        self,
        name: str,
        signature: Signature,
        results: Results,
        shared: Sequence[SharedVariable],
        updated: Sequence[SharedVariable],
        constants: Sequence[Array],
        interface: Interface,
        run: Run,
        explain: Explain,
        stages: Stages,
    ) -> None:
        self.name = name
        self.stages = stages
        self.profile: ProfileStats | None = None
        self.recipe: Recipe | None = None
        self._signature = signature
        self._results = results
        self._shared = tuple(shared)
        self._interface = interface
        self._run = run
        self._explain_failure = explain
        ports = interface.args[: len(signature.arguments)]
        super().__init__(
            run,
            tuple(a.rule(port) for a, port in zip(signature.arguments, ports, strict=True)),
            tuple(each.cell for each in self._shared),
            tuple(constants),
            tuple(self._shared.index(each) for each in updated),
            tuple(map(port_numbers, interface.outs)),
            results.borrowed,
            _FORMS[results.form],
            results.keys,
        )

    @property
    def graph(self) -> Graph:
        """The sealed graph the function was made from."""
        return self.stages.graph

    def _canonical(
        self, args: tuple[Any, ...], kwargs: dict[str, Any] | None
    ) -> tuple[tuple[Array, ...], tuple[Array | None, ...] | None]:
        """Arguments of any form as arrays of the right types, and the arrays of out=."""
        named = dict(kwargs or {})
        out = None if self._signature.has_name("out") else named.pop("out", None)
        asked = None if out is None else self._results.listed(self.name, out)
        return tuple(self._signature.bind(self.name, args, named)), asked

    def _explain(
        self, parts: tuple[int, int, tuple[int, ...]], arrays: tuple[Array, ...]
    ) -> Exception:
        """The exception to raise for a failure of a call with these arrays."""
        failure = KernelFailure(*parts)
        if failure.code == BAD_OUT:
            return out_error(failure, self._interface.outs, self.name)
        leaves = [each.variable for each in self._signature.arguments]
        values = dict(zip([*leaves, *self._shared], arrays, strict=False))
        return self._explain_failure(failure, values)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the compiled function into a new directory, for gradc.load_function.

        It starts there without a compiler, on processors that have what this one has.  Values of
        shared variables go along.  The directory is code: load only one that nobody could change.
        Raises: ArgumentError for a function that holds Python code or is interpreted, or if there
        is something already; OSError.
        """
        importlib.import_module("gradc.saving.functions").save_function(self, path)

    def __reduce__(self) -> tuple[Any, ...]:
        """The graph and options, which gradc.saving.pickled takes out and puts together again."""
        reduced: tuple[Any, ...] = importlib.import_module("gradc.saving.pickled").reduced(self)
        return reduced

    def get_shared(self) -> list[SharedVariable]:
        """The shared variables that calls read or write."""
        states = self._signature.defaults.values()
        return [each for each in self._shared if each not in states]

    @property
    def container(self) -> Kept:
        """What inputs and shared variables hold between calls: `f.container[x].value`."""
        return Kept(self.name, self._signature, self.get_shared())

    @property
    def input_storage(self) -> list[Container]:
        """The same in the order of inputs, then shared variables."""
        return list(self.container)

    def __getitem__(self, key: Variable | str | int) -> Any:
        """The value that an input has where a call gives none, or a shared variable's; a copy.

        key: the variable, its name, or its number.  None: the input has no such value.
        """
        return self.container[key].value

    def __setitem__(self, key: Variable | str | int, value: Any) -> None:
        """Set such a value. Raises: ArgumentTypeError for an input without one; as set_value."""
        self.container[key].value = value

    def __contains__(self, key: Variable | str | int) -> bool:
        """Whether there is such an input or shared variable."""
        return key in self.container

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
