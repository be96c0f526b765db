"""Operations that hold a graph of their own: loops, OpFromGraph and custom gradients."""

from gradc.control.associative import associative_scan
from gradc.control.carried import fori_loop, scan, while_loop
from gradc.control.checkpoints import scan_checkpoints
from gradc.control.choice import choice_node, ifelse
from gradc.control.folds import foldl, foldr, map, reduce
from gradc.control.given import until
from gradc.control.looping import scan_node
from gradc.control.opfromgraph import OpFromGraph, custom_gradient
from gradc.control.stepped import stepped
from gradc.control.subgraph import inlined

__all__ = [
    "OpFromGraph",
    "associative_scan",
    "choice_node",
    "custom_gradient",
    "foldl",
    "foldr",
    "fori_loop",
    "ifelse",
    "inlined",
    "map",
    "reduce",
    "scan",
    "scan_checkpoints",
    "scan_node",
    "stepped",
    "until",
    "while_loop",
]
