"""What a call of a jitted function costs: numpy's words on four arrays of 8 numbers.

gradc.jit finds the compiled function by the arguments' signature; what that costs is its time less
that of the compiled function itself, which stands in `call`.  Beside it numpy, jax.jit and
torch.compile, as far as they are installed.

    python -m benchmarks.calls.jitted
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from typing import Any

import numpy as np

__all__: list[str] = []

GOAL = 2.0  # the most that a call may cost beyond its kernel, in us


def formula(a: Any, b: Any, c: Any, d: Any) -> Any:
    """As in `fused`."""
    return np.tanh(a * b + c) * np.exp(-d * d) + np.log1p(np.exp(a))


def microseconds(run: Callable[[], Any], number: int = 2000) -> float:
    """Of the fastest of some rounds."""
    run()
    return min(timeit.repeat(run, number=number, repeat=7)) / number * 1e6


def rows(size: int = 8) -> list[tuple[str, float]]:
    """What ran, and its time."""
    import gradc

    draw = np.random.default_rng(0)
    arrays = [draw.normal(size=size) for _ in "abcd"]
    jitted = gradc.jit(formula)
    compiled = jitted.compiled(*arrays)
    tree = gradc.jit(lambda p: formula(**p))
    named = dict(zip("abcd", arrays, strict=True))
    found = [
        ("gradc, compiled", microseconds(lambda: compiled(*arrays))),
        ("gradc.jit", microseconds(lambda: jitted(*arrays))),
        ("gradc.jit of a dict", microseconds(lambda: tree(named))),
        ("numpy", microseconds(lambda: formula(*arrays))),
    ]
    return found + peers(arrays)


def peers(arrays: list[Any]) -> list[tuple[str, float]]:
    """jax.jit and torch.compile, where they are installed."""
    found = []
    try:
        import jax

        jax.config.update("jax_enable_x64", True)
        words = jax.numpy
        theirs = jax.jit(
            lambda a, b, c, d: words.tanh(a * b + c) * words.exp(-d * d) + words.log1p(words.exp(a))
        )
        found.append(("jax.jit", microseconds(lambda: theirs(*arrays).block_until_ready())))
    except ImportError:
        pass
    try:
        import torch

        tensors = [torch.from_numpy(each) for each in arrays]
        made = torch.compile(
            lambda a, b, c, d: torch.tanh(a * b + c) * torch.exp(-d * d) + torch.log1p(torch.exp(a))
        )
        found.append(("torch.compile", microseconds(lambda: made(*tensors))))
    except ImportError:
        pass
    return found


def main() -> None:
    """Print the times, and what jit adds."""
    table = rows()
    for name, time in table:
        print(f"{name:22s} {time:8.3f} us")
    known = dict(table)
    beyond = known["gradc.jit"] - known["gradc, compiled"]
    print(f"jit beyond the compiled function: {beyond:.3f} us (goal: {GOAL} us beyond the kernel)")


if __name__ == "__main__":
    main()
