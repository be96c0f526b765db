"""JSON that knows when it has been damaged.

Takes a body of plain data; gives bytes with the body's checksum in front.  Reading gives the body,
or None for anything that is not exactly what was written.  Never pickle: a cache is read by
programs that must not run what it holds.
"""

from __future__ import annotations

import json
from typing import Any

from gradc.digests import sha256

__all__ = ["canonical", "seal", "unseal"]


def canonical(body: Any) -> bytes:
    """The one spelling of plain data as JSON."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def seal(body: Any) -> bytes:
    """Bytes to be written to a file."""
    data = canonical(body)
    return b'{"sha256":"%b",\n"body":%b}\n' % (sha256(data).hexdigest().encode(), data)


_HEAD = len(b'{"sha256":"') + 64 + len(b'",\n"body":')


def unseal(data: bytes) -> Any:
    """The body, or None if a single bit differs."""
    body = data[_HEAD:-2]
    digest = sha256(body).hexdigest().encode()
    if data != b'{"sha256":"%b",\n"body":%b}\n' % (digest, body):
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
