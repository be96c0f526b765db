"""numpy's archives of arrays, .npz: written without pickle, and read by whoever distrusts them.

Takes and gives arrays by name; np.load reads what is written here, and what np.savez wrote is read.
What an archive says of itself (sizes, places, shapes) is compared with the file before anything is
allocated, so a small file never asks for much memory, and no member shares bytes with another.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gradc.errors import ArgumentError, message
from gradc.saving.files import DTYPES, bad_file

if TYPE_CHECKING:
    import zipfile  # 5 ms, and most programs save nothing

__all__ = ["read_npz", "write_npz"]

Array = npt.NDArray[Any]

_SUFFIX = ".npy"
_LOCAL = 30  # bytes of a member's own header, without its name (PKWARE APPNOTE 4.3.7)
_RATIO = 1032  # deflate makes of one byte no more than so many (zlib's technical notes)
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_STORED, _DEFLATED = 0, 8  # ways of compression (PKWARE APPNOTE 4.4.5)
_FAULTS = (
    zlib.error, ValueError, EOFError, KeyError, NotImplementedError, RuntimeError, SyntaxError,
    OverflowError, TypeError,
)  # fmt: skip  # what zipfile and numpy say of damaged archives, beside BadZipFile


def write_npz(file: IO[bytes], arrays: Mapping[str, Array]) -> None:
    """Write arrays, not compressed, the same bytes for the same arrays.

    Raises: ArgumentError for a name that an archive cannot hold.
    """
    import zipfile

    with zipfile.ZipFile(file, "w", _STORED, allowZip64=True) as archive:
        for name, array in arrays.items():
            if "\0" in name or len(name.encode()) > 60_000:
                what = f"save: an archive cannot hold the name {name[:60]!r}."
                raise ArgumentError(message(what, fix="give it a short name without zeros."))
            info = zipfile.ZipInfo(name + _SUFFIX)  # of 1980: no clock in what is saved
            with archive.open(info, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read_npz(file: IO[bytes], path: str, size: int) -> dict[str, Array]:
    """The arrays of an archive of this size. Raises: FileFormatError."""
    import zipfile

    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _check_members(members, archive.start_dir)
            return {each.filename.removesuffix(_SUFFIX): _array(archive, each) for each in members}
    except (*_FAULTS, zipfile.BadZipFile) as error:
        raise bad_file(path, str(error) or type(error).__name__) from None


def _check_members(members: Sequence[zipfile.ZipInfo], end: int) -> None:
    """Raise ValueError unless the members are plain arrays that lie one behind the other."""
    if len({each.filename for each in members}) != len(members):
        raise ValueError("a name stands twice in it")
    place = 0
    for each in sorted(members, key=lambda each: each.header_offset):
        if not each.filename.endswith(_SUFFIX):
            raise ValueError(f"{each.filename[:60]!r} is no array")
        if each.flag_bits & 1 or each.compress_type not in (
            _STORED,
            _DEFLATED,
        ):
            raise ValueError(f"{each.filename[:60]!r} is encrypted or compressed in another way")
        stored = each.compress_type == _STORED
        most = each.compress_size if stored else each.compress_size * _RATIO + 64
        if each.file_size > most:
            raise ValueError(f"{each.filename[:60]!r} claims more bytes than the file has")
        if each.header_offset < place:
            raise ValueError(f"{each.filename[:60]!r} shares bytes with another")
        place = each.header_offset + _LOCAL + each.compress_size
    if place > end:
        raise ValueError("its members end behind the file")


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Array:
    with archive.open(info) as member:
        version = np.lib.format.read_magic(member)
        if version not in _HEADERS:
            raise ValueError(f"{info.filename[:60]!r} is of format {version}")
        shape, is_fortran, dtype = _HEADERS[version](member)
        if dtype.newbyteorder("=").name not in DTYPES:
            raise ValueError(f"{info.filename[:60]!r} holds {dtype}, no plain numbers")
        wanted = math.prod(map(int, shape)) * dtype.itemsize
        if any(n < 0 for n in shape) or wanted != info.file_size - member.tell():
            raise ValueError(f"{info.filename[:60]!r} of shape {shape[:8]} needs {wanted} bytes")
        data = member.read()  # to the end, where the sum is compared
    if len(data) != wanted:
        raise ValueError(f"{info.filename[:60]!r} ends early")
    flat = np.frombuffer(data, dtype)
    return np.array(
        flat.reshape(shape, order="F" if is_fortran else "C"), dtype.newbyteorder("="), order="C"
    )
