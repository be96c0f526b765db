"""How fast compiled functions are, beside the same work done by others.

    python -m benchmarks --list        # what there is
    python -m benchmarks               # everything, beside every peer that is installed
    python -m benchmarks lecture fused --peers numpy,jax --json results.json

A workload is one file here: its data, its formula, and the part of it that cannot be avoided (the
floor).  A peer is one file in `peers`: the words it gives to formulas, and how it evaluates,
differentiates and trains with the settings that its own documentation recommends.  `harness` runs
every peer in a process of its own, compares their values, and times them in turns.

Workloads, peers and the worker's side of the harness run under Python 3.7 too: Theano needs it.
"""
