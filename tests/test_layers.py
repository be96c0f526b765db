"""Who may import whom: the table of docs/design.md.  A breach is named with file and line."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Layer: (its modules, the layers it may import).  Rows are transitive: who may import a layer may
# import what that layer may.  A name with a dot is one module of a layer, and opens no other.
LAYERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "foundation": (
        (
            "digests",
            "errors",
            "options",
            "dtypes",
            "sizes",
            "affine",
            "value",
            "tree",
            "foreign",
            "named",
            "collector",
            "later",
        ),
        (),
    ),
    "graph": (("graph",), ("foundation",)),
    "kernel": (("kernel",), ("foundation",)),
    "ops": (("ops",), ("graph", "kernel.scalar", "kernel.routine")),
    "rewrite": (("rewrite",), ("ops",)),
    "sharedvar": (("sharedvar",), ("graph", "runtime.cell")),
    "random": (("random",), ("ops", "sharedvar")),
    "batch": (("batch",), ("ops",)),
    "differentiate": (("differentiate",), ("batch", "rewrite", "ops")),
    "control": (("control",), ("differentiate", "rewrite", "ops")),
    "extend": (("extend",), ("control", "differentiate", "rewrite", "ops")),
    "tensor": (("tensor",), ("control", "differentiate", "ops", "random", "sharedvar")),
    "emit": (("emit",), ("kernel",)),
    "runtime": (("runtime",), ("kernel", "emit.source")),
    "lower": (("lower",), ("control", "ops", "kernel")),
    "compile": (
        ("compile", "call", "oneshot"),
        ("tensor", "sharedvar", "control", "extend", "runtime"),
    ),
    "descent": (
        ("descent", "watched", "profiling", "planned"),
        ("compile", "rewrite", "lower", "emit"),
    ),
    "functional": (("functional",), ("batch", "compile")),
    "saving": (("saving",), ("compile",)),
    "face": (
        (
            "__init__",
            "__main__",
            "printing",
            "cli",
            "why",
            "testing",
            "init",
            "optim",
            "sklearn",
        ),
        ("functional", "saving"),
    ),
    "compat": (("compat",), ("face",)),
}

# Modules that one other module loads when it needs them, by importlib: who, and whom.  A warm start
# goes through none of these doors.  Annotations may name what is behind a door.
DOORS = {
    ("compile", "descent"),
    ("call.function", "saving.functions"),
    ("call.function", "saving.pickled"),
    ("compile", "watched"),
    ("call.profile", "profiling"),
    ("differentiate.prepare", "rewrite.passes"),
    ("cli", "compat.theano.running"),
    ("printing.web", "emit.render"),
    ("runtime.compiler", "runtime.process"),
}


@dataclass(frozen=True)
class Import:
    """One import of ours: `module` as written, below `gradc`."""

    file: Path
    line: int
    module: str  # "ops.kinds"; "__init__" for the package itself
    inside: bool  # within a function
    typing: bool  # under `if TYPE_CHECKING`
    door: bool = False  # importlib.import_module("gradc.x")

    def at(self, root: Path) -> str:
        return f"{self.file.relative_to(root)}:{self.line}"


def room(module: str) -> str:
    """The layer of a module; the name itself where the table does not know it."""
    head = module.split(".")[0]
    return next((layer for layer, (members, _) in LAYERS.items() if head in members), head)


def reachable(layer: str) -> set[str]:
    """The layers and single modules it may import, itself included."""
    found: set[str] = set()
    stack = [layer]
    while stack:
        each = stack.pop()
        if each not in found:
            found.add(each)
            stack.extend(LAYERS[each][1] if each in LAYERS else ("foundation",))
    return found


def name_of(file: Path, root: Path) -> str:
    """gradc/ops/kinds.py -> ops.kinds; a package's __init__.py -> the package."""
    parts = file.relative_to(root / "gradc").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


@functools.cache
def imports(root: Path) -> tuple[Import, ...]:
    files = sorted((root / "gradc").rglob("*.py"))
    return tuple(each for file in files for each in _imports_of(file, root))


def _imports_of(file: Path, root: Path) -> Iterator[Import]:
    text = file.read_text()
    has_calls = "_later" in text or "import_module" in text  # else statements alone are looked at
    stack: list[tuple[ast.AST, bool, bool]] = [(ast.parse(text), False, False)]
    while stack:
        node, inside, typing = stack.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for module in _modules(node, root):
                yield Import(file, node.lineno, module, inside, typing)
        if _called(node) == "_later":
            for key in ast.literal_eval(node.args[1]):
                yield Import(file, node.lineno, key.partition(".")[2], inside, typing)
        if file.name == "later.py":
            pass  # its callers say what it loads
        elif _called(node) == "import_module":
            name = ast.literal_eval(node.args[0])  # a name that is computed cannot be judged
            if name.partition(".")[0] == "gradc":
                yield Import(file, node.lineno, name.partition(".")[2], inside, typing, door=True)
        inside |= isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        typing |= isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        stack.extend(
            (child, inside, typing)
            for child in ast.iter_child_nodes(node)
            if has_calls or not isinstance(child, ast.expr)
        )


def _called(node: ast.AST) -> str:
    """The last word of what a call calls; "" where it is no call."""
    if not isinstance(node, ast.Call):
        return ""
    return str(getattr(node.func, "attr", getattr(node.func, "id", "")))


def _modules(node: ast.Import | ast.ImportFrom, root: Path) -> Iterator[str]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif node.level:
        names = ["gradc.<relative>"]
    else:
        names = [
            f"{node.module}.{alias.name}" if _exists(f"{node.module}.{alias.name}", root) else
            str(node.module)
            for alias in node.names
        ]  # fmt: skip
    for name in names:
        head, _, rest = name.partition(".")
        if head == "gradc":
            yield rest or "__init__"


def _exists(name: str, root: Path) -> bool:
    path = root.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def breaches(root: Path) -> list[str]:
    """Every import that the table, or the rules beside it, forbid."""
    found = []
    for each in imports(root):
        source, target = name_of(each.file, root), each.module
        allowed = reachable(room(source)) if room(source) in LAYERS else set()
        behind = target in {hidden for _, hidden in DOORS}
        if each.door:
            if (source, target) not in DOORS:
                found.append(f"{each.at(root)}: {target} is loaded through no door of the table")
        elif each.typing and behind:
            continue
        elif target == "<relative>":
            found.append(f"{each.at(root)}: a relative import; write it from gradc on")
        elif each.inside:
            found.append(f"{each.at(root)}: {target} is imported inside a function")
        elif not (allowed & {room(target), ".".join(target.split(".")[:2])}):
            text = f"{room(source)} may not import {room(target)} ({target})"
            found.append(f"{each.at(root)}: {text}")
    return found


def cycle(root: Path) -> list[str]:
    """Modules that import each other in a circle, if there are any."""
    edges: dict[str, set[str]] = {}
    for each in imports(root):
        if not each.typing and not each.door:
            edges.setdefault(name_of(each.file, root), set()).add(each.module)
    done: set[str] = set()
    for start in edges:
        path: list[str] = []
        stack = [(start, iter(sorted(edges[start])))] if start not in done else []
        while stack:
            module, following = stack[-1]
            path = [name for name, _ in stack]
            target = next(following, None)
            if target is None:
                done.add(module)
                stack.pop()
            elif target in path:
                return [*path[path.index(target) :], target]
            elif target not in done:
                stack.append((target, iter(sorted(edges.get(target, ())))))
    return []


def test_imports_keep_to_the_table() -> None:
    assert breaches(ROOT) == []


def test_every_module_has_a_layer() -> None:
    files = (ROOT / "gradc").rglob("*.py")
    unknown = [str(f) for f in files if room(name_of(f, ROOT)) not in LAYERS]
    assert unknown == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert cycle(ROOT) == []


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("graph/a.py", "import os\nimport gradc.ops.kinds\n", "graph may not import ops"),
        ("errors.py", "\nfrom gradc.graph import op\n", "foundation may not import graph"),
        ("ops/a.py", "\nfrom gradc.kernel.program import Nest\n", "ops may not import kernel"),
        ("emit/a.py", "\nfrom gradc import lower\n", "emit may not import lower"),
        ("ops/a.py", "def f():\n    from gradc.graph.op import Op\n", "inside a function"),
        ("ops/a.py", "\nfrom .kinds import View\n", "relative import"),
        ("new/a.py", "\nimport gradc.errors\n", "new may not import foundation"),
        ("compile.py", "\nimport gradc.descent\n", "compile may not import descent"),
        ("ops/a.py", "\nimport_module('gradc.descent')\n", "loaded through no door"),
    ],
)
def test_a_breach_is_named(tmp_path: Path, file: str, text: str, expected: str) -> None:
    for module in ("graph/op.py", "ops/kinds.py", "kernel/program.py", "lower/__init__.py"):
        (tmp_path / "gradc" / module).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "gradc" / module).touch()
    (tmp_path / "gradc" / file).parent.mkdir(exist_ok=True)
    (tmp_path / "gradc" / file).write_text(text)
    (breach,) = breaches(tmp_path)
    assert breach.startswith(f"gradc/{file}:2: ")
    assert expected in breach


def test_what_the_table_allows_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "gradc" / "rewrite").mkdir(parents=True)
    (tmp_path / "gradc" / "rewrite" / "a.py").write_text(
        "from gradc.kernel.scalar import ScalarFn\nfrom gradc.graph.op import Op\n"
        "import gradc.errors\nimport gradc.rewrite.b\n"
    )
    assert breaches(tmp_path) == []


def test_a_circle_is_found(tmp_path: Path) -> None:
    (tmp_path / "gradc" / "ops").mkdir(parents=True)
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / "gradc" / "ops" / f"{name}.py").write_text(f"import gradc.ops.{other}\n")
    assert cycle(tmp_path) == ["ops.a", "ops.b", "ops.c", "ops.a"]
