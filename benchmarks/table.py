"""A Result as text."""

from __future__ import annotations

from benchmarks.race import Result

__all__ = ["table"]


def table(result: Result) -> str:
    """Medians, each peer's ratio to gradc, and gradc's to the floor."""
    workload = result.workload
    own = result.median("with_gradc")
    lines = [f"{workload.name}: {workload.title}", _agreement(result)]
    lines.append(f"  {'':12}{'median':>12}{'best round':>12}{'to gradc':>12}")
    for peer in result.seconds:
        middle, best = result.median(peer), result.best(peer)
        lines.append(
            f"  {_name(peer):12}{middle * 1e3:9.3f} ms{best * 1e3:9.3f} ms{middle / own:12.2f}"
        )
    lines += [f"  {_name(peer)}: {about}" for peer, about in result.about.items()]
    return "\n".join(lines)


def _agreement(result: Result) -> str:
    steps = result.workload.steps
    found = ", ".join(f"{_name(p)} {d:.0e}" for p, d in result.difference.items())
    return f"  values agree after {steps} runs, relative to the largest: {found}"


def _name(peer: str) -> str:
    return peer.removeprefix("with_")
