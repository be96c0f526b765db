"""The README's tour: its blocks, one program in a file tour.py, print what stands below them."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"
BLOCK = re.compile(r"```(python|text)\n(.*?)```", re.DOTALL)
END = "---- end of block ----"


def test_the_tour_prints_what_it_says(tmp_path: Path) -> None:
    tour = README.read_text().split("## Five minutes")[1]
    blocks = BLOCK.findall(tour)
    code = [text for kind, text in blocks if kind == "python"]
    expected = [text for kind, text in blocks if kind == "text"]
    assert len(code) == len(expected) >= 6
    file = tmp_path / "tour.py"
    file.write_text("".join(f"{text.rstrip()}; print({END!r})\n" for text in code))
    command = [sys.executable, str(file)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for want, got in zip(expected, printed.split(END + "\n"), strict=False):
        checker = doctest.OutputChecker()
        assert checker.check_output(want, got, doctest.ELLIPSIS), f"{want}\n---- got ----\n{got}"
