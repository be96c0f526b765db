"""A Source shows the user's words and compiles without them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from gradc.emit.source import NodeNote, Source
from gradc.kernel.interface import Interface

BORDER = Interface(args=(), outs=(), sizes=0, segments=1)

TEXT = """\
/* %3 %4 */
static void nest(void)
{
    const double v3 = 1.0; /* %3 */
    /* %3 %4 %9 */
    (void)v3;
    /* no marker: 100 %3 */
}
"""

SHOWN = """\
/* %3 hidden: exp (train.py:12), %4 mul (train.py:13) */
static void nest(void)
{
    const double v3 = 1.0; /* %3 hidden: exp (train.py:12) */
    /* %3 hidden: exp (train.py:12), %4 mul (train.py:13), %9 */
    (void)v3;
    /* no marker: 100 %3 */
}
"""

NODES = (
    NodeNote(3, "exp", "hidden", "/home/u/train.py", 12),
    NodeNote(4, "mul", None, "train.py", 13),
)


def test_print_adds_names_and_lines() -> None:
    source = Source(TEXT, BORDER, 3, NODES)
    assert str(source) == SHOWN
    assert source.text == TEXT


def test_text_does_not_depend_on_names() -> None:
    assert "hidden" not in Source(TEXT, BORDER, 3, NODES).text


def test_long_lists_stand_below_each_other() -> None:
    nodes = tuple(NodeNote(n, "multiply", "x" * 20, "program.py", n) for n in range(3))
    shown = str(Source("    /* %0 %1 %2 */\n", BORDER, 3, nodes))
    x = "x" * 20
    assert shown == (
        f"    /* %0 {x}: multiply (program.py:0)\n"
        f"     * %1 {x}: multiply (program.py:1)\n"
        f"     * %2 {x}: multiply (program.py:2) */\n"
    )


HOSTILE = [
    "*/ int evil; /*",
    "**//**/",
    "/*/",
    "*\\\n/ int evil; ",
    "*\\/ int evil;",
    "??/\n int evil; ",
    "a\r\nint evil;//",
    "\u202eint evil",
    "\x00\x1b[31m",
    "\udc80",
    "{{ 7*7 }} %s %(x)s",
    "%3 */",
    "*",
    "/",
    "int \u2028 evil",
    "x" * 10**6,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_comments(name: str, tmp_path: Path) -> None:
    nodes = (NodeNote(3, name, name, name, 1), NodeNote(4, name, name, name, 2))
    shown = str(Source(TEXT, BORDER, 3, nodes))
    assert len(shown) < 10_000
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert "\\" not in shown
    file = tmp_path / "shown.c"
    file.write_text(shown, encoding="utf-8")
    command = ["gcc", "-std=c11", "-E", "-P", "-Wall", "-Werror", str(file)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    expected = "static void nest(void){ const double v3 = 1.0; (void)v3;}"
    assert re.sub(r"\s", "", text) == re.sub(r"\s", "", expected)
