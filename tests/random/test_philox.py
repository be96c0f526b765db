"""Philox against the published vectors, and against the algorithm written in Python's integers."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.ops import philox
from gradc.ops.randomness import normal, places, random_bits, random_word
from tests.csrc.drivers import FLAGS, INCLUDE

# Random123's kat_vectors, philox4x32 10: counter (low word first), key, block.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    (
        (0xFFFFFFFF,) * 4,
        (0xFFFFFFFF,) * 2,
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def block(counter: tuple[int, ...], key: tuple[int, ...]) -> tuple[int, ...]:
    """The paper's rounds, in Python."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        left, right = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1 = (right >> 32) ^ c1 ^ k0, right & 0xFFFFFFFF
        c2, c3 = (left >> 32) ^ c3 ^ k1, left & 0xFFFFFFFF
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def joined(low: int, high: int) -> int:
    return high << 32 | low


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_known_answers(
    counter: tuple[int, ...], key: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    assert block(counter, key) == expected
    found = philox.philox(joined(*key), joined(*counter[2:]), joined(*counter[:2]))
    assert tuple(int(each) for each in found) == expected


def test_known_answers_of_c(tmp_path: Path) -> None:
    source = tmp_path / "philox.c"
    source.write_text(
        '#include "gradc/random.h"\n#include "gradc/rejection.h"\n'
        "void run(uint64_t key, uint64_t stream, uint64_t number, uint32_t *out) {\n"
        "    const gc_block b = gc_philox(key, stream, number);\n"
        "    out[0] = b.w0, out[1] = b.w1, out[2] = b.w2, out[3] = b.w3;\n}\n"
    )
    library = tmp_path / "philox.so"
    command = ["gcc", *FLAGS, f"-I{INCLUDE}", str(source), "-o", str(library)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    run = ctypes.CDLL(str(library)).run
    for counter, key, expected in KNOWN:
        out = np.zeros(4, "uint32")
        words = (joined(*key), joined(*counter[2:]), joined(*counter[:2]))
        run(*map(ctypes.c_uint64, words), ctypes.c_void_p(out.ctypes.data))
        assert tuple(out.tolist()) == expected


def test_elements_are_the_words_of_blocks() -> None:
    key, stream = T.TensorType("uint64", ())("key"), T.TensorType("uint64", ())("stream")
    n = T.lscalar("n")
    far = T.TensorType("uint64", (None,))("far")
    f = gradc.function(
        [key, stream, n, far],
        [
            random_bits(key, stream, places((n, 5))),
            random_word(key, stream, places((n, 5))),
            random_bits(key, stream, far),
        ],
    )
    k, s = 0x299F31D0A4093822, 0x0370734413198A2E
    corners = np.array([0, 2**33, 2**63, 2**64 - 1], "uint64")
    wide, narrow, distant = f(np.uint64(k), np.uint64(s), 7, corners)

    def words(number: int) -> tuple[int, ...]:
        halves = [(x & 0xFFFFFFFF, x >> 32) for x in (number, s, k)]
        return block(halves[0] + halves[1], halves[2])

    for place, (one, other) in enumerate(zip(wide.ravel(), narrow.ravel(), strict=True)):
        pair = words(place // 2)[2 * (place % 2) :]
        assert int(one) == joined(*pair[:2])
        assert int(other) == words(place // 4)[place % 4]
    for place, one in zip(corners.tolist(), distant.tolist(), strict=True):
        assert one == joined(*words(place // 2)[2 * (place % 2) :][:2])


def test_normal_tails() -> None:
    bits = T.TensorType("uint64", (None,))("bits")
    f = gradc.function([bits], normal(bits))
    low, high = f(np.array([2**63, 0], "uint64"))
    assert high == -low == pytest.approx(9.155293772686073, rel=4e-16)
    centre = f(np.array([2**63 - 1, 2**64 - 1], "uint64"))
    np.testing.assert_allclose(centre, np.array([1, -1]) * 6.794229552421306e-20, rtol=1e-15)
