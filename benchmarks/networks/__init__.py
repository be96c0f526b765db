"""The networks of `examples` beside the same in PyTorch and JAX.

    python -m benchmarks.networks               # test accuracies over five seeds, in PyTorch too
    python -m benchmarks.networks lenet --seeds 3

`problems` takes data, first weights and program from the examples; `in_torch` and `in_jax` write
the program once more, as users of those would.  A twin has what the example's network has
(`batches`, `step`, `accuracy`), so the example's own loop trains it, on the same batches.
"""
