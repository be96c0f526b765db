r"""An expression as formulas are written: `pp`.

Takes a variable; gives text such as `1 / (1 + exp(-(x \dot w) - b)) > 0.5`.  Infix operators have
Python's precedence, so that the text means the expression; a matrix product is `\dot`, as in
Theano.  Parentheses stand only where they are needed.  What promotion and broadcasting put around
an operand (leading axes of length 1) is not shown.

The text is written piece by piece from a stack, without recursion.  An expression that uses a
subexpression many times can be exponentially longer than its graph, so the text ends with `...`
where it has grown long; debugprint shows each node once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradc.errors import ArgumentTypeError, message, printable
from gradc.graph.op import Apply
from gradc.graph.text import constant_text
from gradc.graph.variable import Constant, Variable
from gradc.ops.index import Cut, Entry, Value

__all__ = ["pp", "pprint"]

_MOST = 200_000  # characters

# How tightly what is written binds: Python's table, the loosest first.
_COMPARE, _OR, _XOR, _AND, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(1, 10)
_OPEN = 0  # inside brackets or between commas

Piece = str | tuple[Variable, int]  # text, or an operand and how tightly it must bind
Factor = tuple[Variable, str]  # an operand of a contraction, and its letters

_LEFT = {  # operator, precedence: a - b - c is (a - b) - c
    "add": ("+", _SUM),
    "sub": ("-", _SUM),
    "mul": ("*", _PRODUCT),
    "true_div": ("/", _PRODUCT),
    "int_div": ("//", _PRODUCT),
    "mod": ("%", _PRODUCT),
    "and": ("&", _AND),
    "or": ("|", _OR),
    "xor": ("^", _XOR),
}
_COMPARED = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_SIGNS = {"neg": "-", "invert": "~"}
_WORDS = {"square": "sqr", "iota": "arange"}


def pp(*variables: Any) -> str:
    r"""The expression as a formula, Theano's way: infix operators, `\dot`, `.T`, functions.

    Several variables stand one a line.  Raises: ArgumentTypeError for what is no variable.
    """
    for each in variables:
        if not isinstance(each, Variable):
            what = f"pp: {printable(repr(each), 60)} is no variable."
            fix = "pass an expression; gradc.printing.debugprint shows compiled functions too."
            raise ArgumentTypeError(message(what, fix=fix))
    return "\n".join(map(_text, variables))


pprint = pp


def _text(root: Variable) -> str:
    pieces: list[str] = []
    length = 0
    stack: list[Piece] = [(root, _OPEN)]
    while stack:
        piece = stack.pop()
        if isinstance(piece, str):
            pieces.append(piece)
            length += len(piece)
            if length > _MOST:
                pieces.append("...")
                break
        else:
            variable, least = piece
            found, binds = _written(variable, is_root=variable is root)
            if binds < least:
                found = ["(", *found, ")"]
            stack.extend(reversed(found))
    return "".join(pieces)


def _written(variable: Variable, is_root: bool) -> tuple[list[Piece], int]:
    """What one variable is written as, and how tightly that binds."""
    node = variable.owner
    if node is None or (variable.name is not None and not is_root):
        text = _leaf(variable)
        return [text], _SIGN if text.startswith("-") else _ATOM
    for write in _SPECIAL:
        found = write(node)
        if found is not None:
            return found
    return [*_call(node), *([f".{variable.index}"] if len(node.outputs) > 1 else [])], _ATOM


def _leaf(variable: Variable) -> str:
    if isinstance(variable, Constant) and variable.name is None:
        return constant_text(variable)
    return printable(str(variable), 60)


def _operator(node: Apply) -> tuple[list[Piece], int] | None:
    """Infix operators and signs."""
    name = node.op.name
    if name in _LEFT:
        word, binds = _LEFT[name]
        first, *rest = node.inputs
        pieces: list[Piece] = [(first, binds)]
        for each in rest:
            pieces += [f" {word} ", (each, binds + 1)]
        return pieces, binds
    if name in _COMPARED:
        left, right = node.inputs
        return [(left, _COMPARE + 1), f" {_COMPARED[name]} ", (right, _COMPARE + 1)], _COMPARE
    if name in _SIGNS:
        return [_SIGNS[name], (node.inputs[0], _SIGN)], _SIGN
    if name == "pow":
        base, exponent = node.inputs
        return [(base, _POWER + 1), " ** ", (exponent, _SIGN)], _POWER
    return None


def _product(node: Apply) -> tuple[list[Piece], int] | None:
    """Contractions: a product of matrices by its sign, all others as einsum."""
    if node.op.name not in ("contract", "gemm"):
        return None
    letters = node.op.keywords
    x, y, out = letters["x"], letters["y"], letters["out"]
    left, right = node.inputs[-2:] if node.op.name == "contract" else node.inputs[2:4]
    found = _dot((left, x), (right, y), out)
    pieces = found or [f"einsum('{x},{y}->{out}', ", (left, _OPEN), ", ", (right, _OPEN), ")"]
    binds = _PRODUCT if found else _ATOM
    if node.op.name == "contract":
        return pieces, binds
    c, alpha, *_, beta = node.inputs
    if binds < _PRODUCT + 1:
        pieces = ["(", *pieces, ")"]
    first: list[Piece] = [(beta, _PRODUCT), " * ", (c, _PRODUCT + 1)]
    return [*first, " + ", (alpha, _PRODUCT), " * ", *pieces], _SUM


def _dot(left: Factor, right: Factor, out: str) -> list[Piece] | None:
    """The product of two matrices or vectors, transposed where that makes it one."""
    (x, a), (y, b) = left, right
    common = set(a) & set(b) - set(out)
    if len(common) != 1 or not (len(a) <= 2 and len(b) <= 2) or set(out) != set(a) ^ set(b):
        return None
    (k,) = common
    if out != a.replace(k, "") + b.replace(k, ""):
        (x, a), (y, b) = (y, b), (x, a)
    ends = [".T"] if a[-1] != k else [], [".T"] if b[0] != k else []
    first: list[Piece] = [(x, _ATOM if ends[0] else _PRODUCT), *ends[0], " \\dot "]
    return [*first, (y, _ATOM if ends[1] else _PRODUCT + 1), *ends[1]]


def _axes(node: Apply) -> tuple[list[Piece], int] | None:
    """Transposition, and axes of length 1: those in front are what broadcasting adds."""
    if node.op.name != "dimshuffle":
        return None
    order = node.op.keywords["order"]
    (x,) = node.inputs
    kept = tuple(each for each in order if each != "x")
    front = len(order) - len(kept)
    if order == ("x",) * front + tuple(range(x.ndim)):
        return _written(x, is_root=False)
    if order == tuple(reversed(range(x.ndim))):
        return [(x, _ATOM), ".T"], _ATOM
    words = ", ".join("'x'" if each == "x" else str(each) for each in order)
    return [(x, _ATOM), f".dimshuffle({words})"], _ATOM


def _index(node: Apply) -> tuple[list[Piece], int] | None:
    """x[...]: slices, whose computed ends are operands, and index arrays."""
    if node.op.name == "subtensor":
        x, *values = node.inputs
        pieces: list[Piece] = [(x, _ATOM), "["]
        entries = list(node.op.keywords["index"])
        while len(entries) > 1 and entries[-1] == Cut(None, None):
            entries.pop()
        for k, entry in enumerate(entries):
            pieces += [", "] if k else []
            pieces += _entry(entry, values)
        return [*pieces, "]"], _ATOM
    if node.op.name == "gather":
        x, *indices = node.inputs
        return [(x, _ATOM), "[", *_listed(indices), "]"], _ATOM
    if node.op.name == "length":
        axis = node.op.keywords["axis"]
        return [(node.inputs[0], _ATOM), f".shape[{axis}]"], _ATOM
    if node.op.name == "cast":
        word = node.op.keywords["dtype"]
        return [f"{word}(", (node.inputs[0], _OPEN), ")"], _ATOM
    return None


def _entry(entry: Entry, values: Sequence[Variable]) -> list[Piece]:
    """One item between the brackets."""
    if isinstance(entry, Value):
        return [(values[entry.k], _OPEN)]
    if isinstance(entry, int):
        return [str(entry)]
    pieces: list[Piece] = []
    for k, end in enumerate((entry.start, entry.stop)):
        pieces += [":"] if k else []
        pieces += [] if end is None else _entry(end, values)
    return pieces if entry.step == 1 else [*pieces, f":{entry.step}"]


_SPECIAL: tuple[Callable[[Apply], tuple[list[Piece], int] | None], ...] = (
    _operator,
    _product,
    _axes,
    _index,
)


def _call(node: Apply) -> list[Piece]:
    """name(operands, parameter=value)."""
    words = [f"{name}={_parameter(name, value)}" for name, value in _parameters(node)]
    inside = _listed(node.inputs)
    for word in words:
        inside += [", ", word] if inside else [word]
    return [f"{_WORDS.get(node.op.name, node.op.name)}(", *inside, ")"]


def _parameters(node: Apply) -> list[tuple[str, object]]:
    """The parameters worth showing; a reduction of all axes needs no axis."""
    found: list[tuple[str, object]] = []
    for name, value in node.op.params:
        if name == "axes":
            axes: tuple[int, ...] = node.op.keywords[name]
            if axes == tuple(range(node.inputs[0].ndim)):
                continue
            found.append(("axis", axes[0] if len(axes) == 1 else axes))
        else:
            found.append((name, value))
    return found


def _parameter(name: str, value: object) -> str:
    text = repr(value) if isinstance(value, (str, int, float, tuple)) else str(value)
    return printable(text, 60)


def _listed(variables: Sequence[Variable]) -> list[Piece]:
    pieces: list[Piece] = []
    for each in variables:
        pieces += [", ", (each, _OPEN)] if pieces else [(each, _OPEN)]
    return pieces
