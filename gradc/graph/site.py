"""Where in the user's file something was made.

Takes the Python stack; gives a Site (file, line).  The site is the innermost frame outside the
package.  Nodes built by differentiation and rewriting belong to the line of the node they come
from: `inherit` says so for a block of code (a context variable, hence per thread).
"""

from __future__ import annotations

import linecache
import os
import sys
from contextvars import ContextVar

from gradc.value import value

__all__ = ["Site", "inherit", "user_site"]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_INHERITED: ContextVar[Site | None] = ContextVar("gradc_site", default=None)


@value
class Site:
    """A line of the user's."""

    file: str
    line: int

    @property
    def text(self) -> str:
        """The source line, stripped; empty where it cannot be read."""
        return linecache.getline(self.file, self.line).strip()

    def __str__(self) -> str:
        return f"{os.path.basename(self.file)}:{self.line}"


def user_site() -> Site | None:
    """The line outside this package that is running now, or the inherited one."""
    inherited = _INHERITED.get()
    if inherited is not None:
        return inherited
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        if frame.f_back is None:
            return None
        frame = frame.f_back
    return Site(frame.f_code.co_filename, frame.f_lineno)


class inherit:  # noqa: N801  # used as `with inherit(site):`, once a node: no generator behind it
    """Nodes made inside belong to `site`; None changes nothing."""

    __slots__ = ("_site", "_token")

    def __init__(self, site: Site | None) -> None:
        self._site = site

    def __enter__(self) -> None:
        self._token = None if self._site is None else _INHERITED.set(self._site)

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            _INHERITED.reset(self._token)
