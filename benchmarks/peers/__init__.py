"""One file a peer: its words for formulas, its settings, and how it does the work.

`about()` names versions and settings.  `evaluate`, `differentiate` and `train` take a Case and its
data and give a Task; a peer may have a function with the name of a workload's file instead.
`symbolic` is what the three that share Theano's interface have in common; `floor` does the
unavoidable part only.
"""
