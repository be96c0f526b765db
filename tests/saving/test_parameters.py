"""Parameters in files, and files that want to do harm."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError, FileFormatError, GradcError

SUFFIXES = (".npz", ".safetensors")
ARRAYS = {
    "layer.0/weight": np.arange(6.0).reshape(2, 3),
    "bias": np.array([1, -2], "int8"),
    "flag": np.array(True),
    "half": np.array([[0.5]], "float16"),
    "empty": np.zeros((0, 3), "float32"),
    "big endian": np.arange(3, dtype=">i4"),
    "turned": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "größe": np.array(2**63, "uint64"),
}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_arrays_come_back_as_they_were(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"arrays{suffix}"
    gradc.save(path, ARRAYS)
    found = gradc.load(path)
    assert set(found) == set(ARRAYS)
    for name, want in ARRAYS.items():
        assert found[name].dtype == want.dtype.newbyteorder("=")
        np.testing.assert_array_equal(found[name], want)
        assert found[name].flags.writeable
    again = tmp_path / f"again{suffix}"
    gradc.save(again, dict(reversed(ARRAYS.items())) if suffix != ".npz" else ARRAYS)
    assert again.read_bytes() == path.read_bytes()
    gradc.save(path, {})
    assert gradc.load(path) == {}
    assert len(os.listdir(tmp_path)) == 2  # nothing temporary is left


def test_others_read_and_write_the_same_files(tmp_path: Path) -> None:
    gradc.save(tmp_path / "a.npz", ARRAYS)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        for name, want in ARRAYS.items():
            np.testing.assert_array_equal(found[name], want)
    np.savez(tmp_path / "b.npz", x=np.ones(3), y=np.asfortranarray(np.eye(3)))
    np.savez_compressed(tmp_path / "c.npz", z=np.zeros((100, 100)))
    assert gradc.load(tmp_path / "b.npz")["y"].tolist() == np.eye(3).tolist()
    assert gradc.load(tmp_path / "c.npz")["z"].shape == (100, 100)
    other = pytest.importorskip("safetensors.numpy")
    gradc.save(tmp_path / "a.safetensors", ARRAYS)
    found = other.load_file(tmp_path / "a.safetensors")
    np.testing.assert_array_equal(found["turned"], ARRAYS["turned"])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_shared_variables_are_all_set_or_none(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"model{suffix}"
    w, b = gradc.shared(np.ones((2, 3)), "w"), gradc.shared(np.zeros(3, "float32"), "b")
    k = gradc.shared(3, "k")
    gradc.save(path, [w, b, k])
    w.set_value(np.zeros((4, 3)))
    b.set_value(np.full(3, 9, "float32"))
    k.set_value(7)
    gradc.load(path, into=[k, b, w])
    assert [w.get_value().shape, b.get_value().tolist(), k.get_value()] == [(2, 3), [0] * 3, 3]
    fixed = gradc.shared(np.ones((4, 3)), "w", shape=(4, 3))
    narrow = gradc.shared(np.ones((2, 3), "float32"), "w")
    for wrong, text in ((fixed, "axis 0 of w was declared as 4"), (narrow, "dtype float64")):
        b.set_value(np.full(3, 9, "float32"))
        with pytest.raises(GradcError, match=text):
            gradc.load(path, into=[k, b, wrong])
        assert b.get_value().tolist() == [9.0] * 3
    with pytest.raises(ArgumentError, match=r"lacks \['c'\] and has \['b', 'k'\]"):
        gradc.load(path, into={"w": w, "c": b})


def test_what_cannot_be_saved_says_so(tmp_path: Path) -> None:
    w = gradc.shared(1.0, "w")
    cases: list[tuple[Any, Any, type[Exception], str]] = [
        ("a.pkl", {}, ArgumentError, "neither an .npz nor a .safetensors"),
        ("a.npz", [gradc.shared(1.0)], ArgumentTypeError, "no shared variable with a name"),
        ("a.npz", [w, gradc.shared(2.0, "w")], ArgumentError, "two shared variables are called"),
        ("a.npz", {"x": T.scalar()}, ArgumentTypeError, "is symbolic"),
        ("a.npz", {"x": np.array([None])}, ArgumentTypeError, "no array of numbers"),
        ("a.npz", {"x": "text"}, ArgumentTypeError, "no array of numbers"),
        ("a.npz", {"x": [[1], [2, 3]]}, ArgumentTypeError, "'x' is no array of numbers"),
        ("a.npz", {3: w}, ArgumentTypeError, "a name is printable text, got 3"),
        ("a.npz", {"a\0b": w}, ArgumentTypeError, "a name is printable text"),
        ("a.safetensors", {"__metadata__": w}, ArgumentError, "no place for '__metadata__'"),
        ("a.safetensors", {"z": np.ones(1, complex)}, ArgumentError, "of dtype complex128"),
    ]
    for name, values, error, text in cases:
        with pytest.raises(error, match=text):
            gradc.save(tmp_path / name, values)
    with pytest.raises(FileNotFoundError, match=r"no/a\.npz'$"):  # not the name beside it
        gradc.save(tmp_path / "no" / "a.npz", {"w": w})
    with pytest.raises(ArgumentTypeError, match=r"os\.fsdecode"):
        gradc.save(b"a.npz", {"w": w})  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        gradc.load(tmp_path / "a.npz")
    assert os.listdir(tmp_path) == []


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, link = tmp_path / "a.npz", tmp_path / "link.npz"
    gradc.save(path, {"x": np.ones(2)})
    link.symlink_to(path)
    gradc.save(link, {"x": np.full(2, 5.0)})
    assert link.is_symlink()
    assert gradc.load(path)["x"].tolist() == [5, 5]
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk")))
    with pytest.raises(OSError, match="disk"):
        gradc.save(path, {"x": np.zeros(2)})
    assert gradc.load(path)["x"].tolist() == [5, 5]
    assert sorted(os.listdir(tmp_path)) == ["a.npz", "link.npz"]


# -- hostile files -----------------------------------------------------------------------------


def tensors(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(shape: Any, begin: Any, end: Any, dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


ONE = entry([2], 0, 8)
HOSTILE_TENSORS = {
    "empty": b"",
    "short": b"\1\0",
    "length beyond the file": tensors({}, length=1 << 62),
    "length of all bits": b"\xff" * 16,
    "no object": tensors([]),
    "not json": tensors(b"{'a': 1}"),
    "deep": tensors(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "not utf-8": tensors(b'{"\xff": 1}'),
    "twice": tensors(b'{"a":%b,"a":%b}' % ((json.dumps(ONE).encode(),) * 2), bytes(8)),
    "nan": tensors(b'{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,8]}}', bytes(8)),
    "float length": tensors({"a": entry([2.0], 0, 8)}, bytes(8)),
    "bool length": tensors({"a": entry([True], 0, 4)}, bytes(4)),
    "negative": tensors({"a": entry([-2, -1], 0, 8)}, bytes(8)),
    "backwards": tensors({"a": entry([2], 8, 0)}, bytes(8)),
    "outside": tensors({"a": entry([2], 8, 16)}, bytes(8)),
    "huge": tensors({"a": entry([2**40, 2**40], 0, 8)}, bytes(8)),
    "wraps around": tensors({"a": entry([2**32, 2**31], 0, 0)}, b""),
    "overlap": tensors({"a": ONE, "b": ONE}, bytes(8)),
    "partial overlap": tensors({"a": ONE, "b": entry([2], 4, 12)}, bytes(12)),
    "hole": tensors({"a": ONE, "b": entry([1], 12, 16)}, bytes(16)),
    "tail": tensors({"a": ONE}, bytes(9)),
    "early end": tensors({"a": ONE}, bytes(7)),
    "unknown dtype": tensors({"a": entry([4], 0, 8, "BF16")}, bytes(8)),
    "no dtype": tensors({"a": entry([4], 0, 8, ["F32"])}, bytes(8)),
    "another field": tensors({"a": {**ONE, "code": "x"}}, bytes(8)),
    "notes": tensors({"__metadata__": {"a": 1}, "a": ONE}, bytes(8)),
    "bool of 2": tensors({"a": entry([1], 0, 1, "BOOL")}, b"\2"),
    "many axes": tensors({"a": entry([1] * 65, 0, 4)}, bytes(4)),
}


def npy(shape: str, descr: str = "'<f8'", data: bytes = b"") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode() + data


def archive(*members: tuple[str, bytes], way: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", way) as file,
        pytest.warns() if len({name for name, _ in members}) < len(members) else _quiet(),
    ):
        for name, data in members:
            file.writestr(name, data)
    return buffer.getvalue()


class _quiet:  # noqa: N801
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def patched(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def objects() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([{"a": 1}], object), allow_pickle=True)
    return buffer.getvalue()


class _Evil:
    def __reduce__(self) -> Any:
        return os.abort, ()


def pickled() -> bytes:
    header = npy("(1,)", "'|O'")
    return archive(("a.npy", header + pickle.dumps(_Evil())))


GOOD = archive(("a.npy", npy("(2,)", data=bytes(16))))
CENTRAL = GOOD.index(b"PK\1\2")
HOSTILE_ARCHIVES = {
    "empty": b"",
    "no archive": b"PK\3\4 nothing",
    "pickle": pickle.dumps(_Evil()),
    "objects": archive(("a.npy", objects())),
    "evil objects": pickled(),
    "records": archive(("a.npy", npy("(1,)", "[('a', '<f8'), ('b', 'O')]", bytes(16)))),
    "text": archive(("a.npy", npy("(1,)", "'<U4'", bytes(16)))),
    "huge": archive(("a.npy", npy("(1099511627776, 1048576)", data=bytes(16)))),
    "negative": archive(("a.npy", npy("(-1, -2)", data=bytes(16)))),
    "short": archive(("a.npy", npy("(3,)", data=bytes(16)))),
    "long": archive(("a.npy", npy("(1,)", data=bytes(16)))),
    "calls": archive(("a.npy", npy("(__import__('os').abort(),)", data=bytes(16)))),
    "no header": archive(("a.npy", b"\x93NUMPY\1\0\xff\xff{")),
    "version": archive(("a.npy", npy("(2,)", data=bytes(16)).replace(b"\1\0", b"\3\0", 1))),
    "other file": archive(("a.npy", npy("(2,)", data=bytes(16))), ("b.py", b"import os")),
    "twice": archive(*[("a.npy", npy("(2,)", data=bytes(16)))] * 2),
    "lzma": archive(("a.npy", npy("(2,)", data=bytes(16))), way=zipfile.ZIP_LZMA),
    "claims more": patched(GOOD, CENTRAL + 24, struct.pack("<I", 1 << 30)),
    "encrypted": patched(GOOD, CENTRAL + 8, b"\1\0"),
    "bad sum": patched(GOOD, GOOD.index(b"\n", GOOD.index(b"NUMPY")) + 5, b"\7"),
    "cut": GOOD[:-30],
}


@pytest.mark.parametrize("name", HOSTILE_TENSORS)
def test_hostile_safetensors(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(HOSTILE_TENSORS[name])
    with pytest.raises(FileFormatError, match=r"^load: .*a\.safetensors: "):
        gradc.load(path)


@pytest.mark.parametrize("name", HOSTILE_ARCHIVES)
def test_hostile_archives(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(HOSTILE_ARCHIVES[name])
    with pytest.raises(FileFormatError, match=r"^load: .*a\.npz: "):
        gradc.load(path)


def test_members_that_share_bytes(tmp_path: Path) -> None:
    data = archive(("a.npy", npy("(2,)", data=bytes(16))), ("b.npy", npy("(2,)", data=bytes(16))))
    second = data.index(b"PK\1\2", data.index(b"PK\1\2") + 4)
    path = tmp_path / "a.npz"
    path.write_bytes(patched(data, second + 42, struct.pack("<I", 0)))
    with pytest.raises(FileFormatError):
        gradc.load(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_any_bytes_give_arrays_or_the_one_error(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    gradc.save(path, ARRAYS)
    good, draw = path.read_bytes(), random.Random(5)
    for _ in range(400):
        data = bytearray(good[: draw.choice([len(good), draw.randrange(len(good))])])
        for _ in range(draw.randrange(4)):
            if data:
                data[draw.randrange(len(data))] = draw.randrange(256)
        path.write_bytes(data)
        try:
            found = gradc.load(path)
        except FileFormatError:
            continue
        assert sum(each.nbytes for each in found.values()) <= 2000


def test_one_variable_under_two_names_is_not_set_twice(tmp_path) -> None:
    path = tmp_path / "p.npz"
    gradc.save(path, {"a": np.ones(2), "b": np.zeros(2)})
    w = gradc.shared(np.full(2, 7.0), name="w")
    with pytest.raises(ArgumentError, match="'a' and 'b' are one shared variable"):
        gradc.load(path, into={"a": w, "b": w})
    np.testing.assert_array_equal(w.get_value(), 7.0)
