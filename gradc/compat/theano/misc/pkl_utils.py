"""theano.misc.pkl_utils: objects that hold variables and shared variables, in files.

What `dump` writes is an ordinary pickle, with all arrays; Theano's own archives are not read.
"""

from __future__ import annotations

import pickle
from typing import IO, Any

from gradc.errors import FileFormatError, message

__all__ = ["CompatUnpickler", "dump", "load"]

_ZIP = b"PK\x03\x04"


def dump(obj: Any, file_handler: IO[bytes], protocol: int = pickle.HIGHEST_PROTOCOL) -> None:
    """Write an object into a file that is open for writing bytes."""
    pickle.dump(obj, file_handler, protocol)


def load(f: IO[bytes]) -> Any:
    """Read what `dump` has written.  A pickle runs code: read only what you trust.

    Raises: FileFormatError for an archive of Theano's.
    """
    start = f.read(len(_ZIP))
    f.seek(-len(start), 1)
    if start == _ZIP:
        what = "theano.misc.pkl_utils.load: this is an archive that Theano itself wrote."
        fix = (
            "its arrays are .npy files: np.load reads it as an .npz; make shared variables of them."
        )
        raise FileFormatError(message(what, fix=fix))
    return pickle.load(f)


class CompatUnpickler(pickle.Unpickler):
    """Reads pickles that Python 2 wrote: its texts as latin1, as arrays need it."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, encoding="latin1")
