"""Expressions become loops: fuse, schedule, plan memory, order the commit."""

from gradc.lower.border import Border
from gradc.lower.calls import callbacks
from gradc.lower.lower import lower
from gradc.lower.prepare import prepare
from gradc.lower.titles import node_notes

__all__ = ["Border", "callbacks", "lower", "node_notes", "prepare"]
