"""Programs in Python 2, and those for an old numpy, made Python 3.

Takes the text of a file; gives what Python 3 compiles, and what was changed, line by line.  Syntax
and names are translated by fissix (a maintained lib2to3, of the extra `theano`); here is added what
it does not know: whole numbers divide to whole numbers, names that numpy has dropped, pickles that
Python 2 wrote.  Lines keep their numbers, so that errors name the user's.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache, reduce
from importlib import reload
from sys import intern
from types import CodeType
from typing import Any

import numpy as np

from gradc.dtypes import dtype_info
from gradc.errors import UnsupportedError, message, printable
from gradc.graph.variable import Variable
from gradc.value import value

__all__ = ["BUILTINS", "Translation", "translate"]

# Words that only Python 2 has: a file with one of them is taken for Python 2.
_ONLY_2 = re.compile(
    r"\b(xrange|raw_input|unicode|basestring|execfile|iteritems|itervalues|iterkeys|has_key"
    r"|cPickle|cStringIO|izip|imap|urllib2|sys\.maxint)\b"
)
_MOVES = re.compile(r"\bsix\b|\bpython2x\b|except (ImportError|NameError)")  # it knows both

_NUMPY = {  # name that numpy dropped: what it was
    "float": "float", "int": "int", "bool": "bool", "object": "object", "str": "str",
    "complex": "complex", "long": "int", "unicode": "str",
}  # fmt: skip
_RENAMED = {
    "float_": "float64", "complex_": "complex128", "Inf": "inf", "Infinity": "inf", "infty": "inf",
    "PINF": "inf", "NaN": "nan", "NAN": "nan", "product": "prod", "cumproduct": "cumprod",
    "sometrue": "any", "alltrue": "all", "row_stack": "vstack", "trapz": "trapezoid",
    "round_": "round", "string_": "bytes_", "unicode_": "str_", "in1d": "isin",
}  # fmt: skip


@value
class Translation:
    """What a file became: its code, whether it was Python 2, and (line, change) pairs."""

    code: CodeType
    is_python2: bool
    changes: tuple[tuple[int, str], ...]


def translate(text: str, name: str, is_python2: bool = False) -> Translation:
    """The code of a program.

    name: the file, for tracebacks and messages.  is_python2: that it is, also where its words and
    syntax are Python 3's too.
    Raises: SyntaxError for what is neither Python 3 nor 2; UnsupportedError where fissix is needed
    and not installed.
    """
    changes: list[tuple[int, str]] = []
    is_2 = is_python2 or _is_python2(text)
    if is_2:
        text, changes = _refactored(text, name)
    tree = ast.parse(text, name)
    editor = _Editor(tree, divides=is_2 and not _divides_as_3(tree))
    tree = ast.fix_missing_locations(editor.visit(tree))
    code = compile(tree, name, "exec", dont_inherit=True)
    found = sorted({*changes, *editor.changes})
    return Translation(code, is_2, tuple(found))


def _is_python2(text: str) -> bool:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return True
    if any(isinstance(node, ast.Expr) and _is_statement(node.value) for node in ast.walk(tree)):
        return True
    return bool(_ONLY_2.search(text)) and not _MOVES.search(text)


def _is_statement(value: ast.expr) -> bool:
    """Whether it was meant as a print statement: `print`, `print (x).y, z`, `print ("%d") % k`."""
    depth = 0
    while not isinstance(value, (ast.Call, ast.Name)):
        below = next(ast.iter_child_nodes(value), None)
        if not isinstance(below, ast.expr):
            return False
        value, depth = below, depth + 1
    if isinstance(value, ast.Name):
        return value.id == "print" and depth == 0
    return depth > 0 and isinstance(value.func, ast.Name) and value.func.id == "print"


def _divides_as_3(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "division" for alias in node.names)
        for node in tree.body
    )


# -- syntax ------------------------------------------------------------------------------------


# Fixers that add a line for an import, which would move all behind it, one that takes one away, and
# one that would read a file without translating it.
_LEFT_OUT = ("_reduce", "_reload", "_intern", "_future", "_execfile")


@cache
def _refactoring() -> Any:
    try:
        from fissix import refactor  # of the extra `theano`
    except ImportError:
        what = "this program is Python 2, and fissix, which translates it, is not installed."
        raise UnsupportedError(message(what, fix="pip install gradc[theano]")) from None
    fixers = refactor.get_fixers_from_package("fissix.fixes")
    return refactor.RefactoringTool([each for each in fixers if not each.endswith(_LEFT_OUT)])


def _refactored(text: str, name: str) -> tuple[str, list[tuple[int, str]]]:
    """The text in Python 3, and the lines that changed."""
    text = "\n".join(map(_with_spaces, text.splitlines())) + "\n"
    tool = _refactoring()
    try:
        result = str(tool.refactor_string(text, name))
    except Exception as error:  # of fissix's parser: has no class of its own but ParseError
        raise _unreadable(text, name, error) from None
    return result, list(_differences(text, result))


def _unreadable(text: str, name: str, error: Exception) -> SyntaxError:
    """What Python says of a text that neither it nor fissix can read, at fissix's place."""
    told = (getattr(error, "context", None) or error.args)[1:2]  # ((line, column),)
    line, column = told[0] if told and isinstance(told[0], tuple) else (1, 0)
    what = "neither Python 3 nor Python 2"
    shown = [*text.splitlines(), ""][min(line, text.count("\n") + 1) - 1]
    return SyntaxError(what, (name, line, column + 1, shown))


def _with_spaces(line: str) -> str:
    """Tabs that indent as Python 2 read them: to the next multiple of eight."""
    body = line.lstrip(" \t")
    return line[: len(line) - len(body)].expandtabs(8) + body


def _differences(before: str, after: str) -> Iterator[tuple[int, str]]:
    pairs = zip(before.splitlines(), after.splitlines(), strict=False)
    for number, (a, b) in enumerate(pairs, 1):
        if a != b:
            yield number, f"{printable(a.strip(), 80)}  ->  {printable(b.strip(), 80)}"


# -- meaning -----------------------------------------------------------------------------------

_DIVIDED, _DIVIDED_INTO = "__gradc_divided__", "__gradc_divided_into__"
_CAST = "__gradc_cast__"
_PICKLES = ("pickle", "cPickle", "pkl")


class _Editor(ast.NodeTransformer):
    """Puts in what the program meant; notes each change."""

    def __init__(self, tree: ast.Module, *, divides: bool) -> None:
        self.divides = divides
        self.changes: list[tuple[int, str]] = []
        self.numpy = {"numpy"} & set(_bound(tree, "numpy")) | set(_bound(tree, "numpy"))
        self.pickle = set(_bound(tree, "pickle"))

    def _note(self, node: ast.expr | ast.stmt, text: str) -> None:
        self.changes.append((node.lineno, text))

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not (self.divides and isinstance(node.op, ast.Div)):
            return node
        if _is_float(node.left) or _is_float(node.right):
            return node
        self._note(node, f"{_shown(node)}: whole numbers divide to whole numbers")
        return _call(_DIVIDED, node, node.left, node.right)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        if not (self.divides and isinstance(node.op, ast.Div)) or _is_float(node.value):
            return node
        self._note(node, f"{_shown(node)}: whole numbers divide to whole numbers")
        read = ast.parse(ast.unparse(node.target), mode="eval").body
        value = _call(_DIVIDED_INTO, node, read, node.value)
        return ast.copy_location(ast.Assign([node.target], value), node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if not (isinstance(node.value, ast.Name) and node.value.id in self.numpy):
            return node
        if node.attr in _NUMPY:
            self._note(node, f"{_shown(node)}  ->  {_NUMPY[node.attr]}")
            return ast.copy_location(ast.Name(_NUMPY[node.attr], node.ctx), node)
        if node.attr in _RENAMED:
            new = _RENAMED[node.attr]
            self._note(node, f"{_shown(node)}  ->  {node.value.id}.{new}")
            return ast.copy_location(ast.Attribute(node.value, new, node.ctx), node)
        if node.attr == "cast":
            self._note(node, f"{_shown(node)}[dtype](x)  ->  numpy.asarray(x, dtype)")
            return ast.copy_location(ast.Name(_CAST, node.ctx), node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if self._is_of(node.func, self.numpy, ("asscalar",)) and node.args:
            self._note(node, f"{_shown(node)}  ->  {_shown(node.args[0])}.item()")
            self.generic_visit(node)
            item = ast.Attribute(node.args[0], "item", ast.Load())
            return ast.copy_location(ast.Call(item, [], []), node)
        self.generic_visit(node)
        reads = self._is_of(node.func, self.pickle, ("load", "loads"))
        if reads and not any(each.arg == "encoding" for each in node.keywords):
            self._note(node, f"{_shown(node)}: reads the text of Python 2's pickles as latin1")
            node.keywords.append(ast.keyword("encoding", ast.Constant("latin1")))
        return node

    @staticmethod
    def _is_of(func: ast.expr, modules: set[str], names: tuple[str, ...]) -> bool:
        return (
            isinstance(func, ast.Attribute)
            and func.attr in names
            and isinstance(func.value, ast.Name)
            and func.value.id in modules
        )


def _bound(tree: ast.Module, module: str) -> Iterator[str]:
    """The names a program gives to a module that it imports."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                whole = alias.name if isinstance(node, ast.Import) else ""
                if whole == module or (module == "pickle" and alias.name == "cPickle"):
                    yield alias.asname or alias.name


def _call(name: str, node: ast.expr | ast.stmt, *operands: ast.expr) -> ast.Call:
    call = ast.Call(ast.Name(name, ast.Load()), list(operands), [])
    return ast.copy_location(call, node)


def _is_float(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Constant) and isinstance(node.value, float)


def _shown(node: ast.AST) -> str:
    return printable(ast.unparse(node), 80)


def _is_whole(x: Any) -> bool:
    if isinstance(x, Variable):
        return not dtype_info(x.dtype).is_float
    if isinstance(x, (np.ndarray, np.generic)):
        return x.dtype.kind in "iub"
    return isinstance(x, int)


def _divided(a: Any, b: Any) -> Any:
    """Python 2's a / b."""
    return a // b if _is_whole(a) and _is_whole(b) else a / b


def _divided_into(a: Any, b: Any) -> Any:
    """Python 2's a /= b: arrays are changed in place."""
    if _is_whole(a) and _is_whole(b):
        a //= b
    else:
        a /= b
    return a


class _Cast:
    """The numpy.cast of old: cast[dtype](x)."""

    def __getitem__(self, dtype: Any) -> Any:
        return lambda x: np.asarray(x, dtype)


# What translated code finds beside Python 3's own names.
BUILTINS = {
    _CAST: _Cast(),
    _DIVIDED: _divided,
    _DIVIDED_INTO: _divided_into,
    "intern": intern,
    "reduce": reduce,
    "reload": reload,
}
