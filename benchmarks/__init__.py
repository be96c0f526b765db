"""How fast compiled functions are, beside the same work done by others.

    python -m benchmarks               # every workload
    python -m benchmarks.lecture       # one

A workload is one file here: its data, and what must agree.  A peer is one file in `peers`: it does
the work of a workload in a function of the workload's name, with the settings that its own
documentation recommends.  Every peer runs in a process of its own; their values are compared first,
then they are timed in turns, so that a machine that slows down slows all of them.
"""
