"""Expressions become loops: fuse, schedule, plan memory, order the commit."""

from gradc.lower.bodies import numbers_of
from gradc.lower.border import Border
from gradc.lower.calls import callbacks
from gradc.lower.lower import lower
from gradc.lower.prepare import interpreted, prepare
from gradc.lower.repeats import Unplanned
from gradc.lower.titles import node_notes

__all__ = [
    "Border",
    "Unplanned",
    "callbacks",
    "interpreted",
    "lower",
    "node_notes",
    "numbers_of",
    "prepare",
]
