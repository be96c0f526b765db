"""Let threadpoolctl see and limit the pool.

Takes threadpoolctl if the program has imported it; registers a controller with it, as its
documentation asks of libraries with a pool of their own.  So `threadpool_limits(1)` holds for
gradc too, and `threadpool_info()` lists it with "user_api": "gradc".
gradc never imports threadpoolctl itself: that sets an environment variable (KMP_DUPLICATE_LIB_OK)
and takes some milliseconds.  `offer` is called whenever a function is made, so threadpoolctl may be
imported at any time before the last of them.
The limit holds for calls begun by the thread that set it, as threadpoolctl recommends.  Our BLAS is
not listed: it has one thread, inside the pool, whatever limit is set (setup.py gives it a name
that threadpoolctl does not look for).
"""

from __future__ import annotations

import functools
import sys
from types import ModuleType
from typing import Any

from gradc.runtime.threads import limit, set_own_limit

__all__ = ["offer"]


def offer() -> None:
    """Register the pool, if threadpoolctl has been imported and does not know it yet."""
    module = sys.modules.get("threadpoolctl")
    if module is not None and hasattr(module, "register"):
        _register(module)


@functools.cache
def _register(module: ModuleType) -> None:
    members = {
        "__doc__": "gradc's pool of threads.",
        "user_api": "gradc",
        "internal_api": "gradc",
        "filename_prefixes": ("libgradc",),
        "check_symbols": ("gcr_set_own_threads",),  # the BLAS beside it has a similar name
        "get_num_threads": lambda controller: limit(),
        "set_num_threads": _set_num_threads,
        "get_version": lambda controller: _version(),
    }
    module.register(type("GradcController", (module.LibController,), members))


def _version() -> str | None:
    from importlib import metadata  # heavy: a third of `import gradc`

    try:
        return metadata.version("gradc")
    except metadata.PackageNotFoundError:  # run from its folder, not installed
        return None


def _set_num_threads(controller: Any, count: int) -> None:
    set_own_limit(None)
    if limit() != count:  # the end of a limit sets what held before it: follow the process again
        set_own_limit(count)
