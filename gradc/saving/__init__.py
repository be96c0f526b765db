"""Functions and parameters outlive a process: pickles, files of arrays, compiled functions."""

from gradc.saving import pickled

__all__ = ["pickled"]
