"""A case as a Python program: what a failure prints, to be pasted and run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradc.graph.op import Op
from gradc.graph.variable import Constant, Variable
from gradc.graph.walk import toposort
from gradc.value import field_names, is_value
from tests.fuzz.layouts import LAYOUTS
from tests.fuzz.pool import Array, Case

__all__ = ["snippet"]

_HEAD = """\
import numpy as np
from numpy import inf, nan
import gradc
from gradc.graph.evaluate import evaluate
from gradc.graph.op import DECLARATIONS, Op
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Input
from tests.fuzz.layouts import laid_out

def op(name, **params):
    return Op(DECLARATIONS[name], tuple(sorted(params.items())))

def array(dtype, shape, values):
    return np.array(values, dtype).reshape(shape)
"""


def snippet(case: Case) -> str:
    """The case's graph, its call, and what the references say."""
    names: dict[Variable, str] = {}
    lines = [_HEAD]
    for k, leaf in enumerate(case.inputs):
        names[leaf] = f"x{k}"
        lines.append(f'x{k} = Input(TensorType("{leaf.dtype}", {leaf.type.shape}), "x{k}")')
    for k, (shared, value) in enumerate(case.shared.items()):
        names[shared] = f"s{k}"
        text = f'gradc.shared({_array(value)}, name="s{k}", shape={shared.type.shape})'
        lines.append(f"s{k} = {text}")
    values = case.values()
    for k, leaf in enumerate(case.inputs):
        lines.append(f"a{k} = {_argument(case, k, values[leaf], names)}")
    judges = [case.judges.get(each, each) for each in case.outputs]
    lines += _nodes([*case.outputs, *case.updates.values(), *judges], names)
    lines += _calls(case, names)
    return "\n".join(lines)


def _argument(case: Case, k: int, value: Array, names: Mapping[Variable, str]) -> str:
    if k in case.aliases:
        return f"{names[case.aliases[k]]}.get_value(borrow=True)"
    layout = case.layouts[k] if k < len(case.layouts) else "C"
    text = _array(value)
    return f'laid_out("{layout}", {text})' if layout in LAYOUTS and layout != "C" else text


def _array(value: Array) -> str:
    return f'array("{value.dtype.name}", {value.shape}, {value.reshape(-1).tolist()})'


def _nodes(results: list[Variable], names: dict[Variable, str]) -> list[str]:
    lines = []
    for node in toposort(results):
        operands = [_operand(each, names) for each in node.inputs]
        for out in node.outputs:
            names[out] = f"v{len(names)}"
        left = ", ".join(names[out] for out in node.outputs)
        lines.append(f"{left} = {_op(node.op)}({', '.join(operands)})")
    return lines


def _operand(variable: Variable, names: Mapping[Variable, str]) -> str:
    if variable in names:
        return names[variable]
    assert isinstance(variable, Constant)
    return f"Constant({_array(variable.data)})"


def _op(op: Op) -> str:
    params = "".join(f", {key}={_param(value)}" for key, value in op.params)
    return f'op("{op.name}"{params})'


def _param(value: Any) -> str:
    """A parameter: plain data, an Op, or a value of gradc's, by its class and fields."""
    if isinstance(value, Op):
        return _op(value)
    if isinstance(value, tuple):
        return f"({''.join(f'{_param(each)}, ' for each in value)})"
    kind = type(value)
    if not is_value(value):
        return repr(value)
    fields = ", ".join(_param(getattr(value, name)) for name in field_names(kind))
    return f"__import__({kind.__module__!r}, fromlist=['_']).{kind.__name__}({fields})"


def _calls(case: Case, names: Mapping[Variable, str]) -> list[str]:
    inputs = ", ".join(f"x{k}" for k in range(len(case.inputs)))
    outputs = [_operand(each, names) for each in case.outputs]
    judges = [_operand(case.judges.get(each, each), names) for each in case.outputs]
    news = [_operand(each, names) for each in case.updates.values()]
    pairs = zip(case.updates, news, strict=True)
    updates = ", ".join(f"{names[shared]}: {new}" for shared, new in pairs)
    given = [f"x{k}: a{k}" for k in range(len(case.inputs))]
    given += [f"{names[each]}: {names[each]}.get_value()" for each in case.shared]
    return [
        f"outputs, updates = [{', '.join(outputs)}], {{{updates}}}",
        f"wanted = evaluate([{', '.join([*judges, *news])}], {{{', '.join(given)}}})",
        f'f = gradc.function([{inputs}], outputs, updates=updates, on_unused_input="ignore")',
        f"got = f({', '.join(f'a{k}' for k in range(len(case.inputs)))})",
        "got += [each.get_value() for each in updates]",
        "for one, other in zip(got, wanted, strict=True):",
        "    print(one, other, sep='\\n', end='\\n\\n')",
    ]
