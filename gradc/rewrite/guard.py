"""Checks of every value, for NanGuardMode.

Takes a graph and what is not allowed ("nan", "inf", "big"); gives a graph of the same results whose
first result waits for a check of each float in it.  The checks are folds that lowering puts into
the loops that compute the values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradc.dtypes import dtype_info
from gradc.graph.graph import Graph
from gradc.graph.site import inherit
from gradc.graph.variable import Constant, Variable
from gradc.graph.walk import ancestors
from gradc.ops.compare import and_, invert, isinf, isnan, le, or_
from gradc.ops.declare import call, pad
from gradc.ops.elemwise import abs as absolute
from gradc.ops.reduce import all as all_of

__all__ = ["BIG", "guarded"]

BIG = 1e10  # Theano's bound of what is big
_TEXT = "a value is nan, infinite or big"


def guarded(graph: Graph, guards: Sequence[str]) -> Graph:
    """The graph with its checks."""
    if not guards:
        return graph
    checks = [
        _check(each, guards)
        for each in ancestors(graph.results)
        if dtype_info(each.dtype).is_float and not isinstance(each, Constant)
    ]
    if not checks:
        return graph
    while len(checks) > 1:
        pairs = [checks[k : k + 2] for k in range(0, len(checks), 2)]
        checks = [and_(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
    first, *rest = graph.results
    return graph.replaced([call("given", first, pad(checks[0], first.ndim)), *rest])


def _check(x: Variable, guards: Sequence[str]) -> Variable:
    with inherit(x.site):
        good = all_of(_is_good(x, guards)) if x.ndim else _is_good(x, guards)
        return call("check", good, text=_TEXT, error="NanGuardError")


def _is_good(x: Variable, guards: Sequence[str]) -> Variable:
    big = np.asarray(BIG, x.dtype)
    if "big" in guards and "nan" in guards:
        return le(absolute(x), big)  # false for nan and infinities too
    tests = [test(x) for word, test in (("nan", isnan), ("inf", isinf)) if word in guards]
    if "big" in guards:
        tests.append(invert(or_(le(absolute(x), big), isnan(x))))
    bad = tests[0]
    for each in tests[1:]:
        bad = or_(bad, each)
    return invert(bad)
