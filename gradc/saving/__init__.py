"""Functions and parameters outlive a process: pickles, files of arrays, compiled functions."""

from gradc.saving import pickled
from gradc.saving.functions import load_function
from gradc.saving.parameters import load, save

__all__ = ["load", "load_function", "pickled", "save"]
