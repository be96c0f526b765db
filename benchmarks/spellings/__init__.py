"""Softmax crossentropy in every spelling of the tests, beside the fastest of them.

    python -m benchmarks.spellings

No workload of the races, whose catalogue looks here, too; what the tests need must be installed.
"""

__all__ = ["WORKLOADS"]

WORKLOADS: tuple[()] = ()
