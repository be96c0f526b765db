"""A function in plain data: its graph, parameters and options as JSON, its arrays by name.

Takes a Function; gives a body and arrays.  Takes these; gives the Request and Options that it was
made from.  No pickle: what is read is looked up, never run.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from gradc.call.request import Recipe, Request
from gradc.call.signature import Results, Signature
from gradc.compile import flat_of
from gradc.errors import ArgumentError, message
from gradc.graph.flat import Flat
from gradc.graph.graph import Graph
from gradc.graph.site import Site
from gradc.graph.unflat import leaves_of, unflatten
from gradc.graph.variable import Constant, Input, Variable
from gradc.options import Options, config
from gradc.saving.pickled import BELONGS, argument_parts, made_argument
from gradc.sharedvar import SharedVariable
from gradc.value import replace

__all__ = ["described_function", "read_description"]

Array = npt.NDArray[Any]


def described_function(recipe: Recipe) -> tuple[dict[str, Any], dict[str, Array], Flat]:
    """Body, arrays, and the graph by numbers. Raises: ArgumentError for what data cannot hold."""
    request = recipe.request
    flat = flat_of(request.graph)
    results = request.results
    keys = list(results.keys)
    is_code = flat.body is None or bool(recipe.options.passes)
    if is_code or not all(isinstance(key, str) for key in keys):
        what = f"{request.name}.save: it holds Python code or rules, or keys that are no text."
        fix = "pickle it; or compute what Python computes outside of it."
        raise ArgumentError(message(what, fix=fix))
    assert flat.body is not None
    lines: list[int] = flat.body[-1]
    sites = {k: flat.variables[k].site for k in set(lines) if k >= 0}
    body = {
        "name": request.name,
        "mode": request.mode,
        "graph": flat.body,
        "names": {str(k): v.name for k, v in enumerate(flat.variables) if v.name},
        "sites": {str(k): [os.path.basename(s.file), s.line] for k, s in sites.items() if s},
        "arguments": [list(argument_parts(each)) for each in request.signature.arguments],
        "states": {str(k): flat.number[each] for k, each in _states(request)},
        "results": [results.form, list(results.borrowed), keys],
        "options": {word: _listed(getattr(recipe.options, word)) for word in BELONGS},
    }
    states = dict(_states(request))
    defaults = request.signature.defaults.items()
    arrays = {f"default.{k}": each.get_value() for k, each in defaults if k not in states}
    for k, each in enumerate(flat.variables):
        if isinstance(each, Constant):
            arrays[f"constant.{k}"] = each.data
        elif isinstance(each, SharedVariable):
            arrays[f"shared.{k}"] = each.get_value()
    return body, arrays, flat


def _states(request: Request) -> list[tuple[int, SharedVariable]]:
    """The inputs that have updates, and what keeps their values."""
    defaults = request.signature.defaults.items()
    return [(k, each) for k, each in defaults if each in request.updated]


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def read_description(
    body: Mapping[str, Any], arrays: Mapping[str, Array]
) -> tuple[Request, Options, Flat]:
    """The request of a saved function, its options, and its graph by numbers.

    Raises: ValueError, KeyError and their like for what does not fit together.
    """
    names = {int(k): name for k, name in body["names"].items()}
    sites = {int(k): Site(file, line) for k, (file, line) in body["sites"].items()}
    leaves = {
        k: _leaf(role, type, arrays.get(f"{role}.{k}"), names.get(k))
        for k, type, role in leaves_of(body["graph"])
    }
    graph = unflatten(body["graph"], leaves, sites, names)
    flat = flat_of(graph)
    if flat.body != body["graph"]:
        raise ValueError("its graph is not what it says")
    options = {k: tuple(v) if isinstance(v, list) else v for k, v in body["options"].items()}
    if set(options) != set(BELONGS):
        raise ValueError("its options are others")
    states = {int(k): leaves[number] for k, number in body["states"].items()}
    return _request(body, arrays, graph, states), replace(config.freeze(), **options), flat


def _leaf(role: str, type: Any, data: Array | None, name: str | None) -> Variable:
    if role == "input":
        return Input(type, name)
    if data is None or data.dtype.name != type.dtype or data.ndim != len(type.shape):
        raise ValueError(f"it lacks a {role}")
    return Constant(data, name) if role == "constant" else SharedVariable(type, data, name)


def _request(
    body: Mapping[str, Any],
    arrays: Mapping[str, Array],
    graph: Graph,
    states: Mapping[int, Variable],
) -> Request:
    pairs = zip(graph.inputs, body["arguments"], strict=True)
    arguments = tuple(made_argument(x, k, parts) for k, (x, parts) in enumerate(pairs))
    places = {k: f"default.{k}" for k in range(len(arguments)) if f"default.{k}" in arrays}
    defaults = {k: arguments[k].kept(arrays[name], False) for k, name in places.items()}
    defaults |= {k: each for k, each in states.items() if isinstance(each, SharedVariable)}
    form, borrowed, keys = body["results"]
    return Request(
        body["name"],
        body["mode"],
        graph,
        Signature(arguments, defaults),
        Results(form, tuple(borrowed), tuple(keys)),
        tuple(each for each in graph.shared if isinstance(each, SharedVariable)),
        tuple(old for old, _ in graph.updates if isinstance(old, SharedVariable)),
    )
