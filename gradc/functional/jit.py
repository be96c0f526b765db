"""`jit`: a Python function in numpy's words becomes compiled functions of numbers.

Takes the function and, at each call, numbers; calls it once with variables in place of the numbers
and compiles what it gives.  A second call whose arguments are alike runs what the first compiled.

Arguments are alike if their containers are (gradc.tree), their dtypes and ranks, which of their
axes have length 1 (those broadcast), the types of Python numbers, and the values of static
arguments; other lengths may differ from call to call.  Positional arguments of numpy's arrays,
numbers and common containers are compared in C (csrc/python/dispatch.c), all others here.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import types
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc import tree
from gradc.call.function import Function
from gradc.call.inputs import In
from gradc.call.modes import Mode, get_mode
from gradc.call.request import read_request
from gradc.compile import compile_in
from gradc.dtypes import DTYPES, dtype_info, promote
from gradc.errors import ArgumentTypeError, message, printable
from gradc.foreign import Unreadable, read_array
from gradc.functional.parameters import positional, positions, signature_of, static_names
from gradc.graph.types import TensorType
from gradc.graph.variable import Input, Variable, WeakInput
from gradc.named import standing_name
from gradc.ops.convert import as_variable
from gradc.options import config
from gradc.runtime._native import Choice, Dispatch
from gradc.tree import LEAF, Branch, Structure
from gradc.value import replace, value

__all__ = ["Jitted", "jit"]

Value = npt.NDArray[Any] | bool | int | float | complex
_NUMBERS = (bool, int, float, complex)
_NATIVE = frozenset(map(np.dtype, DTYPES))
_TRACING = (
    "  (gradc.jit was tracing {}: its arguments stand for any numbers then. What Python itself "
    "needs, in if, while or range, is to be named in static_argnames=; lengths are known with "
    "static_shapes=True. Of lengths that vary T.zeros, T.arange and kin make arrays, np.zeros "
    "cannot.)"
)
_OTHER_NUMBERS = {  # by numpy's kind
    "f": "convert it to float64 first.",
    "c": "convert it to complex64 or complex128 first.",
}
_MOST_PARTS = 256  # csrc/python/tree.h
_OFFERED = 8  # signatures that C compares one after the other; more are looked up in a dict


@value
class _Trace:
    """What one signature was compiled to, and how its results are put together."""

    function: Function
    results: Structure | None  # None: the function's own form is right

    def __call__(self, values: Sequence[Value]) -> Any:
        found = self.function(*values)
        return found if self.results is None else tree.unflatten(self.results, found)


class Jitted(Dispatch):
    """A Python function that is compiled for the arguments it is called with; made by `jit`.

    Called with variables among its arguments it is the Python function itself, so that jitted
    functions, their derivatives and batches can be used in each other and in expressions.
    """

    def __init__(
        self,
        function: Any,
        static_argnames: str | Iterable[str] = (),
        static_shapes: bool = False,
        mode: str | Mode | None = None,
        name: str | None = None,
        static_argnums: int | Iterable[int] = (),
        made_of: Any = None,
    ) -> None:
        if not callable(function):  # whatever the annotation says
            what = f"jit: a Python function is wanted, got {printable(repr(function), 60)}."
            fix = "decorate a function, or call gradc.jit(f); graphs go to gradc.function."
            raise ArgumentTypeError(message(what, fix=fix))
        functools.update_wrapper(self, function if made_of is None else made_of)  # attributes too
        self._function = function
        self._made_of = function if made_of is None else made_of  # in whose place it may stand
        self._name = str(name or getattr(function, "__name__", type(function).__name__))
        self._mode = mode
        self._kind = _exact if static_shapes else _kind
        self._signature = signature_of(function)
        self._static = static_names(self._name, self._signature, static_argnames, static_argnums)
        self._positional = positional(self._signature)
        self._traces: dict[Hashable, _Trace] = {}
        self._positions = positions(self._signature, self._static)
        self._offered: tuple[_Trace, ...] = ()  # those that C looks at before it asks Python
        self._choices: tuple[Choice, ...] = ()

    def compiled(self, *args: Any, **kwargs: Any) -> Function:
        """The compiled function that a call with these arguments runs; its stages show the C."""
        arguments, static = self._bound(args, kwargs)
        return self._find(static, *tree.flatten(arguments))[0].function

    @property
    def functions(self) -> tuple[Function, ...]:
        """What has been compiled so far, one function a signature."""
        return tuple(each.function for each in self._traces.values())

    def _miss(self, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> Any:
        """A call that C has no function for, or does not understand."""
        arguments, static = self._bound(args, kwargs or {})
        found, structure = tree.flatten(arguments)
        if any(isinstance(each, Variable) for each in found):
            return self._function(*args, **(kwargs or {}))
        trace, values = self._find(static, found, structure)
        if not kwargs:
            self._offer_to_c(trace, args)
        return trace(values)

    def _find(
        self, static: Mapping[str, Any], found: Sequence[Any], structure: Structure
    ) -> tuple[_Trace, list[Value]]:
        values = [self._value(k, each, structure) for k, each in enumerate(found)]
        key = (structure, tuple(static.items()), tuple(map(self._kind, values)))
        try:
            trace = self._traces.get(key)
        except TypeError:
            raise self._unhashable(static) from None
        if trace is None:
            trace = self._traces[key] = self._trace(structure, static, values)
        return trace, values

    def _offer_to_c(self, trace: _Trace, args: tuple[Any, ...]) -> None:
        """Let C serve calls like this one, if it knows their containers."""
        if trace in self._offered or len(self._offered) == _OFFERED:
            return
        arguments = _arguments(args, self._positions)
        if _is_plain(arguments) and _is_plain(trace.results or ()):
            self._offered = (*self._offered, trace)
            self._choices = (*self._choices, Choice(trace.function, arguments, trace.results))
            self._offer(self._choices)

    # -- arguments ---------------------------------------------------------------------------------

    def _bound(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Arguments by parameter, and those that are static."""
        if self._signature is None:
            return {"args": args, **kwargs}, {}
        if not kwargs and not self._static and len(args) == len(self._positional):
            return dict(zip(self._positional, args, strict=True)), {}
        try:
            bound = self._signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            fix = f"call {self._name}{self._signature}."
            raise ArgumentTypeError(message(f"{self._name}: {error}.", fix=fix)) from None
        static = {name: bound.pop(name) for name in self._static if name in bound}
        return bound, static

    def _called(self, arguments: Mapping[str, Any], static: Mapping[str, Any]) -> Any:
        if self._signature is None:
            rest = {key: each for key, each in arguments.items() if key != "args"}
            return self._function(*arguments["args"], **rest)
        together = {**arguments, **static}
        ordered = {key: together[key] for key in self._signature.parameters if key in together}
        bound = inspect.BoundArguments(self._signature, ordered)
        return self._function(*bound.args, **bound.kwargs)

    def _value(self, number: int, given: Any, structure: Structure) -> Value:
        """A leaf as numbers: a native array of a dtype that gradc has, or a Python number."""
        if type(given) in _NUMBERS:
            number_: bool | int | float | complex = given
            return number_
        if type(given) is np.ndarray and given.dtype in _NATIVE:
            return given
        try:
            array = read_array(given)
        except Unreadable as error:
            why = str(error)
            raise self._no_array(number, given, structure, why, error.hint) from None
        native = array.dtype.newbyteorder("=")
        if native.name not in DTYPES:
            fix = _OTHER_NUMBERS.get(array.dtype.kind, "")
            raise self._no_array(number, given, structure, f"dtype {array.dtype}", fix)
        return array.astype(np.dtype(native.name), copy=False)

    def _no_array(
        self, number: int, given: Any, structure: Structure, why: str, hint: str = ""
    ) -> ArgumentTypeError:
        name = _shown(tree.names(structure)[number])
        what = f'{self._name}: argument "{name}" is no array of numbers: {type(given).__name__}'
        first = name.partition("[")[0].partition(".")[0]
        fix = hint or f"pass numbers, or name it in jit(..., static_argnames={first!r})."
        return ArgumentTypeError(message(f"{what} ({why}).", fix=fix))

    def _unhashable(self, static: Mapping[str, Any]) -> ArgumentTypeError:
        wrong = [name for name, each in static.items() if not isinstance(each, Hashable)]
        what = f"{self._name}: the static argument {', '.join(wrong)} cannot be hashed."
        return ArgumentTypeError(message(what, fix="pass a tuple, text, number or frozen value."))

    # -- compiling ---------------------------------------------------------------------------------

    def _trace(
        self, structure: Structure, static: Mapping[str, Any], values: Sequence[Value]
    ) -> _Trace:
        parts = (dtype_info(v.dtype).part for v in values if isinstance(v, np.ndarray))
        floats = [each.name for each in parts if each.is_float]
        number = promote(*floats) if floats else config.floatX
        names = map(_shown, tree.names(structure))
        inputs = [
            _input(self._kind(v), v, name, number) for v, name in zip(values, names, strict=True)
        ]
        try:
            outputs = self._called(tree.unflatten(structure, inputs), static)
        except TypeError as error:
            error.add_note(_TRACING.format(self._name))
            raise
        found, results = tree.flatten(outputs)
        variables = [as_variable(each) for each in found]
        given = [In(v, strict=not _is_number(k)) for v, k in zip(inputs, values, strict=True)]
        return self._compiled(given, variables, results)

    def _compiled(
        self, inputs: Sequence[In], outputs: Sequence[Variable], results: Structure
    ) -> _Trace:
        chosen = get_mode(self._mode)
        form = _form(results)
        wanted: Any = list(outputs)
        if form is not None and isinstance(form, Branch) and form.type is dict:
            wanted = dict(zip(form.keys, outputs, strict=True))
        elif results == (LEAF,):
            (wanted,) = outputs
        request = read_request(
            inputs, wanted, None, None, chosen.way, self._name, "ignore", None, False, None
        )
        if isinstance(form, Branch) and form.type is tuple:
            request = replace(request, results=replace(request.results, form="tuple"))
        function = compile_in(request, chosen, chosen.options(config.freeze()))
        return _Trace(function, None if form is not None or results == (LEAF,) else results)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __reduce__(self) -> Any:
        """By name, where it stands in its function's place; else by its parts."""
        name = standing_name(self, self._made_of)
        if name is not None:
            return name
        exact = self._kind is _exact
        parts = (self._function, self._static, exact, self._mode, self._name, (), self._made_of)
        return Jitted, parts

    def __repr__(self) -> str:
        return f"<gradc.jit {self._name}: {len(self._traces)} compiled>"


def jit(
    function: Callable[..., Any] | None = None,
    *,
    static_argnames: str | Iterable[str] = (),
    static_shapes: bool = False,
    mode: str | Mode | None = None,
    name: str | None = None,
    static_argnums: int | Iterable[int] = (),
) -> Any:
    """A function of numbers, compiled when it is called, from a Python function of arrays.

    function: takes and gives arrays, numbers, and trees of them (tuples, lists, dicts, named
        tuples, dataclasses, None), and computes in the words of numpy or gradc.tensor.  It is
        called once for each signature, with variables: dtypes, ranks, axes of length 1 and the
        form of trees make the signature; other lengths may vary.
    static_argnames: parameters whose values steer Python (if, range, shapes, text); they are
        compared by ==, and each value is compiled for itself.  static_argnums: the same by
        position, an int or several, from the end where negative.
    static_shapes: make all lengths part of the signature, so that Python may use them: len(x),
        range(x.shape[0]), np.zeros(x.shape).  Other lengths are then compiled anew.
    mode: as in gradc.function.  name: for messages.

    Arrays that the function uses besides its arguments are constants from then on; shared
    variables are read at every call.  A Python number among the arguments takes the dtype of the
    floats it meets in an operation, as in numpy; by itself a float has the dtype of the float
    arrays among the arguments (config.floatX if there are none), a complex number has parts of that
    dtype, an int is int64.  Results are
    arrays, in the form that the function gives.  A decorator too: @gradc.jit, @gradc.jit(mode=...).

    Raises: ArgumentTypeError for arguments that are no numbers and for Python's control flow on
    arrays; what gradc.function raises.
    """
    if function is None:
        return functools.partial(
            jit, static_argnames=static_argnames, static_shapes=static_shapes, mode=mode, name=name,
            static_argnums=static_argnums,
        )  # fmt: skip
    return Jitted(function, static_argnames, static_shapes, mode, name, static_argnums)


def _arguments(args: tuple[Any, ...], static: frozenset[int]) -> Structure:
    """The structure of a tuple of arguments, as C reads it: with the values of those static."""
    parts: list[Structure] = [
        (Branch(object, (each,)),) if k in static else tree.flatten(each)[1]
        for k, each in enumerate(args)
    ]
    return (*itertools.chain.from_iterable(parts), Branch(tuple, tuple(range(len(args)))))


def _is_plain(structure: Structure) -> bool:
    """Whether C can take it apart: common containers, and fixed values of common types."""
    return len(structure) <= _MOST_PARTS and all(
        each is LEAF
        or each.type in (tuple, list, dict, type(None))
        or (each.type is object and type(each.keys[0]) in (str, int, bool, type(None)))
        for each in structure
    )


def _is_number(value: Value) -> bool:
    return not isinstance(value, np.ndarray)


def _kind(value: Value) -> Any:
    """What of a leaf is part of the signature; hashable."""
    if not isinstance(value, np.ndarray):
        return type(value)
    return value.dtype, tuple([1 if n == 1 else None for n in value.shape])


def _exact(value: Value) -> Any:
    """The same with all lengths."""
    return (value.dtype, value.shape) if isinstance(value, np.ndarray) else type(value)


def _input(kind: Any, value: Value, name: str, floats: str) -> Input:
    """The variable that stands for an argument; `floats`: the dtype of Python's floats."""
    if isinstance(value, np.ndarray):
        dtype, shape = kind
        return Input(TensorType(dtype.name, shape), name)
    numbers = {bool: "bool", int: "int64", float: floats, complex: promote(floats, 1j)}
    number = numbers[type(value)]
    return WeakInput(TensorType(number, ()), name, value)


def _shown(name: str) -> str:
    """A leaf of the arguments as the function would write it: ['x'][0] is x[0]."""
    parameter, _, rest = name.removeprefix("['").partition("']")
    return parameter + rest


def _form(results: Structure) -> Branch | None:
    """The one container of plain arrays that compiled functions give by themselves, if it is so."""
    *held, last = results
    is_plain = last is not LEAF and last.type in (list, tuple, dict)
    return last if is_plain and all(each is LEAF for each in held) else None
