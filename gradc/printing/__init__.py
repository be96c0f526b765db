"""Look at expressions and functions: Theano's `printing`.

pp writes an expression as formulas are written, debugprint as a tree, pydotprint as a drawing,
d3viz as a page for a browser;
min_informative_str and var_descriptor name a variable by what it is computed from.
"""

from gradc.ops.watch import PdbBreakpoint, Print
from gradc.printing.draw import pydotprint
from gradc.printing.formulas import pp, pprint
from gradc.printing.lengths import shape_of_variables
from gradc.printing.nan import detect_nan
from gradc.printing.tree import debugprint
from gradc.printing.web import d3viz, d3write
from gradc.printing.words import min_informative_str, var_descriptor

__all__ = [
    "PdbBreakpoint",
    "Print",
    "d3viz",
    "d3write",
    "debugprint",
    "detect_nan",
    "min_informative_str",
    "pp",
    "pprint",
    "pydotprint",
    "shape_of_variables",
    "var_descriptor",
]
