"""Random numbers with explicit keys, and Theano's streams, which keep a key of their own.

    key = gradc.random.key(0)
    a, b = gradc.random.split(key)
    x = gradc.random.normal(a, (100, 3))
    y = x * gradc.random.bernoulli(b, 0.8, x.shape)

The same key gives the same numbers, whatever the number of threads and whatever else a function
computes; a draw is computed by the loop that uses it.
"""

from gradc.random.counts import bernoulli, bits, choice, permutation, randint
from gradc.random.families import (
    beta,
    binomial,
    categorical,
    dirichlet,
    gamma,
    multinomial,
    poisson,
    student_t,
)
from gradc.random.keys import fold_in, key, split
from gradc.random.laws import (
    cauchy,
    exponential,
    gumbel,
    laplace,
    logistic,
    normal,
    truncated_normal,
    uniform,
)
from gradc.random.streams import MRG_RandomStreams, RandomStreams

__all__ = [
    "MRG_RandomStreams",
    "RandomStreams",
    "bernoulli",
    "beta",
    "binomial",
    "bits",
    "categorical",
    "cauchy",
    "choice",
    "dirichlet",
    "exponential",
    "fold_in",
    "gamma",
    "gumbel",
    "key",
    "laplace",
    "logistic",
    "multinomial",
    "normal",
    "permutation",
    "poisson",
    "randint",
    "split",
    "student_t",
    "truncated_normal",
    "uniform",
]
