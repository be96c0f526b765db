"""Data for the programs: small, the same for every numpy."""

import numpy as np


def blobs(rows, features, classes, seed):
    """Points around one centre a class, and their classes."""
    random = np.random.RandomState(seed)
    centres = random.uniform(-1, 1, (classes, features))
    y = random.randint(0, classes, rows)
    return centres[y] + 0.5 * random.normal(size=(rows, features)), y
