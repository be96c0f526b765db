"""Templates to text: the one place where Jinja is met.

Takes views; gives C.  Templates are those of the checkout (templates/) or of the package
(gradc._templates).  Jinja is imported when the first function is emitted: a warm start, which finds
its library in the cache, never needs it.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

__all__ = ["render", "template_folder"]


@functools.cache
def template_folder() -> Path:
    """Where templates stand: in the checkout, else in the installed package."""
    package = Path(__file__).resolve().parents[1]
    checkout = package.parent / "templates"
    return checkout if (checkout / "file.c.j2").is_file() else package / "_templates"


@functools.cache
def _environment() -> Any:
    import jinja2  # heavy

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(template_folder()),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def render(name: str, **views: object) -> str:
    """The text of a template; a name it lacks is an error."""
    text: str = _environment().get_template(name).render(**views)
    return text
