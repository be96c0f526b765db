"""Every step that can fail is made to fail: no shared variable changes by a bit.

Random graphs with several updates, built so that step k fails on demand.  The same when an argument
is the memory of a shared variable that the call updates.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import gradc
from gradc.errors import InjectedFailure
from gradc.graph.variable import Input
from gradc.sharedvar import SharedVariable
from tests.fuzz.batch import Batch
from tests.fuzz.cases import new_case
from tests.fuzz.pool import Case

pytestmark = pytest.mark.usefixtures("quickly")

GRAPHS = 2  # a function
SEEDS = [*range(8), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(8, 100))]


def overlap(case: Case) -> int:
    """Pass a shared variable's own memory wherever an argument has its type; gives how often."""
    count = 0
    for k, leaf in enumerate(case.inputs):
        for variable, value in case.shared.items():
            is_alike = leaf.type == variable.type and case.arguments[k].shape == value.shape
            if is_alike and k not in case.kept:
                case.arguments[k] = value
                case.aliases[k] = variable
                count += 1
    return count


def memory(case: Case) -> dict[SharedVariable, bytes]:
    return {variable: variable.get_value(borrow=True).tobytes() for variable in case.shared}


def twin_inputs(case: Case) -> None:
    """An input beside each updated variable, of its type, that every output depends on."""
    for variable, value in list(case.shared.items()):
        leaf = Input(variable.type, f"twin_{variable.name}")
        case.inputs.append(leaf)
        case.arguments.append(value.copy())
        case.outputs.append(leaf * 2 + variable)
        case.updates[variable] = case.updates[variable] + 0 * leaf


@pytest.mark.parametrize("prepare", [lambda case: 0, overlap], ids=["apart", "overlapping"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_call_that_raises_changes_nothing(seed: int, prepare: Callable[[Case], int]) -> None:
    case = new_case(np.random.default_rng(1000 + seed), GRAPHS, nodes=8, shared=3)
    twin_inputs(case)
    with gradc.config.override(fail_points=True):
        f = gradc.function(
            case.inputs, case.outputs, updates=case.updates, on_unused_input="ignore"
        )
    count = prepare(case)
    assert prepare is not overlap or count >= len(case.shared)
    executable = f._run
    steps = executable.fail_points
    assert steps >= 1
    before = memory(case)
    for step in range(steps):
        executable.fail_at(step)
        with pytest.raises(InjectedFailure, match=f"step {step} was made to fail"):
            f(*case.call_arguments())
        assert memory(case) == before, f"seed {seed}, step {step}"
    executable.fail_at(None)
    assert not Batch([case]).once(f), f"seed {seed}"
