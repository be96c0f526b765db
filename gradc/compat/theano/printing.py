"""theano.printing: graphs as text and pictures, values as they are computed."""

from gradc.ops.watch import Print
from gradc.printing import (
    debugprint,
    min_informative_str,
    pp,
    pprint,
    pydotprint,
    var_descriptor,
)

__all__ = [
    "Print",
    "debugprint",
    "min_informative_str",
    "pp",
    "pprint",
    "pydotprint",
    "var_descriptor",
]
