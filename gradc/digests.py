"""SHA-256, loaded when the first digest is asked for: hashlib brings OpenSSL along.

Takes bytes; gives what hashlib gives.  Of `import gradc` that would be a twentieth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import hashlib

__all__ = ["sha256"]


def sha256(data: bytes = b"") -> hashlib._Hash:
    """The digest of these bytes, and of what is added by `update`."""
    import hashlib  # heavy

    return hashlib.sha256(data)
