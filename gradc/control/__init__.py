"""Operations that hold a graph of their own: OpFromGraph and custom gradients."""

from gradc.control.opfromgraph import OpFromGraph, custom_gradient
from gradc.control.subgraph import inlined

__all__ = ["OpFromGraph", "custom_gradient", "inlined"]
