"""Training: from a cost and its parameters to the updates of `gradc.function`.

    updates = gradc.optim.adam(cost, params, learning_rate=1e-3)
    step = gradc.function([x, y], cost, updates=updates)

Each function gives a dict of shared variables and their next values, states included: plain
expressions, which may be changed, joined with others or differentiated through.  Compiled, each
parameter with its states is one sweep.  `schedules` has rates that change from step to step.
"""

from gradc.optim import schedules
from gradc.optim.batches import Minibatches, minibatches
from gradc.optim.clipping import clip_by_global_norm, clip_by_value, global_norm
from gradc.optim.rules import (
    adadelta,
    adagrad,
    adam,
    adamw,
    momentum,
    nesterov,
    rmsprop,
    sgd,
)

__all__ = [
    "Minibatches",
    "adadelta",
    "adagrad",
    "adam",
    "adamw",
    "clip_by_global_norm",
    "clip_by_value",
    "global_norm",
    "minibatches",
    "momentum",
    "nesterov",
    "rmsprop",
    "schedules",
    "sgd",
]
