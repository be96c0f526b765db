"""docs/extending.md: what it shows is so."""

from __future__ import annotations

import linecache
import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"


def test_the_page_runs_from_top_to_bottom() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    text = "\n".join(blocks)
    linecache.cache["extending.md"] = (len(text), None, text.splitlines(True), "extending.md")
    exec(compile(text, "extending.md", "exec"), {"__name__": "extending"})
    assert len(blocks) == 5
