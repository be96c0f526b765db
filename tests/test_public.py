"""What is public: `__all__` says it exactly, everything in it is documented and typed."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("gradc", "gradc.tensor")
MODULES = sorted(
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for file in (ROOT / "gradc").rglob("*.py")
    if not file.name.startswith("_") or file.name == "__init__.py"
)


@pytest.mark.parametrize("name", PACKAGES)
def test_all_is_exact(name: str) -> None:
    package = importlib.import_module(name)
    listed = package.__all__
    assert len(set(listed)) == len(listed)
    assert [each for each in listed if not hasattr(package, each)] == []  # some load now
    there = {key for key in vars(package) if not key.startswith("_")}
    modules = {key for key in there if isinstance(getattr(package, key), ModuleType)}
    assert there - modules == set(listed) - modules
    assert set(listed) <= there


def test_what_loads_later_is_what_checkers_of_types_see() -> None:
    body = ast.parse((ROOT / "gradc" / "__init__.py").read_text()).body
    branch = next(each for each in body if isinstance(each, ast.If))
    seen = {
        (f"gradc.{alias.name}" if each.module == "gradc" else each.module, alias.name)
        for each in branch.body
        if isinstance(each, ast.ImportFrom)
        for alias in each.names
    }
    table = next(each for each in ast.walk(branch) if isinstance(each, ast.Dict))
    homes = ast.literal_eval(table)
    assert {(home, name) for home, names in homes.items() for name in names} == seen


@pytest.mark.parametrize("name", PACKAGES)
def test_what_is_public_is_documented(name: str) -> None:
    package = importlib.import_module(name)
    bare = [
        each
        for each in package.__all__
        if callable(getattr(package, each)) and not (inspect.getdoc(getattr(package, each)) or "")
    ]
    assert bare == []


@pytest.mark.parametrize("name", MODULES)
def test_all_of_a_module_names_what_it_defines(name: str) -> None:
    module = importlib.import_module(name)
    missing = [each for each in getattr(module, "__all__", ()) if not hasattr(module, each)]
    assert missing == []
    assert (module.__doc__ or "").strip()


@pytest.mark.parametrize("name", MODULES)
def test_public_functions_are_documented_and_typed(name: str) -> None:
    file = ROOT.joinpath(*name.split("."))
    path = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
    listed = getattr(importlib.import_module(name), "__all__", ())
    faults = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef) and node.name in listed:
            faults += [] if ast.get_docstring(node) else [f"{node.name} has no docstring"]
        if isinstance(node, ast.FunctionDef) and node.name in listed:
            faults += [] if ast.get_docstring(node) else [f"{node.name} has no docstring"]
            faults += [f"{node.name}: {each} is not typed" for each in untyped(node)]
    assert faults == []


def untyped(node: ast.FunctionDef) -> list[str]:
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    given += [each for each in (node.args.vararg, node.args.kwarg) if each is not None]
    names = [each.arg for each in given if each.annotation is None]
    return names if node.returns is not None else [*names, "the result"]
