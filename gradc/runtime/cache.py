"""Choose the store of a process.

Takes Options; gives the Store of the user's cache directory.  Where that is not safe or not there,
a private directory that is removed when the process ends takes its place, with one warning: a
wrong cache is slow, never an excuse to stop (unless `cache_strict` says so).
"""

from __future__ import annotations

import atexit
import os
import threading
from pathlib import Path

from gradc.errors import CacheError, message, warn_user
from gradc.options import Options
from gradc.runtime.directory import opened
from gradc.runtime.store import Store

__all__ = ["open_store"]

_lock = threading.Lock()
_stores: dict[tuple[int, Path | None], Store] = {}  # by process too: a fork has its own


def open_store(options: Options) -> Store:
    """The store that these options name, or a private one.

    Raises: CacheError if the directory cannot be used and `options.cache_strict`.
    """
    place = (os.getpid(), options.cache_dir)
    with _lock:
        store = _stores.get(place)
        if store is None or (options.cache_strict and store.path != options.cache_dir):
            store = _stores[place] = _open(options)
        return store


def _open(options: Options) -> Store:
    import tempfile  # heavy

    path = options.cache_dir
    if path is None:
        reason = "there is no home directory"
    else:
        try:
            with opened(path, create=True):
                return Store(path)
        except (OSError, CacheError) as error:
            reason = str(error).splitlines()[0].rstrip(".")
    if options.cache_strict:
        fix = "set config.cache_dir or GRADC_CACHE_DIR to a directory only you can write to."
        raise CacheError(message(f"cache: {reason}.", fix=fix))
    text = f"gradc: no lasting cache ({reason}); this process keeps its libraries to itself."
    warn_user(text)
    try:
        folder = Path(tempfile.mkdtemp(prefix="gradc-"))
    except OSError as error:
        what = f"cache: {reason}, and there is no place for temporary files: {error}."
        raise CacheError(message(what, fix="set TMPDIR to a directory you can write to.")) from None
    atexit.register(_remove, folder, os.getpid())
    return Store(folder)


def _remove(folder: Path, owner: int) -> None:
    import shutil  # heavy

    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
