"""JAX: everything in one jitted function, float64 enabled, training state donated.

Sources: JAX's documentation, "Benchmarking JAX code" (jit, block_until_ready, arrays on the device
beforehand), "Buffer donation" (donate_argnums), "Default dtypes and the X64 flag", "Automatic
differentiation" (value_and_grad).  It keeps no compiled code on disk unless asked to.
"""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.harness.task import Task
from benchmarks.harness.workload import Case, Data

__all__ = ["about", "differentiate", "epochs", "evaluate", "train"]

jax.config.update("jax_enable_x64", True)


def about() -> str:
    """Version and device."""
    return f"JAX {jax.__version__}, {jax.devices()[0]}"


def binary_crossentropy(score: Any, y: Any) -> Any:
    """From the score: -y log sigmoid(score) - (1 - y) log sigmoid(-score)."""
    return -y * jax.nn.log_sigmoid(score) - (1 - y) * jax.nn.log_sigmoid(-score)


def crossentropy(scores: Any, labels: Any) -> Any:
    """The mean over rows."""
    logs = jax.nn.log_softmax(scores)
    return -jnp.mean(jnp.take_along_axis(logs, labels[:, None], axis=1))


def layer_norm(x: Any, gamma: Any, beta: Any) -> Any:
    """As flax.linen.LayerNorm computes it, with torch's epsilon."""
    mean = jnp.mean(x, axis=-1, keepdims=True)
    var = jnp.mean(jnp.square(x - mean), axis=-1, keepdims=True)
    return (x - mean) * (jax.lax.rsqrt(var + 1e-5) * gamma) + beta


def recur(step: Any, rows: Any, start: tuple[Any, ...]) -> Any:
    """All states of a recurrence: the documentation's lax.scan."""

    def turn(states: Any, row: Any) -> tuple[Any, Any]:
        found = step(row, *states)
        return found, found

    return jax.lax.scan(turn, start, rows)[1]


WORDS = SimpleNamespace(
    exp=jnp.exp, log=jnp.log, log1p=jnp.log1p, tanh=jnp.tanh, sigmoid=jax.nn.sigmoid,
    dot=jnp.dot, sum=jnp.sum, mean=jnp.mean, max=jnp.max, diagonal=jnp.diagonal,
    cholesky=jnp.linalg.cholesky,
    cho_solve=lambda factor, y: jax.scipy.linalg.cho_solve((factor, True), y),
    softmax=jax.nn.softmax, layer_norm=layer_norm, relu=jax.nn.relu, matmul=jnp.matmul,
    swapaxes=jnp.swapaxes, crossentropy=crossentropy, binary_crossentropy=binary_crossentropy,
    correlate=lambda x, w: jax.lax.conv(x, w, (1, 1), "VALID"),
    max_pool=lambda x: jax.lax.reduce_window(
        x, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID"
    ),
    recur=recur, normal=lambda key, like: jax.random.normal(
        jax.random.wrap_key_data(key.astype("uint32")), like.shape, like.dtype
    ),
)  # fmt: skip


def evaluate(case: Case, data: Data) -> Task:
    """The outputs of a formula."""

    @jax.jit
    def function(variables: Data) -> tuple[Any, ...]:
        found = case.formula(WORDS, variables)
        return tuple(found[name] for name in case.workload.outputs)

    return _returning(function, (_placed(data),), case.workload.outputs)


def differentiate(case: Case, data: Data) -> Task:
    """The outputs, and the gradients of the cost."""
    work = case.workload

    @jax.jit
    def function(parameters: Data, rest: Data) -> tuple[Any, ...]:
        (_, outputs), gradients = _value_and_grad(case)(parameters, rest)
        return (*outputs, *(gradients[name] for name in work.parameters))

    names = (*work.outputs, *("d_" + name for name in work.parameters))
    return _returning(function, _parted(case, data), names)


def train(case: Case, data: Data) -> Task:
    """One step; the state is donated, so that its memory is used again."""
    work = case.workload

    @functools.partial(jax.jit, donate_argnums=0)
    def step(state: Any, rest: Data) -> tuple[Any, Any]:
        parameters, velocity = state
        (_, outputs), gradients = _value_and_grad(case)(parameters, rest)
        if work.update.momentum:
            velocity = {
                name: work.update.momentum * velocity[name] - work.update.rate * gradients[name]
                for name in parameters
            }
            parameters = {name: parameters[name] + velocity[name] for name in parameters}
        else:
            parameters = {
                name: parameters[name] - work.update.rate * gradients[name] for name in parameters
            }
        return (parameters, velocity), outputs

    parameters, rest = _parted(case, data)
    momentum = {name: jnp.zeros_like(each) for name, each in parameters.items()}
    state = (parameters, momentum if work.update.momentum else {})

    def run() -> Any:
        nonlocal state
        state, outputs = jax.block_until_ready(step(state, rest))
        return outputs

    def values(outputs: Any) -> Data:
        return _numpy({**dict(zip(work.outputs, outputs, strict=True)), **state[0]})

    return Task(run, values)


def epochs(case: Case, data: Data) -> Task:
    """The example's network once more."""
    from benchmarks.networks import in_jax, running  # imports the examples, and scikit-learn

    return running.epoch_of(in_jax.Twin(running.problem_of(case)))


def _value_and_grad(case: Case) -> Any:
    def cost(parameters: Data, rest: Data) -> tuple[Any, Any]:
        found = case.formula(WORDS, {**parameters, **rest})
        return found["cost"], tuple(found[name] for name in case.workload.outputs)

    return jax.value_and_grad(cost, has_aux=True)


def _returning(function: Any, arguments: tuple[Any, ...], names: tuple[str, ...]) -> Task:
    """All outputs of one jitted call are ready together: waiting for the last is enough."""

    def run() -> Any:
        outputs = function(*arguments)
        outputs[-1].block_until_ready()
        return outputs

    return Task(run, lambda outputs: _numpy(dict(zip(names, outputs, strict=True))))


def _parted(case: Case, data: Data) -> tuple[Data, Data]:
    placed = _placed(data)
    parameters = {name: placed.pop(name) for name in case.workload.parameters}
    return parameters, placed


def _placed(data: Data) -> Data:
    return {name: jnp.array(value) for name, value in data.items()}


def _numpy(values: Data) -> Data:
    return {name: np.asarray(value) for name, value in values.items()}
