"""docs/operations.md is what the declarations say now."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from gradc.graph.op import DECLARATIONS

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_is_current() -> None:
    spec = importlib.util.spec_from_file_location("operations_page", DOCS / "operations.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = module.page()
    assert text == module.FILE.read_text(encoding="utf-8"), "run `make docs`"
    for name in DECLARATIONS:
        assert f"### `{name}" in text, name
