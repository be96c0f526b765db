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


def test_all_of_a_module_names_what_it_defines() -> None:
    faults = []
    for name in MODULES:
        module = importlib.import_module(name)
        listed = getattr(module, "__all__", ())
        faults += [f"{name}.{each}" for each in listed if not hasattr(module, each)]
        faults += [] if (module.__doc__ or "").strip() else [f"{name} has no docstring"]
    assert faults == []


def test_public_functions_are_documented_and_typed() -> None:
    faults = []
    for name in MODULES:
        file = ROOT.joinpath(*name.split("."))
        path = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
        listed = getattr(importlib.import_module(name), "__all__", ())
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name in listed:
                words = [] if ast.get_docstring(node) else ["has no docstring"]
                if isinstance(node, ast.FunctionDef):
                    words += [f"{each} is not typed" for each in untyped(node)]
                faults += [f"{name}.{node.name}: {each}" for each in words]
    assert faults == []


def untyped(node: ast.FunctionDef) -> list[str]:
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    given += [each for each in (node.args.vararg, node.args.kwarg) if each is not None]
    names = [each.arg for each in given if each.annotation is None]
    return names if node.returns is not None else [*names, "the result"]
