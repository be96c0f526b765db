"""Write docs/operations.md from the declarations: `make docs`, or `python docs/operations.py`.

Nothing here knows a single operation but for the order of the rooms: formulas are the declarations'
own words, derivatives are what their pullbacks give for symbolic operands, corner values what their
references say, kinks are those of the table in docs/design.md.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import gradc
import gradc.extend  # declares the operations of Python
import gradc.ops
import gradc.tensor as T
from gradc.errors import GradcError
from gradc.graph.op import DECLARATIONS, Apply, Declaration
from gradc.graph.types import TensorType
from gradc.graph.undefined import Undefined
from gradc.graph.variable import Constant, Input, Variable
from gradc.graph.walk import toposort
from gradc.ops.declare import COMPOSED, FUNCTIONS, SAMPLES
from gradc.ops.kinds import Elemwise, Reduce

FILE = Path(__file__).parent / "operations.md"
FIRST = (  # rooms in the order in which one learns them; others follow by name
    "elemwise", "math", "compare", "reduce", "average", "nnet", "linalg", "einstein", "index",
    "subscript", "reading", "select", "axes", "relabel", "joining", "stacking", "turning",
    "order", "counting", "prefix", "quantiles", "create", "lengths", "filling", "grids", "matrices",
)  # fmt: skip
CORNERS = {"0": 0.0, "-0.0": -0.0, "inf": np.inf, "-inf": -np.inf, "nan": np.nan}
DTYPES = ("float32", "float64", "int64", "int8", "bool")
REFUSED = "DTypeError"

HEAD = """\
# Operations

What gradc computes with, room by room, as the modules of `gradc/ops` are. This page is written from
the declarations by `make docs`; a test holds that it is current.

An operation is declared in one place, and what stands here follows from it. **Derivative** is what
its pullback gives for the cotangent `ct` of its result `out`: one term an operand, summed over axes
where the operand was stretched; — where nothing arrives. **dtypes** says what results from operands
of one dtype; mixed ones are promoted first, as NumPy 2 does, and Python's numbers take the dtype of
what they meet. **At** is what it gives at corner values. Where a derivative jumps, the
[table of kinks](design.md#gradients-where-there-is-no-derivative) says which slope is taken.

Elementwise operations take operands of any shape: ranks are made equal by axes in front, and an
axis whose length is 1 in the type stretches. Reductions take `axis` (None for all, an int, a tuple)
and `keepdims`. **Composed** functions are expressions of others: their derivative is that of the
expression, so they cost nothing but what fusing them costs.
"""


def page() -> str:
    """The whole page."""
    rooms = _rooms()
    links = [f"[{_title(room)}](#{_anchor(_title(room))})" for room in rooms]
    parts = [HEAD, "Rooms: " + " · ".join(links) + ".\n"]
    for room, names in rooms.items():
        parts += _room(room, names)
    return "\n".join([*parts, *_aliases()]).rstrip() + "\n"


def _rooms() -> dict[str, list[str]]:
    """Modules of gradc.ops with the operations and public functions that each declares."""
    found: dict[str, list[str]] = {}
    for name, rule in DECLARATIONS.items():
        found.setdefault(_home(rule), []).append(name)
    for room, module in _modules():
        words = getattr(module, "__all__", [])
        plain = [word for word in words if not _is_declared(word)]
        composed = [name for name in COMPOSED if COMPOSED[name].expr.__module__ == module.__name__]
        both = dict.fromkeys([*composed, *plain])
        extra = [word for word in both if _is_public(word, module)]
        if extra:
            found.setdefault(room, []).extend(extra)
    order = {f"gradc.ops.{room}": k for k, room in enumerate(FIRST)}
    return dict(sorted(found.items(), key=lambda pair: (order.get(pair[0], 99), pair[0])))


def _modules() -> Iterator[tuple[str, Any]]:
    folder = Path(inspect.getfile(gradc.ops)).parent
    for file in sorted(folder.glob("*.py")):
        if not file.stem.startswith("_"):
            name = f"gradc.ops.{file.stem}"
            yield name, importlib.import_module(name)


def _home(rule: Declaration) -> str:
    return str(inspect.unwrap(rule.pullback).__module__)


def _is_declared(word: str) -> bool:
    return word in DECLARATIONS or word.rstrip("_") in DECLARATIONS


def _is_public(word: str, module: Any) -> bool:
    """Whether users call it, and it is this module's: not another function of that name."""
    function = getattr(T, word, None)
    return callable(function) and function is getattr(module, word, function)


def _function(word: str) -> Any:
    return getattr(T, word, None) or FUNCTIONS.get(word)


def _title(room: str) -> str:
    """The first words of the module's docstring."""
    doc = inspect.getdoc(importlib.import_module(room)) or room
    return re.split(r"[,:;.(]", doc.splitlines()[0])[0].strip()


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


# -- one room ------------------------------------------------------------------------------------


def _room(room: str, names: Iterable[str]) -> Iterator[str]:
    doc = inspect.getdoc(importlib.import_module(room)) or ""
    yield f"\n## {_title(room)}\n"
    yield f"`{room.replace('.', '/')}.py`: {_first_paragraphs(doc)}\n"
    rows = []
    for name in names:
        if name in DECLARATIONS:
            yield from _operation(DECLARATIONS[name])
        else:
            rows.append(_row(name))
    if rows:
        yield "### Composed\n"
        yield "| function | |\n|---|---|"
        yield "\n".join(rows) + "\n"


def _first_paragraphs(doc: str) -> str:
    """The paragraphs before a list."""
    parts = list(doc.partition("\n- ")[0].split("\n\n"))
    text = " ".join(line.strip() for part in parts[:2] for line in part.splitlines())
    return text if text.endswith(".") else f"{text.rpartition('. ')[0]}."


def _row(name: str) -> str:
    function = _function(name)
    first = (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ")
    first = re.sub(rf"^{re.escape(name)}\([^)]*\): ", "", first)
    return f"| `{_call(name, function)}` | {_cell(first)} |"


def _call(name: str, function: Any) -> str:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return name
    shown = []
    for each in parameters:
        star = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
        default = "" if each.default is each.empty else f"={_default(each.default)}"
        shown.append(f"{star}{each.name}{default}")
    return f"{name}({', '.join(shown)})"


def _default(value: Any) -> str:
    return repr(value) if isinstance(value, (int, float, str, bool, tuple, type(None))) else "..."


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


# -- one operation -------------------------------------------------------------------------------


def _operation(rule: Declaration) -> Iterator[str]:
    name = rule.name
    public = getattr(T, name, None) or getattr(T, f"{name}_", None)
    word = f"{name}_" if public is not None and not hasattr(T, name) else name
    call = _call(word, public or FUNCTIONS[name])
    inner = "" if public is not None else " *(made by other functions)*"
    yield f"### `{call}`\n"
    yield f"{rule.kind}{inner}. {_own_doc(rule)}\n"
    rows = [*_dtypes(rule), *_example(rule), *_derivatives(rule), *_corners(rule), *_kinks(rule)]
    yield "\n".join(f"- {row}" for row in rows) + "\n"


def _own_doc(rule: Declaration) -> str:
    parts = [re.sub(r"\s*\n\s*", " ", part) for part in rule.doc.split("\n\n")]
    return "\n\n".join(parts)


def _dtypes(rule: Declaration) -> Iterator[str]:
    if not isinstance(rule, (Elemwise, Reduce)):
        return
    if rule.name == "cast":
        yield "dtypes: from any to any"
        return
    groups: dict[str, list[str]] = {}
    for dtype in DTYPES:
        groups.setdefault(_result(rule, dtype), []).append(dtype)
    same = groups.pop("", [])
    parts = [f"{', '.join(same)} {'stay' if len(same) > 1 else 'stays'}"] if same else []
    parts += [f"{', '.join(each)} → {result}" for result, each in groups.items()]
    yield "dtypes: " + "; ".join(parts)


def _result(rule: Elemwise | Reduce, dtype: str) -> str:
    """What it becomes; "" for the same."""
    try:
        if isinstance(rule, Reduce):
            result = rule.out(dtype)[1]
        else:
            _wanted, result = rule.dtype((dtype,) * rule.arity)
    except GradcError:
        return REFUSED
    return "" if result == dtype else result


def _example(rule: Declaration) -> Iterator[str]:
    """Types of one use, where shapes are not those of all elementwise operations."""
    if isinstance(rule, Elemwise):
        return
    node = _node(rule)
    if node is not None:
        inputs = ", ".join(str(each.type) for each in node.inputs)
        outputs = ", ".join(str(each.type) for each in node.outputs)
        yield f"shapes: `{node.op}` of {inputs} gives {outputs}"


def _node(rule: Declaration) -> Apply | None:
    """The operation in one of its own samples, or over the last axis of a matrix."""
    if isinstance(rule, Reduce):
        dtype = next(each for each in DTYPES[1:] if _result(rule, each) != REFUSED)
        return FUNCTIONS[rule.name](Input(TensorType(dtype, (2, 3)), "x"), axis=1).owner
    for sample in SAMPLES.get(rule.name, ()):
        kinds = sample.dtypes or ("float64",) * len(sample.shapes)
        operands = [
            Input(TensorType("float64" if kind == "float" else kind, shape), "xyzuvw"[k])
            for k, (shape, kind) in enumerate(zip(sample.shapes, kinds, strict=True))
        ]
        result = sample.expr(FUNCTIONS[rule.name], *operands)
        for node in reversed(toposort([result])):
            if node.op.name == rule.name:
                return node
    return None


def _derivatives(rule: Declaration) -> Iterator[str]:
    """The pullback on symbolic operands, as formulas."""
    if isinstance(rule, Elemwise):
        operands = [Input(TensorType("float64", ()), "xyz"[k]) for k in range(rule.arity)]
        params = {"dtype": "float32"} if rule.name == "cast" else {}
        outs = [Input(TensorType("float64", ()), "out")]
    else:
        node = _node(rule)
        if node is None:
            return
        operands = [_stand_in(each, "xyzuvwabcd"[k]) for k, each in enumerate(node.inputs)]
        params, outs = node.op.keywords, [_stand_in(each, "out") for each in node.outputs]
    cts = tuple(_stand_in(out, "ct", real=True) for out in outs)
    try:
        terms = rule.pullback(cts, tuple(outs), *operands, **params)
    except Exception as error:
        yield f"derivative: {type(error).__name__}"
        return
    if all(term is None for term in terms):
        yield "derivative: —"
        return
    shown = [_formula(term) for term, x in zip(terms, operands, strict=True) if _counts(x, term)]
    yield "derivative: " + ", ".join(shown)


def _stand_in(variable: Variable, name: str, real: bool = False) -> Variable:
    if isinstance(variable, Constant) and not real:
        return variable
    dtype = variable.dtype if variable.dtype.startswith("float") or not real else "float64"
    return Input(TensorType(dtype, variable.type.shape), name)


def _counts(x: Variable, term: Variable | None) -> bool:
    return term is not None or x.dtype.startswith("float")


def _formula(term: Variable | None) -> str:
    if term is None:
        return "—"
    if isinstance(term, Undefined):
        return "undefined"
    return f"`{gradc.pp(term)}`"


def _corners(rule: Declaration) -> Iterator[str]:
    """What the reference gives where arithmetic goes wrong, for one operand."""
    if not isinstance(rule, Elemwise) or rule.arity != 1 or rule.name == "cast":
        return
    shown = []
    for name, number in CORNERS.items():
        try:
            with np.errstate(all="ignore"):
                (value,) = rule.evaluate([np.array([number])], {})
        except Exception:
            return
        shown.append(f"{name} → {_number(value[0])}")
    yield "at: " + ", ".join(shown)


def _number(value: Any) -> str:
    return str(value).lower() if isinstance(value, np.bool_) else f"{value:.6g}"


def _kinks(rule: Declaration) -> Iterator[str]:
    text = (FILE.parent / "design.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(T\.\w+)\((.*)\)` \| (\S+) \| (\S+) \|$", text, re.MULTILINE)
    for word, operands, at, slope in rows:
        if word == f"T.{rule.name}" and re.fullmatch(r"x(, [\d.]+)*", operands):
            yield f"kink: `{word}({operands})` has the slope {slope} at x = {at}"


def _aliases() -> Iterator[str]:
    """Second names."""
    module = importlib.import_module("gradc.tensor.aliases")
    rows = []
    for name in sorted(module.__all__):
        function = getattr(module, name)
        first = getattr(function, "__name__", name)
        if first != name:
            rows.append(f"`{name}` is `{first}`")
    yield "\n## Second names\n"
    yield "Theano's names of operations, and numpy's where they differ: " + ", ".join(rows) + "."


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
