"""Who can take part: the peers, whether they are installed, and how to get them.

Takes names as typed and the path of Theano's Python; gives Peers.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["FLOOR", "GRADC", "NAMES", "Peer", "PeerMissing", "choose"]

_EXTRA = "pip install -e '.[bench]'"


class PeerMissing(LookupError):
    """A peer that was asked for cannot run."""


@dataclass(frozen=True)
class Peer:
    """One way of doing the work.

    module: its file in `peers`.  library: what has to be importable.  cache: environment variables
    that move what it keeps on disk to the folder {}.  tolerance: how much more of a difference in
    its values is its own known error, by dtype.
    """

    name: str
    module: str
    library: str
    cache: Mapping[str, str] = field(default_factory=dict)
    tolerance: Mapping[str, float] = field(default_factory=dict)
    python: str = sys.executable

    @property
    def is_installed(self) -> bool:
        """Whether its library can be found by its Python."""
        if self.python == sys.executable:
            return importlib.util.find_spec(self.library) is not None
        try:
            command = [self.python, "-c", f"import {self.library}"]
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        except OSError:
            return False


GRADC = Peer("gradc", "with_gradc", "gradc", {"GRADC_CACHE_DIR": "{}"})
FLOOR = Peer("floor", "floor", "numpy")
_LIVING = (
    Peer("numpy", "with_numpy", "numpy"),
    Peer("jax", "with_jax", "jax"),
    Peer("torch", "with_torch", "torch"),
    Peer("torchc", "with_torchc", "torch", {"TORCHINDUCTOR_CACHE_DIR": "{}"}),
    Peer(
        "pytensor", "with_pytensor", "pytensor",
        {"PYTENSOR_FLAGS": "base_compiledir={}", "NUMBA_CACHE_DIR": "{}"},
    ),
    Peer("sklearn", "with_sklearn", "sklearn"),
)  # fmt: skip
NAMES = (*(peer.name for peer in _LIVING), "theano")


def choose(asked: str | None, theano_python: str | None) -> tuple[list[Peer], list[str]]:
    """The peers to race, and a line on each that cannot take part.

    asked: names with commas; None means all that are installed.
    Raises: PeerMissing for one that was asked for and is unknown or not installed.
    """
    known = {peer.name: peer for peer in _LIVING}
    if theano_python is not None:
        known["theano"] = _theano(theano_python)
    names = NAMES if asked is None else [name for name in asked.split(",") if name]
    chosen, missing = [], []
    for name in names:
        if name in known and known[name].is_installed:
            chosen.append(known[name])
        elif asked is not None:
            raise PeerMissing(_why_not(name, known))
        else:
            missing.append(_why_not(name, known))
    return chosen, missing


def _why_not(name: str, known: Mapping[str, Peer]) -> str:
    if name == "theano":
        if name in known:
            return f"theano: {known[name].python} cannot import theano (see peers/with_theano.py)."
        return "theano: give --theano-python PATH, a Python 3.7 that has Theano 1.0.5."
    if name in known:
        return f"{name}: {known[name].library} is not installed; {_EXTRA}"
    return f"no peer is called {name!r}; there are {', '.join(NAMES)}."


def _theano(python: str) -> Peer:
    """Its sigmoid is 1 above 19 and 0 below -30 (ScalarSigmoid.c_code): 6e-9 off in float64."""
    return Peer(
        "theano", "with_theano", "theano", {"THEANO_FLAGS": "base_compiledir={}"},
        tolerance={"float64": 1e-7}, python=python,
    )  # fmt: skip
