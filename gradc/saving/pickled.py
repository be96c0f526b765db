"""Functions in pickles and copies: the flat graph and options, never code or paths.

Takes a Function; gives plain values that make it again, through the cache, where it is unpickled:
so joblib, multiprocessing and Dask carry functions as they carry arrays.  What belongs to a machine
(compiler, BLAS, cache, threads) is that of the process that unpickles.  Function
asks for it when it is pickled or copied.
"""

from __future__ import annotations

from typing import Any

from gradc.call.arguments import Argument
from gradc.call.function import Function
from gradc.call.modes import Mode
from gradc.call.objects import argument as argument_of
from gradc.call.request import Request
from gradc.call.signature import Results, Signature
from gradc.compile import compile_in
from gradc.errors import InternalError, message
from gradc.graph.graph import Graph
from gradc.options import config
from gradc.sharedvar import SharedVariable
from gradc.value import replace

__all__ = ["BELONGS", "argument_parts", "made_argument", "reduced"]

# The options that belong to the function; all others are the process's.
BELONGS = ("rewrite", "fuse", "level", "floatX", "excluding", "assertions", "guards")


def argument_parts(argument: Argument) -> tuple[Any, ...]:
    """How values are taken for a parameter, beside its variable."""
    return argument.name, argument.strict, argument.allow_downcast, argument.rounds


def made_argument(variable: Any, position: int, parts: tuple[Any, ...]) -> Argument:
    """The parameter with these parts."""
    word, strict, allow_downcast, rounds = parts
    made = argument_of(
        variable, position, strict=strict, allow_downcast=allow_downcast, rounds=rounds
    )
    made.name = word
    return made


def reduced(function: Function) -> tuple[Any, ...]:
    """What Function.__reduce__ gives."""
    recipe = function.recipe
    if recipe is None:
        raise InternalError(message(f"{function}: nobody knows what it was made from."))
    request = recipe.request
    parts = tuple(argument_parts(each) for each in request.signature.arguments)
    results = request.results
    options = {word: getattr(recipe.options, word) for word in BELONGS}
    profile = bool(function.profile) if request.asked_profile else None
    return _made, (
        request.graph, request.name, request.mode, parts, dict(request.signature.defaults),
        (results.form, results.borrowed, results.keys), recipe.mode, options, profile,
    )  # fmt: skip


def _made(
    graph: Graph,
    name: str,
    way: str,
    parts: tuple[Any, ...],
    defaults: dict[int, SharedVariable],
    results: tuple[Any, ...],
    mode: Mode,
    options: dict[str, Any],
    profile: bool | None,
) -> Function:
    pairs = zip(graph.inputs, parts, strict=True)
    arguments = tuple(made_argument(x, k, part) for k, (x, part) in enumerate(pairs))
    request = Request(
        name,
        way,
        graph,
        Signature(arguments, defaults),
        Results(*results),
        tuple(each for each in graph.shared if isinstance(each, SharedVariable)),
        tuple(old for old, _ in graph.updates if isinstance(old, SharedVariable)),
    )
    chosen = replace(config.freeze(), passes=mode.passes, **options)
    return compile_in(request, mode, chosen, profile)
