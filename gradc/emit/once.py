"""Calls of vector math that are compiled once a file instead of where they stand.

Takes the C of functions; gives it with calls renamed, and the lines that define what they call.
csrc/inline/gradc/once.h has the figures: inlining costs the compiler 25 to 70 ms a call,
which a file with a handful of calls repays and one with hundreds does not.
"""

from __future__ import annotations

import re

from gradc.emit.headers import is_vector_math

__all__ = ["share_math"]

_MOST_INLINE = 24  # a second and a half of gcc's time
# clang inlines faster, up to here: 10,000 sines took gcc over two minutes at -O1 (Nov 2026).
_MOST_CLANG = 1000
_CALL = re.compile(r"\b(gc_([a-z]\w*?)_(f32|f64))\(([^(),]*)(,[^(),]*)?\)")
_C_TYPES = {"f32": "float", "f64": "double"}


def share_math(texts: list[str]) -> tuple[list[str], list[str]]:
    """The functions, and the lines that go above them; none for a file with few calls."""
    calls = [m for text in texts for m in _CALL.finditer(text) if is_vector_math(m[2])]
    if len(calls) <= _MOST_INLINE:
        return texts, []
    arity = {m[1]: (1 if m[5] is None else 2, _C_TYPES[m[3]]) for m in calls}
    lines = ["#define GC_OUTLINE"] if len(calls) > _MOST_CLANG else []
    lines.append("#include <gradc/once.h>")
    lines += [f"GC_ONCE_{count}({name}, {c_type})" for name, (count, c_type) in arity.items()]

    def renamed(match: re.Match[str]) -> str:
        behind = match[0][match.end(1) - match.start() :]
        return f"{match[1]}_once{behind}" if match[1] in arity else match[0]

    return [_CALL.sub(renamed, text) for text in texts], lines
