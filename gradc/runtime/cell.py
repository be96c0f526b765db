"""Where the value of a shared variable is kept, and the lock that calls hold while they use it.

A Cell's `array` is what calls read and write in place, always C-contiguous, aligned, native and
writeable; `with cell:` holds its lock, which one thread may take again.  Who asks for `array` may
keep it, so from then on calls look out for arguments that share its memory; `keep` puts in an array
that nobody else knows, and `copy` gives one away.
"""

from gradc.runtime._native import Cell

__all__ = ["Cell"]
