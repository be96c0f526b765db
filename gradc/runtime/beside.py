"""Work beside the thread that asked for it; if that is interrupted, what was started is ended.

Takes something to do; gives a thread.  A compiler that somebody no longer waits for is killed:
`process.run_all`, which looks at its programs every few hundredths of a second, asks `is_given_up`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Beside", "is_given_up"]


class Beside(threading.Thread):
    """A thread that somebody waits for, or gives up."""

    def __init__(self, work: Callable[[], None], name: str) -> None:
        super().__init__(target=work, name=name)
        self.is_given_up = False

    def give_up(self) -> None:
        """Let the programs that it runs be killed, and wait until they are."""
        self.is_given_up = True
        self.join()


def is_given_up() -> bool:
    """Whether nobody waits any more for what this thread does."""
    thread = threading.current_thread()
    return isinstance(thread, Beside) and thread.is_given_up
