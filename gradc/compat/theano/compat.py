"""theano.compat: what bridged Python 2 and 3, in the words of Python 3."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

__all__ = ["OrderedDict", "PY3", "defaultdict", "imap", "iteritems", "izip", "itervalues"]

PY3 = True
imap, izip = map, zip


def iteritems(d: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    """The pairs of a mapping, one after the other."""
    return iter(d.items())


def itervalues(d: Mapping[Any, Any]) -> Iterable[Any]:
    """The values of a mapping, one after the other."""
    return iter(d.values())
