"""An epoch of each network of `examples`: its own program beside the same in JAX and PyTorch.

Data, first weights and batches are the example's; `networks` has the programs of the others.
Compared are the costs of the first three batches, so two steps of descent, and the mean cost of the
first epoch: there rounding may decide on which side of its kink a relu is, which moves the steps
after it by up to some thousandths.  There is no floor: what a step cannot avoid stands with the
workloads lenet, transformer and mlp.
"""

from __future__ import annotations

from benchmarks.harness.workload import Data, Goal, Workload

__all__ = ["WORKLOADS"]


def data(dtype: str) -> Data:
    """Peers take it from the example."""
    return {}


def _epoch(network: str, what: str) -> Workload:
    return Workload(
        name="epoch_" + network,
        title="an epoch of examples/" + network + ".py: " + what,
        data=data,
        formula=None,
        dtype="float32",
        outputs=("cost",),
        steps=1,
        apart={"mean": 1e-2},
        goal=Goal(ahead=1.0),
    )


WORKLOADS = (
    _epoch("lenet", "20 batches of 64 images of 28x28"),
    _epoch("autoencoder", "20 batches of 64 images, 784 -> 144 -> 784"),
    _epoch("transformer", "87 batches of 64 windows of 32 letters, two blocks of width 64"),
    _epoch("batchnorm", "20 batches of 64 images of 8x8, eight layers of 64 units"),
)
