"""How convolutions are cut: where something runs behind an image, one chunk has all of that."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.csrc.drivers import FLAGS, INCLUDE

TEXT = r"""
#include <stdio.h>
#include "gradc/step.h"
#include "gradc/routine.h"
#include "gradc/patches.h"

int main(void)
{
    for (int64_t n = 1; n < 70; n++)
        for (int64_t g = 1; g < 7; g++)
            for (int64_t places = 1; places < 1 << 17; places = places * 3 + 1) {
                const gc_conv v = {.n = n, .g = g, .o = 2, .c = 3, .w = {1, 2, 2},
                                   .y = {1, 1, places}};
                gc_cuts cuts = gc_cuts_of(&v, places);
                const int64_t before = gc_chunks_of(&v, cuts);
                const bool keeps = gc_keep_images(&v, &cuts);
                const int64_t chunks = gc_chunks_of(&v, cuts);
                int64_t images = 0, elements = 0;
                for (int64_t chunk = 0; chunk < chunks; chunk++) {
                    const gc_part part = gc_part_of(&v, cuts, chunk);
                    const bool whole = part.begin % g == 0 && part.end % g == 0 &&
                                       part.first == 0 && part.last == places;
                    images += whole ? (part.end - part.begin) / g : 0;
                    elements += (part.end - part.begin) * (part.last - part.first);
                }
                printf("%d %d %d %d\n", elements == n * g * places, keeps, images == n,
                       chunks == before || (keeps && chunks < before && chunks >= 8));
            }
    return 0;
}
"""


def test_chunks_are_of_whole_images(tmp_path: Path) -> None:
    """Or nothing runs behind images; all elements are there once, and eight chunks are left."""
    file, program = tmp_path / "cuts.c", tmp_path / "cuts"
    file.write_text(TEXT)
    flags = [each for each in FLAGS if each not in ("-shared", "-fPIC")]
    command = ["gcc", *flags, f"-I{INCLUDE}", str(file), "-o", str(program)]
    subprocess.run(command, check=True)
    lines = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout
    found = [tuple(map(int, line.split())) for line in lines.splitlines()]
    assert {keeps for _, keeps, _, _ in found} == {0, 1}
    for is_all, keeps, has_images, has_enough in found:
        assert is_all
        assert has_enough
        assert has_images or not keeps
