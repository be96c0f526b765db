"""The vector functions of csrc/inline alone: their speed, and their accuracy.

    python -m benchmarks.vector_math             # beside numpy's, one thread
    python -m benchmarks.vector_math.accuracy    # docs/accuracy.md

No workload of the races, whose catalogue looks here, too; what the tests need must be installed.
"""

__all__ = ["WORKLOADS"]

WORKLOADS: tuple[()] = ()
