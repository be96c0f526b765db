"""theano.tensor.opt: assertions, and decorators that register rewrites for all functions.

Theano's own rewrites are not here: gradc.rewrite has others, and f.stages.trace names them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradc.compat.theano.gof.opt import copy_stack_trace, in2out, local_optimizer, out2in
from gradc.compat.theano.gof.optdb import optdb
from gradc.ops.known import get_scalar_constant_value
from gradc.ops.watch import Assert, assert_op

__all__ = [
    "Assert", "assert_op", "copy_stack_trace", "get_scalar_constant_value", "in2out",
    "local_optimizer", "out2in", "register_canonicalize", "register_specialize",
    "register_specialize_device", "register_stabilize", "register_uncanonicalize",
    "register_useless",
]  # fmt: skip


def _registrar(word: str) -> Callable[..., Any]:
    """A decorator, with tags or without, and a function of (rewrite, *tags, name=)."""

    def register(lopt: Any, *tags: str, **kwargs: Any) -> Any:
        if isinstance(lopt, str):
            return lambda rewrite: register(rewrite, lopt, *tags, **kwargs)
        name = kwargs.get("name") or lopt.name
        optdb[word].register(name, lopt, "fast_run", *tags)
        return lopt

    register.__doc__ = f"Have a rewrite run in all functions, as one of optdb[{word!r}]."
    return register


register_canonicalize = register_useless = _registrar("canonicalize")
register_uncanonicalize = _registrar("uncanonicalize")
register_stabilize = _registrar("stabilize")
register_specialize = register_specialize_device = _registrar("specialize")
