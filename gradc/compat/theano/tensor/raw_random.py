"""theano.tensor.raw_random: see gradc.random.raw; a state is uint64[2], not numpy's RandomState."""

from gradc.random.raw import (
    binomial,
    choice,
    multinomial,
    normal,
    permutation,
    poisson,
    random_integers,
    random_state_type,
    uniform,
)

__all__ = [
    "binomial",
    "choice",
    "multinomial",
    "normal",
    "permutation",
    "poisson",
    "random_integers",
    "random_state_type",
    "uniform",
]
