"""The format safetensors: a header of JSON, then the arrays' bytes, and nothing that is run.

Takes and gives arrays by name.  Reading believes nothing: the header's length, every shape and
every place are checked with Python's whole numbers before anything is allocated, and the arrays
must cover the file exactly, without holes that could hide something and without sharing bytes.
Source: https://github.com/huggingface/safetensors, format of version 0.4 (2024).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from gradc.errors import ArgumentError, message
from gradc.saving.files import bad_file

__all__ = ["read_safetensors", "write_safetensors"]

Array = npt.NDArray[Any]

_MOST_HEADER = 16 << 20  # bytes; a hundred thousand arrays need less
_WORDS = {
    "BOOL": "bool", "I8": "int8", "I16": "int16", "I32": "int32", "I64": "int64", "U8": "uint8",
    "U16": "uint16", "U32": "uint32", "U64": "uint64", "F16": "float16", "F32": "float32",
    "F64": "float64", "C64": "complex64",
}  # fmt: skip
_NAMES = {dtype: word for word, dtype in _WORDS.items()}
_NOTES = "__metadata__"


def write_safetensors(file: IO[bytes], arrays: Mapping[str, Array]) -> None:
    """Write arrays, the wide ones first, so that each is aligned.

    Raises: ArgumentError for a dtype or a name that the format has no place for.
    """
    header: dict[str, Any] = {}
    place = 0
    order = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))
    for name in order:
        array = arrays[name]
        if name == _NOTES or array.dtype.name not in _NAMES:
            what = f"save: safetensors has no place for {name!r} of dtype {array.dtype}."
            raise ArgumentError(message(what, fix="save an .npz, or give it another name."))
        places = [place, place + array.nbytes]
        header[name] = {
            "dtype": _NAMES[array.dtype.name], "shape": list(array.shape), "data_offsets": places,
        }  # fmt: skip
        place += array.nbytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > _MOST_HEADER:
        what = f"save: the names of {len(arrays)} arrays take {len(text)} bytes."
        raise ArgumentError(message(what, fix="save fewer arrays a file, or shorter names."))
    file.write(len(text).to_bytes(8, "little") + text)
    for name in order:
        array = arrays[name]
        file.write(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())


def read_safetensors(file: IO[bytes], path: str, size: int) -> dict[str, Array]:
    """The arrays of a file of this size. Raises: FileFormatError."""
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > min(size - 8, _MOST_HEADER):
        raise bad_file(path, f"its header claims {length} of {size} bytes")
    try:
        header = _header(file.read(length))
        entries = {name: _entry(name, each) for name, each in header.items() if name != _NOTES}
        _check_notes(header.get(_NOTES, {}))
        _check_cover(entries, size - 8 - length)
    except _Wrong as error:
        raise bad_file(path, str(error)) from None
    except (ValueError, RecursionError) as error:
        raise bad_file(path, f"its header is no JSON of the format ({error})") from None
    found = {}
    for name, (dtype, shape, _, _) in sorted(entries.items(), key=lambda each: each[1][2:]):
        data = bytearray(math.prod(shape) * np.dtype(dtype).itemsize)
        if _fill(file, data) != len(data):
            raise bad_file(path, f"{name!r} ends early")
        array = np.frombuffer(data, np.dtype(dtype).newbyteorder("<")).reshape(shape)
        if dtype == "bool" and array.nbytes and array.view("uint8").max() > 1:
            raise bad_file(path, f"{name!r} holds bools that are neither 0 nor 1")
        found[name] = array.astype(np.dtype(dtype), copy=False)
    return {name: found[name] for name in entries}


def _fill(file: IO[bytes], data: bytearray) -> int:
    """Read bytes into their place; how many there were."""
    read: int = file.readinto(data)  # type: ignore[attr-defined]
    return read


class _Wrong(Exception):
    """What is wrong with a header."""


Entry = tuple[str, tuple[int, ...], int, int]  # dtype, shape, first byte, byte behind the last


def _header(data: bytes) -> dict[str, Any]:
    if not data.startswith(b"{"):
        raise _Wrong("its header is no JSON object")
    found = json.loads(data.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    assert isinstance(found, dict)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Wrong("a name stands twice in its header")
    return found


def _no_number(text: str) -> Any:
    raise _Wrong(f"its header holds {text}")


def _check_notes(notes: Any) -> None:
    if not isinstance(notes, dict) or not all(isinstance(each, str) for each in notes.values()):
        raise _Wrong(f"its {_NOTES} are no text")


def _entry(name: str, body: Any) -> Entry:
    if not isinstance(body, dict) or set(body) != {"dtype", "shape", "data_offsets"}:
        raise _Wrong(f"{name!r} has not the fields dtype, shape, data_offsets")
    dtype, shape, places = body["dtype"], body["shape"], body["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _WORDS:
        raise _Wrong(f"{name!r} has the dtype {dtype!r}, which numpy has not")
    if not _are_counts(shape) or len(shape) > 64 or not _are_counts(places) or len(places) != 2:
        raise _Wrong(f"{name!r} has a shape or places that are no counts")
    begin, end = places
    wanted = math.prod(shape) * np.dtype(_WORDS[dtype]).itemsize
    if end - begin != wanted:
        raise _Wrong(
            f"{name!r} of shape {tuple(shape[:8])} needs {wanted} bytes, not {end - begin}"
        )
    return _WORDS[dtype], tuple(shape), begin, end


def _are_counts(values: Any) -> bool:
    return isinstance(values, list) and all(type(n) is int and n >= 0 for n in values)


def _check_cover(entries: Mapping[str, Entry], size: int) -> None:
    """All bytes belong to one array."""
    place = 0
    for name, (_, _, begin, end) in sorted(entries.items(), key=lambda each: each[1][2:]):
        if begin != place:
            raise _Wrong(f"{name!r} begins at byte {begin}, where {place} is the next free one")
        place = end
    if place != size:
        raise _Wrong(f"its arrays take {place} of {size} bytes")
