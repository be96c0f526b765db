"""Expressions become loops: fuse, schedule, plan memory, order the commit."""

from gradc.lower.border import Border
from gradc.lower.lower import lower
from gradc.lower.prepare import prepare
from gradc.lower.titles import node_notes

__all__ = ["Border", "lower", "node_notes", "prepare"]
